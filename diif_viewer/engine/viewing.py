"""The tiles of a view, in steps: encode a few parts, render the tiles that need no more than these, and so on."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Iterator, Sequence

from diif_viewer.engine import messages as m
from diif_viewer.engine.field import Field
from diif_viewer.engine.ladder import Ladder
from diif_viewer.engine.pace import Pace
from diif_viewer.engine.planes import hull
from diif_viewer.engine.tiles import TileKey
from diif_viewer.geometry import Lattice, Window

FEW_ROUNDS = 3
"""Where more rounds of encoding than these are to come, the tile in the middle gets one of its own before them."""


def tile_steps(
    made: Field, lattice: Lattice, wanted: list[TileKey], window: Window, *, pace: Pace, ladder: Ladder
) -> Iterator[list[m.TileDone]]:
    """All tiles `wanted` of a view of `window`, from the middle outwards: what each step makes, [] if it only encodes.

    A tile is charged with its part of the time of its batch and of the encoding that makes it possible. pace: of the
    model, learns. ladder: how much may be in work at once. Raises what `Ladder.check` raises.
    """
    compute, features = made.model.compute, made.features(made.model.compute)
    places = {key: key.window.intersected(lattice.window) for key in wanted}
    whole = hull(places.values()) if wanted else Window(0, 0, 0, 0)

    def encode(parts: Sequence[Window]) -> float:
        """Seconds that it took."""
        ladder.check()
        began = time.perf_counter()
        for group in ladder.groups(list(ladder.parts(parts, features.block))):
            features.compute(group)
        return time.perf_counter() - began

    encoded, owed = 0, 0.0
    lacking = made.unencoded(lattice, whole, compute) if wanted else []
    if len(lacking) > FEW_ROUNDS * pace.parts:
        owed = encode(made.unencoded(lattice, places[wanted[0]], compute))
        yield []
        lacking = made.unencoded(lattice, whole, compute)
    parts = sorted(lacking, key=functools.partial(_apart, lattice.cells_of(window)))
    last = {key: _last_read(made.reads(lattice, place, compute), parts) for key, place in places.items()}
    while wanted:
        ready = [key for key in wanted if last[key] <= encoded]
        share, owed = (owed / len(ready), 0.0) if ready else (0.0, owed)  # seconds of encoding for each
        for some in (group for batch in pace.batches(ready) for group in ladder.groups(batch)):
            ladder.check()
            began = time.perf_counter()
            tiles = made.render_tiles(lattice, [places[key] for key in some], compute)
            took = time.perf_counter() - began
            pace.took(len(some), took)
            each = 1000 * (share + took / len(some))
            yield [m.TileDone(key, pixels, each) for key, pixels in zip(some, tiles, strict=True)]
        wanted = [key for key in wanted if last[key] > encoded]
        if wanted:
            owed += encode(parts[encoded : encoded + pace.parts])
            encoded += pace.parts
            yield []


def _last_read(needed: Window, parts: list[Window]) -> int:
    """How many of `parts`, in their order, are encoded once all are that a tile needs."""
    return max((number for number, part in enumerate(parts, 1) if part.intersected(needed)), default=0)


def _apart(window: Window, part: Window) -> float:
    """How far the middle of `window` is from `part`; 0 inside."""
    y, x = (window.top + window.bottom) / 2, (window.left + window.right) / 2
    return math.hypot(max(part.top - y, 0, y - part.bottom), max(part.left - x, 0, x - part.right))
