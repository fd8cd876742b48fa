"""Best quality: the mean over the eight flips and rotations of a picture (Timofte et al., CVPR 2016, "enhanced
prediction"). A network does not see a turned picture quite alike; what it says eight times is nearer to the truth.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diif_viewer.engine.device import cache_budget
from diif_viewer.engine.field import Field
from diif_viewer.engine.pixels import Array
from diif_viewer.engine.planes import BlockCache
from diif_viewer.geometry import Axis, Lattice, Window

_Turn = tuple[bool, bool, bool]  # transposed, then mirrored top to bottom, left to right


class Ensemble:
    """One picture through one model, eight ways; features of all share one budget. Not thread-safe, as `Field`."""

    def __init__(self, field: Field, cache: BlockCache | None = None) -> None:
        """field: the picture as it is; it serves as the first of the eight. cache: of the others; a new one if None."""
        self._compute = field.model.compute.in_float32()
        self._fields: dict[_Turn, Field] = {(False, False, False): field}
        cache = BlockCache(cache_budget(field.model.compute.device)) if cache is None else cache
        for turn in itertools.product((False, True), (False, True), (False, True)):
            if turn not in self._fields:
                self._fields[turn] = Field(_turned(field.pixels, turn), field.model, cache)

    def render_window(self, lattice: Lattice, window: Window) -> npt.NDArray[np.float32]:
        """The mean of the eight renderings of `window` (inside ``lattice.window``), each computed in float32.

        -> (window.height, window.width, channels) in [0, 1]. At most x1 on an axis, where nothing is reconstructed,
        the one rendering. Takes eight times as long as one.
        """
        *_, mean = self.render_steps(lattice, window)
        assert mean is not None
        return mean

    def encode_steps(self, lattice: Lattice, window: Window) -> Iterator[None]:
        """Encode what rendering `window` still lacks, in steps as large as it has use for (halos overlap less)."""
        if lattice.y.scale > 1 and lattice.x.scale > 1:
            for turn, field in self._fields.items():
                for part in field.unencoded(*turned_lattice(lattice, window, turn), self._compute):
                    field.features(self._compute).ensure(part)
                    yield None

    def render_steps(self, lattice: Lattice, window: Window) -> Iterator[npt.NDArray[np.float32] | None]:
        """`render_window` in eight steps: None after each but the last, which yields the mean."""
        if lattice.y.scale <= 1 or lattice.x.scale <= 1:
            field = self._fields[False, False, False]
            yield np.asarray(field.render_window(lattice, window, self._compute, as_float=True))
            return
        mean: Array = np.zeros((window.height, window.width, 1), np.float32)
        for turn, field in self._fields.items():
            part = field.render_window(*turned_lattice(lattice, window, turn), self._compute, as_float=True)
            mean = mean + _turned_back(part, turn) / len(self._fields)
            if turn != (True, True, True):
                yield None
        yield np.asarray(np.clip(mean, 0, 1))


def turned_lattice(lattice: Lattice, window: Window, turn: _Turn) -> tuple[Lattice, Window]:
    """The lattice and window of the turned picture whose outputs lie at the same points of it, turned."""
    transposed, over, across = turn
    y, x = lattice.y, lattice.x
    rows, columns = (window.top, window.bottom), (window.left, window.right)
    if transposed:
        y, x, rows, columns = x, y, columns, rows
    if over:
        y, rows = _mirrored(y), (y.count - rows[1], y.count - rows[0])
    if across:
        x, columns = _mirrored(x), (x.count - columns[1], x.count - columns[0])
    return Lattice(y, x), Window(rows[0], columns[0], rows[1], columns[1])


def _mirrored(axis: Axis) -> Axis:
    """Output Y at position p becomes output ``count - 1 - Y`` at ``size - p``: a shift where they do not meet."""
    phase = axis.size * axis.scale - axis.count - axis.phase
    return Axis(axis.size, axis.count, axis.scale, phase if abs(phase) > 1e-9 else 0.0)


def _turned(pixels: Array, turn: _Turn) -> Array:
    """A view: HWC transposed, then mirrored."""
    transposed, over, across = turn
    turned = pixels.transpose(1, 0, 2) if transposed else pixels
    return turned[:: -1 if over else 1, :: -1 if across else 1]


def _turned_back(pixels: Array, turn: _Turn) -> Array:
    transposed, over, across = turn
    mirrored = pixels[:: -1 if over else 1, :: -1 if across else 1]
    return mirrored.transpose(1, 0, 2) if transposed else mirrored
