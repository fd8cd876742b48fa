"""Painting windows and tiles on a GPU: pixels are assembled on the device and copied once.

DIIF-S and DIIF go through the kernels where these can be had (`fused`); everything else through plain torch, chunk by
chunk. Chunks and tiles lie on the same grid as on the CPU, so that tiles, pans and exports agree bit for bit here too.
"""

from __future__ import annotations

import functools
import itertools
import logging
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diif_viewer.engine.device import Compute
from diif_viewer.engine.gpu.calibration import free_memory
from diif_viewer.engine.gpu.fused import BYTES, GREY, SETTINGS, Fused, Setting, tiles_within
from diif_viewer.engine.gpu.region import Region, groups, region_bytes
from diif_viewer.engine.gpu.runtime import Runtime, runtime_for
from diif_viewer.engine.gpu.tables import batch, spots_of
from diif_viewer.engine.gpu.weights import stage_of
from diif_viewer.engine.gpu.workspace import Workspace
from diif_viewer.engine.shortage import is_memory_error
from diif_viewer.engine.tiles import TILE
from diif_viewer.geometry import Lattice, Window

if TYPE_CHECKING:
    from diif_viewer.engine.field import Field
    from diif_viewer.engine.model import Model

Array = npt.NDArray[Any]

_log = logging.getLogger(__name__)

MOST_TILES = 1024
"""Tiles of one launch."""

MOST_SLICED = 128
"""The same for DIIF, whose slices lie in memory between two kernels: at full width 4 MB a tile at x8, 30 near x1."""

LEAST_ROOM = 16 << 20
"""Bytes of maps that the kernels may read at once, however little memory there is."""

MOST_OUTPUTS = 1 << 23
"""Outputs that are assembled and copied at once: a window of 3840 x 2160."""


class Painter:
    """Renders fields on one device. Not thread-safe.

    kernels: whether to use them. side: of their tiles. room: bytes that the maps they read may take at once, and as
    many for slices. settings: of the kernels, in the order of preference.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        kernels: bool = False,
        side: int = TILE,
        room: int = 1 << 30,
        settings: tuple[Setting, ...] = SETTINGS,
    ) -> None:
        self._runtime = runtime
        self._kernels = kernels
        self._side = side
        self._room = room
        self._settings = settings
        self._workspace = Workspace(runtime.device)
        self._region = Region(runtime, self._workspace)
        self._fused: weakref.WeakKeyDictionary[Model, dict[torch.dtype, Fused | None]] = weakref.WeakKeyDictionary()
        self.failure: str | None = None
        """Why the kernels are not used although they were wanted; None while all is well."""

    def window(
        self,
        field: Field,
        lattice: Lattice,
        window: Window,
        compute: Compute,
        *,
        as_float: bool,
        progress: Callable[[float], None] | None = None,
    ) -> Array:
        """As `Field.render_window`."""
        strips = parts(window, compute.chunk)
        if len(strips) == 1 and progress is None and field.pixels.shape[2] in (1, 3):
            return self._rendered(field, lattice, strips, compute, as_float)[0]
        out = field.blank(window, as_float)
        done = 0
        for strip in strips:
            (values,) = self._rendered(field, lattice, [strip], compute, as_float)
            out[strip.top - window.top : strip.bottom - window.top, :, : values.shape[-1]] = values
            done += strip.area
            if progress is not None:
                progress(done / window.area)
        field.fill_alpha(lattice, window, out)
        return out

    def tiles(
        self, field: Field, lattice: Lattice, windows: list[Window], compute: Compute
    ) -> list[npt.NDArray[np.uint8]]:
        """As `Field.render_tiles`."""
        made = self._rendered(field, lattice, windows, compute, as_float=False)
        if field.pixels.shape[2] in (1, 3):
            return made
        whole = []
        for window, values in zip(windows, made, strict=True):
            out = field.blank(window, as_float=False)
            out[..., : values.shape[-1]] = values
            field.fill_alpha(lattice, window, out)
            whole.append(out)
        return whole

    def uses_kernels(self, model: Model, compute: Compute) -> bool:
        """Whether the kernels render this model."""
        return self._of(model, compute) is not None

    def release(self) -> None:
        """Give back the device's memory that is kept from view to view."""
        self._fused.clear()
        self._workspace.clear()
        self._region = Region(self._runtime, self._workspace)

    def _make_room(self) -> None:
        """Memory ran out: give back what is kept, and take on half as much at once from now on."""
        self.release()
        self._room = max(LEAST_ROOM, self._room // 2)

    def _rendered(
        self, field: Field, lattice: Lattice, windows: list[Window], compute: Compute, as_float: bool
    ) -> list[Array]:
        """Pixels of each window without alpha: (h, w, 3 or 1)."""
        with torch.inference_mode(), self._runtime.active():
            exact = as_float or compute.dtype == torch.float32 != field.model.compute.dtype  # compiled for nobody else
            fused = None if exact else self._of(field.model, compute)
            if fused is not None:
                try:
                    return self._by_kernels(field, lattice, windows, compute, fused)
                except Exception as error:  # what a compiler or a driver that does not suit raises, has no common base
                    if is_memory_error(error):
                        self._make_room()
                        raise
                    _log.warning("The kernels are not used: plain torch renders instead.", exc_info=True)
                    self.failure = f"{type(error).__name__}: {error}"
                    self._kernels = False
            pending = [self._runtime.download(self._plain(field, lattice, w, compute, as_float)) for w in windows]
            return [finished() for finished in pending]

    # ---- by the kernels --------------------------------------------------------------------------------

    def _of(self, model: Model, compute: Compute) -> Fused | None:
        if not self._kernels:
            return None
        known = self._fused.setdefault(model, {})
        if compute.dtype not in known:
            stage = stage_of(model.reference.decoder, compute.dtype)
            known[compute.dtype] = (
                None if stage is None else Fused(stage, self._runtime, self._workspace, self._side, self._settings)
            )
        return known[compute.dtype]

    def _by_kernels(
        self, field: Field, lattice: Lattice, windows: list[Window], compute: Compute, fused: Fused
    ) -> list[Array]:
        form = BYTES if field.pixels.shape[2] >= 3 else GREY
        starts = [0, *itertools.accumulate(window.area for window in windows)]
        spots = np.concatenate([spots_of(w, self._side, at) for w, at in zip(windows, starts[:-1], strict=True)])
        size = starts[-1] * form
        out = self._workspace.take("out", size, torch.uint8)
        based = field.model.base is not None
        most = MOST_TILES
        if fused.stage.coarse is not None:
            most = min(MOST_SLICED, tiles_within(self._room, fused.stage, lattice.x.scale, self._side))

        def fits(outputs: Window) -> bool:
            return region_bytes(fused.stage, lattice, outputs) <= self._room

        for some, outputs in groups(spots, self._side, lattice.window, most, fits):
            self._region.bring(field, fused.stage, lattice, outputs, compute)
            table = batch(
                fused.stage.layout,
                lattice,
                some,
                self._side,
                region=self._region.window,
                source=self._region.source,
            )
            fused.run(table, form, based=based)
        pixels = self._runtime.download(out[:size])()
        return [
            pixels[at * form : (at + w.area) * form].reshape(w.height, w.width, form)
            for w, at in zip(windows, starts[:-1], strict=True)
        ]

    # ---- by plain torch --------------------------------------------------------------------------------

    def _plain(self, field: Field, lattice: Lattice, window: Window, compute: Compute, as_float: bool) -> Tensor:
        """`window` by plain torch, on the device: (h, w, 3 or 1), bytes or [0, 1]."""
        rows, columns = compute.chunk
        chunks = [
            Window(y, x, y + rows, x + columns).intersected(lattice.window)
            for y in range(window.top // rows * rows, window.bottom, rows)
            for x in range(window.left // columns * columns, window.right, columns)
        ]
        field.prepare(lattice, chunks, compute)
        out: Tensor | None = None
        for chunk in chunks:
            part = chunk.intersected(window)
            inside, place = part.moved(-chunk.top, -chunk.left), part.moved(-window.top, -window.left)
            colours = field.decoded(lattice, chunk, compute)
            values = field.finished(colours[inside.top : inside.bottom, inside.left : inside.right], as_float)
            if out is None:
                out = values.new_empty(window.height, window.width, values.shape[-1])
            out[place.top : place.bottom, place.left : place.right] = values
        assert out is not None, "an empty window"
        return out


def parts(window: Window, chunk: tuple[int, int], most: int = MOST_OUTPUTS) -> list[Window]:
    """`window` cut into strips of whole chunk rows, each of at most some `most` outputs: what is copied at once."""
    if window.area <= most:
        return [window]
    rows = chunk[0] * max(1, most // (chunk[0] * window.width))
    tops = range(window.top // rows * rows, window.bottom, rows)
    return [Window(max(top, window.top), window.left, min(top + rows, window.bottom), window.right) for top in tops]


@functools.cache
def painter_on(device: str) -> Painter:
    """The painter of a device: one for all pictures and models, so that they share its memory."""
    runtime = runtime_for(device)
    if not device.startswith("cuda"):
        return Painter(runtime)
    room = min(4 << 30, free_memory(device) // 8)
    return Painter(runtime, kernels=hindrance(device) is None, room=room)


LEAST_CAPABILITY = 8, 0
"""Of the chips for which Triton has matrix instructions, since 3.3. For older ones it compiles products of single
numbers, for minutes, which are slower than plain torch's."""


def hindrance(device: str) -> str | None:
    """Why the kernels are not for a CUDA device, None if they are; torch for CUDA brings Triton on Linux."""
    if torch.cuda.get_device_capability(device) < LEAST_CAPABILITY:
        return "Triton has none for a chip before Ampere"
    try:
        import triton  # noqa: F401
    except ImportError:
        return "Triton is not installed"
    return None
