"""Animated GIF, frame by frame: each with 256 colours of its own, chosen and spread by Pillow.

Pillow's own writer keeps all frames until the end. Format: "Graphics Interchange Format, version 89a", with the
application extension NETSCAPE2.0 that repeats it for ever.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from diif_viewer.imaging.film import Film, Frame

_COLOURS = 256
_LOCAL_TABLE = 0x87  # a table of 256 colours follows
_FOR_EVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
_TRAILER = b"\x3b"


def write_moving_gif(path: Path, frames: Iterable[Frame], film: Film) -> None:
    """Write `frames` to `path`, repeated for ever. Raises OSError, and whatever the frames raise."""
    with path.open("wb") as file:
        file.write(b"GIF89a" + struct.pack("<HHBBB", film.width, film.height, 0x70, 0, 0) + _FOR_EVER)
        for frame, hundredths in zip(frames, film.durations(100), strict=True):
            colours, pixels = _packed(frame)
            file.write(b"\x21\xf9\x04" + struct.pack("<BHBB", 0, hundredths, 0, 0))
            file.write(b"\x2c" + struct.pack("<HHHHB", 0, 0, film.width, film.height, _LOCAL_TABLE))
            file.write(colours.ljust(3 * _COLOURS, b"\0") + pixels)
        file.write(_TRAILER)


def _packed(frame: Frame) -> tuple[bytes, bytes]:
    """(colour table, compressed pixels with the code size in front), as a picture of its own would hold them."""
    image = Image.fromarray(frame)
    palette = image.quantize(_COLOURS)  # the best colours; the second call spreads the rest of the difference
    encoded = io.BytesIO()
    image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(encoded, "GIF", interlace=False)
    data = encoded.getvalue()
    flags, place = data[10], 13
    table = b""
    if flags & 0x80:
        length = 3 << ((flags & 7) + 1)
        table, place = data[place : place + length], place + length
    while data[place] != 0x2C:  # extensions in front of the picture
        place += 2
        while data[place]:
            place += 1 + data[place]
        place += 1
    flags, place = data[place + 9], place + 10
    if flags & 0x80:
        length = 3 << ((flags & 7) + 1)
        table, place = data[place : place + length], place + length
    return table, data[place:].removesuffix(_TRAILER)
