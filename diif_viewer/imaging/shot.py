"""How a picture was taken, as its EXIF tells it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image

from diif_viewer.imaging.exif import as_meant

_BASE, _GPS = ExifTags.Base, ExifTags.GPS


@dataclass(frozen=True, slots=True)
class Shot:
    """Texts as in the file, "" for none; numbers None where there are none.

    taken: the camera's clock, "2024:05:01 12:30:07". seconds: of exposure. aperture: the f-number. focal: the lens's
    focal length in mm; film: that of a lens which sees as much on 35 mm film. place: (latitude, longitude) in degrees,
    north and east positive.
    """

    taken: str = ""
    camera: str = ""
    lens: str = ""
    seconds: float | None = None
    aperture: float | None = None
    sensitivity: int | None = None
    focal: float | None = None
    film: float | None = None
    place: tuple[float, float] | None = None
    artist: str = ""
    rights: str = ""
    description: str = ""
    software: str = ""


def shot_of(block: bytes | None) -> Shot:
    """What an EXIF block (`Image.Exif.tobytes`) tells; nothing of what is broken."""
    exif, inner, position = Image.Exif(), {}, {}
    with contextlib.suppress(Exception):  # broken metadata costs itself alone
        exif.load(block or b"")
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    maker, model = _text(exif, _BASE.Make), _text(exif, _BASE.Model)
    sensitivity, film = _number(inner, _BASE.ISOSpeedRatings), _number(inner, _BASE.FocalLengthIn35mmFilm)
    return Shot(
        taken=_text(inner, _BASE.DateTimeOriginal) or _text(exif, _BASE.DateTime),
        camera=model if _first(maker) == _first(model) else f"{maker} {model}".strip(),
        lens=_text(inner, _BASE.LensModel),
        seconds=_number(inner, _BASE.ExposureTime),
        aperture=_number(inner, _BASE.FNumber),
        sensitivity=None if sensitivity is None else round(sensitivity),
        focal=_number(inner, _BASE.FocalLength),
        film=film,
        place=_place(position),
        artist=_text(exif, _BASE.Artist),
        rights=_text(exif, _BASE.Copyright),
        description=_text(exif, _BASE.ImageDescription),
        software=_text(exif, _BASE.Software),
    )


def _first(words: str) -> str:
    return words.partition(" ")[0].casefold()


def _text(part: Mapping[int, Any], tag: int) -> str:
    value = part.get(tag, "")
    return " ".join(as_meant(value).replace("\0", " ").split()) if isinstance(value, str) else ""


def _number(part: Mapping[int, Any], tag: int) -> float | None:
    """One above 0."""
    value = part.get(tag)
    with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        number = float(value[0] if isinstance(value, tuple) else value)  # type: ignore[arg-type]
        if math.isfinite(number) and number > 0:
            return number
    return None


def _place(position: Mapping[int, Any]) -> tuple[float, float] | None:
    latitude = _degrees(position, _GPS.GPSLatitude, _GPS.GPSLatitudeRef, "S", 90)
    longitude = _degrees(position, _GPS.GPSLongitude, _GPS.GPSLongitudeRef, "W", 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(position: Mapping[int, Any], tag: int, side: int, negative: str, most: float) -> float | None:
    with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        degrees, minutes, seconds = (float(part) for part in position.get(tag, ()))
        value = degrees + minutes / 60 + seconds / 3600
        if 0 <= value <= most:  # not what is no number either
            return -value if str(position.get(side, "")).upper().startswith(negative) else value
    return None
