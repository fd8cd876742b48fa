"""Colour: the papers' luminance, channels apart and together, profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from diif_viewer.imaging.colour import (
    collapse_grey,
    expand_grey,
    merge_alpha,
    rgb_to_y,
    split_alpha,
    to_8_bits,
    to_srgb,
)
from diif_viewer.imaging.load import Picture

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 7, 4), dtype=np.uint8)


def test_luminance_has_the_values_of_rgb2ycbcr() -> None:
    """MATLAB: white 235, black 16, and its documented coefficients for the primaries."""
    primaries = np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(rgb_to_y(primaries) * 255, [235, 16, 81.481, 144.553, 40.966], atol=1e-9)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_alpha_comes_apart_and_together(channels) -> None:
    pixels = PIXELS[..., :channels]
    colour, alpha = split_alpha(pixels)
    assert (alpha is not None) == (channels in (2, 4))
    assert colour.shape[2] in (1, 3)
    np.testing.assert_array_equal(merge_alpha(colour, alpha), pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_expands_and_collapses(dtype) -> None:
    grey = PIXELS[..., :1].astype(dtype)
    assert expand_grey(grey).shape == (6, 7, 3)
    np.testing.assert_array_equal(collapse_grey(expand_grey(grey)), grey)
    assert collapse_grey(np.array([[[0, 1, 1]]], np.uint8)).tolist() == [[[1]]]


def test_sixteen_bits_round_to_eight() -> None:
    words = np.array([[[0, 128, 129, 257 * 7, 65535 - 128, 65535 - 129]]], np.uint16)
    assert to_8_bits(words).tolist() == [[[0, 0, 1, 7, 255, 254]]]
    assert to_8_bits(PIXELS) is PIXELS


def srgb_bytes() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(pixels: np.ndarray, profile: bytes | None) -> Picture:
    return Picture(pixels, Path("a.png"), "PNG", icc_profile=profile)


def test_a_picture_without_profile_is_srgb_already() -> None:
    plain = picture(PIXELS, None)
    assert to_srgb(plain) is plain


def test_the_srgb_profile_changes_nothing_and_alpha_stays() -> None:
    converted = to_srgb(picture(PIXELS, srgb_bytes()))
    assert converted.icc_profile is None
    assert np.abs(converted.pixels[..., :3].astype(int) - PIXELS[..., :3]).max() <= 1
    np.testing.assert_array_equal(converted.pixels[..., 3], PIXELS[..., 3])


def swapped_primaries() -> bytes:
    """sRGB's profile with the tags of red and blue exchanged: its red is our blue."""
    return srgb_bytes().replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")


@pytest.mark.parametrize("depth", [1, 257])
def test_a_profile_is_obeyed(depth) -> None:
    red = np.zeros((2, 2, 3), np.uint8 if depth == 1 else np.uint16)
    red[..., 0] = 255 * depth
    converted = to_srgb(picture(red, swapped_primaries()))
    assert converted.pixels.dtype == np.uint8
    np.testing.assert_allclose(converted.pixels[0, 0], [0, 0, 255], atol=1)


def test_a_broken_profile_is_left_aside() -> None:
    converted = to_srgb(picture(PIXELS, b"no profile at all"))
    assert converted.icc_profile is None
    np.testing.assert_array_equal(converted.pixels, PIXELS)


def test_grey_stays_grey() -> None:
    lightness = ImageCms.createProfile("sRGB")
    assert lightness is not None
    grey = picture(PIXELS[..., :2], srgb_bytes())
    assert to_srgb(grey).pixels.shape == (6, 7, 2)
    assert Image.fromarray(to_srgb(grey).pixels).mode == "LA"
