"""The frame of a region on the canvas: pulled by its edges and corners, moved by its inside.

It lies over the canvas and lets through what does not concern it: wheels zoom, drags beside the frame pan.
"""

from __future__ import annotations

import itertools

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.export_plan import Box, moved, pulled
from diif_viewer.ui.language import tr
from diif_viewer.ui.overlay import Overlay
from diif_viewer.ui.theme import ACCENT
from diif_viewer.viewport import Viewport

GRIP = 9
"""Logical pixels from an edge within which it can be taken."""

HANDLE = 9
"""Logical pixels that a handle is wide."""

Side = tuple[int, int]
"""Which edges a hand holds: (-1, 0 or 1 across, -1, 0 or 1 down); (0, 0) the inside."""

_CURSORS = {
    (0, 0): Qt.CursorShape.SizeAllCursor,
    (1, 0): Qt.CursorShape.SizeHorCursor,
    (0, 1): Qt.CursorShape.SizeVerCursor,
    (1, 1): Qt.CursorShape.SizeFDiagCursor,
    (1, -1): Qt.CursorShape.SizeBDiagCursor,
}


class ExportFrame(Overlay):
    """changed (Box, in picture pixels): a hand moved the frame."""

    changed = Signal(object)

    def __init__(self, controller: Controller, canvas: QWidget) -> None:
        super().__init__(controller, canvas)
        self._box: Box | None = None
        self._ratio: float | None = None
        self._held: Side | None = None
        self._from: tuple[Box, tuple[float, float]] | None = None
        self.setAccessibleName(tr("Region to export"))

    @property
    def box(self) -> Box | None:
        """Where the frame is, in picture pixels; None while there is none."""
        return self._box

    def show_box(self, box: Box | None, ratio: float | None = None, *, movable: bool = True) -> None:
        """Lay the frame round `box`, held to width / height = `ratio`; None takes it away. movable: by hands."""
        self._box, self._ratio = box, ratio
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not movable)
        if box is None:
            self._held = None
            self.hide()
            return
        self.cover()

    def takes(self, point: QPointF) -> bool:
        """On the frame, or in it."""
        return self.side_at(point) is not None

    def rect_of(self, box: Box) -> QRectF:
        """Where `box` appears, in this widget."""
        view, origin, ratio = self._shown, self._origin(), self.devicePixelRatioF()
        if view is None:
            return QRectF()
        (left, top), (right, bottom) = view.point_at(box[:2]), view.point_at(box[2:])
        x, y = (left + origin.x()) / ratio, (top + origin.y()) / ratio
        return QRectF(x, y, (right - left) / ratio, (bottom - top) / ratio)

    @property
    def _shown(self) -> Viewport | None:
        """What the active pane shows."""
        return self._controller.looks.shown(self._controller.state.active)

    def _origin(self) -> QPointF:
        """Of the active pane's view, in device pixels of the canvas."""
        for area in self._controller.areas:
            if area.pane == self._controller.state.active:
                return QPointF(area.view.left, area.view.top)
        return QPointF()

    def _position(self, point: QPointF) -> tuple[float, float]:
        """The picture's position (x, y) under a point of this widget."""
        view = self._shown
        assert view is not None
        device = point * self.devicePixelRatioF() - self._origin()
        return view.position_at((device.x(), device.y()))

    # ---- painting ----

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the frame, thirds while it is pulled, and a shade over what stays behind."""
        del event
        if self._box is None or self._shown is None:
            return
        rect = self.rect_of(self._box)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for outside in _around(QRectF(self.rect()), rect):
                painter.fillRect(outside, QColor(10, 10, 12, 130))
            painter.setPen(QPen(QColor(0, 0, 0, 110), 3))
            painter.drawRect(rect)
            painter.setPen(QPen(ACCENT, 1.5))
            painter.drawRect(rect)
            if self._held is not None:
                self._paint_thirds(painter, rect)
            if self.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents):
                return
            painter.setPen(QPen(QColor(12, 19, 32), 1))
            painter.setBrush(ACCENT)
            for across, down in itertools.product((-1, 0, 1), (-1, 0, 1)):
                if across or down:
                    x = rect.center().x() + across * rect.width() / 2
                    y = rect.center().y() + down * rect.height() / 2
                    painter.drawRect(QRectF(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE))

    @staticmethod
    def _paint_thirds(painter: QPainter, rect: QRectF) -> None:
        painter.setPen(QPen(QColor(255, 255, 255, 90), 1))
        for third in (1, 2):
            x, y = rect.left() + rect.width() * third / 3, rect.top() + rect.height() * third / 3
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
            painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))

    # ---- hands ----

    def side_at(self, point: QPointF) -> Side | None:
        """What a hand would take at `point`; None beside the frame."""
        if self._box is None:
            return None
        rect = self.rect_of(self._box)
        if not rect.adjusted(-GRIP, -GRIP, GRIP, GRIP).contains(point):
            return None
        grip = min(GRIP, rect.width() / 4, rect.height() / 4)  # a small frame can be moved as well
        across = -1 if point.x() < rect.left() + grip else 1 if point.x() > rect.right() - grip else 0
        down = -1 if point.y() < rect.top() + grip else 1 if point.y() > rect.bottom() - grip else 0
        return across, down

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the frame; elsewhere it is the canvas's."""
        side = self.side_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else None
        if side is None or self._box is None:
            event.ignore()
            return
        self._held, self._from = side, (self._box, self._position(event.position()))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Pull or move it."""
        if self._held is None:
            self._show_cursor(self.side_at(event.position()))
            event.ignore()
            return
        picture = self._controller.looks.picture(self._controller.state.active)
        if picture is None or self._from is None:
            return
        whole = (0.0, 0.0, float(picture.width), float(picture.height))
        box, (x, y) = self._from[0], self._position(event.position())
        if self._held == (0, 0):
            box = moved(box, x - self._from[1][0], y - self._from[1][1], whole)
        else:
            box = pulled(box, self._held, (x, y), self._ratio, whole)
        self._box = box
        self.update()
        self.changed.emit(box)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go of it."""
        if self._held is None:
            event.ignore()
            return
        self._held = None
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Nothing, on the frame."""
        event.setAccepted(self.side_at(event.position()) is not None)

    def _show_cursor(self, side: Side | None) -> None:
        if side is None:
            self.unsetCursor()
            return
        same = side if side in _CURSORS else (-side[0], -side[1])
        self.setCursor(_CURSORS[same])


def _around(whole: QRectF, hole: QRectF) -> list[QRectF]:
    """What is left of `whole` without `hole`, in four pieces."""
    hole = hole.intersected(whole)
    if hole.isEmpty():
        return [whole]
    return [
        QRectF(whole.topLeft(), QSizeF(whole.width(), hole.top())),
        QRectF(QPointF(0, hole.bottom()), whole.bottomRight()),
        QRectF(QPointF(0, hole.top()), QPointF(hole.left(), hole.bottom())),
        QRectF(QPointF(hole.right(), hole.top()), QPointF(whole.right(), hole.bottom())),
    ]
