"""LIIF's view through the compiled kernel: what `decoders.liif` hands over, weights as the kernel reads them."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.bytes import Dense, DenseAt
from diif_viewer.engine.native.fine import WIDTHS
from diif_viewer.engine.native.library import Kernels
from diif_viewer.engine.native.products import Work, floats


class Layers(NamedTuple):
    """LIIF's layers after the first one, and what the first adds for coordinates."""

    middle: list[torch.nn.Linear]
    last: torch.nn.Linear
    down: Tensor
    """(hidden,): for an offset along y."""
    right: Tensor
    """(hidden,): for an offset along x."""


class Near(NamedTuple):
    """The nearest LR pixels of the outputs along an axis, one or two each: (sides, n), contiguous."""

    at: Tensor
    """int32: which row or column of the maps."""
    offset: Tensor
    """float32, from its centre, in relative units."""
    share: Tensor
    """float32, in the blend."""


class _Near(ctypes.Structure):
    """`Near` of liif.c."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in Near._fields)


class _Liif(ctypes.Structure):
    """`Liif` of liif.c."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width", "sides", "columns", "layers")),
        *((name, _Near) for name in ("rows", "across")),
        *((name, ctypes.c_void_p) for name in ("maps", "cell", "down", "right")),
        ("middle", ctypes.POINTER(DenseAt)),
        *((name, ctypes.c_void_p) for name in ("last", "last_bias", "colours")),
    )


class NativeLiif:
    """All layers after the first in one call that holds no lock. Sums are in float32."""

    def __init__(self, layers: Layers, kernels: Kernels) -> None:
        self._hidden = layers.last.in_features
        self._middle = [Dense(layer.weight, layer.bias, kernels.form) for layer in layers.middle]
        self._middle_at = (DenseAt * len(self._middle))(*(layer.at for layer in self._middle))
        self._offsets = floats(layers.down), floats(layers.right)
        self._last = floats(layers.last.weight), floats(layers.last.bias)
        self._run = kernels.dll.diif_viewer_liif
        self._run.argtypes = (ctypes.POINTER(_Liif), ctypes.c_int)

    @classmethod
    def of(cls, layers: Layers, dtype: torch.dtype) -> NativeLiif | None:
        """The kernel for these layers, or None where plain torch is to do it."""
        widths = {size for layer in layers.middle for size in layer.weight.shape} | {layers.last.in_features}
        if layers.last.weight.device.type != "cpu" or len(widths) > 1 or not widths <= set(WIDTHS) or not layers.middle:
            return None
        kernels = library.kernels(dtype)
        return None if kernels is None else cls(layers, kernels)

    def __call__(self, maps: Tensor, cell: Tensor, rows: Near, across: Near) -> Tensor:
        """Colours of all outputs: (3, h, w) float32, about [-1, 1].

        maps: (.., columns, hidden), first-layer vectors of LR pixels, of the kernels' dtype. cell: (hidden,) float32,
        added to each. Raises MemoryError where there is none for the kernel's buffers.
        """
        (sides, height), width = rows.at.shape, across.at.shape[1]
        colours, layers = torch.empty(3, height, width), len(self._middle)
        request = _Liif(
            height, width, sides, maps.shape[1], layers,
            *(_Near(*(t.data_ptr() for t in near)) for near in (rows, across)),
            *(t.data_ptr() for t in (maps, cell, *self._offsets)), self._middle_at,
            *(t.data_ptr() for t in (*self._last, colours)),
        )  # fmt: skip
        if self._run(ctypes.byref(request), self._hidden):
            raise MemoryError("the kernel's buffers")
        Work.macs += colours[0].numel() * sides**2 * self._hidden * (layers * self._hidden + 3)
        return colours
