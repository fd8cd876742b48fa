"""What the kernels need to know of one batch of tiles, as one array of words that goes to the device in one copy.

Everything that depends on positions is worked out here, once per axis in float64 (`geometry`), and becomes float32 only
as differences and weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from diif_viewer.engine.decoders.common import Span, circle, held_cell
from diif_viewer.geometry import Axis, Floats, Ints, Lattice, Window
from diif_viewer.imaging.kernels import bicubic_taps

Words = npt.NDArray[np.int32]

HEAD = 16
"""Words at the front; `kernels` names them. Sections follow: tiles, rows, columns, pairs."""

TILE_WORDS = 10
GROUP = 32
"""Terms and knots that the kernels multiply at once."""

FIELDS = 12
"""Of an output of an axis. Integers: base, first bicubic tap. Floats: four weights, two terms, four weights of taps."""


TOP, LEFT, WANTED_TOP, WANTED_LEFT, WANTED_BOTTOM, WANTED_RIGHT, OFFSET, LINE = range(8)

Spots = Ints
"""Tiles and where their outputs go, (n, 8): the tile's corner, which lies on the grid (a tile may reach beyond the
lattice); the part of it to write; the pixel of the output buffer that its own corner has (before the buffer where that
corner is not wanted); pixels from a row to the next there."""


def spots_of(window: Window, side: int, start: int) -> Spots:
    """The tiles of a window whose pixels lie row by row from pixel `start` of the output on, row after row of tiles."""
    tops = np.arange(window.top // side * side, window.bottom, side)
    lefts = np.arange(window.left // side * side, window.right, side)
    spots = np.empty((len(tops), len(lefts), 8), np.int64)
    for first, starts, (low, high) in (
        (TOP, tops[:, None], (window.top, window.bottom)),
        (LEFT, lefts, (window.left, window.right)),
    ):
        spots[..., first] = starts
        spots[..., first + WANTED_TOP] = np.maximum(starts, low)
        spots[..., first + WANTED_BOTTOM] = np.minimum(starts + side, high)
    spots[..., OFFSET] = start + (tops[:, None] - window.top) * window.width + lefts - window.left
    spots[..., LINE] = window.width
    return spots.reshape(-1, 8)


@dataclass(frozen=True, slots=True)
class AxisFields:
    """Outputs of one axis as the kernels read them.

    base: (n,) the first of some neighbouring vectors, counted from the picture's first. weights: (n, 4) of them. terms:
    (n, 2) that go with two columns of the fine stage's first matrix.
    """

    base: Ints
    weights: Floats
    terms: Floats


class Layout(Protocol):
    """How a decoder's maps are read.

    density: vectors per LR pixel along y and x, in which bases are counted. neighbours: vectors along x that an output
    is blended from; and along y where the kernel blends rows.
    """

    density: tuple[int, int]
    neighbours: int

    def rows(self, axis: Axis, start: int, stop: int) -> AxisFields:
        """Of outputs ``start .. stop - 1`` along y."""
        ...

    def columns(self, axis: Axis, start: int, stop: int) -> AxisFields:
        """The same along x."""
        ...

    def pairs(self, axis: Axis, start: int, stop: int) -> Floats:
        """First and last coordinates along x of the slices of LR pixels ``start .. stop - 1``: (n, 2).

        Those seen from the left and from the right vertex take turns; empty for decoders without slices.
        """
        ...


class KnotLayout:
    """DIIF-S: two knots per vertex and axis, or one, blended down and across. Terms: sin and cos of the fraction."""

    def __init__(self, knots: int = 2) -> None:
        self.density = knots, knots
        self.neighbours = 2 * knots

    def rows(self, axis: Axis, start: int, stop: int) -> AxisFields:
        """See `Layout`."""
        span = Span.of(axis, start, stop)
        f = span.fractions
        if self.neighbours == 2:
            return AxisFields(span.cells, np.stack([1 - f, f, 0 * f, 0 * f], -1), circle(f))
        left, right = np.minimum(0.5 + f, 1.0), np.maximum(f - 0.5, 0.0)
        weights = [(1 - f) * (1 - left), (1 - f) * left, f * (1 - right), f * right]
        return AxisFields(2 * span.cells, np.stack(weights, -1), circle(f))

    columns = rows

    def pairs(self, axis: Axis, start: int, stop: int) -> Floats:
        """None."""
        return np.zeros((0, 2))


class SliceLayout:
    """DIIF in linear order with slice ensemble. Terms: the offset from the cell's centre.

    Rows: the vertex above, the share of the one below, the offsets from both. Columns: the cell's two slices.
    """

    density = (1, 2)
    neighbours = 2

    def rows(self, axis: Axis, start: int, stop: int) -> AxisFields:
        """See `Layout`."""
        span = Span.of(axis, start, stop)
        f = span.fractions
        weights = np.stack([f, 2 * f, 2 * (f - 1), np.zeros_like(f)], -1)
        return AxisFields(span.cells, weights, np.stack([2 * f - 1, np.zeros_like(f)], -1))

    def columns(self, axis: Axis, start: int, stop: int) -> AxisFields:
        """See `Layout`."""
        span = Span.of(axis, start, stop)
        f, none = span.fractions, np.zeros_like(span.fractions)
        return AxisFields(2 * span.cells, np.stack([1 - f, f, none, none], -1), np.stack([2 * f - 1, none], -1))

    def pairs(self, axis: Axis, start: int, stop: int) -> Floats:
        """See `Layout`."""
        first, _ = axis.groups(start, stop)
        cells = np.arange(start, stop)[:, None] + np.arange(2)  # from the left and from the right
        begin = 2 * ((first[:, None] + 0.5 + axis.phase) / axis.scale - cells)
        end = begin + (axis.widest_group() - 1) * axis.cell
        return np.stack([begin, end], -1).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Batch:
    """words: for the device. tiles: how many. pairs: that a tile has at most (0 without slices).

    single: one group serves every tile of the scale, in this batch or another: they all take the same kernel.
    """

    words: Words
    tiles: int
    single: bool
    pairs: int


def batch(layout: Layout, lattice: Lattice, spots: Spots, side: int, *, region: Window, source: Window) -> Batch:
    """The table of some tiles of side x side outputs, at least one.

    region: positions of the maps that are on the device, all that the tiles read among them. source: the source's
    pixels there, for the bicubic base.
    """
    tops, row_of = np.unique(spots[:, TOP], return_inverse=True)
    lefts, column_of = np.unique(spots[:, LEFT], return_inverse=True)
    rows = _section(layout.rows, lattice.y, tops, side, (layout.density[0] * region.top, source.top))
    columns = _section(layout.columns, lattice.x, lefts, side, (layout.density[1] * region.left, source.left))
    first = columns[0, column_of * side]
    tiles = np.empty((len(spots), TILE_WORDS), np.int32)
    tiles[:, 0], tiles[:, 1], tiles[:, 2] = row_of * side, column_of * side, first
    tiles[:, 3] = columns[0, column_of * side + side - 1] + layout.neighbours - first
    tiles[:, 4], tiles[:, 9] = spots[:, OFFSET], spots[:, LINE]
    tiles[:, 5:7] = spots[:, WANTED_TOP : WANTED_BOTTOM + 1 : 2] - spots[:, TOP, None]
    tiles[:, 7:9] = spots[:, WANTED_LEFT : WANTED_RIGHT + 1 : 2] - spots[:, LEFT, None]
    pairs = layout.pairs(lattice.x, region.left, max(region.left, region.right - 1)).astype(np.float32)
    knots = int(tiles[:, 3].max())
    stride = layout.density[1] * region.width if not len(pairs) else region.width
    head = np.zeros(HEAD, np.int32)
    sections = [tiles.reshape(-1), rows.reshape(-1), columns.reshape(-1), pairs.reshape(-1).view(np.int32)]
    places = HEAD + np.cumsum([0] + [section.size for section in sections])
    head[:7] = places[0], places[1], rows.shape[1], places[2], columns.shape[1], places[3], len(spots)
    head[7:11] = stride, source.height, source.width, knots
    head[11:13].view(np.float32)[:] = held_cell(lattice.y), held_cell(lattice.x)
    head[13] = -(-(4 + knots) // GROUP)
    single = 4 + most_knots(layout, lattice.x.scale, side) <= GROUP
    return Batch(np.concatenate([head, *sections]), len(spots), single, knots if len(pairs) else 0)


def most_knots(layout: Layout, scale: float, side: int) -> int:
    """Knots, or pairs, that a row of any tile at `scale` can be blended from."""
    cells = int((side - 1) / scale) + 2
    return layout.density[1] * (cells - 1) + layout.neighbours


def _section(fields: Any, axis: Axis, starts: Ints, side: int, origins: tuple[int, int]) -> Words:
    """Fields of the tiles that begin at `starts` (ascending), one after the other: (FIELDS, outputs).

    Outputs beyond the lattice repeat its last one. origins: of bases and of taps.
    """
    words = np.empty((FIELDS, len(starts) * side), np.int32)
    numbers = words.view(np.float32)
    for begin, end in _runs(starts, side):
        here = slice(begin * side, end * side)
        start, stop = int(starts[begin]), min(int(starts[end - 1]) + side, axis.count)
        found: AxisFields = fields(axis, start, stop)
        tap, weights = bicubic_taps(axis, start, stop)
        more = [(0, (end - begin) * side - (stop - start))]
        words[0, here] = np.pad(found.base - origins[0], more, mode="edge")
        words[1, here] = np.pad(tap - origins[1], more, mode="edge")
        floats = np.concatenate([found.weights, found.terms, weights], -1).T
        numbers[2:, here] = np.pad(floats, [(0, 0), *more], mode="edge")
    return words


def _runs(starts: Ints, side: int) -> Iterator[tuple[int, int]]:
    """Runs of tiles that follow upon each other: (first, past the last) of `starts`."""
    cuts = np.flatnonzero(np.diff(starts) != side) + 1
    return itertools.pairwise([0, *cuts.tolist(), len(starts)])
