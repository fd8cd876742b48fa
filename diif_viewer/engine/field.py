"""A field: one picture seen through one model, a function of position that can be rendered at any scale.

`encode` is cheap: features are computed where a rendering first needs them, each region once, and are shared by
all models with the same encoder. Every rendering works on chunks of one grid anchored to the output lattice, so tiles,
pans and exports agree bit for bit.
"""

from __future__ import annotations

import functools
import io
import operator
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from diif_viewer.engine.device import Compute, cache_budget
from diif_viewer.engine.encoding import feature_plane
from diif_viewer.engine.gpu.painter import painter_on
from diif_viewer.engine.model import Model
from diif_viewer.engine.native.finish import Base, can_finish, finish
from diif_viewer.engine.parts import rectangles
from diif_viewer.engine.pixels import Array, as_bytes, bicubic_fours, bicubic_matrix, finished, known, unit
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.engine.threads import parallel
from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging import classic

Box = tuple[float, float, float, float]
Progress = Callable[[float], None]


def encode(image: Image.Image | Array, model: Model) -> Field:
    """A field of `image` through `model`; regions are encoded when they are first rendered.

    image: a PIL image, or HWC (or HW) array of uint8, uint16, or float in [0, 1]; 1 (grey), 2 (grey, alpha),
    3 (RGB) or 4 (RGBA) channels. Raises RequestError for other shapes and types.
    """
    return Field(known(image), model)


class Field:
    """See the module. Made by `encode`; not thread-safe."""

    def __init__(self, pixels: Array, model: Model, cache: BlockCache | None = None) -> None:
        """pixels: HWC as for `encode`. cache: shared between fields; a new one by default."""
        self.pixels = pixels
        self.model = model
        self._cache = cache if cache is not None else BlockCache(cache_budget(model.compute.device))
        self._features: dict[torch.dtype, Plane] = {}
        self._maps: dict[torch.dtype, Plane] = {}
        self._alpha_plane: Array | None = None

    def __repr__(self) -> str:
        return f"Field({self.width}x{self.height}, {self.model.name!r}, {self.model.compute.description})"

    def _repr_png_(self) -> bytes:
        """The picture in a notebook: a PNG at most 640 pixels a side, never enlarged."""
        scale = min(1.0, 640 / max(self.height, self.width))
        shown = self.render(scale)
        file = io.BytesIO()
        Image.fromarray(shown[..., 0] if shown.shape[2] == 1 else shown).save(file, "PNG")
        return file.getvalue()

    @property
    def height(self) -> int:
        """Rows of the source picture."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of the source picture."""
        return int(self.pixels.shape[1])

    def with_model(self, model: Model) -> Field:
        """The same picture through another model; features are shared when the encoder weights are the same."""
        other = Field(self.pixels, model, self._cache)
        if (model.fingerprint, model.compute.device) == (self.model.fingerprint, self.model.compute.device):
            other._features = self._features
        return other

    def render(
        self,
        scale: float | None = None,
        *,
        size: tuple[int, int] | None = None,
        box: Box | None = None,
        window: tuple[int, int, int, int] | Window | None = None,
        dtype: Literal["uint8", "float32"] = "uint8",
        progress: Progress | None = None,
    ) -> Array:
        """Render the picture, or a part of it, at any scale.

        scale: outputs per pixel on both axes; or size: exact (height, width) of the whole output.
        box: (left, top, right, bottom) in image pixels; or window: (top, left, bottom, right) in output
        pixels; default the whole picture. dtype: "uint8" (rounded, the device's fastest compute type) or
        "float32" (computed in float32, clamped to [0, 1]). progress: called with the finished fraction; what it
        raises ends the rendering. -> (height, width, channels) as the source. At exactly x1 these are the source
        pixels; below x1 an area filter. Raises RequestError.
        """
        lattice = self.lattice(scale, size)
        part = self._window(lattice, box, window)
        if dtype not in ("uint8", "float32"):
            raise RequestError(f"The dtype must be 'uint8' or 'float32', not {dtype!r}.")
        compute = self.model.compute if dtype == "uint8" else self.model.compute.in_float32()
        return self.render_window(lattice, part, compute, as_float=dtype == "float32", progress=progress)

    def lattice(self, scale: float | None = None, size: tuple[int, int] | None = None) -> Lattice:
        """The output lattice of a scale or of an exact (height, width). Raises RequestError."""
        if (scale is None) == (size is None):
            raise RequestError("Give either a scale or a size.")
        if scale is not None:
            return Lattice.of_scale(self.height, self.width, scale)
        whole = _whole(size)
        if len(whole) != 2:
            raise RequestError(f"The size must be two whole numbers, height and width, not {size!r}.")
        return Lattice.of_size(self.height, self.width, *whole)

    def render_window(
        self, lattice: Lattice, window: Window, compute: Compute, *, as_float: bool, progress: Progress | None = None
    ) -> Array:
        """`render` for a window that is known to lie within the lattice, in a given compute type."""
        if lattice.y.scale <= 1 or lattice.x.scale <= 1:
            return self._classic(lattice, window, as_float)
        if compute.device != "cpu":
            return painter_on(compute.device).window(
                self, lattice, window, compute, as_float=as_float, progress=progress
            )
        out = self.blank(window, as_float)
        done = 0
        for band in _bands(window, compute.chunk):
            self._draw(lattice, [(band, out[band.top - window.top : band.bottom - window.top])], compute)
            done += band.area
            if progress is not None:
                progress(done / window.area)
        self.fill_alpha(lattice, window, out)
        return out

    def render_tiles(self, lattice: Lattice, windows: list[Window], compute: Compute) -> list[npt.NDArray[np.uint8]]:
        """Several windows at once, in uint8: pieces of all of them run side by side. As `render_window` otherwise."""
        if lattice.y.scale <= 1 or lattice.x.scale <= 1:
            return [self._classic(lattice, window, as_float=False) for window in windows]
        if compute.device != "cpu":
            return painter_on(compute.device).tiles(self, lattice, windows, compute)
        made = [self.blank(window, as_float=False) for window in windows]
        self._draw(lattice, list(zip(windows, made, strict=True)), compute)
        for window, out in zip(windows, made, strict=True):
            self.fill_alpha(lattice, window, out)
        return made

    # ---- encoding --------------------------------------------------------------------------------------

    def features(self, compute: Compute) -> Plane:
        """The picture's features in one dtype, computed by region."""
        if compute.dtype not in self._features:
            encoder = self.model.encoder(compute.dtype)
            read = functools.partial(self._read, dtype=compute.dtype, device=compute.device)
            limits = Window(0, 0, self.height, self.width)
            self._features[compute.dtype] = feature_plane(self._cache, encoder, limits, read, compute.device)
        return self._features[compute.dtype]

    def maps(self, compute: Compute) -> Plane:
        """What the decoder reads: first-layer or coarse maps, computed by region from the features."""
        if compute.dtype not in self._maps:
            decoder = self.model.decoder(compute.dtype)
            self._maps[compute.dtype] = decoder.plane(self._cache, self.features(compute))
        return self._maps[compute.dtype]

    def reads(self, lattice: Lattice, window: Window, compute: Compute) -> Window:
        """The pixels whose features rendering `window` reads, on the way through whole blocks of maps."""
        needed = self.model.decoder(compute.dtype).needs(lattice, window)
        return needed.aligned(self.maps(compute).block).grown(2)

    def unencoded(self, lattice: Lattice, window: Window, compute: Compute) -> list[Window]:
        """LR windows, one encoding step each, that rendering `window` still has to encode."""
        needed = self.model.decoder(compute.dtype).needs(lattice, window)
        blocks = self.maps(compute).missing(needed)
        return self.features(compute).missing(*_around(blocks))

    def drop(self) -> None:
        """Forget features and maps of this picture."""
        for plane in (*self._features.values(), *self._maps.values()):
            plane.drop()

    def close(self) -> None:
        """Forget features and maps for good. A thread that still renders keeps its own, which go with it."""
        self._cache = BlockCache(self._cache.budget)
        for plane in (*self._features.values(), *self._maps.values()):
            plane.leave(self._cache)

    def _read(self, window: Window, dtype: torch.dtype, device: str) -> Tensor:
        """Model input: (1, 3, h, w) in [-1, 1], channels-last."""
        values = torch.from_numpy(unit(self._colours(window))).to(device).mul_(2).sub_(1).to(dtype)
        return values.permute(2, 0, 1)[None]

    def _colours(self, window: Window) -> Array:
        """Source pixels without alpha, grey as three channels: (h, w, 3)."""
        part = self.pixels[window.top : window.bottom, window.left : window.right]
        return part[..., :3] if part.shape[2] >= 3 else part[..., :1].repeat(3, -1)

    # ---- decoding --------------------------------------------------------------------------------------

    def prepare(self, lattice: Lattice, windows: Iterable[Window], compute: Compute) -> None:
        """Encode what rendering some windows needs and is not held, on all cores."""
        decoder, maps = self.model.decoder(compute.dtype), self.maps(compute)
        needed = [decoder.needs(lattice, window) for window in windows]
        blocks = [block for window in needed for block in maps.missing(window)]
        if blocks:
            self.features(compute).ensure(*_around(blocks))  # whole blocks are filled: not one by one from there
            maps.compute(blocks)

    def _draw(self, lattice: Lattice, targets: list[tuple[Window, Array]], compute: Compute) -> None:
        """Render the colours of each window into its array. Whole chunks of the grid are computed, then cut."""
        rows, columns = compute.chunk
        pieces = []
        for window, out in targets:
            for y in range(window.top // rows * rows, window.bottom, rows):
                for x in range(window.left // columns * columns, window.right, columns):
                    chunk = Window(y, x, y + rows, x + columns).intersected(lattice.window)
                    pieces.append((chunk, window, out))
        self.prepare(lattice, (chunk for chunk, *_ in pieces), compute)

        def draw(piece: tuple[Window, Window, Array]) -> None:
            chunk, window, out = piece
            part = chunk.intersected(window)
            inside, place = part.moved(-chunk.top, -chunk.left), part.moved(-window.top, -window.left)
            there = out[place.top : place.bottom, place.left : place.right]
            if not self._painted(lattice, chunk, inside, compute, there):
                colours = self.decoded(lattice, chunk, compute)[inside.top : inside.bottom, inside.left : inside.right]
                values = self.finished(colours, out.dtype == np.float32)
                torch.from_numpy(there[..., : values.shape[-1]]).copy_(values)  # from planes twice as fast as NumPy

        parallel(draw, pieces, device=compute.device)

    def _painted(self, lattice: Lattice, chunk: Window, inside: Window, compute: Compute, out: Array) -> bool:
        """Write a part of a chunk as bytes through the compiled kernel; False where plain torch is to do it."""
        if out.dtype != np.uint8 or self.pixels.shape[2] < 3 or not can_finish(compute.dtype):
            return False
        base = None
        if self.model.base is not None:
            rows = bicubic_fours(lattice.y, chunk.top, chunk.bottom)
            columns = bicubic_fours(lattice.x, chunk.left, chunk.right)
            if rows is None or columns is None:
                return False
            base = Base(self.pixels[rows.low : rows.high, columns.low : columns.high], rows, columns)
        colours = self.model.decoder(compute.dtype).render(self.maps(compute), lattice, chunk)
        if colours.stride(1) != 1:
            colours = colours.permute(2, 0, 1).contiguous().permute(1, 2, 0)
        colours = colours[inside.top : inside.bottom, inside.left : inside.right]
        finish(colours, base, (inside.top, inside.left), out, compute.dtype)
        return True

    def decoded(self, lattice: Lattice, chunk: Window, compute: Compute) -> Tensor:
        """Colours of a chunk by plain torch, on the device: (h, w, 3) float32, about [-1, 1]."""
        colours = self.model.decoder(compute.dtype).render(self.maps(compute), lattice, chunk)
        return colours if self.model.base is None else colours.add_(self._base(lattice, chunk, compute.device))

    def finished(self, colours: Tensor, as_float: bool) -> Tensor:
        """Colours of `decoded`, overwritten, as pixels without alpha: (h, w, 3 or 1), bytes or [0, 1]."""
        return finished(colours, self.pixels.shape[2], as_float)

    def source(self, window: Window) -> npt.NDArray[np.float32]:
        """Source colours, grey as three channels: (h, w, 3) in [-1, 1]."""
        return unit(self._colours(window)) * 2 - 1

    def _base(self, lattice: Lattice, chunk: Window, device: str) -> Tensor:
        """The bicubic picture of a chunk: (h, w, 3) float32 in [-1, 1]."""
        top, rows = bicubic_matrix(lattice.y, chunk.top, chunk.bottom, device)
        left, columns = bicubic_matrix(lattice.x, chunk.left, chunk.right, device)
        touched = Window(top, left, top + rows.shape[1], left + columns.shape[1])
        planes = np.ascontiguousarray(unit(self._colours(touched)).transpose(2, 0, 1)) * 2 - 1  # (3, h, w)
        source = torch.from_numpy(planes).to(device)
        return (rows @ source @ columns.T).permute(1, 2, 0)

    def blank(self, window: Window, as_float: bool) -> Array:
        """An array for the pixels of `window`, not filled."""
        shape = (window.height, window.width, self.pixels.shape[2])
        return np.empty(shape, np.float32 if as_float else np.uint8)

    def fill_alpha(self, lattice: Lattice, window: Window, out: Array) -> None:
        """Write the resampled alpha of `window` into its array, where the picture has alpha."""
        if self.pixels.shape[2] in (2, 4):
            out[..., -1] = self._alpha(lattice, window, as_float=out.dtype == np.float32)

    def _classic(self, lattice: Lattice, window: Window, as_float: bool) -> Array:
        """At most x1 on an axis, where there is nothing to reconstruct: source pixels at x1, area filter below."""
        values = classic.resample(self.pixels, "bicubic", lattice, window)
        return unit(values) if as_float else as_bytes(values)

    def _alpha(self, lattice: Lattice, window: Window, as_float: bool) -> Array:
        if self._alpha_plane is None:
            self._alpha_plane = np.ascontiguousarray(self.pixels[..., -1:])
        values = classic.resample(self._alpha_plane, "bicubic", lattice, window)[..., 0]
        return unit(values) if as_float else as_bytes(values)

    @staticmethod
    def _window(lattice: Lattice, box: Box | None, window: tuple[int, int, int, int] | Window | None) -> Window:
        if box is not None and window is not None:
            raise RequestError("Give either a box or a window.")
        if box is not None:
            x0, y0, x1, y1 = box
            if not (0 <= x0 < x1 <= lattice.x.size and 0 <= y0 < y1 <= lattice.y.size):
                inside = f"0,0,{lattice.x.size},{lattice.y.size}"
                raise RequestError(f"The box {x0:g},{y0:g},{x1:g},{y1:g} must lie inside the picture: {inside}.")
            part = lattice.window_of(box)
        else:
            part = lattice.window if window is None else Window(*_corners(window))
        if not part or not lattice.window.contains(part):
            whole = f"{lattice.x.count}x{lattice.y.count}"
            raise RequestError(f"The part asked for is empty or reaches outside the output ({whole} pixels).")
        return part


def _around(blocks: Iterable[Window]) -> list[Window]:
    """The features that blocks of maps are computed from, and no others."""
    each = sorted(set(blocks), key=lambda block: (block.top, block.left))
    return [rectangle.grown(2) for rectangle in rectangles(each)]


def _bands(window: Window, chunk: tuple[int, int]) -> list[Window]:
    """`window` cut into strips of whole chunk rows, each of some 16 chunks: what is rendered between two reports."""
    rows = chunk[0] * max(1, round(16 / (window.width / chunk[1] + 1)))
    tops = range(window.top // rows * rows, window.bottom, rows)
    return [Window(max(top, window.top), window.left, min(top + rows, window.bottom), window.right) for top in tops]


def _corners(window: tuple[int, int, int, int] | Window) -> tuple[int, int, int, int]:
    if isinstance(window, Window):
        return window.top, window.left, window.bottom, window.right
    whole = _whole(window)
    if len(whole) != 4:
        raise RequestError(f"The window must be four whole numbers, top, left, bottom and right, not {window!r}.")
    top, left, bottom, right = whole
    return top, left, bottom, right


def _whole(numbers: Any) -> list[int]:
    """Whole numbers, also NumPy's, as Python's own; empty where one is not whole."""
    try:
        return [operator.index(number) for number in numbers]
    except TypeError:
        return []
