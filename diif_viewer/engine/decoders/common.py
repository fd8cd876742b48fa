"""What the decoders share: their interface, axis arithmetic as tensors, and the fine stage of the DIIF family."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from diif_viewer.engine.layers import Conv, Linear, Narrow, relu_
from diif_viewer.engine.native.first import NativeFirst
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Axis, Floats, Ints, Lattice, Window

TRAINED_SCALE = 4.0
"""End of the training range; beyond it the cell that DIIF and DIIF-S see is held (DESIGN: seams, no shimmer)."""


def held_cell(axis: Axis) -> float:
    """Cell of the axis in relative units, held at the end of the training range."""
    return 2.0 / min(axis.scale, TRAINED_SCALE)


@dataclass(frozen=True, slots=True)
class Span:
    """Outputs ``start .. stop - 1`` of an axis: centres (LR pixels, float64), their LR cells, fractions in [0, 1)."""

    positions: Floats
    cells: Ints
    fractions: Floats

    @classmethod
    def of(cls, axis: Axis, start: int, stop: int) -> Span:
        """The span of one axis."""
        positions = axis.positions(start, stop)
        cells = axis.cells(positions)
        return cls(positions, cells, positions - cells)


class Decoder(Protocol):
    """A decoder packed for one dtype and device.

    The plane is made once per picture; `render` then costs what one view costs. native: all of it is computed by
    compiled kernels.
    """

    native: bool

    def plane(self, cache: BlockCache, features: Plane) -> Plane:
        """The plane that `render` reads (first-layer or coarse maps), filled from `features` on demand."""
        ...

    def needs(self, lattice: Lattice, window: Window) -> Window:
        """Positions of that plane which `render` of `window` reads."""
        ...

    def render(self, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """Learned part of the outputs of a non-empty `window` inside the lattice: (h, w, 3), about [-1, 1]."""
        ...


def linear(layers: torch.nn.Module, index: int) -> torch.nn.Linear:
    """The linear layer at `index` of a sequence."""
    assert isinstance(layers, torch.nn.Sequential)
    layer = layers[index]
    assert isinstance(layer, torch.nn.Linear)
    return layer


class FirstLayer:
    """A first layer as a convolution of features. weight: (hidden, C, side, side); bias: (hidden,)."""

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> None:
        self._native = NativeFirst.of(weight, bias, dtype)
        self._plain = Conv(weight, bias, dtype)

    @property
    def native(self) -> bool:
        """Whether a compiled kernel does it."""
        return self._native is not None

    def __call__(self, features: Tensor) -> Tensor:
        """features: (h + side - 1, w + side - 1, C) -> (h, w, hidden)."""
        if self._native is not None:
            return self._native(features)
        return self._plain(features.permute(2, 0, 1)[None])[0].permute(1, 2, 0)


def first_layer_plane(
    cache: BlockCache, features: Plane, first: FirstLayer, limits: Window, *, before: int, after: int
) -> Plane:
    """Plane of a first layer, features zero padded at the picture's borders.

    Position p of the plane reads features ``p - before .. p + after``.
    """

    def fill(window: Window) -> Tensor:
        outer = Window(window.top - before, window.left - before, window.bottom + after, window.right + after)
        return first(features.region(outer))

    return Plane(cache, limits, fill, device=features.device)


def circle(fractions: Floats) -> Floats:
    """sin and cos of 2 pi f: (n,) -> (n, 2)."""
    angle = 2 * math.pi * fractions
    return np.stack([np.sin(angle), np.cos(angle)], -1)


def two_part(values: Floats, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Values as the sum of two columns of `dtype`, so that bfloat16 carries them to 16 bits: (n, m) -> (n, 2m).

    A matrix product with the matching rows given twice adds both parts.
    """
    exact = torch.from_numpy(values).to(torch.float32).to(device)
    high = exact.to(dtype)
    return torch.cat([high, (exact - high.float()).to(dtype)], -1)


class FineStage:
    """The last two layers that DIIF and DIIF-S run per pixel: Linear, ReLU, Linear.

    In: hidden vectors before their ReLU, (rows, hidden), overwritten. Out: (rows, 3) float32.
    """

    def __init__(self, middle: torch.nn.Linear, last: torch.nn.Linear, dtype: torch.dtype) -> None:
        self._middle = Linear(middle.weight, middle.bias, dtype, relu=True)
        self._last = Narrow(last.weight, last.bias, dtype)

    def __call__(self, hidden: Tensor) -> Tensor:
        """See the class."""
        return self._last(self._middle(relu_(hidden))).float()
