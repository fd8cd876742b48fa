"""TIFFs of floating-point numbers: of those that Pillow does not know it reads the tags only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from diif_viewer.imaging import tiff_segments
from diif_viewer.imaging.tiff_segments import first

Floats = npt.NDArray[np.floating[Any]]
Span = tuple[float, float]
"""The values of a file that are 0 and the full range in its pixels, where nothing but the values themselves says so."""

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _EXTRA, _FORMAT = 258, 259, 262, 277, 338, 339  # tags
_FLOAT = 3  # of _FORMAT
_PREMULTIPLIED, _STRAIGHT = 1, 2  # of _EXTRA
_KINDS = (
    *((zero, 1, (), "F") for zero in (0, 1)),
    *((zero, 2, (extra,), mode) for zero in (0, 1) for extra, mode in ((0, "F"), (1, "La"), (2, "LA"))),
    (2, 3, (), "RGB"),
    *((2, 4, (extra,), mode) for extra, mode in ((0, "RGBX"), (1, "RGBa"), (2, "RGBA"))),
)
"""Photometric interpretation, samples, what those beyond the colours are, and Pillow's mode for as many."""

_KNOWN = {
    (order, photometric, (_FLOAT,), 1, (bits,) * samples, extra): (mode, "float")
    for order in (b"II", b"MM")
    for bits in (16, 32, 64)
    for photometric, samples, extra, mode in _KINDS
}
_PART = 1 << 18  # numbers that are scaled at a time


@contextmanager
def opening() -> Iterator[None]:
    """While active, Pillow opens these (it cannot decode them). Its table is global to the process."""
    table: dict[Any, Any] = TiffImagePlugin.OPEN_INFO
    added = {key: what for key, what in _KNOWN.items() if key not in table}
    table.update(added)
    try:
        yield
    finally:
        for key in added:
            table.pop(key, None)


def is_floats(image: Image.Image) -> bool:
    """TIFF of floating-point numbers that Pillow does not decode, or wrongly."""
    if image.format != "TIFF" or first(image, _FORMAT) != _FLOAT:
        return False
    packed = first(image, _COMPRESSION) not in (None, 1)
    if packed and image.tag_v2.prefix == b"MM":  # type: ignore[attr-defined]
        return True  # which it would turn round twice
    return image.mode != "F" or first(image, _BITS) != 32 or first(image, _EXTRA) is not None


def bytes_per_pixel(image: Image.Image) -> int:
    """Memory that `read` takes at its height: the numbers (packed ones through copies), the result twice."""
    copies = 2 if first(image, _COMPRESSION) in (None, 1) else 5
    return int(first(image, _SAMPLES) or 1) * (copies * int(first(image, _BITS)) // 8 + 4)


def read(stream: BinaryIO, image: Image.Image) -> tuple[npt.NDArray[np.uint16], Span | None]:
    """The page that `image` is at, HWC: [0, 1] over the full range, or else from the smallest finite colour to the
    largest, and then these two; what is no number is as 0, and infinities are as the ends. stream: of the same file.

    Raises ValueError for a compression that is not known.
    """
    numbers = tiff_segments.numbers(stream, image, "f")
    colours, extra = 3 if image.mode.startswith("RGB") else 1, first(image, _EXTRA)
    channels = colours + (extra in (_PREMULTIPLIED, _STRAIGHT))
    height, width = numbers.shape[:2]
    rows = max(1, _PART // max(1, width * numbers.shape[2]))
    parts = [slice(top, top + rows) for top in range(0, height, rows)]
    low, high = _range(_colours(numbers[part], colours, extra) for part in parts)
    span = (low, high) if low < 0 or high > 1 else None
    low, high = span or (0.0, 1.0)
    pixels = np.empty((height, width, channels), np.uint16)
    for part in parts:
        pixels[part, :, :colours] = _scaled(_colours(numbers[part], colours, extra), low, high)
        if channels > colours:
            pixels[part, :, colours:] = _scaled(numbers[part, :, colours:channels].astype(np.float64), 0.0, 1.0)
    if first(image, _PHOTOMETRIC) == 0:
        pixels[..., :colours] = 65535 - pixels[..., :colours]
        span = span and span[::-1]
    return pixels, span


def _colours(numbers: Floats, colours: int, extra: Any) -> npt.NDArray[np.float64]:
    """Without alpha, and not multiplied with it."""
    values = numbers[..., :colours].astype(np.float64)
    if extra == _PREMULTIPLIED:
        alpha = numbers[..., colours : colours + 1].astype(np.float64)
        values = np.divide(values, alpha, out=np.zeros_like(values), where=alpha > 0)
    return values


def _range(parts: Iterator[npt.NDArray[np.float64]]) -> tuple[float, float]:
    """The smallest and the largest finite value; (0, 0) where there is none."""
    lows, highs = [], []
    for part in parts:
        finite = part[np.isfinite(part)]
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    return (min(lows), max(highs)) if lows else (0.0, 0.0)


def _scaled(values: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.uint16]:
    known = np.nan_to_num(values, nan=0.0, posinf=high, neginf=low).clip(low, high)
    share = known / 2 - low / 2  # halves: the whole range of float64 has no number for its length
    return np.round(share * (65535.0 / max(high / 2 - low / 2, 1e-300))).astype(np.uint16)
