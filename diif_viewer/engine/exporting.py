"""Exports: the sharp picture in strips, never more of it in memory than two or three of them.

The window's exports run in steps of a tile, with a thread that compresses what is ready, so that a view never waits for
either; the command line pulls the same strips (`engine.strips`) from the same painters.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from diif_viewer.engine import heap
from diif_viewer.engine import messages as m
from diif_viewer.engine.aside import aside, elsewhere
from diif_viewer.engine.device import Compute, cache_budget
from diif_viewer.engine.ensemble import Ensemble
from diif_viewer.engine.field import Field
from diif_viewer.engine.pixels import Array
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.strips import Painter, classic_painter, export_step, painted_strips
from diif_viewer.engine.threads import cores
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import DiifViewerError, ExportError, RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.background import BackgroundFile
from diif_viewer.imaging.formats import check_fit, format_of
from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.models.registry import CLASSIC
from diif_viewer.paths import stamp_of

CLASSIC_NAMES = frozenset(method.name for method in CLASSIC)

FEATURES = 384 << 20
"""Most bytes of features and maps of a result that is painted once, strip by strip: it needs those of a few rows."""

LARGE = 1 << 18
"""Source pixels from which on a result has its features to itself: about what a screen shows at x2."""

PACE = 0.04
"""Seconds between two messages of progress."""


ENCODING = 16
"""Outputs that take about as long to decode as a source pixel to encode; for progress only."""


def field_painter(
    field: Field,
    *,
    bits: int = 8,
    float32: bool = False,
    best: bool = False,
    cache: BlockCache | None = None,
    tell: Callable[[Window, float], None] | None = None,
) -> Painter:
    """Windows by a model, in steps of a few tiles, once what they lack is encoded in pieces as large as they allow.

    bits: 8, or 16, which come from a float32 result. float32: compute so for 8 bits too. best: the mean of the eight
    flips and rotations, in float32. cache: of the features of the other seven; a new one if None. tell: is called with
    a window that is being painted and about how much of the work on it is done, in [0, 1], after each step.
    """
    exact = float32 or best or bits == 16
    compute = field.model.compute.in_float32() if exact else field.model.compute
    ensemble = Ensemble(field, cache or BlockCache(export_budget())) if best else None
    columns = TILE * max(2, cores()) if compute.device == "cpu" else 16 * TILE

    def in_bits(values: Array) -> Array:
        return (values * ((1 << bits) - 1) + 0.5).astype(np.uint8 if bits == 8 else np.uint16)

    def pieces(lattice: Lattice, part: Window) -> Iterator[Array | None]:
        if ensemble is not None:
            for values in ensemble.render_steps(lattice, part):
                yield None if values is None else in_bits(values)
        elif bits == 8:
            yield field.render_window(lattice, part, compute, as_float=False)
        else:
            yield in_bits(field.render_window(lattice, part, compute, as_float=True))

    def paint(lattice: Lattice, window: Window) -> Iterator[Array | None]:
        lacking = [] if ensemble is not None else lacks(field, lattice, window, compute)
        work, done = ENCODING * sum(part.area for part in lacking) + window.area, 0

        def count(outputs: int) -> None:
            nonlocal done
            done += outputs
            if tell is not None:
                tell(window, done / work)

        for part in lacking:
            field.features(compute).ensure(part)
            count(ENCODING * part.area)
            yield None
        if ensemble is not None:
            yield from ensemble.encode_steps(lattice, window)
        out = np.empty((window.height, window.width, field.pixels.shape[2]), np.uint8 if bits == 8 else np.uint16)
        for top in range(window.top // TILE * TILE, window.bottom, TILE):
            for left in range(window.left // columns * columns, window.right, columns):
                part = Window(top, left, top + TILE, left + columns).intersected(window)
                place = part.moved(-window.top, -window.left)
                for values in pieces(lattice, part):
                    if values is not None:
                        out[place.top : place.bottom, place.left : place.right] = values
                        count(part.area)
                    yield None
        yield out

    return paint


def lacks(field: Field, lattice: Lattice, window: Window, compute: Compute) -> list[Window]:
    """What rendering `window` still has to encode, in steps as large as it has use for (halos overlap less)."""
    enlarges = lattice.y.scale > 1 and lattice.x.scale > 1
    return field.unencoded(lattice, window, compute) if enlarges else []


def export_budget() -> int:
    """Bytes of features and maps that a large result may keep: it is painted once from the top to the bottom."""
    return min(cache_budget(), FEATURES)


def own_pixels(own: m.OwnColours, shape: tuple[int, ...]) -> Array:
    """The pixels of a file in its own colours. shape: of the picture that was opened. Raises ExportError."""
    path = Path(own.file)
    changed = ExportError(f"{path.name} is not what it was when it was opened; open it again, or export it in sRGB.")
    if stamp_of(path) != own.stamp:
        raise changed
    try:
        picture = load_picture(path, page=own.page, partly=True)
    except DiifViewerError as error:
        raise ExportError(str(error)) from error
    pixels = own.turn.of_pixels(picture.pixels)
    if (pixels.shape, picture.icc_profile) != (shape, own.profile):
        raise changed
    return np.ascontiguousarray(pixels)


def export_steps(
    request: m.ExportRequest, pixels: Array, load: Callable[[], Field | None]
) -> Iterator[m.FromRenderer | None]:
    """Render `request` a tile at a time, while a thread writes what is ready.

    pixels: the source, HWC. load: gives the field for the request's model (not called for classic methods).
    Yields progress every `PACE` seconds or so and ExportDone last; None between, some ten milliseconds apart: while a
    step is painted, and while it waits for the disk.
    Closing it leaves nothing behind. Raises RequestError, ExportError.
    """
    started = time.perf_counter()
    lattice = Lattice.of_scale(pixels.shape[0], pixels.shape[1], request.scale)
    window = request.window.intersected(lattice.window)
    path = Path(request.path)
    if not window:
        raise RequestError("The region to export is empty.")
    if not os.path.isdir(path.parent):
        raise ExportError(f"The folder {path.parent} does not exist; choose another one.")
    shape = (window.height, window.width, pixels.shape[2])
    check_fit(path, format_of(path), shape, request.bits)
    if request.own is not None:
        pixels = yield from elsewhere(functools.partial(own_pixels, request.own, pixels.shape))
    paint = painter(request, lattice, pixels, load, apart=True)
    row = window.width * pixels.shape[2] * request.bits // 8
    step = export_step(window, request.scale, row, is_model=request.model not in CLASSIC_NAMES, best=request.best)
    large = is_large(request, lattice)
    about = Metadata(request.icc_profile, request.exif, request.dpi)
    dtype = np.uint8 if request.bits == 8 else np.uint16
    with BackgroundFile(path, shape=shape, dtype=dtype, about=about, quality=request.quality) as file:
        last = told = 0.0
        for strip, done in painted_strips(paint, lattice, window, step):
            spent, moved, last = time.perf_counter() - started, done > last, done
            if moved and large:
                heap.give_back()  # what a piece took is gone, and would pile up in the holes between what is kept
            if moved and (spent - told > PACE or done == 1.0):
                told = spent
                yield m.ExportProgress(request.job, done, spent * (1 - done) / done)
            else:
                yield None
            while strip is not None and not file.offer(strip):
                yield None
        while not file.finished():
            yield None
    yield m.ExportDone(request.job, request.path, (time.perf_counter() - started) * 1000)


def painter(
    request: m.ExportRequest,
    lattice: Lattice,
    pixels: Array,
    load: Callable[[], Field | None],
    *,
    apart: bool = False,
) -> Painter:
    """What paints the result of `request`; arguments as for `export_steps`. apart: in a thread, on the CPU.

    A part of the picture that is small is read from the features that the screen keeps; for a large one, and for pixels
    in colours of their own, they are kept apart, so that they do not push those out.
    Raises RequestError, and what `load` raises.
    """
    if request.model in CLASSIC_NAMES:
        paint = classic_painter(pixels, request.model, request.bits)
        return aside(paint) if apart else paint
    field = load()
    if field is None:
        raise RequestError("The picture was closed before it could be exported.")
    cache = BlockCache(export_budget())
    if request.best or is_large(request, lattice):
        field = Field(pixels, field.model, cache)
    paint = field_painter(field, bits=request.bits, float32=request.float32, best=request.best, cache=cache)
    return aside(paint) if apart and field.model.compute.device == "cpu" else paint  # a GPU's steps are short


def is_large(request: m.ExportRequest, lattice: Lattice) -> bool:
    """True when the features that `request` reads are more than the screen keeps at hand, or none of them."""
    window = request.window.intersected(lattice.window)
    if not window or request.model in CLASSIC_NAMES:
        return False
    return request.own is not None or lattice.cells_of(window).area > LARGE
