"""Writing PNG strip by strip: any size within the memory of a few rows, and 16 bits, which Pillow writes for grey only.

PNG specification, third edition (W3C 2025): 5.3 for the chunks, 9 for the filters and the choice among them (12.7).
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from diif_viewer.imaging.metadata import Metadata

Bytes = npt.NDArray[np.uint8]
Pixels = npt.NDArray[Any]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONGEST = (1 << 31) - 1
"""Most pixels along a side that the format can say."""

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_RAW_EXIF = b"Raw profile type exif"  # what EXIF is called where it is a text
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> IHDR colour type
_INCH = 0.0254
_BLOCK = 1 << 20  # bytes that share a filter and are compressed in one call
_LEVEL = 4  # of zlib: a twentieth larger than 6 and several times as fast on enlarged photographs
_SAMPLE = 8  # the filter is chosen on every eighth row


def write_png(
    path: Path, strips: Iterable[Pixels], shape: tuple[int, int, int], dtype: npt.DTypeLike, about: Metadata
) -> None:
    """Write `strips` (each (rows, width, channels) of `dtype`, from top to bottom) to `path`; about 6 MiB beside them.

    shape: (height, width, channels), 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) channels. dtype: uint8 or uint16.
    Raises OSError, and whatever the strips raise.
    """
    height, width, channels = shape
    bits = 8 * np.dtype(dtype).itemsize
    with path.open("wb") as file:
        file.write(SIGNATURE)
        write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0))
        if about.icc_profile:
            write_chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(about.icc_profile))
        if about.dpi:
            x, y = (round(value / _INCH) for value in about.dpi)
            write_chunk(file, b"pHYs", struct.pack(">IIB", x, y, 1))
        if about.exif:
            write_chunk(file, b"eXIf", about.exif.removeprefix(b"Exif\0\0"))
        for data in compressed(strips, shape, bits // 8):
            write_chunk(file, b"IDAT", data)
        write_chunk(file, b"IEND", b"")


def exif_behind(path: Path) -> bool:
    """Whether a PNG has EXIF behind its pixels, where some programs write it; only the heads of its chunks are read."""
    with path.open("rb") as file:
        seen = False
        for kind, _, _ in chunks(file):
            seen = seen or kind == b"IDAT"
            if seen and (kind == b"eXIf" or (kind in _TEXTS and file.read(len(_RAW_EXIF)) == _RAW_EXIF)):
                return True
    return False


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """(kind, offset of its data, bytes of them that there are) of each chunk; the file is at its data then.

    Ends at IEND, or where the file does; whatever lengths it claims, one pass forwards.
    """
    end, place = file.seek(0, io.SEEK_END), len(SIGNATURE) + 8
    kind = b""
    while place <= end and kind != b"IEND":
        file.seek(place - 8)
        length, kind = struct.unpack(">I4s", file.read(8))
        yield kind, place, min(length, end - place)
        place += length + 12


def write_chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    """Write one chunk with its length and checksum."""
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


def compressed(strips: Iterable[Pixels], shape: tuple[int, int, int], depth: int) -> Iterator[bytes]:
    """The filtered and deflated bytes of a picture, in pieces. depth: bytes per channel."""
    height, width, channels = shape
    packer, seen = zlib.compressobj(_LEVEL), 0
    above = np.zeros((1, width * channels * depth), np.uint8)
    step = max(1, _BLOCK // above.size)
    for strip in strips:
        assert strip.shape[1:] == (width, channels), (strip.shape, shape)
        assert strip.dtype.itemsize == depth, strip.dtype
        seen += len(strip)
        for top in range(0, len(strip), step):
            part = np.ascontiguousarray(strip[top : top + step], f">u{depth}")
            rows = part.view(np.uint8).reshape(-1, above.size)
            data = packer.compress(_filtered(rows, above, channels * depth).data)
            above = rows[-1:].copy()
            if data:
                yield data
    assert seen == height, f"{seen} rows for a picture of {height}"
    yield packer.flush()


def _filtered(rows: Bytes, above: Bytes, stride: int) -> Bytes:
    """Rows by the one filter whose differences are smallest, its number in front of each: (R, N) -> (R, 1 + N)."""
    up = np.concatenate([above, rows[:-1]])
    costs = {f: _cost(_difference(rows[::_SAMPLE], up[::_SAMPLE], stride, f)) for f in (0, 1, 2, 4)}
    best = min(costs, key=lambda f: costs[f])
    out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    out[:, 0] = best
    out[:, 1:] = _difference(rows, up, stride, best)
    return out


def _difference(rows: Bytes, up: Bytes, stride: int, number: int) -> Bytes:
    """Filter `number`: 0 none, 1 sub, 2 up, 4 Paeth."""
    if number == 0:
        return rows
    if number == 2:
        return rows - up
    left = np.zeros_like(rows)
    left[:, stride:] = rows[:, :-stride]
    if number == 1:
        return rows - left
    corner = np.zeros_like(rows)
    corner[:, stride:] = up[:, :-stride]
    return rows - _paeth(left, up, corner)


def _cost(differences: Bytes) -> int:
    """The sum of absolute differences, read as signed."""
    return int(np.abs(differences.view(np.int8).astype(np.int16)).sum(dtype=np.int64))


def _paeth(left: Bytes, up: Bytes, corner: Bytes) -> Bytes:
    a, b, c = (v.astype(np.int16) for v in (left, up, corner))
    pa, pb, pc = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    return np.where((pa <= pb) & (pa <= pc), left, np.where(pb <= pc, up, corner))
