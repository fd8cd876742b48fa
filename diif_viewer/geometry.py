"""Coordinates, sizes, windows and the output lattice: the one owner of the conventions.

Units. Positions are in low-resolution (LR) pixels of the source picture: LR pixel ``i`` spans
``[i, i + 1)``, its latent code sits at ``i + 0.5`` and *vertices* lie at the integers. Output pixel ``Y``
of a lattice with scale ``s`` has its centre at ``(Y + 0.5 + phase) / s``. Networks see *relative* coordinates
``2 * (position - centre)``, in which one LR pixel spans ``[-1, 1]``, in the order (y, x).

Positions are kept as an integer cell plus a fraction, once per axis in float64 (H + W numbers, never
H x W); only relative values are ever cast to float32.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diif_viewer.errors import RequestError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Window:
    """Integer rectangle, half-open: rows ``top .. bottom - 1``, columns ``left .. right - 1``; x right, y down."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows; 0 when empty."""
        return max(0, self.bottom - self.top)

    @property
    def width(self) -> int:
        """Columns; 0 when empty."""
        return max(0, self.right - self.left)

    @property
    def area(self) -> int:
        """Pixels; 0 when empty."""
        return self.height * self.width

    def __bool__(self) -> bool:
        return bool(self.area > 0)

    def intersected(self, other: Window) -> Window:
        """The common part; empty (falsy) when there is none."""
        return Window(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    def grown(self, margin: int) -> Window:
        """Larger by `margin` on every side."""
        return Window(self.top - margin, self.left - margin, self.bottom + margin, self.right + margin)

    def moved(self, down: int, right: int) -> Window:
        """Translated by whole pixels."""
        return Window(self.top + down, self.left + right, self.bottom + down, self.right + right)

    def contains(self, other: Window) -> bool:
        """True when `other` lies wholly inside."""
        return (
            self.top <= other.top
            and self.left <= other.left
            and self.bottom >= other.bottom
            and self.right >= other.right
        )

    def aligned(self, step: int) -> Window:
        """The smallest window on the grid of `step` that holds this one."""
        return Window(
            self.top // step * step,
            self.left // step * step,
            -(-self.bottom // step) * step,
            -(-self.right // step) * step,
        )

    def split(self, step: int) -> Iterator[Window]:
        """Cells of the fixed grid of `step` that meet this window, row by row, not clipped."""
        for top in range(self.top // step * step, self.bottom, step):
            for left in range(self.left // step * step, self.right, step):
                yield Window(top, left, top + step, left + step)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a lattice.

    size: LR pixels. count: output pixels. scale: outputs per LR pixel, > 0. phase: shift of all output
    centres, in output pixels (animation and smooth panning; 0 otherwise).
    """

    size: int
    count: int
    scale: float
    phase: float = 0.0

    @property
    def cell(self) -> float:
        """Extent of an output pixel in relative units: ``2 / scale``."""
        return 2.0 / self.scale

    def positions(self, start: int, stop: int) -> Floats:
        """Centres of outputs ``start .. stop - 1`` in LR pixels, float64 (stop - start,)."""
        return (np.arange(start, stop, dtype=np.float64) + (0.5 + self.phase)) / self.scale

    def cells(self, positions: Floats) -> Ints:
        """LR pixel of each position, clamped to the picture (outputs outside it belong to its border cells)."""
        return np.clip(np.floor(positions).astype(np.int64), 0, self.size - 1)

    def cell_of(self, output: int) -> int:
        """LR pixel that output pixel `output` falls in, clamped to the picture."""
        return min(max(math.floor((output + 0.5 + self.phase) / self.scale), 0), self.size - 1)

    def first_output(self, cell: int) -> int:
        """First output pixel of the coordinate group of LR pixel `cell`: ``ceil(cell * s - 1/2)``.

        Agrees with `cells` to the last bit: the candidate is corrected where the two roundings differ.
        """
        first = math.ceil(cell * self.scale - 0.5 - self.phase)
        while math.floor((first + 0.5 + self.phase) / self.scale) >= cell:
            first -= 1
        while math.floor((first + 0.5 + self.phase) / self.scale) < cell:
            first += 1
        return first

    def groups(self, start: int, stop: int) -> tuple[Ints, Ints]:
        """First outputs and widths of the coordinate groups of LR pixels ``start .. stop - 1``.

        Vector form of `first_output`: ``(first, width)``, int64 (stop - start,) each; the last
        pixel's group ends where the next one's would begin.
        """
        cells = np.arange(start, stop + 1, dtype=np.int64)
        first = np.ceil(cells * self.scale - 0.5 - self.phase).astype(np.int64)

        def cell_at(outputs: Ints) -> Ints:
            cell: Ints = np.floor((outputs + (0.5 + self.phase)) / self.scale).astype(np.int64)
            return cell

        first -= cell_at(first - 1) >= cells
        first += cell_at(first) < cells
        return first[:-1], np.diff(first)

    def widest_group(self) -> int:
        """u: the largest coordinate group over the whole axis (>= 1)."""
        return _widest_group(self)


@functools.lru_cache(maxsize=256)
def _widest_group(axis: Axis) -> int:
    return max(1, int(axis.groups(0, axis.size)[1].max()))


@dataclass(frozen=True, slots=True)
class Lattice:
    """All output pixels of one picture at one scale, anchored to its top-left corner.

    A viewport, a tile and an export are integer windows of it, so they agree pixel for pixel.
    """

    y: Axis
    x: Axis

    @classmethod
    def of_scale(cls, height: int, width: int, scale: float, *, phase: tuple[float, float] = (0.0, 0.0)) -> Lattice:
        """Exactly `scale` on both axes, for a picture of `height` x `width` pixels. Raises RequestError.

        phase: (y, x), from -1/2 to 1/2: the shift of all outputs, in output pixels. Output 0 is the first whose centre
        lies inside the picture whatever the phase; how many there are depends on it.
        """
        _check_picture(height, width)
        if not (math.isfinite(scale) and scale > 0):
            raise RequestError(f"The scale must be a positive number, not {scale}.")
        rows, columns = (
            max(1, math.ceil(n * scale - 0.5 - shift)) for n, shift in zip((height, width), phase, strict=True)
        )
        return cls(Axis(height, rows, float(scale), phase[0]), Axis(width, columns, float(scale), phase[1]))

    @classmethod
    def of_size(cls, height: int, width: int, out_height: int, out_width: int) -> Lattice:
        """Exactly `out_height` x `out_width` outputs; the scale is their ratio, per axis. Raises RequestError."""
        _check_picture(height, width)
        if out_height < 1 or out_width < 1:
            raise RequestError(f"The output size must be at least 1x1 pixels, not {out_width}x{out_height}.")
        return cls(Axis(height, out_height, out_height / height), Axis(width, out_width, out_width / width))

    @property
    def window(self) -> Window:
        """The whole output."""
        return Window(0, 0, self.y.count, self.x.count)

    def window_of(self, box: tuple[float, float, float, float]) -> Window:
        """Outputs whose centres lie in `box`.

        box: (left, top, right, bottom) in image pixels, x right, y down, half-open: outputs
        ``ceil(x0*s - 1/2)`` up to but not including ``ceil(x1*s - 1/2)``, so neighbouring boxes tile.
        """
        x0, y0, x1, y1 = box
        if not all(math.isfinite(v) for v in box):
            raise RequestError("The box must hold four finite numbers: left, top, right, bottom.")

        def edge(axis: Axis, value: float) -> int:
            return math.ceil(value * axis.scale - 0.5 - axis.phase)

        return Window(edge(self.y, y0), edge(self.x, x0), edge(self.y, y1), edge(self.x, x1))

    def cells_of(self, window: Window) -> Window:
        """LR pixels that the outputs of a non-empty `window` fall in, clamped to the picture."""
        return Window(
            self.y.cell_of(window.top),
            self.x.cell_of(window.left),
            self.y.cell_of(window.bottom - 1) + 1,
            self.x.cell_of(window.right - 1) + 1,
        )


def _check_picture(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise RequestError(f"The picture has no pixels ({width}x{height}).")
