"""Work that nobody waits for, in steps between which the scheduler looks for something better to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np

from diif_viewer.engine import messages as m
from diif_viewer.engine.field import Field
from diif_viewer.engine.ladder import Steps
from diif_viewer.engine.model import Model
from diif_viewer.engine.pace import LARGEST_BATCH
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.threads import cores
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import DiifViewerError
from diif_viewer.geometry import Lattice, Window


def warm_up_steps(load: Callable[[], Model]) -> Steps:
    """Load the default model and render a few pixels, so that the first view does not wait for either."""
    with contextlib.suppress(DiifViewerError):  # it will be said when the model is asked for
        model = load()
        yield None
        tiny = Field(np.zeros((64, 64, 3), np.uint8), model, BlockCache(1 << 24))
        for scale in (8.0, 30.0):  # a GPU's kernels differ between low scales and high ones
            tiny.render(scale, window=(0, 0, 512, 512))
            yield None


def at_once(parts: list[Window]) -> list[list[Window]]:
    """Encoding steps as they are taken: one for each core, as each one's halo costs more the smaller it is cut."""
    return [parts[first : first + cores()] for first in range(0, len(parts), cores())]


def foreseen_steps(request: m.PrepareView, load: Callable[[], Field | None]) -> Steps:
    """Encode where a zoom goes, while it is on its way. load: gives the field, None for a picture that was closed."""
    with contextlib.suppress(DiifViewerError):  # it will be said when the view is asked for
        made = load()
        if made is not None:
            lattice, compute = made.lattice(scale=request.scale), made.model.compute
            window = request.window.aligned(TILE).intersected(lattice.window)
            parts, features = made.unencoded(lattice, window, compute), made.features(compute)
            for some in at_once(parts):
                features.compute(some)
                yield None
            made.prepare(lattice, [window], compute)


def surrounding_steps(made: Field, lattice: Lattice, window: Window, cache: BlockCache) -> Steps:
    """Encode what lies around the last view, where a pan or a zoom goes next: a tile's width, then half a view.

    Ends when the field's `cache` is half full.
    """
    compute = made.model.compute
    features, maps = made.features(compute), made.maps(compute)
    for margin in (TILE, max(window.height, window.width) // 2):
        wide = window.grown(margin).intersected(lattice.window)
        lacking = maps.missing(made.model.decoder(compute.dtype).needs(lattice, wide)) if margin == TILE else []
        parts = [(features, some) for some in at_once(made.unencoded(lattice, wide, compute))]
        parts += [(maps, lacking[first : first + LARGEST_BATCH]) for first in range(0, len(lacking), LARGEST_BATCH)]
        for plane, some in parts:
            if cache.bytes > cache.budget // 2:
                return  # what was seen is worth more than what may be
            plane.compute(some)
            yield None
