"""Raw files of cameras: first the JPEG that the camera made of the shot, then what its sensor saw, developed by LibRaw.

LibRaw comes with an optional package (rawpy): see NOTICES.md.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, UnidentifiedImageError

from diif_viewer.errors import CutOffError, ImageError
from diif_viewer.imaging.exif import exif_bytes
from diif_viewer.imaging.suffixes import RAW

if TYPE_CHECKING:
    import rawpy

FORMAT = "RAW"
"""What a header calls both pages."""

BYTES_PER_PIXEL = 24
"""Memory that developing takes at its height: the sensor's numbers, four of 16 bits in their place, and the result."""

LEAST_PREVIEW = 0.5
"""Share of the developed picture's longer side that the camera's JPEG has at least; a smaller one is a thumbnail."""

_BEGINNINGS = (
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # TIFF and BigTIFF: DNG, NEF, CR2, ARW, PEF, SRW, 3FR, IIQ ...
    *(b"IIRO", b"IIRS", b"MMOR", b"IIU\0"),  # Olympus, Panasonic and Leica
    *(b"FUJIFILMCCD-RAW", b"\0MRM", b"FOVb", b"II\x1a\0\0\0HEAPCCDR"),  # Fujifilm, Minolta, Sigma, Canon's CRW
)
_CR3 = b"ftypcrx "
_TEXTS = ("ImageDescription", "Make", "Model", "Software", "DateTime", "Artist", "Copyright")
_UNKNOWN = ("1970:01:01", "dcraw")  # what LibRaw writes where it knows no better
_PARTS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
_PLACES = {273: 279, 324: 325, 513: 514}  # tags of offsets, and of as many lengths
_SUB_DIRECTORIES = 330
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8}  # bytes of a number, by its kind
_MOST_DIRECTORIES = 100


def is_raw(file: Path) -> bool:
    """True for what is named as cameras name such files, and begins as one. (A plain TIFF begins so as well.)"""
    if file.suffix.lower() not in RAW:
        return False
    with contextlib.suppress(OSError), file.open("rb") as stream:
        head = stream.read(16)
        return head.startswith(_BEGINNINGS) or head[4:12] == _CR3
    return False


@functools.cache
def provided() -> bool:
    """Whether the package is installed; it is not loaded."""
    return importlib.util.find_spec("rawpy") is not None


@contextmanager
def opened(file: Path, page: int = 0) -> Iterator[Image.Image]:
    """A page of a raw file as a picture of Pillow's: the camera's JPEG, or `Developed`; its attribute `shots` says how
    many there are. Raises ImageError.
    """
    if not provided():
        raise ImageError(
            f"{file.name}: a camera's raw files need the package rawpy, which is not installed; install it (pip "
            "install rawpy), or save the picture as JPEG, PNG or TIFF first."
        )
    import rawpy

    with _sentences(file), rawpy.imread(os.fspath(file)) as shot:
        jpeg = _jpeg_of(shot)
        developed = Developed(shot, file)
        small = jpeg is not None and max(jpeg.size) < LEAST_PREVIEW * max(developed.size)
        exif = _exif_of(file, jpeg)
        pages: list[Image.Image] = [developed] if jpeg is None or small else [jpeg, developed]
        if not 0 <= page < len(pages):
            raise ImageError(f"{file.name}: there is no page {page + 1}; it has {len(pages)}.")
        image: Any = pages[page]
        image.format, image.shots = FORMAT, len(pages)
        image.info.pop("dpi", None)
        if exif is not None:
            image._exif = None  # what Pillow has read of the JPEG's own
            image.info["exif"] = exif_bytes(exif, without=None if image is jpeg else ExifTags.Base.Orientation)
        yield image


class Developed(Image.Image):
    """What the sensor saw as a picture of Pillow's, which develops when its pixels are asked for.

    It is upright and its size known at once. The camera's white balance; sRGB; so bright that a thousandth of the
    pixels is white.
    """

    def __init__(self, shot: rawpy.RawPy, file: Path) -> None:
        super().__init__()
        self._shot, self._file, self._half = shot, file, False
        sizes = shot.sizes
        width, height = sizes.width, sizes.height
        if sizes.pixel_aspect < 1:
            height = round(height / sizes.pixel_aspect)
        elif sizes.pixel_aspect > 1:
            width = round(width * sizes.pixel_aspect)
        self._mode = "RGB"
        self._size = (height, width) if sizes.flip & 4 else (width, height)

    def pixels(self) -> npt.NDArray[np.uint16]:
        """HWC, RGB. Raises ImageError."""
        with _sentences(self._file):
            return self._developed(16)

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> None:
        """Where a side of at most half as many pixels is enough: half the size, in a quarter of the time."""
        if size is not None and not self._half and 2 * max(size) <= max(self._size):
            self._half, self._size = True, (-(-self._size[0] // 2), -(-self._size[1] // 2))

    def load(self) -> Any:
        """Develop with 8 bits, for what needs no more. Raises ImageError."""
        if self._im is None:
            with _sentences(self._file):
                eight = Image.fromarray(self._developed(8))
            self._im, self._size = eight.im, eight.size
        return super().load()

    def _developed(self, bits: int) -> npt.NDArray[Any]:
        if _is_cut_off(self._file):  # LibRaw would leave the rest black
            raise CutOffError(f"{self._file.name}: the file ends before the picture does.")
        found = self._shot.postprocess(
            use_camera_wb=True, output_bps=bits, gamma=(2.4, 12.92), auto_bright_thr=0.001, half_size=self._half
        )
        return found if found.shape[2] == 3 else np.repeat(found[..., :1], 3, axis=2)  # sensors without colours


def _jpeg_of(shot: rawpy.RawPy) -> Image.Image | None:
    """The largest picture that the camera put beside the sensor's numbers, where that is a JPEG."""
    import rawpy

    try:
        found = shot.extract_thumb()
        if found.format != rawpy.ThumbFormat.JPEG:
            return None
        return Image.open(io.BytesIO(bytes(found.data)), formats=["JPEG"])
    except (rawpy.LibRawError, UnidentifiedImageError, OSError):
        return None


def _exif_of(file: Path, jpeg: Image.Image | None) -> Image.Exif | None:
    """What the file tells of the shot, else what its JPEG does (LibRaw adds some to one without); the orientation is
    the JPEG's. None where nothing can be read.
    """
    kept = Image.Exif()
    try:
        own = Image.Exif()
        own.load(jpeg.info.get("exif", b"") if jpeg is not None else b"")
        with file.open("rb") as stream:
            whole = Image.Exif()
            try:
                whole.load_from_fp(stream)
            except SyntaxError:  # no TIFF
                whole = own
            for name in _TEXTS:
                value = whole.get(tag := ExifTags.Base[name].value)
                if value and not str(value).startswith(_UNKNOWN):
                    kept[tag] = value
            for part in _PARTS:
                inner = dict(whole.get_ifd(part))
                for useless in (ExifTags.Base.MakerNote, ExifTags.IFD.Interop):  # both hold places in this file
                    inner.pop(useless, None)
                if inner:
                    kept[part] = inner
        if (turn := own.get(ExifTags.Base.Orientation)) is not None:
            kept[ExifTags.Base.Orientation] = turn
        exif_bytes(kept)
    except Exception:  # broken metadata must not cost the picture
        return None
    return kept


@contextmanager
def _sentences(file: Path) -> Iterator[None]:
    import rawpy

    try:
        yield
    except rawpy.LibRawFileUnsupportedError as error:
        raise ImageError(f"{file.name}: this is no raw file, or of a camera that is not known yet.") from error
    except (rawpy.LibRawUnsufficientMemoryError, rawpy.LibRawMemPoolOverflowError) as error:
        raise MemoryError from error
    except rawpy.LibRawError as error:
        reason = error.args[0] if error.args else b""
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ImageError(f"{file.name}: the file is damaged or incomplete ({words}).") from error


def _is_cut_off(file: Path) -> bool:
    """True for a file in TIFF's manner whose directories name places behind its end."""
    length = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.read(8)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or len(head) < 8 or head[2:4] in (b"+\0", b"\0+"):
            return False
        waiting, seen = list(struct.unpack(order + "I", head[4:])), set[int]()
        while waiting and len(seen) < _MOST_DIRECTORIES:
            place = waiting.pop()
            if not place or place in seen:
                continue
            seen.add(place)
            try:
                tags, following = _directory(stream, order, place)
            except struct.error:
                return True
            waiting += [following, *tags.get(_SUB_DIRECTORIES, ())]
            for where, how_much in _PLACES.items():
                if any(a + b > length for a, b in zip(tags.get(where, ()), tags.get(how_much, ()), strict=False)):
                    return True
    return False


def _directory(stream: io.BufferedReader, order: str, place: int) -> tuple[dict[int, tuple[int, ...]], int]:
    """(numbers by tag, of those tags that tell of places; offset of the directory that follows). Raises struct.error
    where the file ends before it does.
    """
    stream.seek(place)
    (count,) = struct.unpack(order + "H", stream.read(2))
    entries = stream.read(12 * count)
    (following,) = struct.unpack(order + "I", stream.read(4))
    tags: dict[int, tuple[int, ...]] = {}
    for at in range(0, 12 * count, 12):
        tag, kind, numbers = struct.unpack(order + "HHI", entries[at : at + 8])
        if (tag not in _PLACES and tag not in _PLACES.values() and tag != _SUB_DIRECTORIES) or kind not in (3, 4, 13):
            continue
        size = _SIZES[kind] * numbers
        data = entries[at + 8 : at + 12]
        if size > 4:
            stream.seek(struct.unpack(order + "I", data)[0])
            data = stream.read(size)
        tags[tag] = struct.unpack(f"{order}{numbers}{'H' if kind == 3 else 'I'}", data[:size])
    return tags, following
