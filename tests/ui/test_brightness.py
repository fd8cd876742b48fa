"""Brighter and darker: painted so, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage

from diif_viewer.ui.compare import Layout
from diif_viewer.ui.screen_colour import SCREEN, brighter
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import view_pixels
from tests.ui.test_screen_colour import for_wide, on_wide_screen


@pytest.fixture(autouse=True)
def plain_again():
    yield
    SCREEN.brighten(0.0)
    SCREEN.use(None)


def lit(pixels: np.ndarray, stops: float) -> np.ndarray:
    """By the formula of IEC 61966-2-1, in float64."""
    levels = pixels.astype(float) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4) * 2.0**stops
    light = np.minimum(light, 1.0)
    coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.rint(255 * coded).astype(np.uint8)


def press(stage, key: Qt.Key, times: int = 1) -> None:
    for _ in range(times):
        stage.qtbot.keyClick(stage.window.canvas, key, Qt.KeyboardModifier.ControlModifier)


@pytest.mark.parametrize("stops", [-4.0, -0.5, 0.5, 2.0, 8.0])
def test_light_is_doubled_and_white_is_the_end(stops):
    table = np.array(brighter(stops), np.uint8).reshape(4, 256)
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(table[:3], np.tile(lit(every, stops), (3, 1)))
    np.testing.assert_array_equal(table[3], every, "the alpha of tiles that are missing")


@pytest.mark.parametrize("key", ["s", "n", "b"])
def test_what_is_painted_gets_brighter_and_what_is_saved_does_not(stage, photo, key):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, f"{key}4")
    stage.sharp()
    before, window = view_pixels(stage)
    press(stage, Qt.Key.Key_Up, 3)
    assert SCREEN.stops == 1.5
    shown, _ = view_pixels(stage)
    np.testing.assert_array_equal(shown, lit(before, 1.5))
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Right)  # what comes later, and what is taken over
    stage.sharp()
    stage.rest()
    later, window = view_pixels(stage)
    method = {"s": "diif-s-lite", "n": "nearest", "b": "bicubic"}[key]
    wanted = expected(np.asarray(Image.open(photo)), method, 4.0, window)
    np.testing.assert_array_equal(later, lit(wanted, 1.5))
    stage.export()
    np.testing.assert_array_equal(np.asarray(Image.open(stage.export_path)), wanted)
    stage.window.actions_by_name["as_bright_as_it_is"].trigger()
    np.testing.assert_array_equal(view_pixels(stage)[0], wanted)


def test_it_ends_somewhere_and_is_told(stage, photo, tmp_path):
    stage.show(photo)
    actions = stage.window.actions_by_name
    assert not actions["as_bright_as_it_is"].isEnabled()
    press(stage, Qt.Key.Key_Down, 20)
    assert SCREEN.stops == -4
    assert stage.window.canvas.brightness == "−4 EV"
    press(stage, Qt.Key.Key_Up, 40)
    assert SCREEN.stops == 8
    assert stage.window.report.facts("", "")["brightness"] == 8
    json.dumps(stage.window.report.facts("", ""))
    assert actions["as_bright_as_it_is"].isEnabled()
    press(stage, Qt.Key.Key_Home)
    assert SCREEN.stops == 0
    assert stage.window.canvas.brightness == ""
    press(stage, Qt.Key.Key_Up)
    assert stage.window.canvas.brightness == "+0.5 EV"


def test_the_chip_is_painted_and_goes(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "1")  # the picture leaves the corner free
    stage.sharp()
    stage.rest()
    before = stage.window.canvas.grab().toImage()
    press(stage, Qt.Key.Key_Up)
    press(stage, Qt.Key.Key_Down)
    assert stage.window.canvas.grab().toImage() == before
    press(stage, Qt.Key.Key_Down)
    place = QRect(14, 48, 40, 18)
    assert stage.window.canvas.grab().toImage().copy(place) != before.copy(place)


def test_a_new_window_begins_with_what_the_file_says(stage, photo):
    stage.show(photo)
    press(stage, Qt.Key.Key_Up, 2)
    assert SCREEN.stops == 1
    type(stage.window.brightness)(stage.viewer)
    assert SCREEN.stops == 0


def test_every_pane_is_lit_and_the_difference_is_not(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    stage.state.set_layout(Layout.DIFFERENCE)
    stage.sharp()
    stage.rest()
    canvas = stage.window.canvas
    stage.until(lambda: bool(stage.viewer.scene._frames.get("difference")))
    before = canvas.grab().toImage()
    press(stage, Qt.Key.Key_Up, 4)
    assert canvas.grab().toImage() == before
    stage.state.set_layout(Layout.TWO)
    stage.sharp()
    stage.rest()
    for area in stage.controller.areas:
        shown = canvas.grab().toImage()
        press(stage, Qt.Key.Key_Home)
        plain = canvas.grab().toImage()
        press(stage, Qt.Key.Key_Up, 4)
        x, y = (area.view.left + area.view.right) // 2, (area.view.top + area.view.bottom) // 2
        colours = [np.array(image.pixelColor(x, y).getRgb()[:3]) for image in (plain, shown)]
        np.testing.assert_array_equal(colours[1], lit(colours[0], 2.0))


def test_the_colours_of_the_screen_come_after_it(stage, photo, monkeypatch):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "s4")
    stage.sharp()
    before, _ = view_pixels(stage)
    on_wide_screen(stage, monkeypatch)
    press(stage, Qt.Key.Key_Up, 2)
    shown, _ = view_pixels(stage)
    assert np.abs(shown.astype(int) - for_wide(lit(before, 1.0))).max() <= 2


def test_a_preview_in_a_dialog_is_as_bright_as_its_file(qapp):
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(0x404040)
    SCREEN.brighten(2.0)
    assert SCREEN.plain(image).pixelColor(1, 1).red() == 0x40
    assert SCREEN.converted(image).pixelColor(1, 1).red() > 0x60
