"""Dragging a region in the real window, for whatever it is wanted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication


def test_a_dragged_region_is_exported(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.sharp()
    canvas = stage.window.canvas
    shown = stage.canvas_pixels()
    stage.window.actions_by_name["export_region"].trigger()
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 90))
    stage.qtbot.mouseMove(canvas, QPoint(260, 200))
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 200))
    stage.save()
    saved = np.asarray(Image.open(stage.export_path))
    assert saved.shape == (110, 160, 3)
    np.testing.assert_array_equal(saved, shown[90:200, 100:260])
    assert not canvas.choosing_region


@pytest.mark.parametrize("way", ["drag", "Enter"])
@pytest.mark.parametrize("name", ["export_region", "figure"])
def test_what_to_drag_is_said_as_long_as_that_is_waited_for(stage, photo, name, way):
    stage.show(photo)
    stage.sharp()
    canvas, notice = stage.window.canvas, stage.window.notice
    stage.window.actions_by_name[name].trigger()
    assert "Drag" in notice.text
    assert not notice._timer.isActive(), "somebody may take a while to choose"
    if way == "drag":
        stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 90))
        stage.qtbot.mouseMove(canvas, QPoint(260, 200))
        stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 200))
    else:
        stage.qtbot.keyClick(canvas, Qt.Key.Key_Return)
    dialog = stage.window.exporter.dialog or stage.window.figures.dialog
    assert notice.isHidden()
    dialog.reject()


def test_escape_in_the_middle_of_a_drag_chooses_no_region(stage, photo):
    stage.show(photo)
    stage.sharp()
    canvas, asked = stage.window.canvas, []
    canvas.export_region_asked.connect(lambda *points: asked.append(points))
    stage.window.actions_by_name["copy_region"].trigger()
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 90))
    stage.qtbot.mouseMove(canvas, QPoint(260, 200))
    stage.qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.choosing_region
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 200))
    assert not asked
    assert stage.window.notice.isHidden()


def test_two_quick_presses_begin_a_region_and_move_no_picture(stage, photo):
    stage.show(photo)
    stage.sharp()
    canvas, view = stage.window.canvas, stage.state.view
    stage.window.actions_by_name["copy_region"].trigger()
    stage.qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 90))  # the second press of two
    assert stage.state.view == view
    with stage.qtbot.waitSignal(stage.window.clipboard.copied):
        press = QMouseEvent(
            QEvent.Type.MouseButtonDblClick,
            QPointF(200, 90),
            QPointF(canvas.mapToGlobal(QPoint(200, 90))),
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(canvas, press)
        stage.qtbot.mouseMove(canvas, QPoint(260, 200))
        stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 200))
    assert stage.state.view == view


def test_after_a_mere_click_a_region_can_still_be_dragged(stage, photo):
    stage.show(photo)
    stage.sharp()
    canvas = stage.window.canvas
    stage.window.actions_by_name["copy_region"].trigger()
    stage.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 90))
    assert stage.window.notice.isVisible()
    assert canvas.choosing_region
    with stage.qtbot.waitSignal(stage.window.clipboard.copied):
        stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 90))
        stage.qtbot.mouseMove(canvas, QPoint(260, 200))
        stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 200))
    assert not canvas.choosing_region


def test_a_drag_ends_with_the_button_that_began_it(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "9")
    stage.rest()
    canvas, left = stage.window.canvas, stage.state.view.left
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    stage.qtbot.mouseClick(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(300, 100))
    stage.qtbot.mouseMove(canvas, QPoint(240, 100))
    assert stage.state.view.left == left + 60
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(240, 100))
    stage.qtbot.mouseMove(canvas, QPoint(180, 100))
    assert stage.state.view.left == left + 60
    stage.sharp()
