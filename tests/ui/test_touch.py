"""Fingers on a touch screen, as events of the platform; and what a touchpad's wheel events mean one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from diif_viewer.ui.compare import Layout
from diif_viewer.ui.navigation import FLICK


@pytest.fixture(scope="module")
def screen(qapp):
    return QTest.createTouchDevice()


class Hand:
    """Fingers on the canvas of a stage. Each step is a list of (what, finger, x, y), x and y of the canvas."""

    def __init__(self, stage, screen) -> None:
        self.stage, self.screen = stage, screen

    def do(self, *fingers) -> None:
        window, canvas = self.stage.window, self.stage.window.canvas
        touch = QTest.touchEvent(window.windowHandle(), self.screen)
        for what, finger, x, y in fingers:
            getattr(touch, what)(finger, canvas.mapTo(window, QPoint(x, y)))
        touch.commit()
        QApplication.processEvents()

    def tap(self, x, y) -> None:
        self.do(("press", 0, x, y))
        self.do(("release", 0, x, y))


@pytest.fixture
def hand(stage, photo, screen) -> Hand:
    stage.show(photo)
    stage.sharp()
    stage.window.navigator.zoom_to(8.0)
    stage.rest()
    return Hand(stage, screen)


def under(stage, x, y):
    return stage.state.view.position_at((x, y))


@pytest.mark.parametrize("alone", [0, 5])
def test_a_pinch_keeps_under_each_finger_what_was_there(stage, hand, alone):
    """Also where the first finger was alone for a while, and had begun to move the picture."""
    hand.do(("press", 0, 280, 160))
    for step in range(1, alone + 1):
        hand.do(("move", 0, 280 + 4 * step, 160))
    start = 280 + 4 * alone
    left = under(stage, start, 160)
    hand.do(("move", 0, start, 160), ("press", 1, start + 60, 200))
    right = under(stage, start + 60, 200)
    for step in range(1, 16):
        hand.do(("move", 0, start - 4 * step, 160), ("move", 1, start + 60, 200 + 3 * step))
    ends = (start - 60, 160), (start + 60, 245)
    # one scale for both axes: it is the distance that tells it
    wanted = 8 * (120**2 + 85**2) ** 0.5 / (60**2 + 40**2) ** 0.5
    assert stage.state.view.scale == pytest.approx(wanted)
    middle = under(stage, *((a + b) / 2 for a, b in zip(*ends, strict=True)))
    assert middle == pytest.approx(((left[0] + right[0]) / 2, (left[1] + right[1]) / 2), abs=1e-6)
    hand.do(("release", 0, *ends[0]), ("release", 1, *ends[1]))
    stage.sharp()


def test_two_fingers_carry_the_picture_once(stage, hand):
    before = stage.state.view
    hand.do(("press", 0, 280, 160))
    hand.do(("move", 0, 280, 160), ("press", 1, 380, 160))
    for step in range(1, 11):
        hand.do(("move", 0, 280 - 4 * step, 160 + 2 * step), ("move", 1, 380 - 4 * step, 160 + 2 * step))
    assert stage.state.view == before.panned(40, -20)
    hand.do(("release", 1, 340, 180), ("move", 0, 240, 180))
    hand.do(("move", 0, 100, 100))  # the one that is left says nothing more
    hand.do(("release", 0, 100, 100))
    assert stage.state.view == before.panned(40, -20)


def test_one_finger_is_the_mouse(stage, hand):
    before = stage.state.view
    hand.do(("press", 0, 300, 200))
    hand.do(("move", 0, 250, 180))
    hand.do(("release", 0, 250, 180))
    assert stage.state.view == before.panned(50, 20)
    stage.window.actions_by_name["split"].trigger()
    assert stage.state.layout is Layout.SPLIT
    hand.do(("press", 0, 321, 200))
    hand.do(("move", 0, 160, 200))
    hand.do(("release", 0, 160, 200))
    assert stage.state.split == pytest.approx(0.25)


def test_two_taps_at_one_place_are_a_double_click(stage, hand):
    hand.tap(300, 200)
    hand.tap(304, 202)
    assert stage.state.view.is_fitted
    hand.tap(300, 200)
    hand.tap(400, 200)  # elsewhere
    assert stage.state.view.is_fitted


def test_a_finger_that_stays_opens_the_menu_and_the_next_touch_counts_again(stage, hand, monkeypatch):
    asked = []
    monkeypatch.setattr(stage.window.menu, "popup", asked.append)
    before, canvas = stage.state.view, stage.window.canvas
    hand.do(("press", 0, 300, 200))
    hand.do(("move", 0, 302, 201))
    trembled = stage.state.view
    stage.until(lambda: bool(asked))
    assert asked == [canvas.mapToGlobal(QPoint(300, 200))]
    hand.do(("move", 0, 200, 100))
    assert stage.state.view == trembled
    assert trembled == before.panned(-2, -1)
    hand.do(("release", 0, 200, 100))
    hand.do(("press", 0, 300, 200))
    hand.do(("move", 0, 250, 200))
    hand.do(("release", 0, 250, 200))
    assert stage.state.view == trembled.panned(50, 0)


def thrown(stage, hand, pause=0.0):
    """The view when a finger has gone 20 pixels to the left in each of ten hundredths of a second."""
    now = [10.0]
    stage.window.canvas.fingers._time_of = lambda _: now[0]
    stage.viewer.motion._clock = lambda: now[0]
    hand.do(("press", 0, 400, 200))
    for step in range(1, 11):
        now[0] += 0.01
        hand.do(("move", 0, 400 - 20 * step, 200))
    before = stage.state.view
    now[0] += pause
    hand.do(("release", 0, 200, 200))
    return before, now


def test_a_picture_that_a_finger_throws_rolls_on_and_is_caught_by_the_next_touch(stage, hand):
    stage.window.navigator.zoom_to(30.0)
    stage.rest()
    before, now = thrown(stage, hand)
    assert stage.viewer.motion.moving
    assert stage.state.view.left == pytest.approx(before.left + 2000 * FLICK / 3, rel=0.15)
    assert stage.state.view.top == before.top
    now[0] += FLICK / 20
    stage.viewer.motion._step()
    begun = stage.viewer.motion.shown.left - before.left
    assert begun == pytest.approx(2000 * FLICK / 20, rel=0.25), "as fast as the finger was"
    now[0] += FLICK / 4
    stage.viewer.motion._step()
    there = stage.viewer.motion.shown
    hand.do(("press", 0, 300, 200))
    assert not stage.viewer.motion.moving
    assert stage.state.view == there
    hand.do(("move", 0, 310, 200))
    hand.do(("move", 0, 310, 200))
    assert stage.state.view == there.panned(-10, 0)
    now[0] += 1.0
    hand.do(("release", 0, 310, 200))


def test_a_flick_ends_at_the_edge_and_by_itself(stage, hand):
    stage.window.navigator.pan(1e6, 0)
    edge = stage.state.view
    _, now = thrown(stage, hand)
    now[0] += FLICK
    stage.rest()
    assert stage.viewer.motion.shown.left == edge.left


def test_a_finger_that_stops_before_it_is_lifted_throws_nothing(stage, hand):
    before, _ = thrown(stage, hand, pause=0.3)
    assert not stage.viewer.motion.moving
    assert stage.state.view == before


def test_a_mouse_lays_the_picture_down_where_it_lets_go(stage, hand):
    canvas, left = stage.window.canvas, Qt.MouseButton.LeftButton
    stage.qtbot.mousePress(canvas, left, pos=QPoint(400, 200))
    for step in range(10):
        stage.qtbot.mouseMove(canvas, QPoint(400 - 20 * step, 200))
    before = stage.state.view
    stage.qtbot.mouseRelease(canvas, left, pos=QPoint(220, 200))
    assert stage.state.view == before
    assert not stage.viewer.motion.moving


CONTROL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
BEGIN, GO, END, ROLL = (
    Qt.ScrollPhase.ScrollBegin,
    Qt.ScrollPhase.ScrollUpdate,
    Qt.ScrollPhase.ScrollEnd,
    Qt.ScrollPhase.ScrollMomentum,
)


def scroll(stage, phase, down, modifiers=NONE) -> None:
    canvas, place = stage.window.canvas, QPointF(300, 200)
    turn = QPoint(0, down)
    event = QWheelEvent(
        place, canvas.mapToGlobal(place), turn, 2 * turn, Qt.MouseButton.NoButton, modifiers, phase, False
    )
    QApplication.sendEvent(canvas, event)


def test_a_zoom_by_two_fingers_ends_when_they_are_lifted(stage, hand):
    scroll(stage, BEGIN, 0, CONTROL)
    scroll(stage, GO, 20, CONTROL)
    scroll(stage, END, 0, CONTROL)
    zoomed = stage.state.view
    assert zoomed.scale > 8
    scroll(stage, ROLL, 15, CONTROL)
    scroll(stage, ROLL, 10)  # Ctrl was let go of: that does not make it a pan
    assert stage.state.view == zoomed


def test_a_pan_that_rolls_on_stays_a_pan_whatever_is_pressed(stage, hand):
    scroll(stage, BEGIN, 0)
    scroll(stage, GO, 10)
    scroll(stage, END, 0)
    before = stage.state.view
    scroll(stage, ROLL, 6)
    scroll(stage, ROLL, 4, CONTROL)
    assert stage.state.view == before.panned(0, -10)


def test_phases_that_say_nothing_do_nothing(stage, hand):
    before = stage.state.view
    for phase in (BEGIN, GO, END, ROLL, Qt.ScrollPhase.NoScrollPhase):
        for modifiers in (NONE, CONTROL):
            scroll(stage, phase, 0, modifiers)
    assert stage.state.view == before


def test_a_finger_presses_on_what_lies_on_the_picture(stage, hand, tmp_path):
    """Bars, badges, the overview and the frame of an export, as a mouse does; beside the frame it is the picture's."""
    frames = [Image.fromarray(np.full((60, 80, 3), 40 * k, np.uint8)) for k in range(3)]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    stage.show(tmp_path / "pages.tif")
    stage.until(lambda: stage.state.picture.pages == 3)
    window, canvas = stage.window, stage.window.canvas
    window.navigator.zoom_to(20.0)
    stage.rest()

    def place(widget, point=None) -> tuple[int, int]:
        there = widget.mapTo(canvas, widget.rect().center() if point is None else point)
        return there.x(), there.y()

    view = stage.state.view
    hand.tap(*place(window.overview, QPoint(10, 10)))
    assert stage.state.view != view
    hand.tap(*place(window.pages.next))
    stage.until(lambda: stage.state.picture.page == 1)
    window.navigator.zoom_to(None)
    stage.rest()
    window.exporter.export_region((20, 20, 50, 50))
    frame = window.exporter.frame
    box, middle = frame.box, frame.rect_of(frame.box).center().toPoint()
    x, y = place(frame, middle)
    hand.do(("press", 0, x, y))
    hand.do(("move", 0, x + 30, y))
    hand.do(("release", 0, x + 30, y))
    assert frame.box != box
    view, corner = stage.state.view, place(frame, QPoint(3, 3))
    hand.do(("press", 0, *corner), ("press", 1, corner[0] + 20, corner[1] + 60))
    hand.do(("move", 0, *corner), ("move", 1, corner[0] + 80, corner[1] + 160))
    hand.do(("release", 0, *corner), ("release", 1, corner[0] + 80, corner[1] + 160))
    assert stage.state.view.scale > view.scale
    window.exporter.dialog.reject()
