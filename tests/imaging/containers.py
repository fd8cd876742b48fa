"""Readers of what belongs to a picture, straight from the bytes of each format: they share no code with any writer."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path


def belongings(path: Path) -> tuple[bytes | None, bytes | None]:
    """(colour profile, EXIF from its TIFF header on) of a PNG, JPEG, WebP, AVIF or TIFF file; None for none."""
    data = path.read_bytes()
    if data.startswith(b"\x89PNG"):
        return _png(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[8:12] == b"WEBP":
        return _webp(data)
    if data[4:12] == b"ftypavif":
        return _avif(data)
    assert data[:2] in (b"II", b"MM"), data[:12]
    tags = tiff_tags(data)
    return tags.get(34675), data  # the file itself is laid out as EXIF is


def _png(data: bytes) -> tuple[bytes | None, bytes | None]:
    place, found = 8, dict[bytes, bytes]()
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        found.setdefault(kind, data[place + 8 : place + 8 + length])
        place += 12 + length
    profile = found.get(b"iCCP")
    return None if profile is None else zlib.decompress(profile[profile.index(b"\0") + 2 :]), found.get(b"eXIf")


def _jpeg(data: bytes) -> tuple[bytes | None, bytes | None]:
    place, profile, exif = 2, b"", None
    while data[place + 1] != 0xDA:
        marker, length = data[place + 1], struct.unpack(">H", data[place + 2 : place + 4])[0]
        body = data[place + 4 : place + 2 + length]
        if marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile += body[14:]
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = body[6:]
        place += 2 + length
    return profile or None, exif


def _webp(data: bytes) -> tuple[bytes | None, bytes | None]:
    place, found = 12, dict[bytes, bytes]()
    while place < len(data):
        kind, length = struct.unpack("<4sI", data[place : place + 8])
        found[kind] = data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    exif = found.get(b"EXIF")
    return found.get(b"ICCP"), None if exif is None else exif.removeprefix(b"Exif\0\0")


def _boxes(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """(kind, first byte of the content, end) of each box; ISO/IEC 14496-12."""
    found = []
    while start < end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        found.append((kind, start + 8, start + size))
        start += size
    return found


def _avif(data: bytes) -> tuple[bytes | None, bytes | None]:
    top = {kind: (start, end) for kind, start, end in _boxes(data, 0, len(data))}
    start, end = top[b"meta"]
    meta = {kind: (a, b) for kind, a, b in _boxes(data, start + 4, end)}
    properties = {kind: (a, b) for kind, a, b in _boxes(data, *meta[b"iprp"])}
    colours = [data[a:b] for kind, a, b in _boxes(data, *properties[b"ipco"]) if kind == b"colr"]
    profile = next((colour[4:] for colour in colours if colour[:4] == b"prof"), None)
    return profile, _avif_exif(data, meta)


def _avif_exif(data: bytes, meta: dict[bytes, tuple[int, int]]) -> bytes | None:
    """The item of type Exif, found by its number in the table of places (version 0, sizes of four bytes)."""
    start, end = meta[b"iinf"]
    number = None
    for _, a, _ in _boxes(data, start + 6, end):
        identity, _, kind = struct.unpack(">HH4s", data[a + 4 : a + 12])
        number = identity if kind == b"Exif" else number
    if number is None:
        return None
    start, _ = meta[b"iloc"]
    assert data[start] == 0
    sizes, count = data[start + 4], struct.unpack(">H", data[start + 6 : start + 8])[0]
    assert sizes == 0x44, hex(sizes)
    base, place = data[start + 5] >> 4, start + 8
    for _ in range(count):
        identity = struct.unpack(">H", data[place : place + 2])[0]
        extents = struct.unpack(">H", data[place + 4 + base : place + 6 + base])[0]
        offset, length = struct.unpack(">II", data[place + 6 + base : place + 14 + base])
        if identity == number:
            skip = struct.unpack(">I", data[offset : offset + 4])[0]
            return data[offset + 4 + skip : offset + length]
        place += 6 + base + 8 * extents
    return None


_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 12: 8}


def tiff_tags(data: bytes, directory: int | None = None) -> dict[int, bytes]:
    """The values of a directory of a TIFF or of EXIF by their tags, as raw bytes in the order of the file."""
    order = "<" if data[:2] == b"II" else ">"
    place = struct.unpack(f"{order}I", data[4:8])[0] if directory is None else directory
    tags = {}
    for number in range(struct.unpack(f"{order}H", data[place : place + 2])[0]):
        at = place + 2 + 12 * number
        tag, kind, count = struct.unpack(f"{order}HHI", data[at : at + 8])
        length = _SIZES[kind] * count
        where = at + 8 if length <= 4 else struct.unpack(f"{order}I", data[at + 8 : at + 12])[0]
        tags[tag] = data[where : where + length]
    return tags


def number(data: bytes, value: bytes) -> int:
    """A raw value of one whole number."""
    return int.from_bytes(value, "little" if data[:2] == b"II" else "big")
