"""From an opened Pillow picture to upright HWC pixels of full depth. `imaging.load` turns the errors into sentences."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms

from diif_viewer.imaging import tiff_floats, tiff_segments
from diif_viewer.imaging.exif import exif_bytes, exif_of, resolution_of
from diif_viewer.imaging.raw import BYTES_PER_PIXEL, Developed
from diif_viewer.imaging.tiff_floats import Span
from diif_viewer.imaging.tiff_segments import first
from diif_viewer.imaging.turns import OF_EXIF

Pixels = npt.NDArray[Any]
Reopen = Callable[[], AbstractContextManager[Image.Image]]

_ORIENTATION = ExifTags.Base.Orientation
_DEFLATE_RATIO = 1032  # the most that zlib can expand
_PIXELS_PER_BYTE = 1 << 16  # more than any picture needs; a bare header promises far more
_BITS, _PHOTOMETRIC, _PLANES, _EXTRA = 258, 262, 284, 338  # tags of TIFF
_PREMULTIPLIED, _STRAIGHT = _ALPHAS = (1, 2)  # samples beyond the colours that are alpha
_WHITE_IS_ZERO = 0
_KEPT_TIFF_TAGS = ("ImageDescription", "Make", "Model", "Software", "DateTime", "Artist", "Copyright")


class Decoded(NamedTuple):
    """pixels: HWC uint8 or uint16. profile: ICC, of these pixels, or None. span: see `tiff_floats.Span`, or None."""

    pixels: Pixels
    profile: bytes | None
    span: Span | None = None


class DamagedError(Exception):
    """The file cannot hold what its header says; the text completes a sentence that begins with the file's name."""


def bytes_per_pixel(image: Image.Image) -> int:
    """Memory that decoding takes at its height, per pixel: Pillow's copy, ours, and one more for turning it."""
    if tiff_floats.is_floats(image):
        return tiff_floats.bytes_per_pixel(image)
    if isinstance(image, Developed):
        return BYTES_PER_PIXEL
    own = 4 if _is_keyed_grey(image) else {"1": 1, "L": 1, "I;16": 2, "I;16B": 2}.get(image.mode, 4)
    return own + 2 * (own if own < 4 else 8 if _is_deep(image) else 4)


def check_data(image: Image.Image, length: int) -> None:
    """Compare the declared size with the `length` of the file in bytes, cheaply. Raises DamagedError."""
    width, height = image.size
    promised, held = width * height, length * _PIXELS_PER_BYTE
    if image.format == "PNG":
        promised, held = height * math.ceil(width * _png_bits(image) / 8), length * _DEFLATE_RATIO
    elif image.format == "WEBP":
        return  # 38 bytes may hold any number of pixels of one colour
    elif image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        offsets, counts = (tags.get(a) or tags.get(b) or () for a, b in ((273, 324), (279, 325)))
        promised, held = max((o + c for o, c in zip(offsets, counts, strict=False)), default=length + 1), length
    if promised > held:
        raise DamagedError(f"the file ends too early for a picture of {width}x{height} pixels.")


def pixels(image: Image.Image, reopen: Reopen) -> Decoded:
    """Decode. reopen: opens the same file once more."""
    profile, span = image.info.get("icc_profile") or None, None
    if isinstance(image, Developed):
        return Decoded(image.pixels(), None)
    if tiff_floats.is_floats(image):
        decoded, span = _floats(image, reopen)
    elif _is_deep(image):
        decoded = _deep(image, reopen)
    elif image.mode.startswith("I") or image.mode == "F":
        decoded, span = _sixteen_bits(image)
    else:
        eight, profile = _eight_bits(image, profile)
        array = np.array(eight)
        decoded = array[..., None] if array.ndim == 2 else array
    return Decoded(decoded, fitting(profile, decoded.shape[2]), span)


def fitting(profile: bytes | None, channels: int) -> bytes | None:
    """An ICC profile if it is for pixels of so many channels, else None."""
    space = b"GRAY" if channels < 3 else b"RGB "
    return profile if profile and profile[16:20] == space else None


def kind(image: Image.Image) -> tuple[int, int]:
    """(channels, bits per channel) that `pixels` will give, told from the header alone."""
    deep, mode = _is_deep(image), image.mode
    grey = mode in ("1", "L", "LA", "La", "F") or mode.startswith("I") or (deep and _raw_mode(image).startswith("LA"))
    alpha = mode in ("LA", "La", "PA", "RGBA", "RGBa") or image.has_transparency_data
    single = mode.startswith("I") or mode == "F"  # 16 bits of grey
    return (1 if grey else 3) + (_is_keyed_grey(image) if single else alpha), 16 if deep or single else 8


def orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 (upright) to 8; 1 where there is none or it makes no sense."""
    try:
        value = exif_of(image).get(_ORIENTATION, 1)
    except Exception:  # broken metadata must not cost the picture
        return 1
    return value if value in range(1, 9) else 1


def upright(decoded: Pixels, image: Image.Image) -> tuple[Pixels, bytes | None]:
    """Apply the EXIF orientation: (contiguous pixels, the EXIF block without it or None)."""
    turned = OF_EXIF[orientation(image)].of_pixels(decoded)
    return np.ascontiguousarray(turned), _exif(image)


def dpi(image: Image.Image) -> tuple[float, float] | None:
    """Resolution in dots per inch (x, y), where the file names a sensible one, if only in its EXIF."""
    try:
        x, y = (float(v) for v in image.info.get("dpi") or resolution_of(exif_of(image)))
    except Exception:  # broken metadata must not cost the picture
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None


def _exif(image: Image.Image) -> bytes | None:
    try:
        exif = exif_of(image)
        if image.format == "TIFF":  # its tags describe the file: keep those about the picture
            kept = Image.Exif()
            for name in _KEPT_TIFF_TAGS:
                if (tag := ExifTags.Base[name].value) in exif:
                    kept[tag] = exif[tag]
            exif = kept
        return exif_bytes(exif, without=_ORIENTATION) if set(exif) - {_ORIENTATION} else None
    except Exception:  # broken metadata must not cost the picture
        return None


# ---- depth and colour ------------------------------------------------------------------------------------


def _raw_mode(image: Image.Image) -> str:
    """How the file packs its pixels, in Pillow's words ("RGB;16B"); empty where that is not known."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0].args if tiles else ""
    mode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return mode if isinstance(mode, str) else ""


def _png_bits(image: Image.Image) -> int:
    raw = _raw_mode(image)
    name, _, depth = raw.partition(";")
    return (
        len(name) * (16 if depth.startswith("16") else 8) if name in ("L", "LA", "RGB", "RGBA") and depth != "" else 1
    )


def _is_deep(image: Image.Image) -> bool:
    """Colour or alpha of 16 bits, which Pillow cuts to 8 without a word."""
    name, _, depth = _raw_mode(image).partition(";")
    if isinstance(image, Developed):
        return True
    if image.format not in ("PNG", "TIFF"):
        return False
    return (
        tiff_floats.is_floats(image)
        or _is_planes(image)
        or (depth[:2] == "16" and name in ("LA", "RGB", "RGBX", "RGBA"))
    )


def _is_keyed_grey(image: Image.Image) -> bool:
    """PNG of 16 bits of grey, one of which is transparent."""
    key = image.info.get("transparency")
    return image.format == "PNG" and image.mode.startswith("I") and isinstance(key, int)


def _is_planes(image: Image.Image) -> bool:
    """TIFF whose colours of 16 bits lie one behind the other, which Pillow takes for something else."""
    if image.format != "TIFF" or image.mode not in ("RGB", "RGBA", "RGBX"):
        return False
    return (first(image, _PLANES), first(image, _BITS)) == (2, 16)


def _planes(image: Image.Image, reopen: Reopen) -> Pixels:
    with reopen() as second:
        try:
            planes = tiff_segments.numbers(second.fp, image, "u")  # type: ignore[attr-defined]
        except ValueError as error:
            raise DamagedError("16 bits of colour in planes, compressed like this, cannot be read.") from error
    extra = first(image, _EXTRA)
    words = planes[..., : 3 + (extra in _ALPHAS)].copy()
    if extra == _PREMULTIPLIED:
        alpha = np.maximum(words[..., 3:], 1).astype(np.float64)
        words[..., :3] = np.minimum(np.round(words[..., :3] * (65535 / alpha)), 65535)
    return np.ascontiguousarray(words)


def _floats(image: Image.Image, reopen: Reopen) -> tuple[Pixels, Span | None]:
    with reopen() as second:
        try:
            return tiff_floats.read(second.fp, image)  # type: ignore[attr-defined]
        except ValueError as error:
            raise DamagedError("floating-point numbers, compressed like this, cannot be read.") from error


def _deep(image: Image.Image, reopen: Reopen) -> Pixels:
    """16 bits per channel: Pillow decodes the high bytes, then, told the other byte order, the low ones."""
    if _is_planes(image):
        return _planes(image, reopen)
    raw = _raw_mode(image)
    name, _, depth = raw.partition(";")
    if name == "LA":  # PNG: four bytes per pixel, which look like RGBA
        _unpack_as(image, "RGBA")
        four = np.array(image).astype(np.uint16)
        return four[..., 0::2] << 8 | four[..., 1::2]
    little = depth.endswith("L") or (depth.endswith("N") and struct.pack("=H", 1) == b"\1\0")
    opposite = f"{name};16{'B' if little else 'L'}"
    with reopen() as second:
        _unpack_as(second, opposite)
        low = np.array(second)
    words = np.array(image).astype(np.uint16) << 8
    words |= low
    key = image.info.get("transparency")
    if isinstance(key, tuple) and len(key) == words.shape[2] == 3:
        opaque = (words != np.array(key, np.uint16)).any(axis=2, keepdims=True)
        words = np.concatenate([words, opaque * np.uint16(65535)], axis=2)
    return words


def _unpack_as(image: Image.Image, raw: str) -> None:
    def changed(arguments: Any) -> Any:
        return (raw, *arguments[1:]) if isinstance(arguments, tuple) else raw

    image.tile = [tile._replace(args=changed(tile.args)) for tile in image.tile]  # type: ignore[attr-defined]


def _sixteen_bits(image: Image.Image) -> tuple[Pixels, Span | None]:
    """Grey of more than 8 bits over the full range of uint16, 0 black."""
    grey, span = _grey(image)
    if _is_keyed_grey(image):
        return np.concatenate([grey, (grey != image.info["transparency"]) * np.uint16(65535)], axis=2), span
    if image.format == "TIFF" and first(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        return 65535 - grey, span and span[::-1]
    return grey, span


def _grey(image: Image.Image) -> tuple[Pixels, Span | None]:
    """uint16 as it is, 12 bits and floats in [0, 1] over the full range; anything else stretched, and from what."""
    values = np.array(image)[..., None]
    if image.format == "TIFF" and first(image, _BITS) == 12:
        return np.asarray(np.round(values * (65535 / 4095)).astype(np.uint16)), None
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return values.astype(np.uint16), None
    if values.dtype == np.int32 and image.format == "TIFF" and (image.tag_v2.get(339) or (1,))[0] == 1:  # type: ignore[attr-defined]
        values = values.view(np.uint32)  # without sign, which Pillow overlooks
    numbers = values.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    numbers = np.nan_to_num(numbers, nan=min(max(0.0, low), high), posinf=high, neginf=low)
    if values.dtype.kind in "iu" and low >= 0 and high <= 65535:
        return values.astype(np.uint16), None
    span = None if values.dtype.kind == "f" and low >= 0 and high <= 1 else (low, high)
    low, high = span or (0.0, 1.0)
    return np.asarray(np.round((numbers - low) * (65535.0 / max(high - low, 1e-300))).astype(np.uint16)), span


def _eight_bits(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """As L, LA, RGB or RGBA, with the profile that still fits."""
    mode, keyed = image.mode, image.mode not in ("LA", "RGBA") and image.has_transparency_data
    if (mode in ("L", "RGB") and not keyed) or mode in ("LA", "RGBA"):
        return image, profile
    if mode == "CMYK":
        return _from_cmyk(image, profile), None
    if mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None
        return converted, None
    if "transparency" in image.info and (
        step := {"L;2": 85, "L;4": 17}.get(_raw_mode(image))
    ):  # Pillow stretches the pixels and not the key
        image.info["transparency"] *= step
    if mode in ("1", "L", "La"):
        return image.convert("LA" if keyed or mode == "La" else "L"), profile
    return image.convert("RGBA" if keyed or mode in ("PA", "RGBa") else "RGB"), profile


def _from_cmyk(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and profile[16:20] == b"CMYK":
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):  # a broken profile must not cost the picture
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")
