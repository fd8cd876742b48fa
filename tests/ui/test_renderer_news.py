"""The renderer ends in the middle of things: the window says so quietly, brings it back, or offers what can be done."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from diif_viewer.engine.messages import ViewRequest
from diif_viewer.ui.compare import Layout


def kill(stage) -> None:
    """End the newest renderer as the system does when memory runs out, and wait until the window knows."""
    number = len(stage.viewer.client.endings.codes)
    stage.fake.code = -9
    stage.fake.die()
    stage.until(lambda: len(stage.viewer.client.endings.codes) > number)


def test_one_death_is_one_quiet_line_and_the_view_becomes_sharp(stage, photo):
    stage.show(photo)
    stage.sharp()
    stage.gate.clear()
    stage.window.navigator.zoom_to(8.0)
    stage.until(lambda: bool(stage.fake.of_kind(ViewRequest)))
    view = stage.state.view
    kill(stage)
    stage.gate.set()
    stage.until(lambda: len(stage.fakes) == 2)
    stage.sharp()
    assert stage.state.view == view
    notice = stage.window.notice
    assert notice.isVisible()
    assert "started again" in notice.text
    assert not notice._action.isVisible()
    assert notice._timer.isActive(), "it goes by itself"


def stopped(stage, photo) -> None:
    """A window whose renderer has ended twice before it could show anything."""
    stage.show(photo)
    stage.sharp()
    stage.gate.clear()
    stage.window.navigator.zoom_to(8.0)
    kill(stage)
    stage.until(lambda: len(stage.fakes) == 2)
    kill(stage)
    stage.until(lambda: not stage.viewer.client.running)


def test_a_second_one_says_what_failed_and_offers_help(stage, photo):
    stopped(stage, photo)
    notice = stage.window.notice
    assert "memory runs out" in notice.text
    assert (notice._action.text(), notice._also.text()) == ("Restart it", "Copy diagnostics")
    stage.window.canvas.setFocus()
    QTest.mouseClick(notice._also, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "Renderer ended: SIGKILL, SIGKILL" in copied
    assert "memory runs out" in copied
    assert notice.isVisible()
    assert (notice._action.text(), notice._also.isVisible()) == ("Restart it", False)
    QTest.mouseClick(notice._action, Qt.MouseButton.LeftButton)
    assert not notice.isVisible() or "again" in notice.text
    stage.gate.set()
    stage.sharp()
    assert stage.window.focusWidget() is stage.window.canvas, "keys are the picture's, not the zoom box's"


@pytest.mark.parametrize("layout", [Layout.SPLIT, Layout.FOUR])
def test_every_pane_comes_back(stage, photo, layout):
    stage.show(photo)
    stage.sharp()
    stage.state.set_layout(layout)
    for pane, method in enumerate(("diif-s-lite", "diif-lite", "liif-lite", "bicubic")[: layout.panes]):
        stage.state.set_method(method, pane)
    stage.gate.clear()
    stage.window.navigator.zoom_to(6.0)
    stage.until(lambda: bool(stage.fake.of_kind(ViewRequest)))
    kill(stage)
    stage.state.set_split(0.3)  # the hand is still on the slider
    stage.gate.set()
    stage.sharp()
    assert all(status.sharp and status.sentence is None for status in stage.controller.statuses)
