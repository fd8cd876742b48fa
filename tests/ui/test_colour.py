"""Colour truth: what a file's profile means is what is on screen and in what is saved from there."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from PySide6.QtGui import QColorSpace, QImage

from diif_viewer.imaging.load import load_picture
from diif_viewer.ui.images import DARK, LIGHT, opaque
from diif_viewer.ui.loader import _load
from tests.ui.conftest import to_array
from tests.ui.test_window import view_pixels

WIDE = {
    "Display P3": QColorSpace.NamedColorSpace.DisplayP3,
    "Adobe RGB": QColorSpace.NamedColorSpace.AdobeRgb,
}


def by_qt(path) -> np.ndarray:
    """An independent reader: Qt's own decoder and its own colour management, to sRGB. (H, W, 3)."""
    image = QImage(str(path))
    if image.colorSpace().isValid():
        image = image.convertedToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    return to_array(image.convertToFormat(QImage.Format.Format_RGB888)).astype(int)


def muted(shape=(60, 80)) -> np.ndarray:
    """Colours that sRGB can hold when they are meant in a wider space."""
    dice = np.random.default_rng(3)
    return dice.integers(90, 166, (*shape, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", WIDE)
def test_a_wide_picture_is_shown_and_saved_in_its_true_colours(stage, tmp_path, name):
    path = tmp_path / "wide.png"
    Image.fromarray(muted()).save(path, icc_profile=bytes(QColorSpace(WIDE[name]).iccProfile()))
    wanted = by_qt(path)
    assert np.abs(wanted - muted()).max() > 8, "the profile matters"
    stage.show(path)
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    stage.sharp()
    shown, window = view_pixels(stage)
    assert (window.height, window.width) == (60, 80)
    assert np.abs(shown - wanted).max() <= 2
    stage.export()
    assert np.abs(by_qt(stage.export_path) - wanted).max() <= 2
    with Image.open(stage.export_path) as saved:
        assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(saved.info["icc_profile"])))
        np.testing.assert_array_equal(np.asarray(saved), shown)


def test_a_picture_in_srgb_is_not_touched(tmp_path):
    profile = bytes(QColorSpace(QColorSpace.NamedColorSpace.SRgb).iccProfile())
    path = tmp_path / "tagged.png"
    Image.fromarray(muted()).save(path, icc_profile=profile)
    pixels, source, kept, *_ = _load(path, 0)
    np.testing.assert_array_equal(pixels, muted())
    assert source.pixels is pixels
    assert kept.icc_profile == profile == load_picture(path).icc_profile


def test_a_picture_without_profile_gives_files_without_profile(stage, photo):
    stage.show(photo)
    stage.sharp()
    stage.export()
    with Image.open(stage.export_path) as saved:
        assert "icc_profile" not in saved.info


def test_sixteen_bits_in_srgb_stay_sixteen(tmp_path):
    words = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    path = tmp_path / "deep.png"
    Image.fromarray(words).save(path)
    pixels, *_ = _load(path, 0)
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels[..., 0], words)


def test_transparency_shows_the_checkerboard_and_grey_is_grey(stage, tmp_path):
    clear = np.zeros((30, 40, 2), np.uint8)
    clear[:, 20:, 0], clear[:, 20:, 1] = 180, 255
    path = tmp_path / "grey-alpha.png"
    Image.fromarray(clear).save(path)
    stage.show(path)
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    stage.sharp()
    shown, _ = view_pixels(stage)
    assert set(np.unique(shown[:, :20])) == {LIGHT, DARK}
    assert set(np.unique(shown[:, 20:])) == {180}
    assert not opaque(clear).hasAlphaChannel()
