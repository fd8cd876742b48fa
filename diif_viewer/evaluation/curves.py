"""How the time of a view grows: with the scale, with the window, and (not) with the size of the picture.

A view is whole tiles of a region that nobody has looked at: `encode` and `maps` once for it, `view` every time, and its
`transfer` from the renderer to the window, which is another process. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from diif_viewer.engine.device import Compute, fast_compute, resolve
from diif_viewer.engine.field import Field
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.tiles import TILE
from diif_viewer.evaluation.matrix_work import timed
from diif_viewer.evaluation.speed import KINDS, random_model
from diif_viewer.evaluation.stages import transfer
from diif_viewer.geometry import Window

SCALES = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 30.0)
WINDOWS = ((360, 640), (540, 960), (720, 1280), (1080, 1920), (1440, 2560))
MEGAPIXELS = (1.0, 6.0, 24.0, 50.0, 100.0)
WINDOW, SCALE = (720, 1280), 8.0
METHODS = ("diif-s", "diif", "liif")

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. window, scale: where they are held."""

    scales: Sequence[float] = SCALES
    windows: Sequence[tuple[int, int]] = WINDOWS
    megapixels: Sequence[float] = MEGAPIXELS
    window: tuple[int, int] = WINDOW
    scale: float = SCALE
    width: str = "lite"
    repeats: int = 3


QUICK = Plan((4.0, 30.0), ((90, 160), (180, 320)), (0.1, 1.0), (180, 320), repeats=1)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve; times in milliseconds, medians.

    curve: "scale", "window" (at: its height) or "picture" (at: megapixels). first: encode, maps and view together, what
    the first look at a region costs. transfer: of its tiles through a pipe.
    """

    curve: str
    method: str
    at: float
    encode: float
    maps: float
    view: float
    transfer: float
    first: float


def curves(plan: Plan | None = None, *, device: str = "auto", report: Report = lambda line: None) -> dict[str, Any]:
    """All three curves as plain values for JSON: {"window", "scale", "width", "dtype", "points": [Point]}.

    report: called with a line per point. Raises DeviceError.
    """
    plan = plan or Plan()
    compute, points = fast_compute(resolve(device)), list[Point]()

    def add(curve: str, kind: str, at: float, case: _Case) -> None:
        points.append(_point(curve, kind, at, case, compute))
        said = points[-1]
        report(f"{curve} {at:g}: {said.method}: view {said.view:.0f} ms, first look {said.first:.0f} ms")

    for kind in METHODS:
        for scale in plan.scales:
            add("scale", kind, scale, _Case(plan, scale, plan.window))
    for window in plan.windows:
        add("window", "diif-s", window[0], _Case(plan, plan.scale, window))
    for megapixels in plan.megapixels:
        add("picture", "diif-s", megapixels, _Case(plan, plan.scale, plan.window, megapixels))
    return {
        "window": list(plan.window),
        "scale": plan.scale,
        "width": plan.width,
        "dtype": compute.dtype_name,
        "points": [asdict(point) for point in points],
    }


@dataclass(frozen=True, slots=True)
class _Case:
    """megapixels: of the picture, which is never smaller than what the window reaches with some margin."""

    plan: Plan
    scale: float
    window: tuple[int, int]
    megapixels: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture, about 3:2."""
        across = math.sqrt(self.megapixels * 1e6 * 1.5)
        needed = [math.ceil((side + 2 * TILE) / self.scale) + 80 for side in self.window]
        return max(needed[0], round(across / 1.5)), max(needed[1], round(across))


def _point(curve: str, kind: str, at: float, case: _Case, compute: Compute) -> Point:
    size, window, plan = case.size, case.window, case.plan
    dice = np.random.default_rng(0)
    pixels = np.tile(dice.integers(0, 256, (64, 64, 3), np.uint8), (-(-size[0] // 64), -(-size[1] // 64), 1))
    field = Field(pixels[: size[0], : size[1]], random_model(kind, plan.width, compute), BlockCache(4 << 30))
    lattice = field.lattice(case.scale)
    middle = [max(0, (lattice.y.count - window[0]) // 2), max(0, (lattice.x.count - window[1]) // 2)]
    whole = Window(0, 0, *window).moved(*middle).aligned(TILE).intersected(lattice.window)
    places = [tile.intersected(lattice.window) for tile in whole.split(TILE)]
    field.render_tiles(lattice, places[:2], compute)  # packs the weights
    times: list[tuple[float, float, float, float]] = []
    for _ in range(plan.repeats):
        field.drop()
        features, tiles = field.features(compute), list[Any]()
        needed = field.reads(lattice, whole, compute)
        encode = timed(lambda: features.ensure(needed), compute.device)  # noqa: B023
        maps = timed(lambda: field.prepare(lattice, places, compute), compute.device)
        view = timed(lambda: tiles.extend(field.render_tiles(lattice, places, compute)), compute.device)  # noqa: B023
        times.append((encode, maps, view, transfer(tiles)))
    encode, maps, view, sent = (statistics.median(kind_of) for kind_of in zip(*times, strict=True))
    return Point(curve, KINDS[kind], at, encode, maps, view, sent, encode + maps + view)


def flatness(result: dict[str, Any]) -> float | None:
    """How many times as long the first look takes on the largest picture as on the smallest; 1 is as it should be."""
    found = [point for point in result["points"] if point["curve"] == "picture"]
    return found[-1]["first"] / found[0]["first"] if len(found) > 1 else None
