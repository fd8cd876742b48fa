"""Picture files that Pillow does not write, built by hand."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np


def png_header(
    path: Path,
    width: int,
    height: int,
    *,
    depth: int = 8,
    colour: int = 2,
    data: bytes = b"",
    before: bytes = b"",
    after: bytes = b"",
) -> Path:
    """A PNG of the declared size whose only IDAT chunk holds `data`; before and after: chunks around it."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header), before, chunk(b"IDAT", zlib.compress(data)), after, chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def tiff16(path: Path, pixels: np.ndarray, order: str, *, deflate: bool = False, orientation: int = 1) -> Path:
    """An RGB or RGBA TIFF of 16 bits per channel in one strip; order: "<" or ">"."""
    height, width, channels = pixels.shape
    data = pixels.astype(f"{order}u2").tobytes()
    if deflate:
        data = zlib.compress(data)
    tags = [
        (256, 4, [width]),
        (257, 4, [height]),
        (258, 3, [16] * channels),
        (259, 3, [8 if deflate else 1]),
        (262, 3, [2]),
        (273, 4, [8]),
        (274, 3, [orientation]),
        (277, 3, [channels]),
        (278, 4, [height]),
        (279, 4, [len(data)]),
        (284, 3, [1]),
        *([(338, 3, [2])] if channels == 4 else []),
    ]
    begin = 8 + len(data) + len(data) % 2
    extra, entries, place = b"", b"", begin + 2 + 12 * len(tags) + 4
    for tag, kind, values in tags:
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            value, extra = struct.pack(f"{order}I", place + len(extra)), extra + packed
        else:
            value = packed.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, kind, len(values)) + value
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, begin)
    directory = struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0) + extra
    path.write_bytes(head + data.ljust(begin - 8, b"\0") + directory)
    return path


def tiff12(path: Path, values: list[int]) -> Path:
    """A grey TIFF of 12 bits, one row of an even number of pixels."""
    data = int("".join(f"{value:012b}" for value in values), 2).to_bytes(len(values) * 3 // 2, "big")
    begin = 8 + len(data) + len(data) % 2
    tags = {256: len(values), 257: 1, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = struct.pack("<2sHI", b"II", 42, begin) + data.ljust(begin - 8, b"\0")
    path.write_bytes(head + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0))
    return path
