"""Animated PNG (PNG specification, third edition, chunks acTL, fcTL and fdAT), frame by frame, nothing lost."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from diif_viewer.imaging.film import Film, Frame
from diif_viewer.imaging.png import SIGNATURE, compressed, write_chunk


def write_moving_png(path: Path, frames: Iterable[Frame], film: Film) -> None:
    """Write `frames` to `path`, repeated for ever; programs that know no films show the first.

    Raises OSError, and whatever the frames raise.
    """
    shape, serial = (film.height, film.width, 3), 0
    with path.open("wb") as file:
        file.write(SIGNATURE)
        write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", film.width, film.height, 8, 2, 0, 0, 0))
        write_chunk(file, b"sRGB", b"\0")
        write_chunk(file, b"acTL", struct.pack(">II", film.count, 0))
        for number, (frame, milliseconds) in enumerate(zip(frames, film.durations(1000), strict=True)):
            place = struct.pack(">IIIIIHHBB", serial, film.width, film.height, 0, 0, milliseconds, 1000, 0, 0)
            write_chunk(file, b"fcTL", place)
            serial += 1
            for data in compressed([frame], shape, np.dtype(np.uint8).itemsize):
                if number == 0:
                    write_chunk(file, b"IDAT", data)
                else:
                    write_chunk(file, b"fdAT", struct.pack(">I", serial) + data)
                    serial += 1
        write_chunk(file, b"IEND", b"")
