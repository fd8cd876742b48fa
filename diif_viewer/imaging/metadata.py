"""What belongs to a picture beside its pixels: colour profile, EXIF, resolution; and how it is kept or stripped."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import ExifTags, Image

from diif_viewer.imaging.exif import as_meant, as_read, exif_bytes, exif_of

_BASE = ExifTags.Base
_SIZES = (_BASE.ExifImageWidth, _BASE.ExifImageHeight)  # of the source; the result has another size
_SHAPE = (_BASE.ImageWidth, _BASE.ImageLength, _BASE.BitsPerSample)
_HARMLESS = frozenset(
    tag.value
    for tag in (
        *(_BASE.Make, _BASE.Model, _BASE.Software, _BASE.DateTime, _BASE.DateTimeOriginal, _BASE.LensModel),
        *(_BASE.ExposureTime, _BASE.FNumber, _BASE.ISOSpeedRatings, _BASE.FocalLength, _BASE.FocalLengthIn35mmFilm),
        *(_BASE.ExposureProgram, _BASE.ExposureBiasValue, _BASE.MeteringMode, _BASE.Flash, _BASE.WhiteBalance),
        *(_BASE.ColorSpace, _BASE.XResolution, _BASE.YResolution, _BASE.ResolutionUnit, _BASE.ExifVersion),
    )
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """icc_profile: of the pixels. exif: as `exif.exif_bytes` gives it, upright. dpi: (x, y). None for none."""

    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None


def export_metadata(source: Metadata, software: str, *, strip: bool = False) -> Metadata:
    """What a result made from a picture with `source` carries.

    The profile and the resolution stay (also as EXIF, for formats that have no other place), the software tag is set,
    orientation and the source's size go. strip: of the
    EXIF keep only how the picture was taken (camera, lens, exposure, time): no position, serial number, name or text.
    """
    exif = Image.Exif()
    try:
        if source.exif:
            exif.load(source.exif)
        inner = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # broken metadata must not cost the picture
        exif, inner = Image.Exif(), {}
    kept, kept_inner = Image.Exif(), {}
    for tag, value in exif.items():
        if tag not in (_BASE.Orientation, *_SHAPE, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop):
            kept[tag] = value
    kept_inner = {tag: value for tag, value in inner.items() if tag not in (*_SIZES, ExifTags.IFD.Interop)}
    if strip:
        for tag in set(kept) - _HARMLESS:
            del kept[tag]
        kept_inner = {tag: value for tag, value in kept_inner.items() if tag in _HARMLESS}
    elif position := exif.get_ifd(ExifTags.IFD.GPSInfo):
        kept[ExifTags.IFD.GPSInfo] = dict(position)
    if kept_inner:
        kept[ExifTags.IFD.Exif] = kept_inner
    kept[_BASE.Software] = as_read(software)
    if source.dpi is not None:
        kept[_BASE.XResolution], kept[_BASE.YResolution] = source.dpi
        kept[_BASE.ResolutionUnit] = 2  # inches
    return Metadata(source.icc_profile, _bytes(kept, software), source.dpi)


def software_of(image: Image.Image) -> str:
    """The software tag of an opened picture file; empty where there is none."""
    try:
        return as_meant(str(exif_of(image).get(_BASE.Software, "")))
    except Exception:  # broken metadata says nothing
        return ""


def _bytes(exif: Image.Exif, software: str) -> bytes:
    try:
        return exif_bytes(exif)
    except Exception:  # a tag that Pillow reads but cannot write
        bare = Image.Exif()
        bare[_BASE.Software] = as_read(software)
        return exif_bytes(bare)
