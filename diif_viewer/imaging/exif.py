"""EXIF blocks, texts byte for byte: Pillow reads them as Latin-1, and writes all but ASCII as question marks."""

from __future__ import annotations

from typing import Any

from PIL import ExifTags, Image

_BASE = ExifTags.Base
_XMP = ("xmp", "XML:com.adobe.xmp")
_PARTS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)


def exif_bytes(exif: Image.Exif, without: int | None = None) -> bytes:
    """As ``exif.tobytes()``, texts as they were read; without: a tag that is left out.

    Raises what Pillow raises for values that it cannot write.
    """
    whole = Image.Exif()
    whole.endian = exif.endian
    for tag, value in exif.items():
        if tag == without:
            continue
        whole[tag] = _as_read(_part(exif, tag) if tag in _PARTS and not isinstance(value, dict) else value)
    return whole.tobytes()


def exif_of(image: Image.Image) -> Image.Exif:
    """What the file has as EXIF, and not what Pillow adds to it from XMP: an orientation that no viewer heeds.

    May raise whatever Pillow raises for broken metadata, and decodes a PNG.
    """
    if image.format == "PNG" and "exif" not in image.info:
        image.load()  # as Pillow would, and with the EXIF behind the pixels find the XMP there
    hidden = {name: image.info.pop(name) for name in _XMP if name in image.info}
    try:
        return image.getexif()
    finally:
        image.info.update(hidden)


def resolution_of(exif: Image.Exif) -> tuple[float, float]:
    """(x, y) in dots per inch. Raises KeyError where there is none."""
    per_inch = {2: 1.0, 3: 2.54}[int(exif.get(_BASE.ResolutionUnit, 2))]
    return float(exif[_BASE.XResolution]) * per_inch, float(exif[_BASE.YResolution]) * per_inch


def shortened(block: bytes, most: int) -> bytes | None:
    """A block without its longest texts and data (a maker's notes, as a rule), so that it has at most `most` bytes."""
    exif = Image.Exif()
    exif.load(block)
    parts = {int(tag): _part(exif, tag) for tag in _PARTS if tag in exif}
    for number, part in parts.items():
        exif[number] = part
    while len(made := exif_bytes(exif)) > most:
        held = [
            (whole, tag) for whole in (exif, *parts.values()) for tag, v in whole.items() if isinstance(v, bytes | str)
        ]
        if not held:
            return None
        longest, tag = max(held, key=lambda place: len(place[0][place[1]]))
        del longest[tag]
    return made


def as_read(text: str) -> str:
    """A text of ours as Pillow would read it, so that it is written in UTF-8."""
    return text.encode().decode("latin-1")


def as_meant(text: str) -> str:
    """A text that Pillow has read: in UTF-8 where it is that, in Latin-1 else."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


class _Text(str):
    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Its bytes, whatever Pillow asks for."""
        return super().encode("latin-1", "replace")


def _part(exif: Image.Exif, tag: int) -> dict[int, Any]:
    part = dict(exif.get_ifd(tag))
    if ExifTags.IFD.Interop in part:  # says where it lies in the file that it was read from
        part[ExifTags.IFD.Interop] = exif.get_ifd(ExifTags.IFD.Interop)
    return part


def _as_read(value: Any) -> Any:
    if isinstance(value, dict):
        return {tag: _as_read(inner) for tag, inner in value.items()}
    return _Text(value) if isinstance(value, str) else value
