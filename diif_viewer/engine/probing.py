"""Before an export begins: a detail of it as the file will hold it, and what all of it will take.

Nothing is assumed about the machine. The detail is painted by the export's own painter and encoded by its own writer;
both are timed, and so is one encoding step of the model. The size of the file comes from nine places of the result,
interpolated bicubically, and from how much smaller or larger the detail itself is than its bicubic stand-in.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from diif_viewer.engine import messages as m
from diif_viewer.engine.exporting import CLASSIC_NAMES, export_budget, painter
from diif_viewer.engine.field import Array, Field
from diif_viewer.engine.planes import BLOCK, BlockCache
from diif_viewer.engine.strips import classic_painter, export_memory, export_step
from diif_viewer.engine.threads import cores
from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.colour import to_8_bits
from diif_viewer.imaging.formats import Format, format_of
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.imaging.save import SMALL, write_strips

PATCH = 96
"""Side of each of the nine places that tell the size of the file."""

STEP = 160
"""Source pixels a side of the encoding step that is timed."""

Encoding = tuple[float, float]
"""(seconds, bytes kept) per source pixel that a model encodes."""


def probe_steps(
    request: m.ProbeRequest, pixels: Array, load: Callable[[], Field | None], known: dict[str, Encoding]
) -> Iterator[m.ProbeDone | None]:
    """Answer `request` in steps of a few milliseconds: None between, ProbeDone last.

    pixels, load: as for `exporting.export_steps`. known: what encoding takes by model and dtype, filled here.
    Raises RequestError, ExportError.
    """
    export = request.export
    lattice = Lattice.of_scale(pixels.shape[0], pixels.shape[1], export.scale)
    window = export.window.intersected(lattice.window)
    detail = request.detail.intersected(window)
    if not detail:
        raise RequestError("The region to export is empty.")
    sample = np.empty((0, 0, 0), np.uint8)
    for painted in painter(export, lattice, pixels, load)(lattice, detail):
        if painted is not None:
            sample = painted
        yield None
    plain = replace(export, best=False, float32=export.float32 or export.best)
    paint = painter(replace(plain, window=detail), lattice, pixels, load)  # of what the screen keeps: encoded by now
    pace = math.inf
    for _ in range(3):
        started = time.perf_counter()
        for _ in paint(lattice, detail):
            pass
        pace = min(pace, (time.perf_counter() - started) / detail.area)
        yield None
    times = 8 if export.best and export.scale > 1 else 1
    encode_seconds = kept = 0.0
    if export.model not in CLASSIC_NAMES and export.scale > 1:
        field = load()
        if field is None:
            raise RequestError("The picture was closed before it could be exported.")
        exact = plain.float32 or plain.bits == 16
        key = f"{export.model} {exact}"
        if key not in known:
            known[key] = _encoding(field, exact=exact)
            yield None
        area = _source_area(field, lattice, window, exact=exact)
        encode_seconds, kept = (value * area * times for value in known[key])
    form = format_of(Path(export.path))
    written = _Written(form, export, window)
    shown, size, write_pace = written.sample(sample)
    yield None
    share = written.spread(classic_painter(pixels, "bicubic", export.bits), lattice, detail)
    rendering = pace * window.area * times + encode_seconds
    writing = write_pace * window.area
    pixel = sample.shape[2] * sample.dtype.itemsize
    step = export_step(
        window, export.scale, window.width * pixel, is_model=export.model not in CLASSIC_NAMES, best=export.best
    )
    memory = export_memory(window, step, pixel, streams=form.streams) + min(int(kept), export_budget())
    together = max(writing, rendering + writing / cores()) if form.streams else rendering + writing
    yield m.ProbeDone(request.serial, shown, together, int(size * share * window.area), memory)


def _encoding(field: Field, *, exact: bool) -> Encoding:
    """What one encoding step in the middle of the picture takes, with the maps that decoding reads."""
    compute = field.model.compute.in_float32() if exact else field.model.compute
    top, left = (max(0, (size - 3 * STEP) // 2) for size in (field.height, field.width))
    crop = np.ascontiguousarray(field.pixels[top : top + 3 * STEP, left : left + 3 * STEP])
    whole = Window(0, 0, *crop.shape[:2])
    features_of, maps_of = Window(STEP, STEP, 2 * STEP, 2 * STEP), Window(STEP, STEP, 2 * STEP, 2 * STEP).grown(-BLOCK)
    if not whole.contains(features_of):
        features_of = maps_of = whole.intersected(Window(0, 0, STEP, STEP))
    cache = BlockCache(export_budget())
    part = Field(crop, field.model, cache)
    features, maps = part.features(compute), part.maps(compute)
    spent = kept = 0.0
    for plane, window in ((features, features_of), (maps, maps_of)):
        before, started = cache.bytes, time.perf_counter()
        plane.ensure(window)
        spent += (time.perf_counter() - started) / window.area
        kept += (cache.bytes - before) / window.area
    return spent, kept


def _source_area(field: Field, lattice: Lattice, window: Window, *, exact: bool) -> float:
    """Source pixels that an export of `window` encodes: whole blocks, less those that the screen holds already."""
    cells = lattice.cells_of(window).grown(2).aligned(BLOCK).intersected(Window(0, 0, field.height, field.width))
    if cells.area > 1 << 20:  # too many to look each of them up, and they are kept apart
        return float(cells.area)
    compute = field.model.compute.in_float32() if exact else field.model.compute
    return float(sum(part.area for part in field.unencoded(lattice, window, compute)))


class _Written:
    """Encodes samples as the export will be."""

    def __init__(self, form: Format, export: m.ExportRequest, window: Window) -> None:
        self._form, self._export, self._window = form, export, window
        self._shares = [0.0, 0.0]

    def sample(self, pixels: Array) -> tuple[Array, float, float]:
        """(what the file will hold, 8 bits; bytes per pixel; seconds per pixel)."""
        with tempfile.TemporaryDirectory(prefix="diif-viewer-") as folder:
            path = Path(folder, f"detail{self._form.suffixes[0]}")
            area = pixels.shape[0] * pixels.shape[1]
            started = time.perf_counter()
            self._write(path, pixels)
            spent = (time.perf_counter() - started) / area
            size = path.stat().st_size / area
            if self._form.quality is None:
                return to_8_bits(pixels), size, spent
            from diif_viewer.imaging.load import load_picture

            return to_8_bits(load_picture(path).pixels), size, spent

    def spread(self, paint: Callable[..., Iterator[Array | None]], lattice: Lattice, detail: Window) -> float:
        """How many times the bytes per pixel of `detail` the whole window takes on average, told bicubically."""
        window, patches = self._window, []
        height, width = min(PATCH, window.height), min(PATCH, window.width)
        for down in (0.1, 0.5, 0.9):
            for across in (0.1, 0.5, 0.9):
                top = window.top + round((window.height - height) * down)
                left = window.left + round((window.width - width) * across)
                patches += [p for p in paint(lattice, Window(top, left, top + height, left + width)) if p is not None]
        here = [p for p in paint(lattice, detail) if p is not None][-1]
        everywhere = np.concatenate(patches)
        return self.sample(everywhere)[1] / self.sample(here)[1]

    def _write(self, path: Path, pixels: Array) -> None:
        height, width, channels = pixels.shape
        whole = self._window.area * channels * pixels.dtype.itemsize
        large = self._form.name == "PNG" and whole > SMALL
        write_strips(
            path,
            self._form,
            [pixels],
            shape=(height, width, channels),
            dtype=pixels.dtype,
            about=Metadata(),
            quality=self._export.quality,
            large=large,
        )
