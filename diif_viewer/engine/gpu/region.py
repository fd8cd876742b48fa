"""The part of a picture that the kernels read: its maps, gathered from their blocks into one piece, and its source."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from diif_viewer.engine.device import Compute
from diif_viewer.engine.gpu.runtime import Runtime
from diif_viewer.engine.gpu.tables import LEFT, TOP, Spots
from diif_viewer.engine.gpu.weights import Stage
from diif_viewer.engine.gpu.workspace import Workspace
from diif_viewer.engine.planes import Plane
from diif_viewer.geometry import Lattice, Window

if TYPE_CHECKING:
    from diif_viewer.engine.field import Field


class Region:
    """What lies in the workspace's "maps" and "source". It stays while views keep to it, as they do on a zoom in."""

    def __init__(self, runtime: Runtime, workspace: Workspace) -> None:
        self._runtime = runtime
        self._workspace = workspace
        self._held: tuple[weakref.ref[Plane], weakref.ref[Tensor], weakref.ref[Tensor]] | None = None
        self.window = self.source = Window(0, 0, 0, 0)

    def bring(self, field: Field, stage: Stage, lattice: Lattice, outputs: Window, compute: Compute) -> None:
        """Have all that rendering some `outputs` reads: `window` of the maps, `source` of the picture."""
        plane = field.maps(compute)
        needed = field.model.decoder(compute.dtype).needs(lattice, outputs)
        if self._holds(plane, needed, compute.dtype):
            return
        self._held = None  # until all is there
        field.prepare(lattice, [outputs], compute)
        shape = needed.height * stage.density, needed.width * stage.density, stage.width
        size = math.prod(shape)
        maps = self._workspace.take("maps", size, compute.dtype)
        plane.region(needed, out=maps[:size].view(shape))
        seen = needed.grown(2).intersected(Window(0, 0, field.height, field.width))  # bicubic reaches two pixels out
        pixels = field.source(seen)
        source = self._workspace.take("source", pixels.size, torch.float32)
        self._runtime.upload(pixels, source)
        self.window, self.source = needed, seen
        self._held = weakref.ref(plane), weakref.ref(maps), weakref.ref(source)

    def _holds(self, plane: Plane, needed: Window, dtype: torch.dtype) -> bool:
        if self._held is None or not self.window.contains(needed):
            return False
        held_plane, maps, source = self._held
        kept = maps() is self._workspace.take("maps", 1, dtype)
        return held_plane() is plane and kept and source() is self._workspace.take("source", 1, torch.float32)


def region_bytes(stage: Stage, lattice: Lattice, outputs: Window) -> int:
    """Bytes of the maps that rendering `outputs` reads."""
    cells = lattice.cells_of(outputs)
    return (cells.height + 1) * (cells.width + 1) * stage.density**2 * stage.width * stage.dtype.itemsize


def groups(
    spots: Spots, side: int, limits: Window, most: int, fits: Callable[[Window], bool]
) -> Iterator[tuple[Spots, Window]]:
    """Tiles cut into groups of at most `most` whose outputs together `fits`; of one tile at least.

    Where they do not fit they are halved across the longer side of what they span: those of a view come in rings, and
    half a ring in their order may span as much as all of it. Yields them with the outputs that they span, cut off at
    `limits`.
    """
    for start in range(0, len(spots), most):
        yield from _fitting(spots[start : start + most], side, limits, fits)


def _fitting(spots: Spots, side: int, limits: Window, fits: Callable[[Window], bool]) -> Iterator[tuple[Spots, Window]]:
    low, high = spots[:, : LEFT + 1].min(0), spots[:, : LEFT + 1].max(0) + side
    spanned = Window(int(low[0]), int(low[1]), int(high[0]), int(high[1])).intersected(limits)
    if len(spots) == 1 or fits(spanned):
        yield spots, spanned
        return
    along = TOP if spanned.height > spanned.width else LEFT
    for half in np.array_split(spots[np.argsort(spots[:, along], kind="stable")], 2):
        yield from _fitting(half, side, limits, fits)
