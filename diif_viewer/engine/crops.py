"""Pieces of a picture at any scale for whoever compares them: computed as an export, sent back instead of written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from diif_viewer.engine import messages as m
from diif_viewer.engine.aside import aside
from diif_viewer.engine.exporting import field_painter
from diif_viewer.engine.field import Field
from diif_viewer.engine.pixels import Array
from diif_viewer.engine.strips import classic_painter, painted_strips
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import RequestError
from diif_viewer.models.registry import CLASSIC


def crop_steps(
    request: m.CropRequest, pixels: Array, load: Callable[[], Field | None]
) -> Iterator[m.FromRenderer | None]:
    """Render `request` a tile at a time: progress after every tile, CropDone last.

    pixels: the source, HWC. load: gives the field for the request's model (not called for classic methods).
    Raises RequestError.
    """
    window = request.window.intersected(request.lattice.window)
    if not window:
        raise RequestError("The region holds no output pixel.")
    if request.model in {method.name for method in CLASSIC}:
        paint = aside(classic_painter(pixels, request.model))
    else:
        field = load()
        if field is None:
            raise RequestError("The picture was closed before it could be compared.")
        paint = field_painter(field)
        paint = aside(paint) if field.model.compute.device == "cpu" else paint
    strips: list[Array] = []
    for strip, done in painted_strips(paint, request.lattice, window, (TILE, TILE)):
        if strip is not None:
            strips.append(strip)
        yield m.ExportProgress(request.job, done, None)
    yield m.CropDone(request.job, np.concatenate(strips))
