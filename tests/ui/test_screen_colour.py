"""The colours of a screen that says what it shows: painted for it, measured and saved as they are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from PySide6.QtCore import Qt
from PySide6.QtGui import QColorSpace, QImage

from diif_viewer.imaging.colour import srgb_profile
from diif_viewer.ui import screen_colour
from diif_viewer.ui.screen_colour import SCREEN
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import view_pixels

WIDE = bytes(QColorSpace(QColorSpace.NamedColorSpace.DisplayP3).iccProfile().data())


@pytest.fixture(autouse=True)
def plain_again():
    yield
    SCREEN.use(None)


def for_wide(pixels: np.ndarray) -> np.ndarray:
    """sRGB to the wide screen by another library."""
    target = ImageCms.ImageCmsProfile(io.BytesIO(WIDE))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    done = ImageCms.profileToProfile(Image.fromarray(pixels), ImageCms.createProfile("sRGB"), target, intent)
    return np.asarray(done)


def on_wide_screen(stage, monkeypatch):
    monkeypatch.setattr(screen_colour, "profile_of_screen", lambda *_: WIDE)
    stage.window.screen_watch.look()


@pytest.mark.parametrize("key", ["s", "n", "b"])
def test_a_wide_screen_gets_its_own_colours_and_the_numbers_stay(stage, photo, monkeypatch, key):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, f"{key}4")
    stage.sharp()
    before, window = view_pixels(stage)
    method = {"s": "diif-s-lite", "n": "nearest", "b": "bicubic"}[key]
    np.testing.assert_array_equal(before, expected(np.asarray(Image.open(photo)), method, 4.0, window))
    on_wide_screen(stage, monkeypatch)
    shown, _ = view_pixels(stage)
    assert np.abs(shown.astype(int) - before).max() > 20
    assert np.abs(shown.astype(int) - for_wide(before)).max() <= 2
    scene, view = stage.viewer.scene, stage.state.view
    image = scene.at_hand(0, method, view, window)
    assert image.pixelColor(5, 5).getRgb()[:3] == tuple(int(v) for v in before[5, 5]), "what is measured stays"
    stage.export()
    np.testing.assert_array_equal(np.asarray(Image.open(stage.export_path)), before)


def test_what_comes_later_is_converted_too(stage, photo, monkeypatch):
    stage.show(photo)
    on_wide_screen(stage, monkeypatch)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Right)  # takes tiles over from the view before
    stage.sharp()
    stage.rest()
    shown, window = view_pixels(stage)
    wanted = for_wide(expected(np.asarray(Image.open(photo)), "diif-s-lite", 8.0, window))
    assert np.abs(shown.astype(int) - wanted).max() <= 2


@pytest.mark.qt_log_ignore("fromIccProfile")
@pytest.mark.parametrize("profile", [None, srgb_profile(), b"no profile", WIDE[:200]])
def test_screens_that_say_nothing_or_are_srgb_get_the_pixels_as_they_are(qapp, profile):
    SCREEN.use(profile)
    ramp = np.repeat(np.arange(0, 256, 5, dtype=np.uint8), 3).reshape(1, -1, 3).copy()
    ramp[..., 1] = ramp[:, ::-1, 1]
    image = QImage(ramp.data, ramp.shape[1], 1, 3 * ramp.shape[1], QImage.Format.Format_RGB888)
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    made = SCREEN.shown(image)
    assert all(
        abs(a - b) <= 1
        for x in range(image.width())
        for a, b in zip(made.pixelColor(x, 0).getRgb(), image.pixelColor(x, 0).getRgb(), strict=True)
    )


def test_a_profile_is_asked_for_once_and_changes_nothing_the_second_time(qapp):
    assert SCREEN.use(WIDE)
    assert not SCREEN.use(WIDE)
    assert SCREEN.use(None)
