"""Films of a zoom: each frame is a lattice with a phase, so that the picture moves without a tremble.

All frames come from one field: what is encoded for one serves those after it. A frame holds RGB, the picture over a
plain background; where the picture ends inside a device pixel, the two are mixed by area, so that its edge glides.

From x1 downwards a picture is filtered as it is on screen, by a filter without steps (`classic.resample_moving`); and
since a model does not continue what a filter does, the one fades into the other from x1 to `FADED`. From there on every
frame holds what an export of its lattice would.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np

from diif_viewer.engine import heap
from diif_viewer.engine import messages as m
from diif_viewer.engine.aside import aside
from diif_viewer.engine.device import CPU_BUDGET, available_memory, cache_budget
from diif_viewer.engine.exporting import field_painter
from diif_viewer.engine.field import Field
from diif_viewer.engine.pixels import Array
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.strips import Painter, classic_painter, painted_strips
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import ExportError, RequestError
from diif_viewer.geometry import Axis, Floats, Lattice, Window
from diif_viewer.imaging.background import BackgroundFilm
from diif_viewer.imaging.classic import Pyramid, resample_moving
from diif_viewer.imaging.colour import mixed, over, to_8_bits
from diif_viewer.imaging.film import Film, check_film, film_form_of
from diif_viewer.models.registry import METHODS
from diif_viewer.viewport import Viewport

FADED = 1.25
"""Scale from which a frame is the method's alone."""

MOST_FEATURES = 4 << 30

ROWS = 2 * TILE
"""Rows painted at a time: a model goes through them in steps, and what is no model is quick."""


def film_steps(
    request: m.FilmRequest, pixels: Array, load: Callable[[], Field | None], *, most: int = CPU_BUDGET
) -> Generator[m.FromRenderer | None, None, None]:
    """Render the frames of `request` a piece at a time, while a thread encodes what is ready.

    pixels: the source, HWC. load: gives the field for the request's model (not called for classic methods). most: as
    for `film_budget`. Yields progress after every frame and ExportDone last; None between its pieces and while it waits
    for the encoder, at most 10 ms each time. Closing it leaves nothing behind. Raises RequestError, ExportError.
    """
    started = time.perf_counter()
    zoom, path = request.path, Path(request.file)
    film = Film(zoom.start.view_height, zoom.start.view_width, zoom.count, zoom.rate)
    if not os.path.isdir(path.parent):
        raise ExportError(f"The folder {path.parent} does not exist; choose another one.")
    check_film(path, film_form_of(path), film, lossless=request.lossless, quality=request.quality)
    paint = _painter(request, pixels, load, most)
    try:
        with BackgroundFilm(path, film, quality=request.quality, lossless=request.lossless) as file:
            for number in range(film.count):
                view, upwards = zoom.view(number), number % 2 == 1
                for frame in frame_steps(view, paint, request.background, upwards=upwards):
                    while frame is not None and not file.offer(frame[None]):
                        yield None
                    if frame is None:
                        yield None
                done = (number + 1) / film.count
                spent = time.perf_counter() - started
                yield m.ExportProgress(request.job, done, spent * (1 - done) / done)
            while not file.finished():
                yield None
    finally:
        del paint  # and with it the features, which may be gigabytes
        heap.give_back()
    yield m.ExportDone(request.job, request.file, (time.perf_counter() - started) * 1000)


def _painter(request: m.FilmRequest, pixels: Array, load: Callable[[], Field | None], most: int) -> Painter:
    method = METHODS.get(request.model)
    if method is not None and not method.is_model:
        return aside(moving_painter(pixels, classic_painter(pixels, method.name)))
    field = load()
    if field is None:
        raise RequestError("The picture was closed before it could be filmed.")
    device = field.model.compute.device
    own = Field(pixels, field.model, BlockCache(film_budget(device, most)))
    paint = moving_painter(pixels, field_painter(own, float32=request.float32))
    return aside(paint) if device == "cpu" else paint


def film_budget(device: str, most: int = CPU_BUDGET) -> int:
    """Bytes of features and maps that a film may keep: frames near x1 need some 1.1 KB for each of their pixels.

    most: bytes of main memory that the window's pictures may take; where somebody has made that less than it is by
    itself, it holds for films as well. A device with memory of its own gives what it gives the screen.
    """
    if device.startswith("cuda"):
        return cache_budget(device)
    room = MOST_FEATURES if most >= CPU_BUDGET else most
    return max(cache_budget(most=most), min(room, available_memory() // 4))


def moving_painter(pixels: Array, paint: Painter) -> Painter:
    """`paint`, with what it gives below x1 and a little above replaced by what can move. pixels: the source, HWC."""

    @functools.cache
    def pyramid() -> Pyramid:
        return Pyramid(to_8_bits(pixels))  # when it is needed: of a large picture it takes a while

    def painted(lattice: Lattice, window: Window) -> Iterator[Array | None]:
        share = sharpness(min(lattice.y.scale, lattice.x.scale))
        if share == 1:
            yield from paint(lattice, window)
            return
        soft = resample_moving(pyramid(), lattice, window)
        if share == 0:
            yield soft
            return
        for sharp in paint(lattice, window):
            yield None if sharp is None else mixed(soft, sharp, share)

    return painted


def sharpness(scale: float) -> float:
    """The share of the method in a frame: 0 up to x1, 1 from `FADED` on, smooth between."""
    t = min(max((scale - 1) / (FADED - 1), 0.0), 1.0)
    share = t * t * (3 - 2 * t)
    return share if share > 1 / 512 else 0.0  # less is not to be seen in a byte


def frame_steps(
    view: Viewport, paint: Painter, background: tuple[int, int, int], *, upwards: bool = False
) -> Iterator[Array | None]:
    """The frame that shows `view`, (view_height, view_width, 3) uint8, as the last; None before it after each piece.

    paint: gives 1 to 4 channels, uint8. background: RGB, seen around the picture and through it. upwards: paint from
    the foot. Frames that do so in turns find the features of the last rows where not all of them can be kept.
    """
    lattice, window = view.exactly
    inside = window.intersected(lattice.window)
    frame = np.empty((window.height, window.width, 3), np.uint8)
    frame[:] = background
    if inside:
        tops = range(inside.top // ROWS * ROWS, inside.bottom, ROWS)
        columns = (window.width // TILE + 2) * TILE
        for top in reversed(tops) if upwards else tops:
            band = Window(top, inside.left, top + ROWS, inside.right).intersected(inside)
            place = band.moved(-window.top, -window.left)
            for strip, _ in painted_strips(paint, lattice, band, (ROWS, columns)):
                if strip is not None:
                    frame[place.top : place.bottom, place.left : place.right] = over(strip, background)
                yield None
        _soften_edges(frame, lattice, window, background)
    yield frame


def _soften_edges(frame: Array, lattice: Lattice, window: Window, background: tuple[int, int, int]) -> None:
    """Mix the rows and columns that the picture covers in part with the background, by the part, in place."""
    plain = np.array(background, np.uint8)
    inside = window.intersected(lattice.window)
    for axis, start, count, first, last in (
        (lattice.y, window.top, window.height, inside.top, inside.bottom - 1),
        (lattice.x, window.left, window.width, inside.left, inside.right - 1),
    ):
        lines = frame if axis is lattice.y else frame.swapaxes(0, 1)  # a view
        shares = coverage(axis, start, start + count)
        for line in np.flatnonzero((shares > 0) & (shares < 1 - 1e-9)):
            nearest = min(max(int(line), first - start), last - start)
            lines[line] = mixed(plain, lines[nearest], float(shares[line]))


def coverage(axis: Axis, start: int, stop: int) -> Floats:
    """Which part of each output ``start .. stop - 1`` the picture covers: (stop - start,) in [0, 1]."""
    edges = np.arange(start, stop + 1, dtype=np.float64) + axis.phase
    inside = np.clip(edges, 0.0, axis.size * axis.scale)
    return np.minimum(np.diff(inside), 1.0)
