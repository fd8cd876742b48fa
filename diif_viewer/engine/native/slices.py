"""DIIF's view through the compiled kernel: what `decoders.diif` hands over, weights as the kernel reads them."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.bytes import Dense, DenseAt
from diif_viewer.engine.native.fine import WIDTHS, Along, Fine, FineLayers
from diif_viewer.engine.native.library import Kernels
from diif_viewer.engine.native.products import Work, floats


class Layers(NamedTuple):
    """DIIF's layers after the first one, float32."""

    coarse: torch.nn.Linear
    push: Tensor
    """(hidden, hidden): the fine stage's first matrix."""
    middle: torch.nn.Linear
    last: torch.nn.Linear
    slopes: Tensor
    """(2, hidden): what the first and the last offset of a slice along y add to a first-layer vector."""


class Rows(NamedTuple):
    """The outputs along y: float32 but for the cells, all contiguous."""

    cells: Tensor
    """(h,) int32: each one's LR cell, counted from the first."""
    share: Tensor
    """(h,): how far down its cell, 0 .. 1."""
    offset: Tensor
    """(h, 2, 2): of the slice's first and last output from the upper, then from the lower vertices."""
    term: Tensor
    """(h, hidden): added to the row's knots."""


class _Slices(ctypes.Structure):
    """`Slices` of slices.c."""

    _fields_ = (
        ("fine", Fine),
        ("cells", ctypes.c_int32),
        ("constant", ctypes.c_int32),
        *((name, ctypes.c_void_p) for name in ("maps", "row_cells", "row_share", "row_offset", "row_term")),
        *((name, ctypes.c_void_p) for name in ("slope", "column_slices")),
        *((name, DenseAt) for name in ("coarse", "push")),
    )


class NativeSlices:
    """DIIF with slice ensemble, in one call that holds no lock; sums in float32."""

    def __init__(self, layers: Layers, constant: bool, kernels: Kernels) -> None:
        form = kernels.form
        self._tile, self._constant = form.tile, constant
        self._fine = FineLayers(layers.middle, layers.last, form)
        self._slopes = floats(layers.slopes)
        self._coarse = Dense(layers.coarse.weight, layers.coarse.bias, form)
        self._push = Dense(layers.push, None, form)
        self._run = kernels.dll.diif_viewer_slices
        self._run.argtypes = (ctypes.POINTER(_Slices), ctypes.c_int)

    @classmethod
    def of(cls, layers: Layers, dtype: torch.dtype, *, constant: bool) -> NativeSlices | None:
        """The kernel for these layers, or None where plain torch is to do it. constant: the order, else linear."""
        weight = layers.middle.weight
        if weight.device.type != "cpu" or weight.shape[1] not in WIDTHS:
            return None
        kernels = library.kernels(dtype)
        return None if kernels is None else cls(layers, constant, kernels)

    def __call__(self, maps: Tensor, slices: Tensor, rows: Rows, columns: Along) -> Tensor:
        """Colours of all outputs: (3, h, w) float32, about [-1, 1].

        maps: (.., cells + 1, hidden), first-layer vectors of vertices. slices: (2, cells, hidden), added
        to those of left and right vertices. columns: knots 2 c and 2 c + 1 are the left and right vertices of cell c.
        Raises MemoryError where there is none for the kernel's buffers.
        """
        colours = torch.empty(3, len(rows.cells), len(columns.knots))
        hidden, cells = self._fine.hidden, slices.shape[1]
        held = (t.data_ptr() for t in (maps, *rows, self._slopes, slices))
        fine = self._fine.of(columns, colours)
        request = _Slices(fine, cells, self._constant, *held, self._coarse.at, self._push.at)
        if self._run(ctypes.byref(request), hidden):
            raise MemoryError("the kernel's buffers")
        met = int(rows.cells[-1]) + 1 if self._constant else len(rows.cells)
        Work.macs += self._coarse_macs(met, cells) + colours[0].numel() * self._fine.macs
        return colours

    def coarse_share(self, cells: tuple[int, int], size: tuple[int, int]) -> float:
        """The coarse stage's part of the arithmetic, where `size` outputs meet so many cells; (down, across) each."""
        coarse = self._coarse_macs(cells[0] if self._constant else size[0], cells[1])
        return coarse / (coarse + size[0] * size[1] * self._fine.macs)

    def _coarse_macs(self, rows: int, cells: int) -> int:
        """Multiply-accumulates of so many rows of slices."""
        products = 4 if self._constant else 3  # of each slice: both vertices are pushed, or what was blended of them
        return rows * (-(-2 * cells // self._tile) * self._tile) * products * self._fine.hidden**2
