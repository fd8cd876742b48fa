"""Ways of comparing, in the real window: panes, splits, the lens, flipping."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QApplication

from diif_viewer.ui.actions import ACTIONS, LOOKS, ZOOMS
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.flip import PATIENCE
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import assert_shows, source, turn_wheel, view_pixels


def assert_pane_shows(stage, photo, area, method, part=np.s_[:, :]):
    shown, window = view_pixels(stage, area)
    wanted = expected(source(photo), method, stage.state.view.scale, window)
    assert_shows(shown[part], wanted[part], method)


def test_no_key_means_two_things():
    keys = Counter(QKeySequence(key).toString() for row in (*ACTIONS, *ZOOMS, *LOOKS) for key in row.keys)
    assert not [key for key, times in keys.items() if times > 1]


def test_four_panes_are_one_click_and_stay_in_step(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["four"].trigger()
    assert stage.state.methods == ("bicubic", "liif-lite", "diif-lite", "diif-s-lite")
    stage.sharp()
    parts = stage.controller.areas
    assert len({(part.clip.left, part.clip.top) for part in parts}) == 4
    assert len({(part.view.height, part.view.width) for part in parts}) == 1
    turn_wheel(stage.window.canvas, QPoint(parts[3].clip.left + 40, parts[3].clip.top + 60), 240)
    stage.sharp()
    for area, method in enumerate(stage.state.methods):
        assert_pane_shows(stage, photo, area, method, np.s_[:-4])  # the foot marks the active pane
    stage.window.badge_row.show(stage.controller.statuses, parts, Layout.FOUR, 3)
    corners = {(badge.x(), badge.y()) for badge in stage.window.badge_row.badges if badge.isVisible()}
    assert len(corners) == 4


def test_the_split_lies_across_too(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert stage.state.layout is Layout.STACKED
    stage.sharp()
    canvas = stage.window.canvas
    middle = canvas.height() // 2
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, middle))
    stage.qtbot.mouseMove(canvas, QPoint(110, middle + 50))
    assert canvas.cursor().shape() != Qt.CursorShape.ClosedHandCursor
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(110, middle + 50))
    assert stage.state.split == pytest.approx((middle + 50) / canvas.height())
    stage.sharp()
    for area, method in enumerate(stage.state.methods):
        assert_pane_shows(stage, photo, area, method, np.s_[20:-20, :150])  # beside the grip


def hold(stage, key=Qt.Key.Key_Space):
    stage.qtbot.keyPress(stage.window.canvas, key)


def let_go(stage, key=Qt.Key.Key_Space):
    stage.qtbot.keyRelease(stage.window.canvas, key)
    stage.until(lambda: not stage.state.flipped)


def test_holding_space_shows_the_method_looked_at_before(stage, photo):
    stage.show(photo)
    stage.sharp()
    view = stage.state.view
    stage.until(lambda: stage.controller.scene.has_frame("bicubic", view.scale, view.window))
    hold(stage)
    assert stage.state.methods == ("bicubic",)
    assert stage.controller.sharp, "the bicubic picture of the view is there already"
    assert_pane_shows(stage, photo, 0, "bicubic")
    assert stage.window.badge_row.badges[0].text.startswith("Bicubic")
    let_go(stage)
    assert stage.controller.sharp, "and so is the sharp one when the key goes up"
    assert_pane_shows(stage, photo, 0, "diif-s-lite")
    stage.qtbot.keyClicks(stage.window.canvas, "NL")
    stage.sharp()
    hold(stage)
    assert stage.state.methods == ("nearest",)
    let_go(stage)
    assert stage.state.methods == ("liif-lite",)


def test_flipping_asks_the_renderer_for_nothing_it_has_made_already(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "L")
    stage.sharp()
    stage.qtbot.keyClicks(stage.window.canvas, "S")
    stage.sharp()
    for _ in range(2):
        hold(stage)
        assert stage.controller.sharp
        assert_pane_shows(stage, photo, 0, "liif-lite")
        let_go(stage)
        assert stage.controller.sharp
        assert_pane_shows(stage, photo, 0, "diif-s-lite")


@pytest.mark.parametrize("layout", ["split", "two", "four"])
def test_flipping_moves_every_method_on_by_one_pane(stage, photo, layout):
    stage.show(photo)
    stage.window.actions_by_name[layout].trigger()
    chosen = stage.state.methods
    hold(stage)
    assert stage.state.methods == (*chosen[1:], chosen[0])
    assert stage.state.chosen == chosen
    let_go(stage)
    assert stage.state.methods == chosen
    stage.sharp()


def test_a_held_key_that_is_repeated_as_releases_and_presses_stays_held(stage, photo):
    stage.show(photo)
    hold(stage)
    seen = []
    stage.state.methods_changed.connect(lambda: seen.append(stage.state.flipped))
    for _ in range(3):
        stage.qtbot.keyRelease(stage.window.canvas, Qt.Key.Key_Space)  # as X11 sends them, marked as nothing else
        stage.qtbot.keyPress(stage.window.canvas, Qt.Key.Key_Space)
        stage.qtbot.wait(2 * PATIENCE)
    assert stage.state.flipped
    assert False not in seen
    let_go(stage)
    stage.sharp()


def test_a_window_that_loses_the_keyboard_flips_back(stage, photo):
    stage.show(photo)
    hold(stage)
    assert stage.state.flipped
    QApplication.sendEvent(stage.window, QFocusEvent(QFocusEvent.Type.WindowDeactivate))
    assert not stage.state.flipped
    stage.sharp()


def lens_pixels(stage):
    """What lies inside and what lies far outside the lens: two boolean masks of the canvas."""
    lens = stage.window.canvas.lens_place()
    height, width = stage.window.canvas.device_size()
    y, x = np.mgrid[0:height, 0:width] + 0.5
    far = np.hypot(x - lens.center().x(), y - lens.center().y())
    words = (abs(y - lens.bottom()) < 20) & (abs(x - lens.center().x()) < 60)
    return (far < lens.width() / 2 - 4) & ~words, (far > lens.width() / 2 + 4) & ~words


def test_the_lens_follows_the_cursor_and_shows_the_other_method(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F7)
    stage.sharp()
    assert stage.state.methods == ("bicubic", "diif-s-lite")
    for point, key in ((QPoint(200, 180), "."), (QPoint(420, 210), ",")):
        stage.qtbot.mouseMove(stage.window.canvas, point)
        stage.until(lambda point=point: stage.window.canvas.lens_place().center().toPoint() == point)
        stage.qtbot.keyClicks(stage.window.canvas, key)
        shown, window = view_pixels(stage)
        assert window == stage.state.view.window
        inside, outside = (mask[: shown.shape[0], : shown.shape[1]] for mask in lens_pixels(stage))
        assert inside.sum() > 20_000
        for mask, method in ((inside, "bicubic"), (outside, "diif-s-lite")):
            wanted = expected(source(photo), method, 8.0, window)
            assert_shows(shown[mask], wanted[mask], method)


@pytest.mark.parametrize("corner", [(0.004, 0.5), (0.996, 0.5), (0.5, 0.996), (0.996, 0.996)])
def test_the_words_at_the_lens_stay_on_the_canvas(stage, photo, corner, monkeypatch):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F7)
    stage.sharp()
    canvas, chips = stage.window.canvas, []
    fill = QPainter.fillRect
    monkeypatch.setattr(QPainter, "fillRect", lambda self, rect, *rest: (chips.append(rect), fill(self, rect, *rest)))
    stage.qtbot.mouseMove(canvas, QPoint(round(canvas.width() * corner[0]), round(canvas.height() * corner[1])))
    stage.until(lambda: any(isinstance(rect, QRect) and 0 < rect.height() < 30 for rect in chips))
    chips.clear()
    canvas.grab()
    (chip,) = (rect for rect in chips if isinstance(rect, QRect) and 0 < rect.height() < 30)
    assert chip.width() > 30
    assert canvas.rect().contains(chip)


def test_a_press_under_the_lens_leaves_the_active_pane_alone(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["lens"].trigger()
    stage.state.set_active(0)
    stage.qtbot.mouseClick(stage.window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert stage.state.active == 0
    stage.qtbot.keyClicks(stage.window.canvas, "L")
    assert stage.state.methods == ("liif-lite", "diif-s-lite")
    stage.sharp()


def difference_of(stage, photo, gain, *, signed):
    """What the map must show of the whole view, from what the panes are known to show."""
    window, scale = stage.state.view.window, stage.state.view.scale
    first, second = (expected(source(photo), method, scale, window).astype(int) for method in stage.state.methods)
    apart = (second - first) * gain
    return np.clip(apart + 128 if signed else np.abs(apart), 0, 255)


def assert_map_shows(stage, wanted, gain):
    """Within one level of each pane, whose stand-ins agree with their windows to one level only."""

    def agrees():
        shown, _ = view_pixels(stage)
        apart = np.abs(shown[80:].astype(int) - wanted[80:])  # below the note
        return apart.max() <= 2 * gain

    stage.until(agrees)


def test_the_difference_map_shows_what_two_methods_differ_in(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F8)
    stage.state.set_method("nearest", 0)
    stage.sharp()
    wanted = difference_of(stage, photo, 4, signed=False)
    assert wanted.std() > 10
    assert_map_shows(stage, wanted, 4)
    stage.qtbot.keyClicks(stage.window.canvas, ",")
    assert_map_shows(stage, difference_of(stage, photo, 2, signed=False), 2)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    assert stage.window.actions_by_name["signed"].isChecked()
    assert_map_shows(stage, difference_of(stage, photo, 2, signed=True), 2)
    assert stage.window.canvas.note == "Signed difference x2"
    for _ in range(9):
        stage.qtbot.keyClicks(stage.window.canvas, ".")
    assert stage.window.difference.gain == 32


def test_the_gain_of_a_difference_map_can_be_read(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["difference"].trigger()
    stage.qtbot.keyClicks(stage.window.canvas, "7")
    stage.sharp()
    said = stage.canvas_pixels()
    stage.window.canvas.note = ""
    marked = (said != stage.canvas_pixels()).any(axis=2)
    rows, columns = np.nonzero(marked)
    assert np.ptp(columns) > 60, "a few words"
    assert rows.max() < 80, "under the badge"
    assert columns.max() < 200


def test_the_difference_map_follows_the_view(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["difference"].trigger()
    stage.sharp()
    turn_wheel(stage.window.canvas, QPoint(200, 150), 480)
    stage.sharp()
    assert_map_shows(stage, difference_of(stage, photo, 4, signed=False), 4)
    stage.window.navigator.pan(70, 40)
    stage.sharp()
    assert_map_shows(stage, difference_of(stage, photo, 4, signed=False), 4)


def test_before_the_renderer_answers_the_map_compares_the_fallbacks(stage, photo):
    stage.gate.clear()
    stage.show(photo)
    stage.window.actions_by_name["difference"].trigger()
    stage.state.set_method("nearest", 0)
    stage.until(lambda: stage.controller.statuses[0].sharp)
    window, view = stage.state.view.window, stage.state.view
    names = "nearest", "bicubic"
    nearest, bicubic = (expected(source(photo), name, view.scale, window).astype(int) for name in names)
    assert_map_shows(stage, np.clip(np.abs(bicubic - nearest) * 4, 0, 255), 4)
    stage.gate.set()
    stage.sharp()
    assert_map_shows(stage, difference_of(stage, photo, 4, signed=False), 4)
