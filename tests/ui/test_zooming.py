"""Zooming and moving in the real window: wheel, fingers, keys, the zoom box, and where the picture stays meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton

from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source, turn_wheel, view_pixels


def two_fingers(canvas, pixels, modifiers=Qt.KeyboardModifier.NoModifier):
    position = QPoint(300, 200)
    event = QWheelEvent(
        QPointF(position),
        QPointF(canvas.mapToGlobal(position)),
        pixels,
        pixels * 2,
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.ScrollUpdate,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_the_wheel_zooms_about_the_cursor(stage, photo):
    stage.show(photo)
    stage.sharp()
    cursor = QPoint(320, 174)
    before = stage.state.view.position_at((320, 174))
    scale = stage.state.view.scale
    for _ in range(7):
        turn_wheel(stage.window.canvas, cursor, 120)
    assert stage.state.view.scale == pytest.approx(scale * 1.25**7)
    assert stage.state.view.position_at((320, 174)) == pytest.approx(before, abs=1e-9)
    stage.sharp()
    assert stage.viewer.motion.shown == stage.state.view.rested()
    shown, window = view_pixels(stage)
    np.testing.assert_array_equal(shown, expected(source(photo), "diif-s-lite", stage.state.view.scale, window))


def test_the_anchor_holds_where_the_picture_was_centred_first(stage, photo):
    stage.show(photo)
    stage.rest()
    before = stage.viewer.motion.shown.position_at((100, 174))
    one_pixel = 1 / stage.viewer.motion.shown.scale
    for _ in range(3):  # the first notch cannot keep the point: the picture fills the view before it moves
        turn_wheel(stage.window.canvas, QPoint(100, 174), 120)
    stage.rest()
    for _ in range(8):
        turn_wheel(stage.window.canvas, QPoint(100, 174), 120)
    assert stage.state.view.position_at((100, 174)) == pytest.approx(before, abs=1.5 * one_pixel)


def test_what_was_under_the_cursor_comes_back_to_it_when_the_picture_has_filled_the_view(stage, photo, tmp_path):
    tall = tmp_path / "tall.png"
    Image.open(photo).resize((300, 1200)).save(tall)
    stage.show(tall)
    stage.rest()
    cursor, now = QPoint(300, 174), [0.0]
    stage.window.navigator._clock = lambda: now[0]
    before = stage.state.view.position_at((300, 174))
    for _ in range(8):  # one at a time: the picture stands in the middle for the first of them
        turn_wheel(stage.window.canvas, cursor, 120)
        stage.viewer.motion.stop()
        now[0] += 0.5
    assert stage.state.view.position_at((300, 174)) != pytest.approx(before, abs=1)
    for _ in range(4):
        turn_wheel(stage.window.canvas, cursor, 120)
        stage.viewer.motion.stop()
    assert stage.state.view.position_at((300, 174)) == pytest.approx(before, abs=1e-6)
    # after a rest, what is under the cursor now is what somebody means
    stage.window.navigator.zoom_to(None)
    stage.viewer.motion.stop()
    turn_wheel(stage.window.canvas, cursor, 120)
    stage.viewer.motion.stop()
    now[0] += 5
    seen = stage.state.view.position_at((300, 174))
    for _ in range(14):
        turn_wheel(stage.window.canvas, cursor, 120)
    assert stage.state.view.position_at((300, 174)) == pytest.approx(seen, abs=1e-6)


def test_small_and_modified_wheel_steps_are_proportional(stage, photo):
    stage.show(photo)
    scale = stage.state.view.scale
    turn_wheel(stage.window.canvas, QPoint(300, 200), 30)
    assert stage.state.view.scale == pytest.approx(scale * 1.25**0.25)
    turn_wheel(stage.window.canvas, QPoint(300, 200), 120, Qt.KeyboardModifier.ShiftModifier)
    assert stage.state.view.scale == pytest.approx(scale * 1.25**0.5)
    turn_wheel(stage.window.canvas, QPoint(300, 200), 120, Qt.KeyboardModifier.ControlModifier)
    assert stage.state.view.scale == pytest.approx(scale * 1.25**3.5)
    turn_wheel(stage.window.canvas, QPoint(300, 200), 0)
    assert stage.state.view.scale == pytest.approx(scale * 1.25**3.5)


def test_two_fingers_move_and_with_ctrl_zoom_in_proportion(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "9")
    view = stage.state.view
    two_fingers(stage.window.canvas, QPoint(-14, -9))
    assert stage.state.view == view.panned(14, 9)
    view = stage.state.view
    two_fingers(stage.window.canvas, QPoint(0, -10), Qt.KeyboardModifier.ControlModifier)
    two_fingers(stage.window.canvas, QPoint(0, -10), Qt.KeyboardModifier.ControlModifier)
    once = stage.state.view
    assert once.scale < view.scale
    assert once.position_at((300, 200)) == pytest.approx(view.position_at((300, 200)), abs=0.05)
    two_fingers(stage.window.canvas, QPoint(0, 20), Qt.KeyboardModifier.ControlModifier)
    assert stage.state.view.scale == pytest.approx(view.scale)


def test_a_pinch_zooms_about_its_middle(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.rest()
    view, canvas = stage.state.view, stage.window.canvas
    position = QPointF(320, 170)
    pinch = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        position,
        position,
        canvas.mapToGlobal(position),
        0.1,
        QPointF(),
    )
    QApplication.sendEvent(canvas, pinch)
    assert stage.state.view.scale == pytest.approx(8 * 1.1)
    assert stage.state.view.position_at((320, 170)) == pytest.approx(view.position_at((320, 170)), abs=0.13)


def test_shift_and_drag_zoom_to_a_region(stage, photo):
    stage.show(photo)
    stage.rest()
    view, canvas = stage.viewer.motion.shown, stage.window.canvas
    shift = Qt.KeyboardModifier.ShiftModifier
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, shift, QPoint(200, 100))
    stage.qtbot.mouseMove(canvas, QPoint(300, 150))
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, shift, QPoint(300, 150))
    assert stage.state.view.scale == pytest.approx(view.scale * 6.4)
    middle = stage.state.view.position_at((320, stage.state.view.view_height / 2))
    assert middle == pytest.approx(view.position_at((250, 125)))
    stage.sharp()


def test_zoom_has_soft_ends(stage, photo):
    stage.show(photo)
    for _ in range(60):
        turn_wheel(stage.window.canvas, QPoint(300, 200), 120)
    assert stage.state.view.scale == 64
    for _ in range(120):
        turn_wheel(stage.window.canvas, QPoint(300, 200), -120)
    assert stage.state.view.scale == 1


@pytest.mark.parametrize(("key", "scale"), [("1", 1), ("2", 2), ("3", 3), ("4", 4), ("5", 6), ("6", 8), ("9", 30)])
def test_digits_choose_the_zoom(stage, photo, key, scale):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, key)
    assert stage.state.view.scale == scale
    stage.qtbot.keyClicks(stage.window.canvas, "0")
    assert stage.state.view.is_fitted


@pytest.mark.parametrize("text", ["x12.5", "12.5", "1250 %", " 1250% ", "12,5"])
def test_the_zoom_box_takes_what_people_type(stage, photo, text):
    stage.show(photo)
    box = stage.window.tools.zoom_box
    stage.qtbot.keyClicks(stage.window.canvas, "X")
    stage.qtbot.keyClicks(box, text)
    stage.qtbot.keyClick(box, Qt.Key.Key_Return)
    assert stage.state.view.scale == 12.5
    assert box.text() == "x12.5"
    assert box.isVisible()


@pytest.mark.qt_log_ignore("does not support (raise|grabbing the keyboard|propagateSizeHints)")
def test_the_zoom_box_offers_the_zooms_that_have_keys(stage, photo):
    stage.show(photo)
    box = stage.window.tools.zoom_box
    assert [action.text() for action in box.menu.actions()][-1] == "Zoom x30"
    arrow = next(button for button in box.findChildren(QToolButton) if button.toolTip() == "Zooms")
    stage.qtbot.mouseClick(arrow, Qt.MouseButton.LeftButton)
    stage.until(box.menu.isVisible)
    stage.qtbot.keyClick(box.menu, Qt.Key.Key_Up)  # the last one
    stage.qtbot.keyClick(box.menu, Qt.Key.Key_Return)
    assert stage.state.view.scale == 30
    before = stage.state.view
    box.setFocus()
    stage.qtbot.keyClick(box, Qt.Key.Key_Down)
    stage.until(box.menu.isVisible)
    stage.qtbot.keyClick(box.menu, Qt.Key.Key_Escape)
    assert stage.state.view == before


def test_nonsense_in_the_zoom_box_changes_nothing(stage, photo):
    stage.show(photo)
    scale = stage.state.view.scale
    box = stage.window.tools.zoom_box
    box.selectAll()
    stage.qtbot.keyClicks(box, "wide")
    stage.qtbot.keyClick(box, Qt.Key.Key_Return)
    assert stage.state.view.scale == scale


def test_double_click_toggles_fit_and_one_to_one(stage, photo):
    stage.show(photo)
    stage.qtbot.mouseDClick(stage.window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    assert stage.state.view.scale == 1
    stage.rest()
    stage.qtbot.mouseDClick(stage.window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    assert stage.state.view.is_fitted


def test_arrow_keys_move(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "9")
    view = stage.state.view
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Right)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Down)
    assert stage.state.view.left > view.left
    assert stage.state.view.top > view.top
    assert stage.state.view.scale == 30
