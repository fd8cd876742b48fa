"""Colour and alpha: luminance as the papers measure it, channels apart and together, sRGB, 8 bits."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from diif_viewer.imaging.load import Picture

Pixels = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_STRIP = 256  # rows


def rgb_to_y(rgb: Pixels) -> Floats:
    """Luminance Y' of ITU-R BT.601 in studio swing, as the super-resolution papers compute PSNR.

    rgb: (..., 3) in [0, 1]. -> (...), 16/255 for black to 235/255 for white (MATLAB's rgb2ycbcr).
    """
    values: Floats = (rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) + 16.0) / 255.0
    return values


def split_alpha(pixels: Pixels) -> tuple[Pixels, Pixels | None]:
    """HWC of 1 to 4 channels -> (colour of 1 or 3 channels, alpha (H, W, 1) or None); views."""
    if pixels.shape[2] in (2, 4):
        return pixels[..., :-1], pixels[..., -1:]
    return pixels, None


def merge_alpha(colour: Pixels, alpha: Pixels | None) -> Pixels:
    """The inverse of `split_alpha`; both of one dtype."""
    return colour if alpha is None else np.concatenate([colour, alpha], axis=-1)


def expand_grey(colour: Pixels) -> Pixels:
    """(H, W, 1) -> (H, W, 3) by repetition; three channels stay as they are."""
    return np.repeat(colour, 3, axis=-1) if colour.shape[-1] == 1 else colour


def collapse_grey(rgb: Pixels) -> Pixels:
    """(H, W, 3) -> (H, W, 1): the mean of the channels, rounded for integers; the inverse of `expand_grey`."""
    mean = rgb.astype(np.float64).mean(axis=-1, keepdims=True)
    return np.asarray((np.floor(mean + 0.5) if rgb.dtype.kind == "u" else mean).astype(rgb.dtype))


def over(pixels: npt.NDArray[np.uint8], background: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """1 to 4 channels of bytes as RGB, laid over the background."""
    colour, alpha = split_alpha(pixels)
    rgb: npt.NDArray[np.uint8] = expand_grey(colour)
    return rgb if alpha is None else mixed(np.array(background, np.uint8), rgb, alpha.astype(np.float32) / 255)


def mixed(under: Pixels, above: Pixels, share: Pixels | float) -> npt.NDArray[np.uint8]:
    """Bytes of which `share` (0 to 1) are `above`, rounded."""
    values = under + np.asarray(share, np.float32) * (above.astype(np.float32) - under)
    return np.asarray((values + 0.5).astype(np.uint8))


def to_8_bits(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """uint16 to uint8, rounded to the nearest of 256 levels (65535 is 255); uint8 as it is."""
    if pixels.dtype == np.uint8:
        return pixels
    assert pixels.dtype == np.uint16, pixels.dtype
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def to_srgb(picture: Picture) -> Picture:
    """The same picture in sRGB (relative colorimetric), without a profile.

    A picture without profile is sRGB already and is returned as it is, and so are the pixels (the very array) of one
    whose profile is sRGB's or cannot be read. Otherwise 16 bits become 8 (colour conversion works on 8). Alpha and grey
    stay. Needs the memory of the result and of a strip.
    """
    if picture.icc_profile is None:
        return picture
    channels = picture.pixels.shape[2]
    mode = "L" if channels < 3 else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(picture.icc_profile))
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        if _changes_nothing(transform, mode):
            return replace(picture, icc_profile=None)
        out = np.empty(picture.pixels.shape, np.uint8)
        for top in range(0, len(out), _STRIP):
            colour, alpha = split_alpha(to_8_bits(picture.pixels[top : top + _STRIP]))
            out[top : top + _STRIP] = merge_alpha(_converted(transform, colour), alpha)
    except (ImageCms.PyCMSError, OSError):
        return replace(picture, icc_profile=None)
    return replace(picture, pixels=out, icc_profile=None)


def profile_name(profile: bytes) -> str:
    """What an ICC profile calls itself ("Display P3"); "" where it does not say so."""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except (ImageCms.PyCMSError, OSError):
        return ""


def srgb_profile() -> bytes:
    """The ICC profile of sRGB, for RGB pictures."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _converted(transform: ImageCms.ImageCmsTransform, colour: Pixels) -> Pixels:
    """(H, W, 1 or 3) uint8 by `transform`, of the same shape."""
    grey = colour.shape[2] == 1
    image = Image.fromarray(np.ascontiguousarray(colour[..., 0] if grey else colour))
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    rgb = np.asarray(converted)
    return rgb[..., 1:2] if grey else rgb


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """True when no colour moves by more than one level: the profile is sRGB's, whatever it is called."""
    ramp = np.arange(256, dtype=np.uint8)
    if mode == "L":
        probe = ramp[:, None, None]  # (256, 1, 1)
    else:
        probe = np.stack(np.meshgrid(*3 * [ramp[::15]], indexing="ij"), axis=-1).reshape(18, -1, 3)
    return int(np.abs(_converted(transform, probe).astype(np.int16) - probe).max()) <= 1
