"""Turning and mirroring in the real window: what is looked at stays in the middle, and everything knows how it lies."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColorSpace, QGuiApplication, QImage

from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.turns import FLIP, LEFT, MIRROR, RIGHT, UPRIGHT
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.loader import Sheet
from diif_viewer.ui.opening import PASTED
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import assert_shows, source, view_pixels
from tests.ui.test_files import other_photo
from tests.ui.test_guests import guest_in
from tests.ui.test_pages import on_page, page, scan  # noqa: F401
from tests.ui.test_playing import moving, playing  # noqa: F401
from tests.ui.test_session import starts  # noqa: F401

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
STEPS = {
    "turn_right": (Qt.Key.Key_Right, CONTROL, RIGHT),
    "turn_left": (Qt.Key.Key_Left, CONTROL, LEFT),
    "mirror": (Qt.Key.Key_H, SHIFT, MIRROR),
    "upside_down": (Qt.Key.Key_U, SHIFT, FLIP),
}


def laid(stage, turn):
    stage.until(lambda: stage.state.picture.turn == turn)


def middle(stage):
    """The place in the middle of the view, in [0, 1]."""
    view = stage.state.view
    x, y = view.position_at((view.view_width / 2, view.view_height / 2))
    return x / view.width, y / view.height


@pytest.mark.parametrize("name", STEPS)
def test_a_key_turns_the_picture_about_what_is_looked_at(stage, photo, name):
    key, modifier, turn = STEPS[name]
    stage.show(photo)
    assert stage.state.view.is_fitted
    stage.qtbot.keyClick(stage.window.canvas, key, modifier)
    laid(stage, turn)
    assert stage.state.view.is_fitted
    stage.qtbot.keyClicks(stage.window.canvas, "8")
    for _ in range(3):
        stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Right)
    stage.sharp()
    before = middle(stage)
    stage.qtbot.keyClick(stage.window.canvas, key, modifier)
    laid(stage, turn.then(turn))
    assert stage.state.view.scale == 16
    assert middle(stage) == pytest.approx(turn.of_place(*before), abs=0.01)
    stage.sharp()
    shown, window = view_pixels(stage)
    whole = turn.then(turn).of_pixels(source(photo))
    assert_shows(shown, expected(whole, "diif-s-lite", 16.0, window))


def test_it_stays_turned_when_it_is_read_again_and_when_one_comes_back_to_it(stage, photo, tmp_path):
    other = other_photo(tmp_path, "other.png")
    stage.show(photo)
    stage.window.actions_by_name["turn_right"].trigger()
    laid(stage, RIGHT)
    image = stage.state.picture.image
    stage.window.actions_by_name["reload"].trigger()
    stage.until(lambda: stage.state.picture.image != image)
    assert stage.state.picture.turn == RIGHT
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    assert stage.state.picture.turn == UPRIGHT
    stage.window.open_path(photo)
    stage.until(lambda: stage.state.picture.path == photo)
    np.testing.assert_array_equal(stage.state.picture.pixels, np.rot90(source(photo), -1))


def test_a_file_that_is_gone_can_still_be_turned(stage, photo):
    pixels = source(photo)
    stage.show(photo)
    photo.unlink()
    stage.window.actions_by_name["mirror"].trigger()
    laid(stage, MIRROR)
    np.testing.assert_array_equal(stage.state.picture.pixels, pixels[:, ::-1])


def test_two_turns_at_once_are_two_turns(stage, photo):
    stage.show(photo)
    for _ in range(2):
        stage.window.actions_by_name["turn_left"].trigger()
    laid(stage, LEFT.then(LEFT))
    np.testing.assert_array_equal(stage.state.picture.pixels, source(photo)[::-1, ::-1])


def test_what_was_pasted_turns_as_well_and_the_next_one_does_not(stage, photo):
    stage.show(photo)
    for name in ("turn_right", "turn_right", "mirror"):
        if stage.state.picture.path != PASTED:
            QGuiApplication.clipboard().setImage(QImage(str(photo)))
            stage.window.actions_by_name["paste"].trigger()
            stage.until(lambda: stage.state.picture.path == PASTED)
        stage.window.actions_by_name[name].trigger()
    turn = RIGHT.then(RIGHT).then(MIRROR)
    laid(stage, turn)
    np.testing.assert_array_equal(stage.state.picture.pixels, turn.of_pixels(source(photo)))
    stage.window.actions_by_name["paste"].trigger()
    laid(stage, UPRIGHT)
    QGuiApplication.clipboard().clear()


def test_all_pages_of_a_file_lie_alike(stage, scan):  # noqa: F811
    with stage.qtbot.waitSignal(stage.viewer.loader.read_ahead, timeout=20_000):
        stage.show(scan)
    with stage.qtbot.waitSignal(stage.viewer.loader.read_ahead, timeout=20_000) as ahead:
        stage.window.actions_by_name["turn_right"].trigger()
        stage.sharp()
    assert ahead.args == [Sheet(scan, 1, RIGHT)]
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown, SHIFT)
    stage.window.actions_by_name["turn_right"].trigger()  # while the page is on its way
    on_page(stage, 2)
    laid(stage, RIGHT.then(RIGHT))
    np.testing.assert_array_equal(stage.state.picture.pixels, page(1)[::-1, ::-1])


def test_what_moves_goes_on_moving(stage, moving):  # noqa: F811
    playing(stage, moving)
    stage.window.actions_by_name["turn_right"].trigger()
    laid(stage, RIGHT)
    turned = []
    stage.state.picture_changed.connect(lambda: turned.append(stage.state.picture))
    stage.until(lambda: len(turned) > 3)
    assert stage.window.player.playing
    for picture in turned[1:3]:
        wanted = np.rot90(load_picture(moving, page=picture.page).pixels, -1)
        np.testing.assert_array_equal(picture.pixels, wanted)


def test_a_guest_is_turned_in_its_pane_alone(stage, photo, tmp_path):
    other = other_photo(tmp_path, "other.png")
    stage.show(photo)
    stage.state.set_layout(Layout.TWO)
    guest_in(stage, 0, other)
    stage.state.set_active(0)
    for _ in range(2):
        stage.window.actions_by_name["turn_right"].trigger()
    stage.until(lambda: stage.controller.looks.picture(0).turn == RIGHT.then(RIGHT))
    assert stage.state.picture.turn == UPRIGHT
    np.testing.assert_array_equal(stage.controller.looks.picture(0).pixels, source(other)[::-1, ::-1])
    image = stage.controller.looks.picture(0).image
    stage.window.actions_by_name["reload"].trigger()
    stage.until(lambda: stage.controller.looks.picture(0).image != image)
    assert stage.controller.looks.picture(0).turn == RIGHT.then(RIGHT)


def test_a_turned_picture_ends_the_comparison_with_the_truth(stage, photo):
    stage.show(photo)
    stage.window.ground_truth.reduce(2.0)
    stage.until(lambda: stage.state.picture.reduced is not None)
    stage.qtbot.keyClicks(stage.window.canvas, "8")
    stage.rest()
    stage.window.actions_by_name["turn_right"].trigger()
    laid(stage, RIGHT)
    assert stage.state.picture.reduced is None
    assert stage.state.picture.pixels.shape == (120, 90, 3)
    assert stage.state.view.scale == 8, "the same place is as large as before"


def test_resolution_and_colours_of_its_own_turn_too(stage, tmp_path):
    path, profile = tmp_path / "own.png", bytes(QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb).iccProfile())
    Image.fromarray(page(3)).save(path, dpi=(100, 200), icc_profile=profile)
    stage.show(path)
    stage.window.actions_by_name["turn_right"].trigger()
    laid(stage, RIGHT)
    assert stage.state.picture.about.dpi == pytest.approx((200, 100), rel=1e-3)
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    stage.sharp()
    stage.export()
    with Image.open(stage.export_path) as saved:
        assert saved.info["icc_profile"] == profile
        assert saved.info["dpi"] == pytest.approx((200, 100), rel=1e-3)
        np.testing.assert_array_equal(np.asarray(saved), np.rot90(page(3), -1))


def test_the_next_start_brings_it_back_as_it_lay(starts, photo):  # noqa: F811
    one = starts()
    one.show(photo)
    one.window.actions_by_name["turn_left"].trigger()
    laid(one, LEFT)
    one.qtbot.keyClicks(one.window.canvas, "6")
    one.qtbot.keyClick(one.window.canvas, Qt.Key.Key_Down)
    one.rest()
    before = middle(one)
    two = starts()
    two.begin(None)
    two.until(lambda: two.state.picture is not None)
    assert two.state.picture.turn == LEFT
    assert two.state.view.scale == 8
    assert middle(two) == pytest.approx(before, abs=0.01)


def test_nothing_turns_where_there_is_nothing(stage):
    stage.show(None)
    assert not any(stage.window.actions_by_name[name].isEnabled() for name in STEPS)
    stage.window.opening.turn(RIGHT, None)
    assert not stage.viewer.loader.busy
