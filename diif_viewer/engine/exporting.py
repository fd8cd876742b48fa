"""Exports in steps: the sharp picture, strip by strip, into a PNG that appears only when it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diif_viewer.engine import messages as m
from diif_viewer.engine.field import Array, Field
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import ExportError, RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging import classic
from diif_viewer.imaging.colour import to_8_bits
from diif_viewer.imaging.save import save_png
from diif_viewer.models.registry import CLASSIC

Strip = Callable[[Lattice, Window], npt.NDArray[np.uint8]]
_CLASSIC = {method.name for method in CLASSIC}


def export_steps(
    request: m.ExportRequest, pixels: Array, load: Callable[[], Field | None]
) -> Iterator[m.FromRenderer | None]:
    """Render `request` a tile row at a time, then write it.

    pixels: the source, HWC. load: gives the field for the request's model (not called for classic methods).
    Yields progress after every strip and ExportDone last. Raises RequestError, ExportError.
    """
    started = time.perf_counter()
    lattice = Lattice.of_scale(pixels.shape[0], pixels.shape[1], request.scale)
    window = request.window.intersected(lattice.window)
    if not window:
        raise RequestError("The region to export is empty.")
    if not Path(request.path).parent.is_dir():
        raise ExportError(f"The folder {Path(request.path).parent} does not exist; choose another one.")
    strip_of = _renderer(request, pixels, load)
    out = np.empty((window.height, window.width, pixels.shape[2]), np.uint8)
    for part in _tiles(window):
        out[part.top - window.top : part.bottom - window.top, part.left - window.left : part.right - window.left] = (
            strip_of(lattice, part)
        )
        done = ((part.bottom - window.top) * window.width - (window.right - part.right) * part.height) / window.area
        spent = time.perf_counter() - started
        yield m.ExportProgress(request.job, done, spent * (1 - done) / done)
    save_png(out, request.path, icc_profile=request.icc_profile)
    yield m.ExportDone(request.job, request.path, (time.perf_counter() - started) * 1000)


def _renderer(request: m.ExportRequest, pixels: Array, load: Callable[[], Field | None]) -> Strip:
    def by_classic(lattice: Lattice, window: Window) -> npt.NDArray[np.uint8]:
        return to_8_bits(classic.resample(pixels, request.model, lattice, window))

    if request.model in _CLASSIC:
        return by_classic
    field = load()
    if field is None:
        raise RequestError("The picture was closed before it could be exported.")
    compute = field.model.compute.in_float32() if request.float32 else field.model.compute

    def by_model(lattice: Lattice, window: Window) -> npt.NDArray[np.uint8]:
        return field.render_window(lattice, window, compute, as_float=False)

    return by_model


def _tiles(window: Window) -> Iterator[Window]:
    """Parts of `window` on the tile grid, row by row: small steps, so that a view never waits for an export."""
    for tile in window.split(TILE):
        yield tile.intersected(window)
