"""A line over the picture, pulled by its ends: where it lies, how long it is, and the same line in every pane.

It stays where it is in the picture while the view moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.compare import Area, area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import tr
from diif_viewer.ui.overlay import Overlay
from diif_viewer.ui.theme import ACCENT
from diif_viewer.viewport import Viewport

GRIP = 10
"""Logical pixels from an end within which it can be taken."""

BESIDE = 6
"""Logical pixels from the line itself within which all of it can be taken."""

Place = tuple[float, float]
"""(x, y) in picture pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """From `start` to `end`."""

    start: Place
    end: Place

    @property
    def length(self) -> float:
        """In picture pixels."""
        return math.dist(self.start, self.end)

    @property
    def angle(self) -> float:
        """Degrees anticlockwise from the right, in (-180, 180]."""
        return math.degrees(math.atan2(self.start[1] - self.end[1], self.end[0] - self.start[0])) + 0.0

    def pulled(self, hold: str, right: float, down: float) -> Line:
        """Its start, its end, or (`hold` "both") all of it moved."""
        moved = [(x + right, y + down) if hold in (name, "both") else (x, y) for name, (x, y) in self._named()]
        return Line(*moved)

    def _named(self) -> tuple[tuple[str, Place], tuple[str, Place]]:
        return ("start", self.start), ("end", self.end)


class LineOverlay(Overlay):
    """changed (no payload): a hand moved the line, or it came or went."""

    changed = Signal()

    def __init__(self, controller: Controller, canvas: QWidget) -> None:
        super().__init__(controller, canvas)
        self.line: Line | None = None
        self._held: tuple[str, Line, Place] | None = None
        self.setAccessibleName(tr("Measured line"))

    def lay(self, line: Line | None) -> None:
        """Show `line`; None takes it away."""
        self.line, self._held = line, None
        if line is None:
            self.hide()
        else:
            self.cover()
        self.changed.emit()

    def across(self, view: Viewport) -> Line:
        """A line to begin with: across the middle half of what is seen of the picture."""
        left, top = (max(0.0, value) for value in view.position_at((0, 0)))
        right, bottom = view.position_at((view.view_width, view.view_height))
        right, bottom = min(right, view.width), min(bottom, view.height)
        quarter, y = (right - left) / 4, (top + bottom) / 2
        return Line((left + quarter, y), (right - quarter, y))

    # ---- places ----

    @property
    def _shown(self) -> Viewport | None:
        return self._controller.motion.shown

    def _area_at(self, point: QPointF) -> Area | None:
        device = point * self.devicePixelRatioF()
        areas = self._controller.areas
        return area_at(areas, device.x(), device.y()) if areas else None

    def _ends_in(self, area: Area) -> tuple[QPointF, QPointF]:
        """Where the ends appear in the pane of `area`, in this widget."""
        assert self.line is not None
        assert self._shown is not None
        ratio = self.devicePixelRatioF()
        start, end = (self._shown.point_at(place) for place in (self.line.start, self.line.end))
        left, top = area.view.left, area.view.top
        at = [QPointF((x + left) / ratio, (y + top) / ratio) for x, y in (start, end)]
        return at[0], at[1]

    def _place(self, point: QPointF, area: Area) -> Place:
        """The place of the picture under a point of this widget."""
        assert self._shown is not None
        device = point * self.devicePixelRatioF() - QPointF(area.view.left, area.view.top)
        return self._shown.position_at((device.x(), device.y()))

    def hold_at(self, point: QPointF) -> str | None:
        """What a hand would take at `point`: "start", "end", "both", or nothing."""
        area = self._area_at(point)
        if self.line is None or self._shown is None or area is None:
            return None
        start, end = self._ends_in(area)
        near = min((start, end), key=lambda corner: QLineF(corner, point).length())
        if QLineF(near, point).length() <= GRIP:
            return "end" if near == end else "start"
        return "both" if _distance(point, start, end) <= BESIDE else None

    def takes(self, point: QPointF) -> bool:
        """On the line."""
        return self.hold_at(point) is not None

    # ---- painting ----

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the line in every pane, with rings for its ends."""
        del event
        if self.line is None or self._shown is None:
            return
        ratio = self.devicePixelRatioF()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for area in self._controller.areas:
                clip = QRect(area.clip.left, area.clip.top, area.clip.width, area.clip.height)
                painter.save()
                painter.scale(1 / ratio, 1 / ratio)
                painter.setClipRect(clip)
                painter.scale(ratio, ratio)
                _paint(painter, *self._ends_in(area))
                painter.restore()
                if not self._controller.state.layout.side_by_side and not self._controller.state.layout.divided:
                    break  # one over the other: the line is one as well

    # ---- hands ----

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the line; elsewhere it is the canvas's."""
        hold = self.hold_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else None
        area = self._area_at(event.position())
        if hold is None or self.line is None or area is None:
            event.ignore()
            return
        self._held = hold, self.line, self._place(event.position(), area)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Pull it; with Shift an end goes level, upright or at 45 degrees."""
        area = self._area_at(event.position())
        if self._held is None or area is None or self._shown is None:
            hold = self.hold_at(event.position())
            if hold is None:
                self.unsetCursor()
            else:
                self.setCursor(Qt.CursorShape.SizeAllCursor if hold == "both" else Qt.CursorShape.CrossCursor)
            event.ignore()
            return
        hold, line, grip = self._held
        x, y = self._place(event.position(), area)
        self.line = line.pulled(hold, x - grip[0], y - grip[1])
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and hold != "both":
            self.line = straightened(self.line, hold)
        self.update()
        self.changed.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go of it."""
        if self._held is None:
            event.ignore()
            return
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Nothing, on the line."""
        event.setAccepted(self.takes(event.position()))


def straightened(line: Line, hold: str) -> Line:
    """With the held end at the nearest multiple of 45 degrees about the other one."""
    fixed, free = (line.start, line.end) if hold == "end" else (line.end, line.start)
    turn = math.radians(45 * round(math.degrees(math.atan2(free[1] - fixed[1], free[0] - fixed[0])) / 45))
    along = (free[0] - fixed[0]) * math.cos(turn) + (free[1] - fixed[1]) * math.sin(turn)
    place = fixed[0] + along * math.cos(turn), fixed[1] + along * math.sin(turn)
    return Line(fixed, place) if hold == "end" else Line(place, fixed)


def _distance(point: QPointF, start: QPointF, end: QPointF) -> float:
    """Of a point from a line between two others."""
    along, to = end - start, point - start
    length = along.x() ** 2 + along.y() ** 2
    part = 0.0 if length == 0 else (to.x() * along.x() + to.y() * along.y()) / length
    return QLineF(point, start + along * min(max(part, 0.0), 1.0)).length()


def _paint(painter: QPainter, start: QPointF, end: QPointF) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    whole = QLineF(start, end)
    for colour, width in ((QColor(0, 0, 0, 140), 3.5), (ACCENT, 1.5)):
        painter.setPen(QPen(colour, width))
        if whole.length() > 10:  # the rings stay open, so that what they are laid on is seen
            painter.drawLine(whole.pointAt(5 / whole.length()), whole.pointAt(1 - 5 / whole.length()))
        for corner in (start, end):
            painter.drawEllipse(corner, 5, 5)
