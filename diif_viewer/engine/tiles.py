"""Tiles: their keys, the order in which they are wanted, and a cache bounded by bytes. No torch, no Qt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diif_viewer.geometry import Window

Pixels = npt.NDArray[np.uint8]

TILE = 128
"""Side of a tile in output pixels. Tile (column, row) covers outputs from (128 * row, 128 * column)."""


@dataclass(frozen=True, slots=True)
class TileKey:
    """Names a tile for good: equal keys hold equal pixels, whoever asked for them and when."""

    image: int
    model: str
    scale: float
    column: int
    row: int

    @property
    def window(self) -> Window:
        """The tile's outputs on the lattice of its scale (the part outside the picture included)."""
        top, left = self.row * TILE, self.column * TILE
        return Window(top, left, top + TILE, left + TILE)


def keys_for(image: int, model: str, scale: float, window: Window, limits: Window) -> list[TileKey]:
    """Tiles that meet `window` within the lattice's `limits`, nearest to the window's centre first."""
    visible = window.intersected(limits)
    if not visible:
        return []
    middle_row = (window.top + window.bottom) / 2 / TILE - 0.5
    middle_column = (window.left + window.right) / 2 / TILE - 0.5
    keys = [TileKey(image, model, scale, cell.left // TILE, cell.top // TILE) for cell in visible.split(TILE)]
    return sorted(keys, key=lambda k: (k.row - middle_row) ** 2 + (k.column - middle_column) ** 2)


class TileCache:
    """Finished tiles, kept by recency within a budget of bytes. Not thread-safe: one thread owns it.

    budget: most bytes of pixels; `resize` changes it.
    """

    def __init__(self, budget: int) -> None:
        """budget: most bytes of pixels to hold, >= 0."""
        self.budget = budget
        self._bytes = 0
        self._tiles: OrderedDict[TileKey, Pixels] = OrderedDict()

    def resize(self, budget: int) -> None:
        """Hold at most `budget` bytes of pixels from now on; the longest unused tiles leave."""
        self.budget = budget
        self._shrink()

    @property
    def bytes(self) -> int:
        """Bytes of pixels held now; never above the budget."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._tiles)

    def __contains__(self, key: TileKey) -> bool:
        return key in self._tiles

    def get(self, key: TileKey) -> Pixels | None:
        """The tile's pixels, marked as used just now; None when it is not held."""
        pixels = self._tiles.get(key)
        if pixels is not None:
            self._tiles.move_to_end(key)
        return pixels

    def put(self, key: TileKey, pixels: Pixels) -> None:
        """Keep a tile; the longest unused ones leave. A tile above the whole budget is not kept."""
        old = self._tiles.pop(key, None)
        if old is not None:
            self._bytes -= old.nbytes
        if pixels.nbytes > self.budget:
            return
        self._tiles[key] = pixels
        self._bytes += pixels.nbytes
        self._shrink()

    def _shrink(self) -> None:
        while self._bytes > self.budget:
            _, dropped = self._tiles.popitem(last=False)
            self._bytes -= dropped.nbytes

    def missing(self, keys: Iterable[TileKey]) -> list[TileKey]:
        """Those of `keys` that are not held, in their order."""
        return [key for key in keys if key not in self._tiles]

    def drop_image(self, image: int) -> None:
        """Forget every tile of one picture."""
        for key in [k for k in self._tiles if k.image == image]:
            self._bytes -= self._tiles.pop(key).nbytes
