"""Writing PNG of 16 bits per channel, which Pillow does for opaque greyscale only.

PNG specification, third edition (W3C 2025): 5.3 for the chunks, 9 for the filters and the choice among them (12.7).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> IHDR colour type
_INCH = 0.0254


def write_png16(
    pixels: Words,
    path: Path,
    *,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    exif: bytes | None = None,
) -> None:
    """Write HWC uint16 (1 to 4 channels) to `path`, row block by row block. Raises OSError."""
    height, width, channels = pixels.shape
    with path.open("wb") as file:
        file.write(SIGNATURE)
        _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0))
        if icc_profile:
            _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc_profile))
        if dpi:
            _chunk(file, b"pHYs", struct.pack(">IIB", round(dpi[0] / _INCH), round(dpi[1] / _INCH), 1))
        if exif:
            _chunk(file, b"eXIf", exif.removeprefix(b"Exif\0\0"))
        for data in _compressed(pixels):
            _chunk(file, b"IDAT", data)
        _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


def _compressed(pixels: Words) -> Iterator[bytes]:
    height, width, channels = pixels.shape
    step, packer = max(1, (1 << 21) // (width * channels * 2)), zlib.compressobj(6)
    above = np.zeros((1, width * channels * 2), np.uint8)
    for top in range(0, height, step):
        rows = np.ascontiguousarray(pixels[top : top + step], ">u2").view(np.uint8).reshape(-1, above.shape[1])
        data = packer.compress(_filtered(rows, above, 2 * channels).tobytes())
        above = rows[-1:]
        if data:
            yield data
    yield packer.flush()


def _filtered(rows: Bytes, above: Bytes, stride: int) -> Bytes:
    """Each row by the filter whose differences are smallest, its number in front: (R, N) -> (R, 1 + N)."""
    up = np.concatenate([above, rows[:-1]])
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, stride:], corner[:, stride:] = rows[:, :-stride], up[:, :-stride]
    candidates = np.stack([rows, rows - left, rows - up, rows - _paeth(left, up, corner)])  # (4, R, N)
    cost = np.abs(candidates.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64)  # (4, R)
    best = cost.argmin(axis=0)
    numbers = np.array([0, 1, 2, 4], np.uint8)[best]
    return np.concatenate([numbers[:, None], candidates[best, np.arange(len(rows))]], axis=1)


def _paeth(left: Bytes, up: Bytes, corner: Bytes) -> Bytes:
    a, b, c = (v.astype(np.int16) for v in (left, up, corner))
    pa, pb, pc = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    return np.where((pa <= pb) & (pa <= pc), left, np.where(pb <= pc, up, corner))
