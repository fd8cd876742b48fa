"""DIIF as published: the coarse stage per slice and vertex, blended over rows before the fine stage's first matrix.

Blending over the rows comes first (each output row of a cell is a slice of its own in linear order), so the
fine stage's hidden matrix is applied twice per slice instead of four times, and never per pixel.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from diif_viewer.engine.decoders.common import (
    FineStage,
    FirstLayer,
    Span,
    first_layer_plane,
    held_cell,
    linear,
    two_part,
)
from diif_viewer.engine.layers import Linear, relu_
from diif_viewer.engine.native.fine import Along
from diif_viewer.engine.native.slices import Layers, NativeSlices, Rows
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Axis, Floats, Lattice, Window
from diif_viewer.models.diif import Diif


class DiifDecoder:
    """See the module and `common.Decoder`."""

    def __init__(self, reference: Diif, dtype: torch.dtype) -> None:
        first, second = (linear(reference.imnet.layers, i) for i in (0, 2))
        fine, middle, last = (linear(reference.imnet.tail, i) for i in (0, 2, 4))
        side = 4 if reference.slice_ensemble else 3
        taps = side * side * reference.channels
        weight = first.weight.detach()
        self._dtype, self._device = dtype, weight.device
        self._ensemble, self._linear = reference.slice_ensemble, reference.order == "linear"
        kernel = weight[:, :taps].reshape(-1, reference.channels, side, side)
        self._project = FirstLayer(kernel, first.bias, dtype)
        self._cell = weight[:, taps : taps + 2].T  # (2, hidden): y, x
        self._first = weight[:, taps + 2 : taps + 4].T
        self._last = weight[:, taps + 4 : taps + 6].T
        self._coarse = Linear(second.weight, second.bias, dtype, relu=True)
        into = fine.weight.detach()
        self._push = Linear(into[:, :-2], None, dtype)
        self._fine_bias = fine.bias.detach()
        self._centre = into[:, -2:].T  # (2, hidden): y, x
        self._stage = FineStage(middle, last, dtype)
        self._native = None
        if self._ensemble:
            layers = Layers(second, into[:, :-2], middle, last, torch.stack([self._first[0], self._last[0]]))
            self._native = NativeSlices.of(layers, dtype, constant=not self._linear)
        self.native = self._native is not None and self._project.native
        self._slice_term = functools.lru_cache(maxsize=128)(self._new_slice_term)
        self._rows = functools.lru_cache(maxsize=128)(self._new_rows)
        self._across = functools.lru_cache(maxsize=128)(self._new_across)

    def plane(self, cache: BlockCache, features: Plane) -> Plane:
        """First-layer maps: one vector per vertex, or per LR pixel without slice ensemble."""
        if not self._ensemble:
            return first_layer_plane(cache, features, self._project, features.limits, before=1, after=1)
        limits = Window(0, 0, features.limits.bottom + 1, features.limits.right + 1)
        return first_layer_plane(cache, features, self._project, limits, before=2, after=1)

    def needs(self, lattice: Lattice, window: Window) -> Window:
        """Vertices (LR pixels without slice ensemble) of the cells that `window` meets."""
        cells, more = lattice.cells_of(window), int(self._ensemble)
        return Window(cells.top, cells.left, cells.bottom + more, cells.right + more)

    def render(self, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """See `common.Decoder`."""
        if self._native is not None:
            return self._compiled(self._native, plane, lattice, window).permute(1, 2, 0)
        rows = Span.of(lattice.y, window.top, window.bottom)
        columns = Span.of(lattice.x, window.left, window.right)
        slices = self._slices(plane, lattice, window, rows)  # (h, knots, hidden): x-knots of every output row
        slices += (self._fine_bias + self._column(2 * rows.fractions - 1) * self._centre[0]).to(self._dtype)[:, None]
        h, w = window.height, window.width
        weights = torch.from_numpy(self._weights(columns)).to(self._dtype).to(self._device)
        offsets = two_part(2 * columns.fractions[:, None] - 1, self._dtype, self._device)
        blend = torch.cat([weights, offsets], -1)  # (w, knots + 2)
        term = self._centre[1].to(self._dtype).expand(h, 2, -1)  # the column's term, once for each part
        hidden = torch.matmul(blend, torch.cat([slices, term], 1))  # (h, w, hidden)
        return self._stage(hidden.view(h * w, -1)).view(h, w, 3)

    def first_share(self, lattice: Lattice, window: Window) -> float | None:
        """The coarse stage's part of a view's arithmetic where one kernel does all of it, else None."""
        if self._native is None:
            return None
        cells = lattice.cells_of(window)
        return self._native.coarse_share((cells.height, cells.width), (window.height, window.width))

    def _compiled(self, native: NativeSlices, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """All of it in the compiled kernel: (3, h, w)."""
        cells = lattice.cells_of(window)
        slices = self._slice_term(lattice, cells.left, cells.right)
        rows = self._rows(lattice.y, window.top, window.bottom)
        return native(
            plane.region(self.needs(lattice, window)), slices, rows, self._across(lattice.x, window.left, window.right)
        )

    def _new_slice_term(self, lattice: Lattice, left: int, right: int) -> Tensor:
        """What is added to the first-layer vectors of each cell's left and right vertex: (2, cells, hidden)."""
        terms = torch.stack([self._column_term(lattice.x, left, right, side) for side in range(2)])
        return terms + self._cell_term(lattice)

    def _new_rows(self, axis: Axis, start: int, stop: int) -> Rows:
        span = Span.of(axis, start, stop)
        f = torch.from_numpy(span.fractions).float()
        cells = torch.from_numpy((span.cells - span.cells[0]).astype(np.int32))
        term = self._fine_bias + (2 * f - 1)[:, None] * self._centre[0]
        sides = [self._offsets(axis, span, side) for side in range(2)]
        offset = torch.from_numpy(np.stack(sides, 1)).float().contiguous()  # (h, 2, 2)
        return Rows(cells, f, offset, term)

    def _offsets(self, axis: Axis, span: Span, side: int) -> Floats:
        """(h, 2): of each output's slice, its first and its last output from the upper (0) or lower (1) vertices."""
        if self._linear:
            return np.repeat(2 * (span.fractions - side)[:, None], 2, 1)
        top = int(span.cells[0])
        return np.stack(self._ends(axis, top, int(span.cells[-1]) + 1, side), 1)[span.cells - top]

    def _new_across(self, axis: Axis, start: int, stop: int) -> Along:
        span = Span.of(axis, start, stop)
        f = torch.from_numpy(span.fractions).float()
        knots = torch.from_numpy((2 * (span.cells - span.cells[0])).astype(np.int32))
        weights = torch.stack([1 - f, f], 1)
        return Along(knots, weights, (2 * f - 1)[:, None] * self._centre[1])

    def _slices(self, plane: Plane, lattice: Lattice, window: Window, rows: Span) -> Tensor:
        """Hidden vectors pushed through the fine stage's first matrix, blended over rows: (h, knots, hidden).

        Knots of a row are its cells from left to right, for the left vertices first, then for the right ones.
        """
        maps = plane.region(self.needs(lattice, window)).float()
        maps += self._cell_term(lattice)
        cells = lattice.cells_of(window)
        sides = range(2 if self._ensemble else 1)
        spread = torch.stack([self._columns(maps, lattice.x, cells, side) for side in sides], 1)
        # (LR rows, sides, cells, hidden)
        if self._linear:
            chosen = self._row_selection(rows, maps.shape[0])  # (sides * h, LR rows + 2)
            source = torch.cat([spread.to(self._dtype).flatten(1), self._row_terms(spread)])
            hidden = relu_(torch.mm(chosen, source).view(len(sides), window.height, *spread.shape[1:]))
        else:
            hidden = self._whole_cells(spread, lattice.y, cells)  # (sides, LR rows, sides, cells, hidden)
        vectors = self._coarse(hidden.view(-1, hidden.shape[-1])).view(hidden.shape)
        if not self._linear:
            chosen = self._tensor(rows.cells - rows.cells[0])
            vectors = vectors[:, chosen]
        if self._ensemble:
            share = self._column(rows.fractions).to(self._dtype)[:, :, None, None]
            vectors = torch.lerp(vectors[0], vectors[1], share)  # linear in the row: before the matrix
        flat = vectors.reshape(-1, vectors.shape[-1])
        return self._push(flat).view(window.height, len(sides) * cells.width, -1)

    def _columns(self, maps: Tensor, axis: Axis, cells: Window, side: int) -> Tensor:
        """First-layer vectors of each cell's left (0) or right (1) vertex with the slice's x terms."""
        return maps[:, side : side + cells.width] + self._column_term(axis, cells.left, cells.right, side)

    def _column_term(self, axis: Axis, left: int, right: int, side: int) -> Tensor:
        """(cells, hidden): the slice's x terms at the left (0) or right (1) vertex."""
        first, last = self._ends(axis, left, right, side)
        return self._column(first) * self._first[1] + self._column(last) * self._last[1]

    def _ends(self, axis: Axis, start: int, stop: int, side: int) -> tuple[Floats, Floats]:
        """Offsets of the first and the last output of each cell's slice from its vertex before (0) or after (1) it."""
        outputs, _ = axis.groups(start, stop)
        anchor = np.arange(start, stop) + (side if self._ensemble else 0.5)
        first: Floats = 2 * ((outputs + 0.5 + axis.phase) / axis.scale - anchor)
        return first, first + (axis.widest_group() - 1) * axis.cell

    def _cell_term(self, lattice: Lattice) -> Tensor:
        """What the cell adds to every first-layer vector: (hidden,)."""
        return held_cell(lattice.y) * self._cell[0] + held_cell(lattice.x) * self._cell[1]

    def _row_selection(self, rows: Span, available: int) -> Tensor:
        """(sides * h, LR rows + 2): picks the LR row of each slice's upper or lower vertex, adds its y terms."""
        parts, place = [], self._tensor(rows.cells - rows.cells[0])
        for side in range(2 if self._ensemble else 1):
            chosen = torch.zeros(len(place), available, dtype=self._dtype, device=self._device)
            chosen[torch.arange(len(place)), place + side] = 1
            offset = 2 * (rows.fractions - (side if self._ensemble else 0.5))
            parts.append(torch.cat([chosen, two_part(offset[:, None], self._dtype, self._device)], -1))
        return torch.cat(parts)

    def _row_terms(self, spread: Tensor) -> Tensor:
        """(2, sides * cells * hidden): in linear order first and last coordinate share their row."""
        term = (self._first[0] + self._last[0]).to(self._dtype)
        return term.repeat(2, spread.shape[1] * spread.shape[2])

    def _whole_cells(self, spread: Tensor, axis: Axis, cells: Window) -> Tensor:
        """Constant order: one slice per cell, first and last coordinates differ along y as well."""
        made = []
        for side in range(2 if self._ensemble else 1):
            first, last = self._ends(axis, cells.top, cells.bottom, side)
            term = self._column(first) * self._first[0] + self._column(last) * self._last[0]
            made.append(spread[side : side + cells.height] + term[:, None, None])
        return relu_(torch.stack(made).to(self._dtype))

    def _weights(self, columns: Span) -> Floats:
        """(w, knots): share of each cell's left and right vertex, 1 for the cell itself without ensemble."""
        place, at = columns.cells - columns.cells[0], np.arange(len(columns.cells))
        width = int(place[-1]) + 1
        weights = np.zeros((len(at), width * (2 if self._ensemble else 1)))
        if not self._ensemble:
            weights[at, place] = 1
            return weights
        weights[at, place] = 1 - columns.fractions
        weights[at, width + place] = columns.fractions
        return weights

    def _column(self, values: Floats) -> Tensor:
        return torch.from_numpy(np.asarray(values)).to(torch.float32).to(self._device)[:, None]

    def _tensor(self, values: object) -> Tensor:
        return torch.as_tensor(values).to(self._device)
