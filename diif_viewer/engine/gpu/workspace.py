"""Tensors that stay where they are, so that recorded launches find them again."""

from __future__ import annotations

import torch
from torch import Tensor


class Workspace:
    """Flat tensors by name on one device. `generation` grows whenever one had to move."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._tensors: dict[tuple[str, torch.dtype], Tensor] = {}
        self.generation = 0

    @property
    def bytes(self) -> int:
        """Bytes held."""
        return sum(tensor.nbytes for tensor in self._tensors.values())

    def take(self, name: str, size: int, dtype: torch.dtype) -> Tensor:
        """The flat tensor `name`, at least `size` long. When it has to grow, what was in it is lost."""
        held = self._tensors.get((name, dtype))
        if held is None or held.numel() < size:
            grown = max(size, 0 if held is None else held.numel() * 5 // 4)
            del held
            self._tensors.pop((name, dtype), None)  # before the new one: both may not fit
            self._tensors[name, dtype] = torch.empty(grown, dtype=dtype, device=self._device)
            self.generation += 1
        return self._tensors[name, dtype]

    def clear(self) -> None:
        """Give everything back."""
        self._tensors.clear()
        self.generation += 1
