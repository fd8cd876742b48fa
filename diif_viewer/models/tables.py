"""Small NumPy tables (positions, indices, weights) on their way to the device that computes."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor


def table(values: npt.NDArray[Any], device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """`values` on `device`, in `dtype` (None: as they are).

    They change type before they travel, since Apple GPUs have no float64, and travel to an NVIDIA GPU from pinned
    memory, since it would otherwise have to finish all earlier work first.
    """
    held = torch.from_numpy(values)
    if dtype is not None:
        held = held.to(dtype)
    if device.type == "cuda":
        return held.pin_memory().to(device, non_blocking=True)
    return held.to(device)
