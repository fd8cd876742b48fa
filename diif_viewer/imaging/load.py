"""Opening a picture file: whatever it is, a `Picture` or one ImageError with one clear sentence.

Kept as in the file: 8 or 16 bits, grey, colour, alpha, ICC profile, EXIF (without its orientation, which is applied).
Changed: palettes become RGB(A), 1-bit becomes grey, CMYK and Lab become sRGB, floats become 16 bits. Cut to 8 bits
by the decoders: PPM, JPEG 2000 and AVIF with more. Of several pages or frames, the one that is asked for.
"""

from __future__ import annotations

import errno
import logging
import math
import stat
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, UnidentifiedImageError

from diif_viewer.errors import CutOffError, ImageError
from diif_viewer.imaging import apng, decode, heic, raw, tiff_floats
from diif_viewer.imaging.metadata import software_of
from diif_viewer.imaging.png import exif_behind
from diif_viewer.imaging.tiff_floats import Span
from diif_viewer.imaging.tiff_pages import count_pages
from diif_viewer.imaging.turns import UPRIGHT, Turn
from diif_viewer.memory import free_memory

FORMATS = (
    *("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000", "PPM", "QOI", "TGA", "PSD", "ICO"),
    *("ICNS", "DDS", "DIB", "PCX", "SGI", "SUN"),
)
"""Pillow's names of the formats that are opened (not EPS and its like, which run other programs), HEIC left out."""

PAGED = ("TIFF", "GIF", "WEBP", "PNG", "AVIF")
"""Formats whose further pages or frames are pictures of their own (not previews, layers or icons)."""

_TGA_SUFFIXES = {".tga", ".icb", ".vda", ".vst"}  # no signature to know it by: any file could pass for one
_log = logging.getLogger(__name__)
_PILLOW = threading.RLock()  # its pixel limit and the warnings filter are global to the process


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, upright.

    pixels: HWC uint8 or uint16, C in 1 (grey), 2 (grey, alpha), 3 (RGB), 4 (RGBA); alpha not premultiplied; never
    changed. path: where it came from. format: Pillow's name ("PNG"). icc_profile: for the colour space of `pixels`,
    None for none (sRGB is meant). exif: as `Image.Exif.tobytes` gives it, without orientation. dpi: (x, y).
    page: which of the file's `pages` this is, from 0. lack: one sentence where the file ends before the picture does,
    whose rest is grey or black then; "" for a whole one. span: the values of the file that are 0 and the full range in
    `pixels`, where these were stretched (floats beyond [0, 1], integers beyond 16 bits); None where they were not.
    """

    pixels: npt.NDArray[Any]
    path: Path
    format: str
    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    page: int = 0
    pages: int = 1
    lack: str = ""
    span: Span | None = None

    def laid(self, turn: Turn) -> Picture:
        """The same turned."""
        if turn == UPRIGHT:
            return self
        pixels = np.ascontiguousarray(turn.of_pixels(self.pixels))
        dpi = self.dpi[::-1] if self.dpi is not None and turn.is_sideways else self.dpi
        return replace(self, pixels=pixels, dpi=dpi)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: Pillow's name of the format, size when upright, channels and bits as `load_picture`
    gives them, and the software that made it (empty for none).
    """

    format: str
    height: int
    width: int
    channels: int = 3
    bits: int = 8
    software: str = ""

    def laid(self, turn: Turn) -> Header:
        """Of the picture turned."""
        return replace(self, height=self.width, width=self.height) if turn.is_sideways else self


def load_picture(path: str | Path, *, page: int = 0, memory: int | None = None, partly: bool = False) -> Picture:
    """Open, check and decode a picture file, or one page or frame of it; the others are not decoded (frames that the
    one asked for is painted over are, one after the other).

    page: from 0. memory: bytes that decoding may take at its height; default: what is free now. A picture that would
    need more, or whose file is too short for the size it declares, is refused before anything is allocated. Any thread
    may call; calls wait for each other. partly: of a JPEG that was cut off, what there is of it. Raises ImageError.
    """
    file = Path(path)
    try:
        return _loaded(file, page, memory)
    except CutOffError as error:
        if not partly or not _is_jpeg(file):
            raise
        with _cut_off_allowed():
            return replace(_loaded(file, page, memory), lack=str(error))


def _loaded(file: Path, page: int, memory: int | None) -> Picture:
    started = time.perf_counter()
    with sentences(file), opened(file, page) as image:
        reel = apng.reel_of(image)
        _check_size(image, file, memory, 0 if reel is None else reel.memory(math.prod(_kind(image, reel, page)) // 8))
        decode.check_data(image, file.stat().st_size)
        if reel is None:
            pixels, profile, span = decode.pixels(image, lambda: opened(file, page))
        else:
            pixels = apng.Canvas(reel).page(page)
            profile, span = decode.fitting(image.info.get("icc_profile"), pixels.shape[2]), None
        oriented, exif = decode.upright(pixels, image)
        height, width, channels = oriented.shape
        words = (image.format, width, height, channels, oriented.dtype, "a" if profile else "no")
        _log.info("read %s: %s, %dx%d pixels of %d channels, %s, %s colour profile", file, *words)
        if span is not None:
            _log.info("values from %g to %g are shown from black to white", *span)
        _log.debug("reading took %.0f ms", (time.perf_counter() - started) * 1000)
        about = (profile, exif, decode.dpi(image))
        return Picture(oriented, file, image.format or "", *about, page, _pages(image), span=span)


def page_count(path: str | Path) -> int:
    """Pages of a TIFF, frames of an animated GIF, WebP, PNG or AVIF; 1 for others. Raises ImageError."""
    file = Path(path)
    with sentences(file), opened(file) as image:
        return _pages(image)


def peek(path: str | Path, *, page: int = 0) -> Header:
    """Read the format and size of a file, or of one page of it, without decoding that. Raises ImageError."""
    file = Path(path)
    with sentences(file), opened(file, page) as image:
        width, height = image.size
        channels, bits = _kind(image, apng.reel_of(image), page)
        if image.format == "PNG" and not {"exif", "Raw profile type exif"} & set(image.info) and not exif_behind(file):
            # Pillow would decode all of it to look for some behind the pixels
            return Header("PNG", height, width, channels, bits)
        if image.format != "TIFF" and decode.orientation(image) >= 5:
            width, height = height, width
        return Header(image.format or "", height, width, channels, bits, software_of(image))


def _kind(image: Image.Image, reel: apng.Reel | None, page: int) -> tuple[int, int]:
    """(channels, bits per channel) of a page."""
    channels, bits = decode.kind(image)
    return channels if reel is None else reel.channels(channels, page), bits


@contextmanager
def opened(file: Path, page: int = 0) -> Iterator[Image.Image]:
    """The file opened by Pillow at `page`, without its pixel limit (ours follows) and its warnings.

    A PNG stays at its first, for `imaging.apng` makes the others. Raises ImageError for a page that there is not.
    """
    if raw.is_raw(file):
        with unlimited(), raw.opened(file, page) as image:
            yield image
        return
    with unlimited(), file.open("rb") as stream, Image.open(stream, formats=formats_of(file)) as image:
        if page:
            _turn_to(image, page, file)
        image.info.pop("xmp", None)  # of which Pillow would heed an orientation
        yield image


@contextmanager
def unlimited() -> Iterator[None]:
    """Pillow without its pixel limit and its warnings, and with TIFFs of floats; one thread at a time."""
    with _PILLOW, warnings.catch_warnings(), tiff_floats.opening():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def _cut_off_allowed() -> Iterator[None]:
    """Pillow gives what there is of a picture; one thread at a time."""
    with _PILLOW:
        allowed, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = allowed


def _is_jpeg(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(3) == b"\xff\xd8\xff"


def formats_of(file: Path) -> list[str]:
    """Those of FORMATS that a file of this name can have, and HEIC, where it begins as that and can be opened."""
    named = [f for f in FORMATS if f != "TGA" or file.suffix.lower() in _TGA_SUFFIXES]
    return [*named, heic.FORMAT] if heic.is_heic(file) and heic.provided() else named  # AVIF may begin alike


def _pages(image: Image.Image) -> int:
    if image.format == raw.FORMAT:
        return int(image.shots)  # type: ignore[attr-defined]
    if image.format == "TIFF" and getattr(image, "is_animated", False):
        return max(1, count_pages(image._fp))  # type: ignore[attr-defined]  # fp: None once a page was decoded
    return max(1, getattr(image, "n_frames", 1)) if image.format in PAGED else 1


def _turn_to(image: Image.Image, page: int, file: Path) -> None:
    pages = _pages(image)
    if not 0 <= page < pages:
        raise ImageError(f"{file.name}: there is no page {page + 1}; it has {pages}.")
    if image.format != "PNG":
        image.seek(page)


@contextmanager
def sentences(file: Path) -> Iterator[None]:
    """Whatever goes wrong with `file` becomes one ImageError."""
    name = file.name or str(file)
    try:
        _check_file(file, name)
        yield
    except ImageError:
        raise
    except decode.DamagedError as error:
        raise ImageError(f"{name}: {error}") from error
    except FileNotFoundError as error:
        raise ImageError(f"{name}: there is no such file.") from error
    except PermissionError as error:
        raise ImageError(f"{name}: there is no permission to read this file.") from error
    except UnidentifiedImageError as error:
        if heic.is_heic(file) and not heic.provided():
            raise ImageError(
                f"{name}: HEIC needs the package pillow-heif, which is not installed; install it (pip install "
                "pillow-heif), or save the picture as JPEG, PNG or AVIF first."
            ) from error
        raise ImageError(f"{name}: this is not a picture, or not of a kind that can be opened.") from error
    except MemoryError as error:
        raise ImageError(f"{name}: there is not enough memory to open this picture.") from error
    except Exception as error:  # decoders meet damaged files with errors of every kind
        reason = str(error).strip().rstrip(".") or type(error).__name__
        if reason.startswith("image file is truncated"):
            raise CutOffError(f"{name}: the file ends before the picture does.") from error
        raise ImageError(f"{name}: the file is damaged or incomplete ({reason}).") from error


def _check_file(file: Path, name: str) -> None:
    if "\0" in str(file):
        raise ImageError("A file name cannot hold a null character.")
    try:
        status = file.stat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ImageError(f"{name}: there is no such file.") from error
        raise
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(f"{name}: this is a folder, not a picture.")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(f"{name}: this is not an ordinary file.")
    if status.st_size == 0:
        raise ImageError(f"{name}: the file is empty.")


def _check_size(image: Image.Image, file: Path, memory: int | None, beside: int) -> None:
    """beside: bytes that are taken beside the picture while it is decoded."""
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"{file.name}: the picture has no pixels ({width}x{height}).")
    needed = width * height * decode.bytes_per_pixel(image) + beside
    free = memory if memory is not None else free_memory()
    if needed > free:
        raise ImageError(
            f"{file.name}: the picture is too large to open here: {width}x{height} pixels need "
            f"{needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free."
        )
