"""Events as hands make them, and waiting as people do: the window lives meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from diif_viewer.errors import DiifViewerError

PATIENCE = 120.0
"""Seconds after which waiting gives up."""

LONGEST_ROUND = 1.0
"""Seconds that one look at the fact may take; what is beyond, the program spent stopped."""


_stopped = threading.Event()


def stop() -> None:
    """Whatever waits here raises KeyboardInterrupt, now and from now on. A signal handler may call this: one that
    raised by itself would often do so in a slot, where Qt passes over it."""
    _stopped.set()


def heed() -> None:
    """Raises KeyboardInterrupt after `stop`."""
    if _stopped.is_set():
        raise KeyboardInterrupt


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
    """Let the window live meanwhile. Raises KeyboardInterrupt after `stop`."""
    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    timer.start(milliseconds)
    loop.exec()
    heed()


def wait(fact: Callable[[], bool]) -> None:
    """Let the window live until `fact()` is true. Raises DiifViewerError when that takes longer than PATIENCE.

    Time in which the program itself was stopped (by a batch system, a suspended laptop) does not count: what is waited
    for was stopped as well.
    """
    spent, before = 0.0, time.perf_counter()
    while not fact():
        pause(2)
        now = time.perf_counter()
        spent, before = spent + min(now - before, LONGEST_ROUND), now
        if spent > PATIENCE:
            raise DiifViewerError("The window did not get there in time.")
