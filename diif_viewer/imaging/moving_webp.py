"""Animated WebP, frame by frame: each is encoded by Pillow as a picture of its own and wrapped into the container.

A zoom changes every pixel of every frame, so that differences between frames would save nothing. Container: "WebP
Container Specification", RIFF chunks VP8X, ANIM, ANMF.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from diif_viewer.errors import ExportError
from diif_viewer.imaging.film import Film, Frame

_ANIMATED = 0x02  # in VP8X's flags
_WHOLE_FRAME = 0x02  # in ANMF's flags: do not blend with the frame before


def write_moving_webp(path: Path, frames: Iterable[Frame], film: Film, quality: int, *, lossless: bool = False) -> None:
    """Write `frames` to `path`, repeated for ever. Raises OSError, ExportError, and whatever the frames raise."""
    size = _three(film.width - 1) + _three(film.height - 1)
    with path.open("wb") as file:
        file.write(b"RIFF\0\0\0\0WEBP")
        file.write(_chunk(b"VP8X", struct.pack("<I", _ANIMATED) + size))
        file.write(_chunk(b"ANIM", struct.pack("<IH", 0, 0)))  # background, loops (0: for ever)
        for frame, milliseconds in zip(frames, film.durations(1000), strict=True):
            head = _three(0) + _three(0) + size + _three(milliseconds) + bytes([_WHOLE_FRAME])
            file.write(_chunk(b"ANMF", head + _picture(frame, quality, lossless)))
        length = file.tell() - 8
        if length >= 1 << 32:
            raise ExportError(f"{path}: WebP holds at most 4 GB; choose another format, or fewer or smaller frames.")
        file.seek(4)
        file.write(struct.pack("<I", length))


def _picture(frame: Frame, quality: int, lossless: bool) -> bytes:
    """The chunk of the frame's pixels."""
    encoded = io.BytesIO()
    Image.fromarray(frame).save(encoded, "WEBP", quality=quality, lossless=lossless, method=2)
    data, place = encoded.getvalue(), 12
    while place < len(data):
        kind, length = struct.unpack("<4sI", data[place : place + 8])
        if kind in (b"VP8 ", b"VP8L"):
            return data[place : place + 8 + length + length % 2]
        place += 8 + length + length % 2
    raise AssertionError("Pillow wrote a WebP picture without pixels")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _three(value: int) -> bytes:
    return value.to_bytes(3, "little")
