"""Colour truth: what a file's profile means is what is on screen and in what is saved from there."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColorSpace, QImage

from diif_viewer.engine.jobs import OwnColours
from diif_viewer.imaging.colour import profile_name
from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.save import save_png
from diif_viewer.paths import stamp_of
from diif_viewer.ui.export_choices import Choices, remember
from diif_viewer.ui.images import DARK, LIGHT, opaque
from diif_viewer.ui.loader import _load
from tests.ui.conftest import to_array
from tests.ui.on_screen import view_pixels

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
    remember(Choices(srgb=True), stage.window.settings)
    stage.export()
    assert np.abs(by_qt(stage.export_path) - wanted).max() <= 2
    with Image.open(stage.export_path) as saved:
        assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(saved.info["icc_profile"])))
        np.testing.assert_array_equal(np.asarray(saved), shown)


@pytest.mark.parametrize("name", WIDE)
def test_an_export_keeps_the_colours_of_the_file(stage, tmp_path, name):
    """Those that sRGB has not as well: the file's own numbers, and its profile with them."""
    path, profile = tmp_path / "wide.png", bytes(QColorSpace(WIDE[name]).iccProfile())
    vivid = np.zeros((60, 80, 3), np.uint8)
    vivid[:, :40, 1], vivid[:, 40:, 0] = 255, 250
    Image.fromarray(vivid).save(path, icc_profile=profile)
    stage.show(path)
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    stage.sharp()
    stage.window.actions_by_name["export"].trigger()
    colours = stage.window.exporter.dialog.form.colours
    assert colours.isVisible()
    assert name in colours.currentText() or "Adobe" in colours.currentText()
    stage.save()
    with Image.open(stage.export_path) as saved:
        assert saved.info["icc_profile"] == profile
        np.testing.assert_array_equal(np.asarray(saved), vivid)


def test_sixteen_bits_with_a_profile_are_exported_with_sixteen(stage, tmp_path):
    """On screen they are eight of sRGB."""
    words = np.random.default_rng(1).integers(0, 65536, (40, 50, 3)).astype(np.uint16)
    path, profile = tmp_path / "deep.png", bytes(QColorSpace(WIDE["Adobe RGB"]).iccProfile())
    save_png(words, path, icc_profile=profile)
    stage.show(path)
    stage.sharp()
    stage.window.actions_by_name["export"].trigger()
    dialog = stage.window.exporter.dialog
    own = OwnColours(str(path), 0, stamp_of(path), profile, 16)
    assert (dialog.order().own, dialog.order().bits, dialog.order().icc_profile) == (own, 16, profile)
    dialog.form.colours.setCurrentIndex(1)  # as somebody does by hand
    assert dialog.order().own is None
    assert dialog.order().bits == 8
    assert "sRGB" in profile_name(dialog.order().icc_profile)


def test_a_format_that_makes_colour_of_grey_gets_srgb(stage, tmp_path):
    gamma = QColorSpace(QPointF(0.3127, 0.3290), QColorSpace.TransferFunction.Gamma, 1.2)
    path = tmp_path / "grey.png"
    Image.fromarray(np.full((40, 50), 100, np.uint8)).save(path, icc_profile=bytes(gamma.iccProfile()))
    stage.show(path)
    stage.sharp()
    stage.window.actions_by_name["export"].trigger()
    dialog = stage.window.exporter.dialog
    assert dialog.order().own is not None
    assert dialog.form.colours.isEnabled()
    dialog.name_file(tmp_path / "grey.webp")
    assert dialog.order().own is None
    assert not dialog.form.colours.isEnabled()
    assert dialog.form.colours.chosen == "srgb"
    dialog.name_file(tmp_path / "other.tif")
    assert dialog.order().own is not None, "what somebody chose is not forgotten"


def test_a_picture_in_srgb_has_no_choice_of_colours(stage, photo):
    stage.show(photo)
    stage.sharp()
    stage.window.actions_by_name["export"].trigger()
    assert not stage.window.exporter.dialog.form.colours.isVisible()


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
