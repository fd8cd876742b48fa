"""Strips and tiles of TIFFs whose numbers Pillow does not know: it unpacks their bytes, as many as are declared."""

from __future__ import annotations

import io
import itertools
import math
import struct
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _FILL_ORDER, _SAMPLES, _PLANES, _PREDICTOR = (
    256,
    257,
    258,
    259,
    266,
    277,
    284,
    317,
)
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_COUNTS = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325
_RAW = 1
_PACKINGS = (5, 8, 32773, 32946, 34925, 50000)  # LZW, deflate, PackBits, deflate, LZMA, Zstandard
_LARGEST = 1 << 26  # bytes of a tile that is larger than its picture
_PART = 1 << 20  # bytes whose predictor is undone at a time


def numbers(stream: BinaryIO, image: Image.Image, kind: Literal["f", "u"]) -> npt.NDArray[Any]:
    """The page that `image` is at, HWC, in the machine's byte order. stream: of the same file. kind: float or unsigned.

    Raises ValueError for a compression or predictor that is not known, OSError for data that are damaged.
    """
    tags = image.tag_v2  # type: ignore[attr-defined]
    width, height, size = tags[_WIDTH], tags[_HEIGHT], first(image, _BITS) // 8
    samples, tiled = first(image, _SAMPLES) or 1, _TILE_OFFSETS in tags
    planes = samples if first(image, _PLANES) == 2 else 1
    whole = np.zeros((planes, height, width, samples // planes), f"{kind}{size}")
    if tiled:
        rows, columns = tags[_TILE_HEIGHT], tags[_TILE_WIDTH]
        offsets, counts = tags[_TILE_OFFSETS], tags[_TILE_COUNTS]
    else:
        rows, columns = min(height, tags.get(_STRIP_ROWS, height)), width
        offsets, counts = tags[_STRIP_OFFSETS], tags.get(_STRIP_COUNTS) or itertools.repeat(-1)
    row = columns * whole.shape[3] * size  # bytes
    if not 0 < rows * row <= max(whole.nbytes, _LARGEST):
        raise OSError(f"a tile has {columns}x{rows} pixels")
    if len(offsets) < planes * math.ceil(height / rows) * math.ceil(width / columns):
        raise OSError("strips or tiles are missing")
    places = itertools.product(whole, range(0, height, rows), range(0, width, columns))
    for (plane, top, left), offset, count in zip(places, offsets, counts, strict=False):
        if count == 0:
            continue  # of 0 everywhere, in sparse files
        there = plane[top : top + rows, left : left + columns]
        stream.seek(offset)
        data = _unpacked(stream.read(count), image, row, rows if tiled else len(there))
        step = max(1, _PART // row)
        for k in range(0, len(there), step):
            part = _restored(data[k : k + step], image, there)
            there[k : k + step] = part[: len(there) - k, : there.shape[1]]
    return np.moveaxis(whole[..., 0], 0, -1) if planes > 1 else whole[0]


def first(image: Image.Image, number: int) -> Any:
    """The first value of a tag, or None."""
    value = image.tag_v2.get(number)  # type: ignore[attr-defined]
    return (value[0] if value else None) if isinstance(value, tuple) else value


def _unpacked(data: bytes, image: Image.Image, row: int, rows: int) -> npt.NDArray[np.uint8]:
    """(rows, row) bytes: what is packed is read as a picture of so many grey pixels, in a file made for it."""
    packing = first(image, _COMPRESSION) or _RAW
    if packing == _RAW:
        if len(data) < rows * row:
            raise OSError("a strip or tile ends too early")
        return np.frombuffer(data, np.uint8, rows * row).reshape(rows, row)
    if packing not in _PACKINGS:
        raise ValueError(packing)
    tags = {_WIDTH: row, _HEIGHT: rows, _BITS: 8, _COMPRESSION: packing, 262: 1}
    tags |= {
        _FILL_ORDER: first(image, _FILL_ORDER) or 1,
        _STRIP_OFFSETS: 0,
        _STRIP_ROWS: rows,
        _STRIP_COUNTS: len(data),
    }
    tags[_STRIP_OFFSETS] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    file = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data
    with TiffImagePlugin.TiffImageFile(io.BytesIO(file)) as grey:
        return np.asarray(grey)


def _restored(data: npt.NDArray[np.uint8], image: Image.Image, there: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Bytes (rows, n) as the numbers (rows, columns, samples) that they are, without the predictor."""
    rows, samples, kind, size = len(data), there.shape[2], there.dtype.kind, there.dtype.itemsize
    order = "<" if image.tag_v2.prefix == b"II" else ">"  # type: ignore[attr-defined]
    match first(image, _PREDICTOR) or 1:
        case 1:
            return data.view(f"{order}{kind}{size}").reshape(rows, -1, samples)
        case 2:
            words = data.view(f"{order}u{size}").reshape(rows, -1, samples)
            return np.cumsum(words, axis=1, dtype=f"u{size}").view(there.dtype)
        case 3 if kind == "f":  # differences of all first bytes, then all second ones (Adobe's TIFF Note 3)
            bytes_ = np.cumsum(data.reshape(rows, -1, samples), axis=1, dtype=np.uint8).reshape(rows, size, -1)
            return np.ascontiguousarray(bytes_.transpose(0, 2, 1)).view(f">f{size}").reshape(rows, -1, samples)
        case other:
            raise ValueError(other)
