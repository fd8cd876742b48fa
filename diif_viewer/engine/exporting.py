"""Exports: the sharp picture in strips, never more of it in memory than two or three of them.

The window's exports run in steps of a tile, with a thread that compresses what is ready, so that a view never waits for
either; the command line pulls the same strips (`engine.strips`) from the same painters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from diif_viewer.engine import messages as m
from diif_viewer.engine.ensemble import Ensemble
from diif_viewer.engine.field import Array, Field
from diif_viewer.engine.strips import Painter, classic_painter, painted_strips
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import ExportError, RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.background import BackgroundFile
from diif_viewer.imaging.formats import check_fit, format_of
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.models.registry import CLASSIC

_CLASSIC = {method.name for method in CLASSIC}


def field_painter(field: Field, *, bits: int = 8, float32: bool = False, best: bool = False) -> Painter:
    """Windows by a model.

    bits: 8, or 16, which come from a float32 result. float32: compute so for 8 bits too. best: the mean of the eight
    flips and rotations, in float32.
    """
    compute = field.model.compute.in_float32() if float32 or bits == 16 else field.model.compute
    ensemble = Ensemble(field) if best else None

    def in_bits(values: Array) -> Array:
        return (values * ((1 << bits) - 1) + 0.5).astype(np.uint8 if bits == 8 else np.uint16)

    def paint(lattice: Lattice, window: Window) -> Iterator[Array | None]:
        if ensemble is not None:
            for values in ensemble.render_steps(lattice, window):
                yield None if values is None else in_bits(values)
        elif bits == 8:
            yield field.render_window(lattice, window, compute, as_float=False)
        else:
            yield in_bits(field.render_window(lattice, window, compute, as_float=True))

    return paint


def export_steps(
    request: m.ExportRequest, pixels: Array, load: Callable[[], Field | None]
) -> Iterator[m.FromRenderer | None]:
    """Render `request` a tile at a time, while a thread writes what is ready.

    pixels: the source, HWC. load: gives the field for the request's model (not called for classic methods).
    Yields progress after every tile and ExportDone last; None between the eight renderings of a tile at its best, and
    while it waits for the disk, at most 10 ms each time.
    Closing it leaves nothing behind. Raises RequestError, ExportError.
    """
    started = time.perf_counter()
    lattice = Lattice.of_scale(pixels.shape[0], pixels.shape[1], request.scale)
    window = request.window.intersected(lattice.window)
    path = Path(request.path)
    if not window:
        raise RequestError("The region to export is empty.")
    if not path.parent.is_dir():
        raise ExportError(f"The folder {path.parent} does not exist; choose another one.")
    shape = (window.height, window.width, pixels.shape[2])
    check_fit(path, format_of(path), shape, request.bits)
    paint = _painter(request, pixels, load)
    about = Metadata(request.icc_profile, request.exif, request.dpi)
    dtype = np.uint8 if request.bits == 8 else np.uint16
    with BackgroundFile(path, shape=shape, dtype=dtype, about=about, quality=request.quality) as file:
        last = 0.0
        for strip, done in painted_strips(paint, lattice, window, (TILE, TILE)):
            spent = time.perf_counter() - started
            yield m.ExportProgress(request.job, done, spent * (1 - done) / done) if done > last else None
            last = done
            while strip is not None and not file.offer(strip):
                yield None
        while not file.finished():
            yield None
    yield m.ExportDone(request.job, request.path, (time.perf_counter() - started) * 1000)


def _painter(request: m.ExportRequest, pixels: Array, load: Callable[[], Field | None]) -> Painter:
    if request.model in _CLASSIC:
        return classic_painter(pixels, request.model, request.bits)
    field = load()
    if field is None:
        raise RequestError("The picture was closed before it could be exported.")
    return field_painter(field, bits=request.bits, float32=request.float32, best=request.best)
