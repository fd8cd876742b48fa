"""Exact area reduction by powers of two, once per picture, so that small scales of large pictures are cheap."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[Any]

_STRIP = 256  # rows


class Pyramid:
    """A picture (HWC) and its halves: level n is reduced ``2**n`` times on both axes, made when first asked for.

    Any thread may read any level at any time; two that ask for the same missing one wait for a single computation.
    """

    def __init__(self, pixels: Pixels) -> None:
        """pixels: HWC uint8, uint16 or float32; kept, not copied, and never changed."""
        assert pixels.ndim == 3, pixels.shape
        self._levels = [pixels]
        self._lock = threading.Lock()

    @property
    def pixels(self) -> Pixels:
        """Level 0: the picture itself."""
        return self._levels[0]

    def level(self, n: int) -> Pixels:
        """The picture reduced ``2**n`` times: (ceil(H / 2**n), ceil(W / 2**n), C), of the same dtype."""
        if n >= len(self._levels):
            with self._lock:
                while n >= len(self._levels):
                    self._levels.append(reduced(self._levels[-1], 2, 2))
        return self._levels[n]

    def prepare(self, smallest: int = 256) -> None:
        """Make all levels down to a longer side of about `smallest` pixels now, so that no view has to wait."""
        longer = max(self.pixels.shape[:2])
        self.level(max(0, (longer // smallest).bit_length()))


def reduced(pixels: Pixels, down: int, across: int) -> Pixels:
    """Mean of each block of `down` x `across` pixels (rows, columns), same dtype; border blocks take what there is.

    Colour is weighted by alpha. The blocks begin at the first pixel. A view when both factors are 1.
    """
    if down == across == 1:
        return pixels
    step = -(-_STRIP // down) * down
    if pixels.shape[0] > step:  # large pictures in strips: little memory beside the result, and kinder to caches
        strips = (reduced(pixels[top : top + step], down, across) for top in range(0, pixels.shape[0], step))
        out = np.empty((-(-pixels.shape[0] // down), -(-pixels.shape[1] // across), pixels.shape[2]), pixels.dtype)
        for number, strip in enumerate(strips):
            out[number * (step // down) :][: len(strip)] = strip
        return out
    if pixels.dtype == np.uint8:
        return as_array(as_image(pixels).reduce((across, down)))
    floats: Pixels = pixels.astype(np.float64)
    if pixels.shape[2] in (2, 4):
        floats[..., :-1] *= floats[..., -1:]
    for axis, factor in ((0, down), (1, across)):
        starts = np.arange(0, floats.shape[axis], factor)
        lengths = np.diff(np.append(starts, floats.shape[axis]))
        shape = [1, 1, 1]
        shape[axis] = -1
        floats = np.add.reduceat(floats, starts, axis=axis) / lengths.reshape(shape)
    if pixels.shape[2] in (2, 4):
        alpha = floats[..., -1:]
        floats[..., :-1] /= np.where(alpha > 0, alpha, 1)
    return rounded(floats, pixels.dtype)


def rounded(values: Pixels, dtype: npt.DTypeLike) -> Pixels:
    """Floats as `dtype`: integers are rounded and clamped to their range, floats stay as they are."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return values.astype(kind, copy=False)
    return np.asarray(np.clip(values + 0.5, 0, np.iinfo(kind).max).astype(kind))


def as_image(pixels: Pixels) -> Image.Image:
    """HWC uint8 as a Pillow picture (L, LA, RGB or RGBA)."""
    assert pixels.dtype == np.uint8, pixels.dtype
    contiguous = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return Image.fromarray(contiguous)


def as_array(image: Image.Image) -> Pixels:
    """A Pillow picture as HWC, C >= 1; owned and writable."""
    pixels = np.array(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels
