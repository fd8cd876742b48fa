"""Speed on a GPU: large windows stage by stage, frames per second of a zoom, and what the kernels' settings are worth.

All of it on encoded pictures and models with random weights: speed does not depend on them. Pixels count as there when
they are in main memory.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diif_viewer.engine.device import Compute, cache_budget
from diif_viewer.engine.field import Field
from diif_viewer.engine.gpu.calibration import PREFERRED, copy_rate, matrix_rate
from diif_viewer.engine.gpu.fused import SETTINGS, Setting
from diif_viewer.engine.gpu.painter import Painter, painter_on
from diif_viewer.engine.gpu.runtime import Runtime, runtime_for
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.tiles import TILE
from diif_viewer.evaluation.matrix_work import timed
from diif_viewer.evaluation.speed import KINDS, WIDTHS, random_model
from diif_viewer.geometry import Lattice, Window

MARGIN = 40
"""LR pixels that a picture reaches beyond what is looked at."""

LONGEST_ZOOM = 12_000.0
"""Milliseconds after which a zoom is known well enough: without kernels it may take minutes."""

MORE_SETTINGS = (*SETTINGS[:2], Setting(64, 8, 3), Setting(128, 8, 2))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured. Windows: (height, width). zoom: first and last scale of the zoom, in so many frames."""

    large: tuple[int, int] = (2160, 3840)
    scales: tuple[float, ...] = (2.0, 4.0, 8.0, 16.0, 30.0)
    widths: tuple[str, ...] = ("full", "lite")
    screen: tuple[int, int] = (1080, 1920)
    zoom: tuple[float, float, int] = (4.0, 16.0, 120)
    repeats: int = 20
    patience: float = 1_500.0  # milliseconds, after which fewer repeats will do
    copied: int = 1 << 30
    settings: tuple[Setting, ...] = MORE_SETTINGS


QUICK = Plan(scales=(16.0,), widths=("full",), zoom=(8.0, 16.0, 20), repeats=5, copied=1 << 28, settings=())
"""Rough, in seconds."""


def pieces(plan: Plan) -> list[str]:
    """The names of all that is measured, in the order of what is most worth knowing."""
    near = sorted(plan.scales, key=lambda scale: abs(math.log(scale / 16.0)))  # x16 is what a time was wanted for
    views = [f"view {kind} {width} {scale:g}" for scale in near for width in plan.widths for kind in KINDS]
    zooms = [f"zoom {kind} {width}" for width in plan.widths for kind in KINDS]
    first = ["view diif-s full 16", "zoom diif-s full", "view diif full 16", "zoom diif full"]
    known = [*views, *zooms, *(f"setting {number}" for number in range(len(plan.settings)))]
    return ["device", *(name for name in first if name in known), *(name for name in known if name not in first)]


def gpu_figures(
    compute: Compute,
    plan: Plan,
    report: Callable[[str], None],
    *,
    wanted: Sequence[str] | None = None,
    keep: Callable[[dict[str, Any]], None] = lambda result: None,
    known: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Figures of a device, as plain values for JSON. What fails is named in "failures", and keeps nothing else waiting.

    report: called with a line for each piece as it is known. wanted: of `pieces`, all by default. keep: called with the
    result so far before and after every piece. known: such a result, to which more is added.
    """
    runtime, painter = runtime_for(compute.device), painter_on(compute.device)
    result = known or {"begun": [], "device": None, "views": [], "zooms": [], "settings": [], "failures": []}
    for name in pieces(plan) if wanted is None else wanted:
        result["begun"].append(name)
        keep(result)
        try:
            report(_measured(name, result, compute, plan, (runtime, painter)))
        except Exception as error:  # a compiler, a driver, too little memory: the other pieces may do all the same
            result["failures"].append({"piece": name, "error": f"{type(error).__name__}: {error}"[:2000]})
            report(f"{name} failed: {type(error).__name__}: {error}"[:300])
            painter.release()
        keep(result)
    result["kernels"] = painter.failure or ("yes" if any(row["kernels"] for row in result["views"]) else "no")
    keep(result)
    return result


def _measured(name: str, result: dict[str, Any], compute: Compute, plan: Plan, by: tuple[Runtime, Painter]) -> str:
    """Measure one of `pieces` and put it into the result; a line that tells of it."""
    runtime, painter = by
    what, *rest = name.split()
    if what == "device":
        result["device"] = about(runtime, plan)
        return f"{result['device']}"
    if what == "view":
        kind, width, scale = rest
        result["views"].append(row := view((kind, width), float(scale), compute, plan, painter))
        return f"{row['method']:<7}{width:<5} x{scale:<4}{row['milliseconds']:9.2f} ms, plain {row['plain']:.2f} ms"
    if what == "zoom":
        kind, width = rest
        result["zooms"].append(row := zoom(kind, width, compute, plan, painter))
        return f"{row['method']:<7}{width:<5} zoom {row['frames_per_second']:8.0f} frames/s"
    result["settings"].append(row := with_setting(plan.settings[int(rest[0])], compute, plan, runtime))
    return str(row)


def about(runtime: Runtime, plan: Plan) -> dict[str, Any]:
    """The device: memory and rates. matrix: TFLOP/s by dtype; copy, download: GB/s."""
    on_cuda = runtime.device.startswith("cuda")
    name = torch.cuda.get_device_name(runtime.device) if on_cuda else runtime.device
    memory = torch.cuda.get_device_properties(runtime.device).total_memory if on_cuda else None
    rates = {dtype: matrix_rate(getattr(torch, dtype), runtime, rows=plan.copied >> 14) / 1e3 for dtype in PREFERRED}
    picture = torch.zeros(plan.copied >> 4, dtype=torch.uint8, device=runtime.device)
    seconds = min(_copied(picture, runtime) for _ in range(5)) / 1e3
    return {
        "name": name,
        "memory": memory,
        "matrix": rates,
        "copy": copy_rate(runtime, plan.copied),
        "download": picture.nbytes / seconds / 1e9,
    }


def _copied(pixels: Tensor, runtime: Runtime) -> float:
    """Milliseconds of a copy to main memory, from its beginning: it goes on when `download` has returned."""

    def work() -> None:
        runtime.download(pixels)()

    return timed(work, runtime.device)


def view(method: tuple[str, str], scale: float, compute: Compute, plan: Plan, painter: Painter) -> dict[str, Any]:
    """A large window of an encoded picture, stage by stage, in milliseconds.

    method: kind and width.
    encode: its features. maps: what the decoder makes of them once. milliseconds: the whole rendering, the median;
    best, spread: of it. plain: the same by plain torch, the best of two. transfer: of its pixels to
    main memory, a part of the whole. teraflops: the arithmetic of the layers that run for every pixel, all else left
    out, over the best time. peak: bytes of the device's memory.
    """
    kind, width = method
    field, lattice, window = scene(kind, width, scale, compute, plan.large)
    if compute.device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(compute.device)
    field.render_window(lattice, window, compute, as_float=False)  # compiles, packs weights, records
    field.drop()
    features = field.features(compute)
    encode = timed(lambda: features.ensure(field.reads(lattice, window, compute)), compute.device)
    maps = timed(lambda: field.prepare(lattice, [window], compute), compute.device)

    def rendered(by: Painter) -> float:
        return timed(lambda: by.window(field, lattice, window, compute, as_float=False), compute.device)

    rendered(painter)
    times = [rendered(painter)]
    while len(times) < plan.repeats and sum(times) < plan.patience:
        times.append(rendered(painter))
    peak = torch.cuda.max_memory_allocated(compute.device) if compute.device.startswith("cuda") else None
    runtime = runtime_for(compute.device)
    plain, pixels = Painter(runtime), torch.zeros(window.area, 3, dtype=torch.uint8, device=compute.device)
    middle, best = statistics.median(times), min(times)
    hidden = WIDTHS[width][1]
    flops = 2 * window.area * (hidden * hidden + 3 * hidden)
    return {
        "method": KINDS[kind],
        "width": width,
        "scale": scale,
        "window": list(plan.large),
        "kernels": painter.uses_kernels(field.model, compute),
        "encode": encode,
        "maps": maps,
        "milliseconds": middle,
        "best": best,
        "spread": (max(times) - best) / middle,
        "plain": min(rendered(plain) for _ in range(2)),
        "transfer": min(_copied(pixels, runtime) for _ in range(3)),
        "teraflops": None if kind == "liif" else flops / best / 1e9,
        "peak": peak,
    }


def zoom(kind: str, width: str, compute: Compute, plan: Plan, painter: Painter) -> dict[str, Any]:
    """A zoom about the middle of a screen, every frame at a scale of its own, as tiles; encoded before it begins.

    frames_per_second: of all frames, or of those in `LONGEST_ZOOM`; slowest: the 95th percentile of a frame, in
    milliseconds; in_time: the share of frames within 1/120 s.
    """
    first, last, frames = plan.zoom
    field, _lattice, window = scene(kind, width, first, compute, plan.screen)
    middle = [(window.top + window.bottom) / 2 / first, (window.left + window.right) / 2 / first]
    scales = np.geomspace(first, last, frames).tolist()

    def frame(scale: float) -> float:
        start = time.perf_counter()
        lattice = Lattice.of_scale(field.height, field.width, scale)
        top, left = (max(0, round(at * scale - side / 2)) for at, side in zip(middle, plan.screen, strict=True))
        seen = Window(top, left, top + plan.screen[0], left + plan.screen[1]).intersected(lattice.window)
        tiles = [tile.intersected(lattice.window) for tile in seen.split(TILE)]
        painter.tiles(field, lattice, tiles, compute)
        return (time.perf_counter() - start) * 1000

    frame(first)
    for scale in scales[:: max(1, frames // 10)]:
        frame(scale)  # records what is not recorded yet
    times: list[float] = []
    for scale in scales:
        if sum(times) < LONGEST_ZOOM:
            times.append(frame(scale))
    return {
        "method": KINDS[kind],
        "width": width,
        "window": list(plan.screen),
        "scales": [first, last],
        "frames_per_second": 1000 * len(times) / sum(times),
        "slowest": float(np.percentile(times, 95)),
        "in_time": float(np.mean([t <= 1000 / 120 for t in times])),
    }


def with_setting(setting: Setting, compute: Compute, plan: Plan, runtime: Runtime) -> dict[str, Any]:
    """The large window at x16 by DIIF-S, full width, with the kernel compiled one way; no best if it does not fit."""
    field, lattice, window = scene("diif-s", "full", 16.0, compute, plan.large)
    painter = Painter(runtime, kernels=True, settings=(setting,), room=4 << 30)
    times = []
    for _ in range(7):
        times.append(timed(lambda: painter.window(field, lattice, window, compute, as_float=False), compute.device))
        if painter.failure is not None:
            break
    best = min(times[2:]) if painter.failure is None else None
    painter.release()
    about = {"part": setting.part, "warps": setting.warps, "stages": setting.stages}
    return {**about, "best": best, "failure": painter.failure}


def scene(
    kind: str, width: str, scale: float, compute: Compute, size: tuple[int, int]
) -> tuple[Field, Lattice, Window]:
    """A picture of noise that is a little larger than a window in its middle, seen through a model."""
    corner = -(-int(MARGIN * scale) // TILE) * TILE
    height, across = (-(-(corner + side) // int(max(1, scale))) + MARGIN for side in size)
    pixels = np.random.default_rng(0).integers(0, 256, (height, across, 3), np.uint8)
    lattice = Lattice.of_scale(height, across, scale)
    window = Window(0, 0, *size).moved(corner, corner).intersected(lattice.window)
    return Field(pixels, random_model(kind, width, compute), BlockCache(cache_budget(compute.device))), lattice, window
