"""Fingers on a touch screen: one is the mouse's left button, two hold the picture, one that stays is a right click.

Qt's own pinch is not used: it never begins where the first finger was down alone for a moment, which it nearly always
was, and that finger moved the picture as a mouse meanwhile.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QEventPoint, QGuiApplication, QInputDevice, QMouseEvent, QTouchEvent
from PySide6.QtWidgets import QApplication, QWidget

NEAR = 24.0
"""Logical pixels that a finger may tremble by: two taps at one place, a finger that stays."""

NARROWEST = 8.0
"""Logical pixels between two fingers below which they do not zoom: too little to tell how far they went."""


JUST_NOW = 0.1
"""Seconds before a finger is lifted that its speed is taken from."""


class Hold(enum.Enum):
    """What the fingers on the screen do. SPENT: nothing more until all are lifted."""

    NONE = enum.auto()
    ONE = enum.auto()
    TWO = enum.auto()
    SPENT = enum.auto()


class Fingers(QObject):
    """Tells what fingers on `canvas` do; one finger reaches it as mouse events.

    moved (right, down): the fingers carried the picture, logical pixels. spread (QPointF, factor): they zoomed about
    this point of the canvas. broken_off (no payload): what one finger had begun does not count, a second one came.
    touched (no payload): the first finger is down. thrown (right, down): one finger is lifted while it goes so fast,
    logical pixels a second; it comes before the mouse is released.
    """

    moved = Signal(float, float)
    spread = Signal(object, float)
    broken_off = Signal()
    touched = Signal()
    thrown = Signal(float, float)

    def __init__(
        self,
        canvas: QWidget,
        covered: Callable[[QPointF], bool],
        time_of: Callable[[QTouchEvent], float] | None = None,
    ) -> None:
        """covered: does something else lie there and take what presses on it? time_of: when an event happened, in
        seconds; by default what the device says, however late it is read.
        """
        super().__init__(canvas)
        self._covered = covered
        self._canvas, self._time_of, self._now = canvas, time_of or _time_of, 0.0
        self._hold = Hold.NONE
        self._start = QPointF()
        self._path: deque[tuple[float, QPointF]] = deque(maxlen=12)
        self._ends = QPointF(), QPointF()
        self._tap: tuple[float, QPointF] | None = None
        self._staying = QTimer(self)
        self._staying.setSingleShot(True)
        self._staying.setInterval(QGuiApplication.styleHints().mousePressAndHoldInterval())
        self._staying.timeout.connect(self._stayed)
        canvas.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)

    def take(self, event: QTouchEvent) -> bool:
        """True when `event` was for us: touchpads tell of their fingers too, and have gestures of their own."""
        if event.device().type() != QInputDevice.DeviceType.TouchScreen:
            return False
        if event.type() == QEvent.Type.TouchBegin and self._covered(event.points()[0].position()):
            event.ignore()  # Qt makes a mouse of this finger, for what lies there
            return False
        event.accept()
        self._now = self._time_of(event)
        if event.type() == QEvent.Type.TouchBegin:
            self._hold = Hold.NONE  # a menu may have taken the end of the last touch
            self._path.clear()
            self.touched.emit()
        points = [point for point in event.points() if point.state() != QEventPoint.State.Released]
        if event.type() == QEvent.Type.TouchCancel:
            self._break_off()
        elif len(points) >= 2:
            self._two(points[0].position(), points[1].position())
        elif self._hold is Hold.TWO:
            self._hold = Hold.SPENT
        elif self._hold is not Hold.SPENT:
            self._one(event.points()[0], lifted=not points)
        if not points:
            self._hold = Hold.NONE
            self._staying.stop()
        return True

    def _one(self, finger: QEventPoint, *, lifted: bool) -> None:
        place = finger.position()
        if self._hold is Hold.NONE:
            self._hold = Hold.ONE
            self._start = place
            tap, self._tap = self._tap, (self._now, place)
            soon = QGuiApplication.styleHints().mouseDoubleClickInterval() / 1000
            twice = tap is not None and self._now - tap[0] <= soon and _apart(tap[1], place) <= NEAR
            if twice:
                self._tap = None
            self._staying.start()
            self._send(QEvent.Type.MouseButtonDblClick if twice else QEvent.Type.MouseButtonPress, place)
        elif not lifted:
            if _apart(self._start, place) > NEAR:
                self._staying.stop()
                self._tap = None
            self._path.append((self._now, place))
            self._send(QEvent.Type.MouseMove, place)
        if lifted:
            self._throw()
            self._send(QEvent.Type.MouseButtonRelease, place)

    def _throw(self) -> None:
        """Tell how fast the finger went in the end, if it went."""
        late = [(when, place) for when, place in self._path if self._now - when <= JUST_NOW]
        if len(late) >= 2 and (took := self._now - late[0][0]) > 0:
            way = late[-1][1] - late[0][1]
            self.thrown.emit(way.x() / took, way.y() / took)

    def _two(self, first: QPointF, second: QPointF) -> None:
        before, self._ends = self._ends, (first, second)
        if self._hold is not Hold.TWO:
            self._break_off()
            self._hold = Hold.TWO
            return
        middle, was = (first + second) * 0.5, (before[0] + before[1]) * 0.5
        self.moved.emit(middle.x() - was.x(), middle.y() - was.y())
        wide, narrow = _apart(first, second), _apart(*before)
        if min(wide, narrow) >= NARROWEST and wide != narrow:
            self.spread.emit(middle, wide / narrow)

    def _break_off(self) -> None:
        self._staying.stop()
        self._tap = None
        if self._hold is Hold.ONE:
            self.broken_off.emit()

    @Slot()
    def _stayed(self) -> None:
        self._break_off()
        self._hold = Hold.SPENT
        self._canvas.customContextMenuRequested.emit(self._start.toPoint())

    def _send(self, kind: QEvent.Type, place: QPointF) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        changed = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        modifiers = QGuiApplication.keyboardModifiers()
        event = QMouseEvent(kind, place, self._canvas.mapToGlobal(place), changed, held, modifiers)
        QApplication.sendEvent(self._canvas, event)


def _time_of(event: QTouchEvent) -> float:
    return event.timestamp() / 1000


def _apart(first: QPointF, second: QPointF) -> float:
    return math.hypot(first.x() - second.x(), first.y() - second.y())
