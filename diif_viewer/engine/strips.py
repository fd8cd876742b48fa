"""A result in strips: pieces of a window painted on the tile grid, never more of it in memory than one row of them.

Free of torch, so that classic methods start at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from diif_viewer.engine.tiles import TILE
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging import classic
from diif_viewer.imaging.colour import to_8_bits

Array = npt.NDArray[Any]
Painter = Callable[[Lattice, Window], Iterator[Array | None]]
"""(lattice, a window inside it) -> its pixels (window.height, window.width, channels), uint8 or uint16, as the last and
only array; None before it after each step of longer work."""

STRIP = 32 << 20
"""Bytes of a strip of a large result, unless a single row of tiles takes more."""

SOURCE = 1 << 16
"""Source pixels under a piece of a model's result, at most."""


def classic_painter(pixels: Array, method: str, bits: int = 8) -> Painter:
    """Windows by a classic method. pixels: HWC uint8 or uint16. bits: 8 or 16, of the result."""

    def paint(lattice: Lattice, window: Window) -> Iterator[Array]:
        values = classic.resample(pixels, method, lattice, window, widened=bits == 16)
        yield to_8_bits(values) if bits == 8 else values

    return paint


def export_step(window: Window, scale: float, row: int, *, is_model: bool, best: bool = False) -> tuple[int, int]:
    """Rows and columns of the pieces that an export of `window` is painted in, for `painted_strips`.

    row: bytes of one row of the result. A strip takes at most `STRIP` bytes where a row of tiles does; a piece of a
    model's result covers few enough source pixels for its features to be a small part of what is kept of them, and else
    as many as it can: narrow pieces at a high scale would encode more of their surroundings than of themselves.
    """
    if not is_model:
        return TILE, 16 * TILE
    rows = STRIP // (row * TILE) * TILE
    cells = int((SOURCE // 8 if best else SOURCE) * min(scale, 64.0) ** 2)
    rows = max(TILE, min(8 * TILE, rows, cells // (2 * TILE) // TILE * TILE))
    return rows, max(2 * TILE, min(64 * TILE, cells // rows // TILE * TILE))


def export_memory(window: Window, step: tuple[int, int], pixel: int, *, streams: bool) -> int:
    """Most bytes of pixels that an export of `window` in pieces of `step` holds at a time.

    pixel: bytes of one. streams: the format is written strip by strip (one painted, one waiting, one cut and one
    filtered), else all of it is held, and once more by its encoder.
    """
    strip = min(step[0], window.height) * window.width * pixel
    return min(4 * strip, 4 * window.area * pixel) if streams else 2 * window.area * pixel + strip


def painted_strips(
    paint: Painter, lattice: Lattice, window: Window, step: tuple[int, int]
) -> Iterator[tuple[Array | None, float]]:
    """`window` painted in pieces of `step` (rows, columns; multiples of the tile) on the tile grid, row by row.

    Yields (strip, fraction done) after every step: with the last piece of a row the strip, a new array of
    (rows, window.width, channels); None before. The fraction grows with every piece.
    """
    rows, columns = step
    assert rows % TILE == 0, step
    assert columns % TILE == 0, step
    done = 0.0
    for top in range(window.top // rows * rows, window.bottom, rows):
        strip: Array | None = None
        for left in range(window.left // columns * columns, window.right, columns):
            part = Window(top, left, top + rows, left + columns).intersected(window)
            for piece in paint(lattice, part):
                if piece is not None:
                    break
                yield None, done
            assert piece is not None
            if strip is None:
                strip = np.empty((part.height, window.width, piece.shape[2]), piece.dtype)
            strip[:, part.left - window.left : part.right - window.left] = piece
            painted = (part.top - window.top) * window.width + (part.right - window.left) * part.height
            done = painted / window.area
            yield strip if part.right == window.right else None, done
