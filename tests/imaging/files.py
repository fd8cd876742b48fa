"""Picture files that Pillow does not write, built by hand, and the sentence with which one is refused."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from diif_viewer.errors import ImageError
from diif_viewer.imaging.load import load_picture


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


@dataclass(frozen=True)
class PngFrame:
    """samples: (h, w, S) as in the file, at (left, top); said: what fcTL says, where that is not the truth."""

    samples: np.ndarray
    left: int = 0
    top: int = 0
    dispose: int = 0
    blend: int = 0
    delay: tuple[int, int] = (1, 20)
    said: tuple[int, int, int, int] | None = None


def moving_png(
    path: Path,
    frames: list[PngFrame],
    *,
    depth: int = 8,
    colour: int = 6,
    before: bytes = b"",
    after: bytes = b"",
    default: np.ndarray | None = None,
    count: int | None = None,
) -> Path:
    """An animated PNG, the data of each frame in two chunks. default: a picture that is none of the frames."""
    first = frames[0].samples if default is None else default
    header = struct.pack(">IIBBBBB", first.shape[1], first.shape[0], depth, colour, 0, 0, 0)
    parts, serial = [chunk(b"IHDR", header), chunk(b"acTL", struct.pack(">II", count or len(frames), 0)), before], 0
    if default is not None:
        parts.append(chunk(b"IDAT", zlib.compress(_rows(default, depth))))
    for number, frame in enumerate(frames):
        height, width = frame.samples.shape[:2]
        said = frame.said or (width, height, frame.left, frame.top)
        tail = (*frame.delay, frame.dispose, frame.blend)
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", serial, *said, *tail)))
        serial += 1
        data = zlib.compress(_rows(frame.samples, depth))
        for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
            if number == 0 and default is None:
                parts.append(chunk(b"IDAT", piece))
            else:
                parts.append(chunk(b"fdAT", struct.pack(">I", serial) + piece))
                serial += 1
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts) + after + chunk(b"IEND", b""))
    return path


def _rows(samples: np.ndarray, depth: int) -> bytes:
    """Unfiltered rows of samples of `depth` bits, highest bit first, each row from a whole byte on."""
    bits = samples.reshape(len(samples), -1, 1) >> np.arange(depth)[::-1] & 1
    packed = np.packbits(bits.reshape(len(samples), -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


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


def refusal(path: Path, **options: int) -> str:
    """The sentence with which `path` is refused."""
    with pytest.raises(ImageError) as caught:
        load_picture(path, **options)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence
