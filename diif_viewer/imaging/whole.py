"""Is a result on the disk whole? Asked before a half-done batch goes on; files that we wrote always are."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from diif_viewer.errors import ImageError
from diif_viewer.imaging.load import load_picture, opened, sentences
from diif_viewer.imaging.png import SIGNATURE

_BLOCK = 1 << 20


def is_whole(path: Path) -> bool:
    """True for a picture that can be read to its end (PNG by its checksums, TIFF by its offsets, others decoded)."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
            if start == SIGNATURE:
                return _png_is_whole(file)
        if start[:2] in (b"II", b"MM"):
            return _tiff_is_whole(path)
        load_picture(path)
    except (OSError, ImageError):
        return False
    return True


def _png_is_whole(file: BinaryIO) -> bool:
    """Walk the chunks behind the signature, comparing each checksum."""
    while True:
        head = file.read(8)
        if len(head) < 8:
            return False
        left, kind = struct.unpack(">I4s", head)
        checksum = zlib.crc32(kind)
        while left:
            data = file.read(min(left, _BLOCK))
            if not data:
                return False
            left -= len(data)
            checksum = zlib.crc32(data, checksum)
        if file.read(4) != struct.pack(">I", checksum):
            return False
        if kind == b"IEND":
            return not file.read(1)


def _tiff_is_whole(path: Path) -> bool:
    with sentences(path), opened(path) as image:
        tags = image.tag_v2  # type: ignore[attr-defined]
        offsets, counts = tags.get(273) or tags.get(324), tags.get(279) or tags.get(325)
        ends = [offset + count for offset, count in zip(offsets or (), counts or (), strict=True)]
    return bool(ends) and max(ends) <= path.stat().st_size
