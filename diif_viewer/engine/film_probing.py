"""Before a film begins: a small one of it, frame by frame, and what all of it will take.

As for an export (`engine.probing`) nothing is assumed about the machine. At a few moments of the film two frames that
follow each other are painted at their true scale, each about its middle; the second tells the time, and what the writer
makes of it beside the first tells how much a frame adds to the file.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from diif_viewer.engine import messages as m
from diif_viewer.engine.aside import aside, elsewhere
from diif_viewer.engine.device import CPU_BUDGET
from diif_viewer.engine.exporting import CLASSIC_NAMES, field_painter
from diif_viewer.engine.field import Field
from diif_viewer.engine.filming import film_budget, frame_steps, moving_painter, sharpness
from diif_viewer.engine.pixels import Array
from diif_viewer.engine.planes import hull
from diif_viewer.engine.probing import STEP, Encoding, encoding_steps
from diif_viewer.engine.strips import Painter, classic_painter
from diif_viewer.engine.threads import cores
from diif_viewer.errors import RequestError
from diif_viewer.geometry import Window
from diif_viewer.imaging.film import Film, film_form_of, write_film
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import ZoomPath

FRAMES = 32
"""Of the small film, at most."""

FIRST = 8
"""Of them, spread over the film, before the estimates."""

MOMENTS = 6
"""Of the film at which it is measured."""

DETAIL = (128, 384)
"""Rows and columns about the middle of a frame that are painted for it."""

HELD = 4
"""Frames in memory at a time: one painted, one waiting, one written, and what the encoder makes of it."""

Answer = m.FilmFrame | m.FilmProbed


def film_probe_steps(
    request: m.FilmProbe,
    pixels: Array,
    load: Callable[[], Field | None],
    known: dict[str, list[Encoding]],
    *,
    most: int = CPU_BUDGET,
) -> Iterator[Answer | None]:
    """Answer `request` in steps of a few milliseconds: a FilmFrame for each of the small film, FilmProbed among them.

    The frames come spread over the film, then finer and finer. pixels, load, most: as for `filming.film_steps`.
    known: as for `probing.probe_steps`. Raises RequestError, ExportError.
    """
    film = request.film
    paint = _painter(film, pixels, load)
    for place, number in enumerate(small_film(film.path)):
        if place == FIRST or (place == 0 and film.path.count <= FIRST):
            yield from _estimated(request, paint, load, known, most)
        frame = yield from _frame(_small(film.path.view(number), request.side), paint, film)
        yield m.FilmFrame(request.serial, number, frame)


def small_film(path: ZoomPath) -> list[int]:
    """The numbers of the frames that a small film is made of, in the order in which they are worth having."""
    count = min(FRAMES, path.count)
    even = [round(n * (path.count - 1) / (count - 1)) for n in range(count)]
    ends_first = [0, count - 1]
    inner = sorted(range(1, count - 1), key=lambda n: int(f"{n:08b}"[::-1], 2))  # 16, 8, 24, 4 ...: halves of halves
    return [even[n] for n in ends_first + inner]


def _painter(film: m.FilmRequest, pixels: Array, load: Callable[[], Field | None]) -> Painter:
    if film.model in CLASSIC_NAMES:
        return aside(moving_painter(pixels, classic_painter(pixels, film.model)))
    field = load()
    if field is None:
        raise RequestError("The picture was closed before it could be filmed.")
    paint = moving_painter(pixels, field_painter(field, float32=film.float32))
    return aside(paint) if field.model.compute.device == "cpu" else paint


def _frame(view: Viewport, paint: Painter, film: m.FilmRequest) -> Generator[None, None, Array]:
    for frame in frame_steps(view, paint, film.background):
        if frame is not None:
            return frame
        yield None
    raise AssertionError("a frame without a picture")


def _small(view: Viewport, side: int) -> Viewport:
    """What `view` shows in at most `side` pixels a side."""
    ratio = min(1.0, side / max(view.view_height, view.view_width))
    height, width = (max(1, round(size * ratio)) for size in (view.view_height, view.view_width))
    return replace(
        view,
        view_height=height,
        view_width=width,
        scale=view.scale * ratio,
        top=view.top * ratio,
        left=view.left * ratio,
    )


def _detail(view: Viewport) -> Viewport:
    """The middle of what `view` shows, at its scale; sides even, as videos must be."""
    height, width = min(DETAIL[0], view.view_height), min(DETAIL[1], view.view_width)
    return view.resized(height // 2 * 2 or 1, width // 2 * 2 or 1)


def _estimated(
    request: m.FilmProbe, paint: Painter, load: Callable[[], Field | None], known: dict[str, list[Encoding]], most: int
) -> Iterator[Answer | None]:
    film, zoom = request.film, request.film.path
    area = zoom.start.view_height * zoom.start.view_width
    pairs, paces = [], []
    for moment in range(MOMENTS):
        number = round(moment * (zoom.count - 2) / (MOMENTS - 1))
        views = [_detail(zoom.view(number + n)) for n in (0, 1)]
        first = yield from _frame(views[0], paint, film)
        started = time.perf_counter()
        *_, second = frame_steps(views[1], paint, film.background)
        paces.append((time.perf_counter() - started) / (views[1].view_height * views[1].view_width))
        assert second is not None
        pairs.append((first, second))
        yield None
    small = pairs[0][0].shape[0] * pairs[0][0].shape[1]
    key_seconds, key_bytes = yield from elsewhere(lambda: _written(film, [first for first, _ in pairs]))
    all_seconds, all_bytes = yield from elsewhere(lambda: _written(film, [frame for pair in pairs for frame in pair]))
    each = max(all_bytes - key_bytes, 0) / MOMENTS * (zoom.count - 1) + key_bytes / MOMENTS
    writing = max(all_seconds - key_seconds, 0.0) / MOMENTS * zoom.count * area / small
    encoding, kept, device = 0.0, 0.0, "cpu"
    if film.model not in CLASSIC_NAMES:
        field = load()
        assert field is not None
        device = field.model.compute.device
        costs = yield from encoding_steps(film.model, field, known, exact=film.float32)
        parts = _encoded(zoom)
        encoding, kept = costs.seconds(parts), costs.kept(parts)
        yield None
    rendering = float(np.mean(paces)) * area * zoom.count + encoding
    memory = HELD * 3 * area + min(int(kept), film_budget(device, most))
    yield m.FilmProbed(request.serial, max(writing, rendering + writing / cores()), int(each * area / small), memory)


def _written(film: m.FilmRequest, frames: list[Array]) -> tuple[float, int]:
    """(seconds, bytes) of a film of these frames."""
    form = film_form_of(Path(film.file))
    height, width, _ = frames[0].shape
    short = Film(height, width, len(frames), film.path.rate)
    with tempfile.TemporaryDirectory(prefix="diif-viewer-") as folder:
        path = Path(folder, f"detail{form.suffix}")
        started = time.perf_counter()
        write_film(path, form, iter(frames), short, quality=film.quality, lossless=film.lossless)
        return time.perf_counter() - started, path.stat().st_size


def _encoded(zoom: ZoomPath) -> list[Window]:
    """Source windows of one encoding step each that cover what the frames by the model show."""
    cells = []
    for n in range(FRAMES + 1):
        view = zoom.view(round(n * (zoom.count - 1) / FRAMES))
        lattice, window = view.exactly
        inside = window.intersected(lattice.window)
        if inside and sharpness(view.scale) > 0:
            cells.append(lattice.cells_of(inside))
    whole = hull(cells) if cells else Window(0, 0, 0, 0)
    return [part.intersected(whole) for part in whole.split(STEP)]
