"""Painting windows and tiles on a GPU: pixels are assembled on the device and copied once.

Chunks lie on the same grid as on the CPU, so that tiles, pans and exports agree bit for bit here too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diif_viewer.engine.device import Compute
from diif_viewer.engine.gpu.runtime import Runtime, runtime_for
from diif_viewer.geometry import Lattice, Window

if TYPE_CHECKING:
    from diif_viewer.engine.field import Field

Array = npt.NDArray[Any]


class Painter:
    """Renders fields on one device. Not thread-safe."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

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
        out = field.blank(window, as_float)
        done = 0
        for part in parts(window, compute.chunk):
            target = out[part.top - window.top : part.bottom - window.top]
            self._fill(field, lattice, [(part, target)], compute, as_float)
            done += part.area
            if progress is not None:
                progress(done / window.area)
        field.fill_alpha(lattice, window, out)
        return out

    def tiles(
        self, field: Field, lattice: Lattice, windows: list[Window], compute: Compute
    ) -> list[npt.NDArray[np.uint8]]:
        """As `Field.render_tiles`."""
        made = [field.blank(window, as_float=False) for window in windows]
        self._fill(field, lattice, list(zip(windows, made, strict=True)), compute, as_float=False)
        for window, out in zip(windows, made, strict=True):
            field.fill_alpha(lattice, window, out)
        return made

    def _fill(
        self, field: Field, lattice: Lattice, targets: list[tuple[Window, Array]], compute: Compute, as_float: bool
    ) -> None:
        """Colours of each window into its array: launched for all, copied for all, then waited for."""
        with torch.inference_mode():
            pending = [
                self._runtime.download(self._plain(field, lattice, window, compute, as_float)) for window, _ in targets
            ]
        for (_, out), finished in zip(targets, pending, strict=True):
            values = finished()
            out[..., : values.shape[-1]] = values

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


def parts(window: Window, chunk: tuple[int, int], most: int = 1 << 23) -> list[Window]:
    """`window` cut into strips of whole chunk rows, each of at most some `most` outputs: what is copied at once."""
    rows = chunk[0] * max(1, most // (chunk[0] * window.width))
    tops = range(window.top // rows * rows, window.bottom, rows)
    return [Window(max(top, window.top), window.left, min(top + rows, window.bottom), window.right) for top in tops]


@functools.cache
def painter_on(device: str) -> Painter:
    """The painter of a device: one for all pictures and models, so that they share its memory."""
    return Painter(runtime_for(device))
