"""DIIF-S's view through the compiled kernel: what `decoders.diif_s` hands over, weights as the kernel reads them."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native.library import library
from diif_viewer.engine.native.products import LANES, Work, floats, panels

WIDTHS = (128, 256)
"""Hidden values per output that the kernel is compiled for."""

_PANEL = 4  # of fine.c


class Maps(NamedTuple):
    """Blocks of knots, row by row, and which of their knots the outputs read."""

    blocks: list[Tensor]
    """(side, side, hidden) bfloat16 each, contiguous."""
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
    """(n,) int32: the first of three knots, counted from the first that is read."""
    weights: Tensor
    """(n, 3)."""
    term: Tensor
    """(n, hidden): added to the hidden vectors."""


class _Request(ctypes.Structure):
    """`Request` of fine.c."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width", "knots", "top", "left", "side", "across")),
        ("blocks", ctypes.POINTER(ctypes.c_void_p)),
        *((name, ctypes.c_void_p) for name in ("row_knots", "row_weights", "column_knots", "column_weights")),
        *((name, ctypes.c_void_p) for name in ("row_term", "column_term")),
        *((name, ctypes.c_void_p) for name in ("middle", "middle_bias", "last", "last_bias", "colours")),
    )


class NativeFine:
    """The blends and the fine stage of a view in one call that holds no lock: sums in float32, products in bfloat16."""

    def __init__(self, middle: torch.nn.Linear, last: torch.nn.Linear, dll: ctypes.CDLL) -> None:
        """middle: hidden -> hidden, last: hidden -> 3."""
        self._hidden = middle.in_features
        self._middle = panels(middle.weight, [_PANEL] * (self._hidden // (_PANEL * LANES)))
        self._middle_bias, self._last, self._last_bias = map(floats, (middle.bias, last.weight, last.bias))
        self._run = dll.diif_viewer_fine
        self._run.argtypes = (ctypes.POINTER(_Request), ctypes.c_int)

    @classmethod
    def of(cls, middle: torch.nn.Linear, last: torch.nn.Linear, dtype: torch.dtype) -> NativeFine | None:
        """The kernel for these layers, or None where plain torch is to do it."""
        if dtype != torch.bfloat16 or middle.weight.device.type != "cpu" or middle.in_features not in WIDTHS:
            return None
        dll, _ = library()
        return None if dll is None else cls(middle, last, dll)

    def __call__(self, maps: Maps, rows: Along, columns: Along) -> Tensor:
        """Colours of all outputs: (3, len(rows.knots), len(columns.knots)) float32, about [-1, 1]."""
        h, w = len(rows.knots), len(columns.knots)
        colours = torch.empty(3, h, w)
        request = _Request(
            h, w, maps.knots, maps.top, maps.left, maps.blocks[0].shape[0], maps.across,
            (ctypes.c_void_p * len(maps.blocks))(*(block.data_ptr() for block in maps.blocks)),
            *(t.data_ptr() for t in (rows.knots, rows.weights, columns.knots, columns.weights)),
            *(t.data_ptr() for t in (rows.term, columns.term)),
            *(t.data_ptr() for t in (self._middle, self._middle_bias, self._last, self._last_bias, colours)),
        )  # fmt: skip
        if self._run(ctypes.byref(request), self._hidden):
            raise MemoryError("the kernel's buffers")
        Work.macs += h * w * self._hidden * (self._hidden + 3)
        return colours
