"""DIIF-S: coarse maps once per picture and for every scale; a view costs two small blends and the fine stage.

The maps hold, at the knots of each vertex, the coarse stage's hidden vector already multiplied by the fine stage's
first matrix (both blends are linear). Knots form one regular grid, two (or one) per vertex and axis, so the blend of
DESIGN section 2 is one sparse matrix per axis with three (or two) non-zero weights per output.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from diif_viewer.engine.decoders.common import FineStage, Span, circle, held_cell, linear, two_part
from diif_viewer.engine.layers import Conv, Linear, relu_
from diif_viewer.engine.native.fine import Along, Maps, NativeFine
from diif_viewer.engine.native.knots import NativeKnots, Stage
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Axis, Lattice, Window
from diif_viewer.models.diif_s import DiifS


class DiifSDecoder:
    """See the module and `common.Decoder`."""

    def __init__(self, reference: DiifS, dtype: torch.dtype) -> None:
        first, second = (linear(reference.imnet.layers, i) for i in (0, 2))
        fine, middle, last = (linear(reference.imnet.tail, i) for i in (0, 2, 4))
        self._dtype = dtype
        self._hidden = fine.out_features
        self._device = first.weight.device
        channels = reference.channels
        weight = first.weight.detach()
        around = weight[:, : 16 * channels].reshape(-1, channels, 4, 4)
        self._project = Conv(around, first.bias, dtype)
        self._density = len(reference.knots)
        at_knots = weight.new_zeros(1, self._hidden)
        if self._density > 1:
            knots = torch.tensor(list(itertools.product(reference.knots, repeat=2)), device=self._device)
            at_knots = knots @ weight[:, 16 * channels :].T  # (4, hidden), order (-,-) (-,+) (+,-) (+,+)
        self._knots = at_knots.to(dtype)
        self._coarse = Linear(second.weight, second.bias, dtype, relu=True)
        into = fine.weight.detach()
        push = into[:, : into.shape[1] - 6]
        self._push = Linear(push, None, dtype)
        stage = Stage(around, first.bias, at_knots, second.weight, second.bias, push)
        self._native_knots = NativeKnots.of(stage, dtype)
        self._fine_bias = fine.bias.detach()
        self._row_weights, self._column_weights = into[:, -6:-4].T, into[:, -4:-2].T  # (2, hidden): sin, cos
        self._cell = into[:, -2:].T  # (2, hidden): y, x
        self._stage = FineStage(middle, last, dtype)
        self._native = NativeFine.of(middle, last, dtype)
        self.native = self._native is not None and self._native_knots is not None
        self._column_term = functools.lru_cache(maxsize=128)(self._new_column_term)
        self._row_term = functools.lru_cache(maxsize=128)(self._new_row_term)

    # ---- once per picture ------------------------------------------------------------------------------

    def plane(self, cache: BlockCache, features: Plane) -> Plane:
        """Knot maps on the vertices of the picture: with two knots, value (2 v + k) is knot k of vertex v."""
        pixels = features.limits
        vertices = Window(0, 0, pixels.bottom + 1, pixels.right + 1)

        def fill(window: Window) -> Tensor:
            region = features.region(Window(window.top - 2, window.left - 2, window.bottom + 1, window.right + 1))
            return self.knot_maps(region)

        return Plane(cache, vertices, fill, density=self._density, device=features.device)

    def knot_maps(self, features: Tensor) -> Tensor:
        """features: (h + 3, w + 3, C) around h x w vertices -> (density * h, density * w, hidden)."""
        if self._native_knots is not None:
            return self._native_knots(features)
        projected = self._project(features.permute(2, 0, 1)[None])[0].permute(1, 2, 0)  # (h, w, hidden)
        (h, w, c), d = projected.shape, self._density
        hidden = relu_(projected.reshape(1, h * w, c) + self._knots[:, None])  # (d * d, h * w, hidden)
        pushed = self._push(self._coarse(hidden.view(d * d * h * w, c)))
        return pushed.view(d, d, h, w, -1).permute(2, 0, 3, 1, 4).reshape(d * h, d * w, -1)

    def first_share(self, _lattice: Lattice, _window: Window) -> float | None:
        """The first layer's part of the maps' arithmetic where one kernel does all of it, else None."""
        return None if self._native_knots is None else self._native_knots.first_share

    # ---- once per view ---------------------------------------------------------------------------------

    def needs(self, lattice: Lattice, window: Window) -> Window:
        """Vertices around the LR cells of `window`."""
        cells = lattice.cells_of(window)
        return Window(cells.top, cells.left, cells.bottom + 1, cells.right + 1)

    def render(self, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """See `common.Decoder`."""
        if self._native is not None:
            return self._compiled(self._native, plane, lattice, window).permute(1, 2, 0)
        blended = self._gathered if self._device.type == "cpu" else self._multiplied
        hidden = blended(plane, lattice, window)  # (h * w, hidden)
        return self._stage(hidden).view(window.height, window.width, 3)

    def _compiled(self, native: NativeFine, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """All of it in the compiled kernel, which reads the knots where they lie: (3, h, w)."""
        vertices, side, d = self.needs(lattice, window), plane.block, self._density
        maps = Maps(
            plane.blocks(vertices),
            across=-(-vertices.right // side) - vertices.left // side,
            top=d * (vertices.top % side),
            left=d * (vertices.left % side),
            knots=d * vertices.width,
        )
        dtype = torch.float32
        rows = Knots(lattice.y, window.top, window.bottom, d, dtype)
        columns = Knots(lattice.x, window.left, window.right, d, dtype)
        down = Along(*first_and_weights(rows), self._row_term(lattice, rows.start, rows.stop, dtype))
        across = Along(*first_and_weights(columns), self._column_term(lattice.x, columns.start, columns.stop, dtype))
        return native(maps, down, across)

    def _gathered(self, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """The blends as sums of a few rows each, read where they lie: what a CPU is fast at."""
        vertices, h, w, c = self.needs(lattice, window), window.height, window.width, self._hidden
        ky, kx = self._density * vertices.height, self._density * vertices.width
        table = torch.empty(ky * kx + w + h, c, dtype=self._dtype)
        plane.region(vertices, out=table[: ky * kx].view(ky, kx, c))
        table[ky * kx : -w] = self._row_term(lattice, window.top, window.bottom, self._dtype)
        table[-w:] = self._column_term(lattice.x, window.left, window.right, self._dtype)
        down = Knots(lattice.y, window.top, window.bottom, self._density, self._dtype)
        across = Knots(lattice.x, window.left, window.right, self._density, self._dtype)
        return blend(blend(table, *sums_of_rows(down, ky, kx, w)), *sums_of_columns(across, kx, h))

    def _new_column_term(self, axis: Axis, start: int, stop: int, dtype: torch.dtype) -> Tensor:
        """What its column adds to each output's hidden vector: (stop - start, hidden), contiguous."""
        return (_circle(axis, start, stop) @ self._column_weights).to(dtype)

    def _new_row_term(self, lattice: Lattice, start: int, stop: int, dtype: torch.dtype) -> Tensor:
        """What its row adds, and all that is constant: (stop - start, hidden), contiguous."""
        return (_circle(lattice.y, start, stop) @ self._row_weights + self._constant(lattice)).to(dtype)

    def _multiplied(self, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """The blends as matrix products, mostly with zeros: what a GPU is fast at."""
        vertices, h, w, c = self.needs(lattice, window), window.height, window.width, self._hidden
        ky, kx = self._density * vertices.height, self._density * vertices.width
        knots = torch.empty(ky + 5, kx + 4, c, dtype=self._dtype, device=self._device)
        plane.region(vertices, out=knots[:ky, :kx])
        knots[:ky, kx:] = self._doubled(self._column_weights)  # carried through: the weights of a row sum to one
        knots[ky:] = self._row_terms(lattice)[:, None]
        knots[ky:, kx:] = 0
        rows = blend_matrix(
            Knots(lattice.y, window.top, window.bottom, self._density, self._dtype), self._device, constant=True
        )
        columns = blend_matrix(Knots(lattice.x, window.left, window.right, self._density, self._dtype), self._device)
        along_rows = torch.mm(rows, knots.view(ky + 5, -1)).view(h, kx + 4, c)
        return torch.matmul(columns, along_rows).view(h * w, c)

    def _doubled(self, weights: Tensor) -> Tensor:
        return torch.cat([weights, weights]).to(self._dtype)

    def _row_terms(self, lattice: Lattice) -> Tensor:
        """(5, hidden): sin and cos of the row, twice (see `two_part`), and all that is constant."""
        return torch.cat([self._doubled(self._row_weights), self._constant(lattice)[None].to(self._dtype)])

    def _constant(self, lattice: Lattice) -> Tensor:
        """What every output's hidden vector has: (hidden,) float32."""
        return self._fine_bias + held_cell(lattice.y) * self._cell[0] + held_cell(lattice.x) * self._cell[1]


class Knots(NamedTuple):
    """Outputs ``start .. stop - 1`` of an axis as blends of knots, `density` of a vertex, in `dtype`."""

    axis: Axis
    start: int
    stop: int
    density: int
    dtype: torch.dtype

    def entries(self) -> tuple[Tensor, Tensor]:
        """The non-zero part of `weights`: int32 knots and their weights, both (n, density + 1)."""
        span = Span.of(self.axis, self.start, self.stop)
        f, cells = span.fractions[:, None], (span.cells - span.cells[0])[:, None]
        if self.density == 1:
            knots, weights = cells + np.arange(2), np.concatenate([1 - f, f], 1)
        else:
            right = f >= 0.5
            here = np.concatenate([(1 - f) * (0.5 - f), (1 - f) * (0.5 + f), f], 1)
            there = np.concatenate([1 - f, f * (1.5 - f), f * (f - 0.5)], 1)
            knots, weights = 2 * cells + right + np.arange(3), np.where(right, there, here)
        return torch.from_numpy(knots.astype(np.int32)), torch.from_numpy(weights).to(self.dtype)

    def weights(self) -> Tensor:
        """Of each output for the knots of all vertices around it: (n, density * vertices). Rows sum to one.

        Per axis, at offset d from a vertex: bilinear weight ``1 - |d|`` for the vertex and, where it has two knots,
        ``m = clamp(d + 1/2, 0, 1)`` for the + one.
        """
        knots, weights = self.entries()
        cells = self.axis.cells(self.axis.positions(self.start, self.stop))
        spread = torch.zeros(len(knots), self.density * (int(cells[-1] - cells[0]) + 2), dtype=self.dtype)
        return spread.scatter_(1, knots.long(), weights)


@functools.lru_cache(maxsize=256)
def first_and_weights(knots: Knots) -> tuple[Tensor, Tensor]:
    """The first of each output's knots, (n,) int32, and their weights, (n, 2 or 3); both contiguous."""
    entries, weights = knots.entries()
    return entries[:, 0].contiguous(), weights.contiguous()


@functools.lru_cache(maxsize=48)  # half a megabyte each; a view has some 20
def sums_of_rows(knots: Knots, ky: int, kx: int, more: int) -> tuple[Tensor, Tensor, Tensor]:
    """Every output row's knots as sums over rows of knots: what `blend` takes for a table of ky * kx knots.

    A row's term, which follows in the table, is added to each of its sums (weights of columns add up to one); the terms
    of `more` columns, which come last, are handed on behind the sums.
    """
    rows, shares = knots.entries()
    n, each = len(rows), rows.shape[1] + 1
    entries = torch.empty(n, kx, each, dtype=torch.int32)
    torch.add((rows * kx)[:, None], count(kx)[:, None], out=entries[..., :-1])
    entries[..., -1] = (count(n) + ky * kx)[:, None]
    weights = torch.nn.functional.pad(shares, (0, 1), value=1.0)[:, None].expand(-1, kx, -1).reshape(-1)
    entries = torch.cat([entries.view(-1), count(more) + (ky * kx + n)])
    starts = torch.cat([count(n * kx) * each, count(more + 1) + each * n * kx])
    return entries, torch.cat([weights, weights.new_ones(more)]), starts


@functools.lru_cache(maxsize=48)  # half a megabyte each; a view has some 20
def sums_of_columns(knots: Knots, kx: int, h: int) -> tuple[Tensor, Tensor, Tensor]:
    """Every output of h rows as a sum over its row's kx knots and its column's term: for `blend`."""
    columns, shares = knots.entries()
    w, each = len(columns), columns.shape[1] + 1
    entries = torch.empty(h, w, each, dtype=torch.int32)
    torch.add((count(h) * kx)[:, None, None], columns, out=entries[..., :-1])
    entries[..., -1] = count(w) + h * kx
    weights = torch.nn.functional.pad(shares, (0, 1), value=1.0).expand(h, -1, -1).reshape(-1)
    return entries.view(-1), weights, count(h * w + 1) * each


def count(n: int) -> Tensor:
    """0 .. n - 1, int32."""
    return torch.arange(n, dtype=torch.int32)


def _circle(axis: Axis, start: int, stop: int) -> Tensor:
    return torch.from_numpy(circle(Span.of(axis, start, stop).fractions)).float()


def blend(table: Tensor, entries: Tensor, weights: Tensor, starts: Tensor) -> Tensor:
    """Weighted sums of rows of `table` (n, c), summed in float32: (m, c).

    entries: int32 numbers of rows, sum after sum. weights: one for each, of the table's dtype. starts: int32, (m + 1,),
    where each sum begins in `entries`, and their number.
    """
    return torch.nn.functional.embedding_bag(
        entries, table, starts, mode="sum", per_sample_weights=weights, include_last_offset=True
    )


@functools.lru_cache(maxsize=512)
def blend_matrix(knots: Knots, device: torch.device, *, constant: bool = False) -> Tensor:
    """Weights of the knots, then sin and cos of the fraction twice (see `two_part`), then ones if `constant`."""
    span = Span.of(knots.axis, knots.start, knots.stop)
    parts = [knots.weights().to(device), two_part(circle(span.fractions), knots.dtype, device)]
    if constant:
        parts.append(torch.ones(len(span.cells), 1, dtype=knots.dtype, device=device))
    return torch.cat(parts, -1)
