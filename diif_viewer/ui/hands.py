"""Events as hands make them, and waiting as people do: the window lives meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from diif_viewer.errors import DiifViewerError

PATIENCE = 120.0
"""Seconds after which waiting gives up."""


def wheel(canvas: QWidget, turn: int) -> QWheelEvent:
    """turn: 120 for a notch away from the hand, over the middle of the canvas."""
    middle = QPointF(canvas.rect().center())
    return QWheelEvent(
        middle,
        QPointF(canvas.mapToGlobal(middle)),
        QPoint(),
        QPoint(0, turn),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


def mouse(canvas: QWidget, kind: QEvent.Type, point: QPointF) -> QMouseEvent:
    """The left button at a point of the canvas."""
    left = Qt.MouseButton.LeftButton
    changed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else left
    return QMouseEvent(kind, point, canvas.mapToGlobal(point), changed, left, Qt.KeyboardModifier.NoModifier)


def pause(milliseconds: int) -> None:
    """Let the window live meanwhile."""
    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    timer.start(milliseconds)
    loop.exec()


def wait(fact: Callable[[], bool]) -> None:
    """Let the window live until `fact()` is true. Raises DiifViewerError when that takes longer than PATIENCE."""
    deadline = time.perf_counter() + PATIENCE
    while not fact():
        if time.perf_counter() > deadline:
            raise DiifViewerError("The window did not get there in time.")
        pause(2)
