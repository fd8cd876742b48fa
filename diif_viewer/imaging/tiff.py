"""Writing TIFF strip by strip, through tifffile: BigTIFF where the pixels need more than four gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from diif_viewer.imaging.metadata import Metadata

Pixels = npt.NDArray[Any]

_CLASSIC_LIMIT = 3_900_000_000  # bytes of pixels that fit under classic TIFF's 4 GiB with room for its tags
_STRIP = 1 << 19  # bytes of pixels per strip
_TEXTS = ("ImageDescription", "Make", "Model", "DateTime", "Artist", "Copyright")


def write_tiff(
    path: Path, strips: Iterable[Pixels], shape: tuple[int, int, int], dtype: npt.DTypeLike, about: Metadata
) -> None:
    """Write `strips` (each (rows, width, channels) of `dtype`, from top to bottom) as deflated TIFF with predictor.

    As `write_png`. Grey of 16 bits with transparency becomes colour: Pillow and others read no such TIFF. Of the EXIF
    the texts of the main directory are kept (make, model, time, artist, copyright ...).
    Raises OSError, and whatever the strips raise.
    """
    from tifffile import TiffWriter

    if shape[2] == 2 and np.dtype(dtype).itemsize == 2:
        strips, shape = (np.ascontiguousarray(strip[..., [0, 0, 0, 1]]) for strip in strips), (*shape[:2], 4)
        about = replace(about, icc_profile=None)  # of grey
    height, width, channels = shape
    row = width * channels * np.dtype(dtype).itemsize
    rows = min(height, max(1, _STRIP // row))
    exif = _texts(about)
    with TiffWriter(path, bigtiff=height * row > _CLASSIC_LIMIT) as file:
        file.write(
            _packed(strips, shape, rows),
            shape=shape if channels > 1 else (height, width),
            dtype=dtype,
            photometric="rgb" if channels > 2 else "minisblack",
            planarconfig="contig" if channels > 1 else None,
            extrasamples=["unassalpha"] if channels in (2, 4) else None,
            rowsperstrip=rows,
            compression="adobe_deflate",
            predictor=2,
            resolution=about.dpi or (1, 1),
            resolutionunit="INCH" if about.dpi else "NONE",
            iccprofile=about.icc_profile,
            software=exif.pop("Software", b"DIIF Viewer"),
            extratags=[(ExifTags.Base[name].value, 2, 0, text, True) for name, text in exif.items()],
            metadata=None,
        )


def _packed(strips: Iterable[Pixels], shape: tuple[int, int, int], rows: int) -> Iterator[bytes]:
    """The strips cut anew into `rows` rows each, differenced along x and deflated."""
    waiting: list[Pixels] = []
    held = seen = 0
    for strip in strips:
        assert strip.shape[1:] == shape[1:], (strip.shape, shape)
        seen += len(strip)
        while held + len(strip) > rows:
            part, strip = strip[: rows - held], strip[rows - held :]  # noqa: PLW2901
            yield _deflated([*waiting, part])
            waiting, held = [], 0
        waiting.append(strip)
        held += len(strip)
    assert seen == shape[0], f"{seen} rows for a picture of {shape[0]}"
    yield _deflated(waiting)


def _deflated(parts: list[Pixels]) -> bytes:
    pixels = np.concatenate(parts)
    pixels[:, 1:] -= pixels[:, :-1].copy()
    return zlib.compress(pixels.data, 4)  # as in imaging.png


def _texts(about: Metadata) -> dict[str, bytes]:
    """Texts of the EXIF's main directory, byte for byte as they were (Pillow reads them as Latin-1)."""
    exif = Image.Exif()
    if about.exif:
        exif.load(about.exif)
    found = {name: str(exif.get(ExifTags.Base[name].value) or "") for name in (*_TEXTS, "Software")}
    return {name: text.strip("\0 ").encode("latin-1", "replace") for name, text in found.items() if text.strip("\0 ")}
