"""What the engine really executes for a whole picture, beside what the papers count for it.

Encoder and maps are counted over the whole picture, decoding on a sample of whole chunks in its middle: all of them
cost the same but for those at the borders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from diif_viewer.engine.device import Compute, fast_compute
from diif_viewer.engine.field import Field
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.tiles import TILE
from diif_viewer.evaluation.matrix_work import executed_macs
from diif_viewer.evaluation.operations import SCALES, SOURCE, WHOLE
from diif_viewer.evaluation.speed import KINDS, random_model
from diif_viewer.geometry import Lattice, Window

SAMPLE = (TILE, 4 * TILE)
"""Outputs (rows, columns) of which decoding is counted."""


def executed_operations(report: Callable[[str], None] = lambda line: None) -> dict[str, dict[str, Any]]:
    """Multiply-accumulates by method, at the papers' width, in the dtype that the processor is fastest with.

    -> {method: {"macs": of 160x90 to 2560x1440, "scales": of 320x180 by scale}}; both with encoder and maps. report:
    called with a line per method.
    """
    found: dict[str, dict[str, Any]] = {}
    compute = fast_compute("cpu")
    for kind, name in KINDS.items():
        low, wide = whole_picture(kind, WHOLE[0], (WHOLE[1],), compute)[0], SOURCE
        scales = whole_picture(kind, wide, [(wide[0] * s, wide[1] * s) for s in SCALES], compute)
        found[name] = {"macs": low, "scales": {f"{s}": count for s, count in zip(SCALES, scales, strict=True)}}
        report(f"{name}: {low / 1e12:.3f} T MAC executed")
    return found


def whole_picture(
    kind: str, source: tuple[int, int], outputs: Iterable[tuple[int, int]], compute: Compute, width: str = "full"
) -> list[int]:
    """Multiply-accumulates from a picture of `source` to each of `outputs`, (height, width) all.

    kind, width: as for `speed.random_model`.
    """
    field = Field(np.zeros((*source, 3), np.uint8), random_model(kind, width, compute), BlockCache(4 << 30))
    features, maps = field.features(compute), field.maps(compute)
    once = executed_macs(lambda: features.ensure(features.limits)) + executed_macs(lambda: maps.ensure(maps.limits))
    counts = []
    for height, across in outputs:
        lattice = Lattice.of_size(*source, height, across)
        part = _middle(lattice.window)
        decoded = executed_macs(lambda: field.render_window(lattice, part, compute, as_float=False))  # noqa: B023
        counts.append(once + round(decoded * height * across / part.area))
    return counts


def _middle(whole: Window) -> Window:
    """Whole tiles about the middle; all of a picture that has no more."""
    sides = []
    for start, stop, most in zip((whole.top, whole.left), (whole.bottom, whole.right), SAMPLE, strict=True):
        first = start + max(0, (stop - start - most) // 2) // TILE * TILE
        sides.append((first, min(first + most, stop)))
    (top, bottom), (left, right) = sides
    return Window(top, left, bottom, right)
