"""Writing files that are whole or not there: the atomic path, and pictures in every format of `imaging.formats`."""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diif_viewer.errors import ExportError
from diif_viewer.imaging.exif import shortened
from diif_viewer.imaging.formats import FORMATS, Format
from diif_viewer.imaging.leftovers import held, temporary_of
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.imaging.png import write_png
from diif_viewer.imaging.pyramid import as_image
from diif_viewer.imaging.tiff import write_tiff

Pixels = npt.NDArray[Any]

_log = logging.getLogger(__name__)

PNG = FORMATS[0]
SMALL = 64 << 20
"""Bytes of pixels up to which a PNG is left to Pillow, which needs all of it in memory but is quicker."""

_EFFORT = 60
"""Of 100, where nothing is lost: more takes several times as long for a hundredth."""

_JPEG_EXIF = 65_533
"""Bytes of EXIF that a JPEG has room for."""

_SENTENCES = {
    errno.EACCES: "there is no permission to write there.",
    errno.EPERM: "there is no permission to write there.",
    errno.EROFS: "the disk is read-only.",
    errno.ENOENT: "the folder does not exist.",
    errno.ENOTDIR: "the folder does not exist.",
    errno.EISDIR: "it is a folder.",
    errno.ENOSPC: "there is no space left on the disk.",
    errno.EDQUOT: "the disk quota is used up.",
    errno.EFBIG: "the file would be too large for this disk.",
    errno.ENAMETOOLONG: "the file name is too long.",
}


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place when the block ends well, and vanishes when it does not.

    Whoever reads `path` finds the old file or the whole new one, also after a crash or a power cut. The temporary name
    keeps the suffix (some writers choose the format by it). An existing file keeps its permissions; a symbolic link is
    written through. Raises ExportError for anything that the system refuses, in the block too.
    """
    target = Path(os.path.realpath(path))
    temporary = temporary_of(target)
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        try:  # an interruption may come as soon as the file is there
            with held(temporary):
                yield temporary
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
                with contextlib.suppress(FileNotFoundError):
                    temporary.chmod(stat.S_IMODE(target.stat().st_mode))
                size = temporary.stat().st_size
                temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        _log.info("wrote %s: %d bytes", target, size)
    except OSError as error:
        reason = _SENTENCES.get(error.errno or 0, f"{error.strerror or error}.")
        raise ExportError(f"{target} cannot be written: {reason}") from error


def save_png(
    pixels: Pixels,
    path: str | Path,
    *,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    exif: bytes | None = None,
) -> None:
    """Write a PNG, atomically.

    pixels: HW or HWC, C in 1 (grey), 2 (grey, alpha), 3 (RGB), 4 (RGBA); uint8, or uint16 for 16 bits per channel.
    dpi: (x, y). exif: as `Picture.exif`. Raises ExportError with one sentence; nothing is left behind then.
    """
    array = pixels[..., None] if pixels.ndim == 2 else pixels
    assert array.ndim == 3, array.shape
    height, width, channels = array.shape
    with atomic_path(path) as temporary:
        about = Metadata(icc_profile, exif, dpi)
        write_strips(temporary, PNG, [array], shape=(height, width, channels), dtype=array.dtype, about=about)


def write_strips(
    path: Path,
    form: Format,
    strips: Iterable[Pixels],
    *,
    shape: tuple[int, int, int],
    dtype: npt.DTypeLike,
    about: Metadata,
    quality: int | None = None,
    lossless: bool = False,
    large: bool = False,
) -> None:
    """Write a picture that arrives in `strips` from top to bottom, each (rows, width, channels) of `dtype`, to `path`.

    shape: (height, width, channels), checked by `formats.check_fit` before. PNG and TIFF take the memory of a strip
    when the picture is large; the other formats that of the whole. quality: 1 .. 100, for formats that lose something.
    lossless: lose nothing, for formats that can (`Format.lossless`); quality is then how hard to try.
    large: write a sample as a large picture is written.
    Raises OSError (ExportError within `atomic_path`), and whatever the strips raise.
    """
    kind = np.dtype(dtype)
    assert shape[2] in form.channels, shape
    assert 8 * kind.itemsize in form.bits, kind
    whole = math.prod(shape)
    if form.name == "TIFF":
        write_tiff(path, strips, shape, kind, about)
    elif form.name == "PNG" and (large or kind == np.uint16 or whole > SMALL):
        write_png(path, strips, shape, kind, about)
    else:
        options: dict[str, Any] = {} if form.quality is None else {"quality": quality or form.quality}
        if lossless and form.lossless:
            options |= {"lossless": True, "exact": True, "quality": quality or _EFFORT}
        if form.name == "JPEG" and options["quality"] >= 90:
            options["subsampling"] = 0  # colour edges are what a sharp enlargement is about
        if form.name == "JPEG" and about.exif and len(about.exif) > _JPEG_EXIF:
            about = replace(about, exif=shortened(about.exif, _JPEG_EXIF))
        extra = {"icc_profile": about.icc_profile, "dpi": about.dpi, "exif": about.exif}
        options |= {name: value for name, value in extra.items() if value}
        image = as_image(_assembled(strips, shape))
        try:
            image.save(path, form.name, **options)
        except (ValueError, RuntimeError) as error:
            raise ExportError(f"The picture cannot be encoded as {form.name}: {str(error).rstrip('.')}.") from error


def _assembled(strips: Iterable[Pixels], shape: tuple[int, int, int]) -> Pixels:
    """All strips as one array; a single one as it is."""
    out, top = np.empty(0, np.uint8), 0
    for strip in strips:
        if strip.shape == shape:
            return strip
        if not top:
            out = np.empty(shape, np.uint8)
        out[top : top + len(strip)] = strip
        top += len(strip)
    assert top == shape[0], f"{top} rows for a picture of {shape[0]}"
    return out


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; a courtesy that not every system offers."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
