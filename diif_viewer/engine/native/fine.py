"""DIIF-S's view through the compiled kernel: what `decoders.diif_s` hands over, weights as the kernel reads them."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.bytes import Dense, DenseAt
from diif_viewer.engine.native.library import Form, Kernels
from diif_viewer.engine.native.products import Work, floats

WIDTHS = (128, 256)
"""Hidden values per output that the kernel is compiled for."""


class Maps(NamedTuple):
    """Blocks of knots, row by row, and which of their knots the outputs read."""

    blocks: list[Tensor]
    """(side, side, hidden) each, of the kernels' dtype, contiguous."""
    across: int
    """Blocks side by side."""
    top: int
    left: int
    """The first knot that is read, in the first block."""
    knots: int
    """Knots across that are read."""


class Along(NamedTuple):
    """The outputs along one axis: float32 but for the knots, all contiguous."""

    knots: Tensor
    """(n,) int32: the first of two or three knots, counted from the first that is read."""
    weights: Tensor
    """(n, 2 or 3)."""
    term: Tensor
    """(n, hidden): added to the hidden vectors."""


class Fine(ctypes.Structure):
    """`Fine` of fine.h."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width")),
        *((name, ctypes.c_void_p) for name in ("column_knots", "column_weights", "column_term")),
        ("middle", DenseAt),
        *((name, ctypes.c_void_p) for name in ("last", "last_bias", "colours")),
    )


class FineLayers:
    """The fine stage's last two layers as the kernels read them."""

    def __init__(self, middle: torch.nn.Linear, last: torch.nn.Linear, form: Form) -> None:
        """middle: hidden -> hidden, last: hidden -> 3."""
        self.hidden = middle.in_features
        self._middle = Dense(middle.weight, middle.bias, form)
        self._last = floats(last.weight), floats(last.bias)

    def of(self, across: Along, colours: Tensor) -> Fine:
        """The stage for outputs whose colours go to a tensor of (3, height, width); both must outlive what is made."""
        columns = (t.data_ptr() for t in across)
        return Fine(*colours.shape[1:], *columns, self._middle.at, *(t.data_ptr() for t in (*self._last, colours)))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an output."""
        return self.hidden * (self.hidden + 3)


class _Request(ctypes.Structure):
    """`Request` of fine.c."""

    _fields_ = (
        ("fine", Fine),
        *((name, ctypes.c_int32) for name in ("taps", "knots", "top", "left", "side", "across")),
        ("blocks", ctypes.POINTER(ctypes.c_void_p)),
        *((name, ctypes.c_void_p) for name in ("row_knots", "row_weights", "row_term")),
    )


class NativeFine:
    """The blends and the fine stage of a view in one call that holds no lock. Sums are in float32."""

    def __init__(self, middle: torch.nn.Linear, last: torch.nn.Linear, kernels: Kernels) -> None:
        """middle: hidden -> hidden, last: hidden -> 3."""
        self._layers = FineLayers(middle, last, kernels.form)
        self._run = kernels.dll.diif_viewer_fine
        self._run.argtypes = (ctypes.POINTER(_Request), ctypes.c_int)

    @classmethod
    def of(cls, middle: torch.nn.Linear, last: torch.nn.Linear, dtype: torch.dtype) -> NativeFine | None:
        """The kernel for these layers, or None where plain torch is to do it."""
        if middle.weight.device.type != "cpu" or middle.in_features not in WIDTHS:
            return None
        kernels = library.kernels(dtype)
        return None if kernels is None else cls(middle, last, kernels)

    def __call__(self, maps: Maps, rows: Along, columns: Along) -> Tensor:
        """Colours of all outputs: (3, len(rows.knots), len(columns.knots)) float32, about [-1, 1].

        Raises MemoryError where there is none for the kernel's buffers.
        """
        colours = torch.empty(3, len(rows.knots), len(columns.knots))
        request = _Request(
            self._layers.of(columns, colours),
            columns.weights.shape[1], maps.knots, maps.top, maps.left, maps.blocks[0].shape[0], maps.across,
            (ctypes.c_void_p * len(maps.blocks))(*(block.data_ptr() for block in maps.blocks)),
            *(t.data_ptr() for t in (rows.knots, rows.weights, rows.term)),
        )  # fmt: skip
        if self._run(ctypes.byref(request), self._layers.hidden):
            raise MemoryError("the kernel's buffers")
        Work.macs += colours[0].numel() * self._layers.macs
        return colours
