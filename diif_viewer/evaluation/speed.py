"""Speed of decoding: the public way of computing LIIF against this engine, in one process, as ratios.

Each case is a window in the middle of a picture that reaches a little further on every side, seen through a model
with random weights: speed does not depend on them. All take turns, so that what disturbs one disturbs the others.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from diif_viewer.engine.ahead import at_once
from diif_viewer.engine.device import Compute, fast_compute, present, resolve
from diif_viewer.engine.field import Field
from diif_viewer.engine.model import Model
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.tiles import TILE
from diif_viewer.evaluation import public_liif
from diif_viewer.evaluation.matrix_work import convolution_rate, executed_macs, matmul_rate, timed
from diif_viewer.evaluation.stages import peak, stages
from diif_viewer.geometry import Lattice, Window
from diif_viewer.models.counts import macs
from diif_viewer.models.liif import Liif
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part

WIDTHS: dict[str, tuple[dict[str, int], int]] = {
    "full": ({"n_feats": 64, "n_resblocks": 16}, 256),
    "lite": ({"n_feats": 48, "n_resblocks": 12}, 128),
}
"""Encoder arguments and decoder width: as in the papers, and as the shipped lite models."""

KINDS = {"liif": "LIIF", "diif": "DIIF", "diif-constant": "DIIF, constant order", "diif-s": "DIIF-S"}
YARDSTICK = "LIIF, public code"
MARGIN = 40
"""LR pixels that the picture reaches beyond the window on every side, at least: more than any encoder here sees."""

SLOW = 1_500.0
"""Milliseconds after which a case sits out the rounds after the second."""

EVERY = "all"
"""In place of a device: all that are present, in turns."""

CHUNKS = 3
"""Chunks of the yardstick that are timed in each round."""

STRIP = 256
"""Columns of the window in which executed operations are counted, where whole strips fill it: each costs the same."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One method at one scale. Times in milliseconds, medians but for `best`.

    encode: the features that the window needs. maps: what the decoder makes of them once, for every view. view:
    decoding the window then; best: the fastest. spread: (slowest - fastest) / median of `view`. ratio: the yardstick's
    time / `view`; best_ratio: the fastest of both. executed: multiply-accumulates of the view, as executed, in 1e9;
    reference: as the papers count them. share: of the machine's measured matrix rate, at best. None where it does not
    apply, and where kernels of our own do the arithmetic: these are not counted.

    first, coarse, fine: the parts of maps and view that are first layer, coarse stage and the rest (all of it in LIIF's
    case). transfer: of the window's tiles through a pipe. memory: bytes that encode, maps and view need at the most
    beyond what is held before each, by these names.
    """

    method: str
    width: str
    dtype: str
    scale: float
    encode: float | None
    maps: float | None
    view: float
    best: float
    spread: float | None
    ratio: float
    best_ratio: float
    executed: float | None
    reference: float
    share: float | None
    first: float | None = None
    coarse: float | None = None
    fine: float | None = None
    transfer: float | None = None
    memory: dict[str, int | None] = field(default_factory=dict)


def measure(
    scales: Sequence[float] = (4.0, 8.0, 16.0, 30.0),
    window: tuple[int, int] = (720, 1280),
    *,
    device: str = "auto",
    repeats: int = 5,
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Time a window of (height, width) outputs at each scale; see `Row`.

    The yardstick is LIIF at full width in the public way, on the CPU. It and the engine's methods take turns `repeats`
    times; slow ones sit out when they had enough. device: as for `diif_viewer.load_model`, or EVERY. report: called
    with a line per row as it is known. -> plain values for JSON: {"window", "matmul": GFLOP/s, "rows", "encoding",
    "background"}.
    Raises DeviceError.
    """
    names = [name for name, _ in present()] if device == EVERY else [resolve(device)]
    computes = list(dict.fromkeys(c for fast in map(fast_compute, names) for c in (fast, fast.in_float32())))
    rates, rows = _rates(computes), list[Row]()
    for scale in scales:
        for row in _rows(scale, window, computes, repeats, rates):
            rows.append(row)
            report(line(row))
        rates = {name: max(rate, rates[name]) for name, rate in _rates(computes).items()}
    return {
        "window": list(window),
        "matmul": rates,
        "rows": [asdict(row) for row in rows],
        "encoding": [encoding(width, compute, repeats=repeats) for width in WIDTHS for compute in computes],
        "background": [background(compute) for compute in computes if compute.device == "cpu"],
    }


def _rows(
    scale: float, window: tuple[int, int], computes: list[Compute], repeats: int, rates: dict[str, float]
) -> list[Row]:
    yardstick = Yardstick(scale, window)
    cases = [Case(k, width, compute, scale, window) for width in WIDTHS for k in KINDS for compute in computes]
    for done in range(repeats):
        yardstick.run()
        for case in cases:
            if done < 2 or case.spent < SLOW:
                case.run()
    return [yardstick.row(), *(case.row(yardstick, rates) for case in cases)]


class Yardstick:
    """LIIF at full width in the public way, features given, on the CPU with torch's own threads.

    `run` times a few more of its chunks: the code treats each by itself, so that all of them cost the same. times: of
    the whole window, in milliseconds, as each chunk would have it.
    """

    def __init__(self, scale: float, window: tuple[int, int]) -> None:
        self._scale, self._size = scale, window
        self._decoder = Liif(64).eval()
        self._features = torch.randn(1, 64, *_source_size(scale, window))
        coords = public_liif.coordinates(*window)
        chunks = torch.split(coords, public_liif.QUERIES)
        self._chunks = chunks[:-1] or chunks  # the last is shorter
        self._outputs = len(coords)
        self.times: list[float] = []

    def run(self) -> None:
        """Time some chunks."""
        for _ in range(CHUNKS):
            chunk = self._chunks[len(self.times) % len(self._chunks)]
            cell = torch.tensor([2 / self._size[0], 2 / self._size[1]]).expand(len(chunk), 2)
            with torch.no_grad():  # as the public code has it
                spent = timed(lambda: public_liif.query(self._decoder, self._features, chunk, cell))  # noqa: B023
            self.times.append(spent * self._outputs / len(chunk))

    def row(self) -> Row:
        """Sum up."""
        view, best = statistics.median(self.times), min(self.times)
        reference = view_macs("liif", "full", self._scale, self._size) / 1e9
        spread = (max(self.times) - best) / view
        times = list(self.times)
        memory = {"view": peak(self.run)}
        self.times = times  # with the memory watched it is not the time that counts
        return Row(
            YARDSTICK, "full", "float32", self._scale, None, None, view, best, spread, 1.0, 1.0, None, reference, None,
            memory=memory,
        )  # fmt: skip


class Case:
    """One model, dtype, scale and window. `run` adds one timing of each stage, `row` sums up."""

    def __init__(self, kind: str, width: str, compute: Compute, scale: float, window: tuple[int, int]) -> None:
        self._kind, self._width, self._compute, self._scale, self._size = kind, width, compute, scale, window
        corner = math.ceil(MARGIN * scale / TILE) * TILE  # the viewer works on whole tiles
        low, across = (math.ceil((corner + size) / scale) + MARGIN for size in window)
        self._lattice = Lattice.of_scale(low, across, scale)
        self._window = Window(0, 0, *window).moved(corner, corner)
        pixels = np.random.default_rng(0).integers(0, 256, (low, across, 3), np.uint8)
        self._field = Field(pixels, random_model(kind, width, compute), BlockCache(4 << 30))
        self._tiles = self._window.aligned(TILE).intersected(self._lattice.window)
        self._needed = self._field.model.decoder(compute.dtype).needs(self._lattice, self._tiles)
        self._encodes: list[float] = []
        self._maps: list[float] = []
        self._views: list[float] = []
        self._render(Window(0, 0, 64, 64))  # packs the weights
        self._field.drop()

    @property
    def spent(self) -> float:
        """Milliseconds measured so far."""
        return sum(self._encodes) + sum(self._maps) + sum(self._views)

    def run(self) -> None:
        """Encode, make the maps, decode."""
        field, compute = self._field, self._compute
        field.drop()
        features = field.features(compute)
        self._encodes.append(timed(lambda: features.ensure(self._needed.grown(2)), compute.device))
        self._maps.append(timed(lambda: field.prepare(self._lattice, [self._tiles], compute), compute.device))
        self._views.append(timed(lambda: self._render(self._window), compute.device))

    def row(self, yardstick: Yardstick, rates: dict[str, float]) -> Row:
        """Sum up. rates: GFLOP/s by the names of `rate_name`."""
        view, best, executed = statistics.median(self._views), min(self._views), self._executed()
        maps = statistics.median(self._maps)
        return Row(
            method=KINDS[self._kind],
            width=self._width,
            dtype=dtype_label(self._compute),
            scale=self._scale,
            encode=statistics.median(self._encodes),
            maps=maps,
            view=view,
            best=best,
            spread=(max(self._views) - best) / view if len(self._views) > 1 else None,
            ratio=statistics.median(yardstick.times) / view,
            best_ratio=min(yardstick.times) / best,
            executed=executed / 1e9 if executed else None,
            reference=view_macs(self._kind, self._width, self._scale, self._size) / 1e9,
            share=2e-6 * executed / best / rates[rate_name(self._compute, WIDTHS[self._width][1])]
            if executed
            else None,
            **stages(self._field, self._kind, self._lattice, self._tiles, maps=maps, view=view),
        )

    def _executed(self) -> float:
        window = self._window
        width = STRIP if window.width % STRIP == 0 else window.width
        strip = Window(window.top, window.left, window.bottom, window.left + width)
        return executed_macs(lambda: self._render(strip)) * window.width / width

    def _render(self, window: Window) -> None:
        self._field.render_window(self._lattice, window, self._compute, as_float=False)


def random_model(kind: str, width: str, compute: Compute) -> Model:
    """A model of a kind (see KINDS) and width (see WIDTHS) with random weights."""
    torch.manual_seed(0)
    return Model(f"{kind}-{width}", ImplicitModel(_spec(kind, width)), compute)


def reference_model(kind: str, width: str) -> ImplicitModel:
    """The definition of a kind (see KINDS) and width (see WIDTHS), with random weights."""
    return ImplicitModel(_spec(kind, width))


def encoding(width: str, compute: Compute, size: tuple[int, int] = (180, 320), repeats: int = 5) -> dict[str, Any]:
    """Time to encode a whole picture of `size` (height, width): {"width", "dtype", "size", "milliseconds"}, median."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    field = Field(pixels, random_model("diif-s", width, compute), BlockCache(1 << 30))
    features, times = field.features(compute), []
    for _ in range(repeats + 1):
        features.drop()
        times.append(timed(lambda: features.ensure(features.limits), compute.device))
    middle = statistics.median(times[1:])  # the first packs the weights
    return {"width": width, "dtype": dtype_label(compute), "size": list(size), "milliseconds": middle}


def background(compute: Compute, photo: tuple[int, int] = (4000, 6000), part: int = 768) -> dict[str, Any]:
    """Encoding `part` x `part` pixels in the middle of a photo (height, width) as it is done while nobody waits.

    Step by step, at lite width: {"dtype", "photo", "megapixels": per second, "share": of the rate of torch's
    convolution, halos not counted as work}.
    """
    arguments, _ = WIDTHS["lite"]
    made = random_model("diif-s", "lite", compute)
    field = Field(np.random.default_rng(0).integers(0, 256, (*photo, 3), np.uint8), made, BlockCache(1 << 30))
    features, top, left = field.features(compute), (photo[0] - part) // 2, (photo[1] - part) // 2
    first, *steps = at_once(features.missing(Window(top, left, top + part, left + part)))
    features.compute(first)

    def encode() -> None:
        for some in steps:
            features.compute(some)

    milliseconds, channels = timed(encode, compute.device), arguments["n_feats"]
    area = sum(part.area for some in steps for part in some)
    work = 18 * channels * (3 + channels * (2 * arguments["n_resblocks"] + 1)) * area
    rate = 1e-6 * work / milliseconds
    return {
        "dtype": dtype_label(compute),
        "photo": list(photo),
        "megapixels": area / milliseconds / 1e3,
        "share": rate / convolution_rate(channels, compute),
    }


def view_macs(kind: str, width: str, scale: float, window: tuple[int, int]) -> int:
    """Multiply-accumulates of decoding the window as the papers count, encoder and the maps of DIIF-S left out."""
    counted = macs(ImplicitModel(_spec(kind, width)), Lattice.of_size(*_source_size(scale, window), *window))
    return counted.fine if kind == "diif-s" else counted.coarse + counted.fine


def rate_name(compute: Compute, width: int) -> str:
    """Key of a matrix rate: "bfloat16 128"."""
    return f"{dtype_label(compute)} {width}"


def dtype_label(compute: Compute) -> str:
    """ "bfloat16"; "float16 on cuda:0" elsewhere than on the processor."""
    return compute.dtype_name if compute.device == "cpu" else f"{compute.dtype_name} on {compute.device}"


def line(row: Row) -> str:
    """A row for people who wait."""
    return f"x{row.scale:<5g}{row.method:<18}{row.width:<5}{row.dtype:<9}{row.view:9.0f} ms {row.ratio:8.1f}x"


def _rates(computes: list[Compute]) -> dict[str, float]:
    widths = [hidden for _, hidden in WIDTHS.values()]
    return {rate_name(compute, width): matmul_rate(width, compute) for compute in computes for width in widths}


def _spec(kind: str, width: str) -> ModelSpec:
    encoder, hidden = WIDTHS[width]
    options: dict[str, Any] = {"hidden": [hidden] * 4 if kind == "liif" else hidden}
    if kind == "diif-constant":
        kind, options = "diif", {**options, "order": "constant"}
    if kind == "diif-s":
        options["knots"] = 1
    return ModelSpec(Part("edsr", encoder), Part(kind, options))


def _source_size(scale: float, window: tuple[int, int]) -> tuple[int, int]:
    """LR pixels under a window: (height, width), at least 1 each."""
    height, width = (max(1, round(side / scale)) for side in window)
    return height, width
