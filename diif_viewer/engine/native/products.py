"""What the bindings of the kernels share: weights as the kernels read them, and the arithmetic that is done there."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from diif_viewer.engine.native.library import Form


class Work:
    """What was computed here and torch does not know of."""

    macs = 0
    """Multiply-accumulates of the kernels' products so far, by all threads; not exact where several add at once."""


def panels(weight: Tensor, form: Form, dtype: torch.dtype | None = None, grain: int = 1) -> Tensor:
    """Weights (out, in), inputs in the order in which a kernel reads them, as `multiply` of tile.h takes them.

    dtype: None for the form's. grain: inputs that are multiplied at a time.
    -> one dimension: for each panel of registers (in / grain, registers, lanes, grain).
    """
    ends = [form.lanes * end for end in itertools.accumulate(_widths(len(weight) // form.lanes), initial=0)]
    made = []
    for start, end in itertools.pairwise(ends):
        parts = weight[start:end].view(-1, form.lanes, weight.shape[1] // grain, grain)
        made.append(parts.permute(2, 0, 1, 3).reshape(-1))
    return torch.cat(made).detach().to(dtype or form.dtype)


def _widths(registers: int) -> list[int]:
    """Registers of results in each panel: EACH_PANEL of tile.h."""
    made = []
    while registers:
        made.append(2 if registers in (2, 4) else 3)
        registers -= made[-1]
    return made


def taps(weight: Tensor) -> Tensor:
    """A convolution's weights (out, in, k, k) as a matrix over rows of channels-last positions: (out, k * k * in)."""
    return weight.detach().permute(0, 2, 3, 1).flatten(1)


def floats(values: Tensor) -> Tensor:
    """Biases and terms: float32, contiguous."""
    return values.detach().float().contiguous()
