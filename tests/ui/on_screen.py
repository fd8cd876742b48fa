"""What the real window shows, and a wheel to turn over it."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication


def turn_wheel(canvas, position, delta, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(position),
        QPointF(canvas.mapToGlobal(position)),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def view_pixels(stage, area=0):
    """(what one pane shows within the picture, its window of the lattice)."""
    view = stage.state.view.rested()
    part = stage.controller.areas[area]
    window = part.seen(view)
    shown = stage.canvas_pixels()
    top, left = window.top - int(view.top) + part.view.top, window.left - int(view.left) + part.view.left
    return shown[top : top + window.height, left : left + window.width], window


def assert_shows(shown, wanted, method="nearest"):
    """Equal; within one level where the stand-in's windows agree with its whole to one level only."""
    assert shown.shape == wanted.shape
    apart = np.abs(shown.astype(int) - wanted).max(initial=0)
    assert apart <= (0 if method in ("nearest", "diif-s-lite") else 1)


def source(photo):
    return np.asarray(Image.open(photo).convert("RGB"))
