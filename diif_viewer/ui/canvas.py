"""The surface: paints what the scene holds and names what hands do. No arithmetic of views, no requests.

Everything is in device pixels: the painter's transform is set so that lattice pixel = screen pixel at any device
pixel ratio, fractional ones and child offsets between two pixels included.
"""

from __future__ import annotations

import enum
import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTouchEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.compare import GAP, Layout, area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.divider import Divider
from diif_viewer.ui.language import tr
from diif_viewer.ui.lens import Lens
from diif_viewer.ui.marks import paint_band, paint_note
from diif_viewer.ui.overlay import Overlay
from diif_viewer.ui.painting import Pen, paint_marks, paint_panes
from diif_viewer.ui.scrolling import Pan, Scrolling, Zoom
from diif_viewer.ui.theme import CANVAS
from diif_viewer.ui.touch import Fingers


class Drag(enum.Enum):
    """What the pressed mouse does."""

    NONE = enum.auto()
    PAN = enum.auto()
    SPLIT = enum.auto()
    ZOOM_REGION = enum.auto()
    EXPORT_REGION = enum.auto()


class Canvas(QWidget):
    """Shows the panes.

    Points are (x, y) in device pixels of the canvas. zoom_asked (point, factor, animate), pan_asked (right, down),
    flick_asked (right, down, a second), toggle_asked (point), zoom_region_asked and export_region_asked (start point,
    end point), split_asked (fraction of the width, or of the height), pane_pressed (its number), hovered (point, or
    None when the cursor left), resized (height, width, gap in device pixels), painted (no payload, after each repaint).
    """

    zoom_asked = Signal(object, float, bool)
    pan_asked = Signal(float, float)
    flick_asked = Signal(float, float)
    toggle_asked = Signal(object)
    zoom_region_asked = Signal(object, object)
    export_region_asked = Signal(object, object)
    split_asked = Signal(float)
    pane_pressed = Signal(int)
    hovered = Signal(object)
    resized = Signal(int, int, int)
    painted = Signal()

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._drag, self._button = Drag.NONE, Qt.MouseButton.NoButton
        self._choosing = False
        self.grid = False
        self.backdrop = CANVAS
        self._start = self._last = QPointF()
        self.lens = Lens()
        self.note = self.brightness = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self._divider, self._scrolling = Divider(self, controller.state), Scrolling()
        self.fingers = Fingers(self, self._is_covered)
        self.fingers.moved.connect(self._carry)
        self.fingers.spread.connect(self._spread)
        self.fingers.broken_off.connect(self._let_go)
        self.fingers.thrown.connect(self._throw)
        self.setAccessibleName(tr("Picture"))
        controller.repaint.connect(self._repaint)

    # ---- device pixels ----

    @property
    def _ratio(self) -> float:
        return self.devicePixelRatioF()

    def device_size(self) -> tuple[int, int]:
        """(height, width) in device pixels: those that Qt lets this widget paint, wherever in the window it lies."""
        corner, ratio = self.mapTo(self.window(), QPoint(0, 0)), self._ratio
        ends = (corner.y(), corner.y() + self.height()), (corner.x(), corner.x() + self.width())
        height, width = (_rounded(end * ratio) - _rounded(start * ratio) for start, end in ends)
        return max(1, height), max(1, width)

    def _point(self, position: QPointF) -> tuple[float, float]:
        return position.x() * self._ratio, position.y() * self._ratio

    def middle(self) -> tuple[float, float]:
        """The centre of the canvas."""
        height, width = self.device_size()
        return width / 2, height / 2

    @Slot(object)
    def _repaint(self, rect: QRect) -> None:
        if rect.isEmpty():
            self.update()
            return
        ratio = self._ratio
        self.update(
            QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)
            .toAlignedRect()
            .adjusted(-1, -1, 1, 1)
        )

    # ---- painting ----

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the panes, the divider and the rubber band."""
        del event
        with QPainter(self) as painter:
            self._paint(painter)
        self.painted.emit()

    def _paint(self, painter: QPainter) -> None:
        device = painter.deviceTransform()
        origin = QTransform.fromTranslate(_rounded(device.dx()), _rounded(device.dy()))
        painter.setWorldTransform(origin * device.inverted()[0])
        height, width = self.device_size()
        painter.fillRect(QRect(0, 0, width + 1, height + 1), self.backdrop)
        pen = Pen(painter, self.font(), self._ratio, QRect(0, 0, width, height), self.grid)
        if self._controller.motion.shown is not None:
            layout = self._controller.state.layout
            lens = self.lens_place().toRect() if layout is Layout.LENS else None
            paint_panes(pen, self._controller, lens)
            note = self.note if layout is Layout.DIFFERENCE else self.brightness
            paint_note(painter, note, self.font(), self._ratio)
            paint_marks(pen, self._controller, height, width)
        if self._drag in (Drag.ZOOM_REGION, Drag.EXPORT_REGION):
            start, end = QPointF(*self._point(self._start)), QPointF(*self._point(self._last))
            paint_band(painter, QRectF(start, end).normalized().toRect(), self.font(), self._ratio, room=pen.room)

    def lens_place(self) -> QRectF:
        """Where the lens lies: about the cursor, in the middle before there was one. Device pixels."""
        return self.lens.place(QPointF(*self.middle()), self._ratio)

    def _move_lens(self, position: QPointF) -> None:
        middle = QPointF(*self.middle())
        before = self.lens.stain(middle, self._ratio)
        self.lens.at = QPointF(*self._point(position))
        if self._controller.state.layout is Layout.LENS:
            for place in (before, self.lens.stain(middle, self._ratio)):
                self._repaint(place)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Tell the new size."""
        super().resizeEvent(event)
        self._tell_size()

    def _tell_size(self) -> None:
        height, width = self.device_size()
        self.resized.emit(height, width, max(1, round(GAP * self._ratio)))

    # ---- hands ----

    def choose_region(self, choosing: bool) -> None:
        """Make the next drag choose a region for export, or no drag any more: not the one under way either."""
        self._choosing = choosing
        if not choosing and self._drag is Drag.EXPORT_REGION:
            self._drag = Drag.NONE
            self.update()
        self.setCursor(Qt.CursorShape.CrossCursor if choosing else Qt.CursorShape.ArrowCursor)

    @property
    def choosing_region(self) -> bool:
        """True while the next drag chooses a region for export."""
        return self._choosing

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin a drag."""
        if (
            event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)
            or self._drag is not Drag.NONE
        ):
            return
        self._button = event.button()
        self._start = self._last = event.position()
        if self._controller.areas and not self._controller.state.layout.laid_over:
            self.pane_pressed.emit(area_at(self._controller.areas, *self._point(event.position())).pane)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag = Drag.PAN
        elif self._choosing:
            self._drag = Drag.EXPORT_REGION
        elif self._divider.is_near(event.position()):
            self._drag = Drag.SPLIT
        else:
            self._drag = Drag.ZOOM_REGION if shift else Drag.PAN
        if self._drag is Drag.PAN:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go on with the drag, or tell where the cursor is."""
        if self._drag is not Drag.NONE and not event.buttons() & self._button:
            self._let_go()  # a menu or a dialog has had the release
        position = event.position()
        step = position - self._last
        self._last = position
        if self._drag is Drag.PAN:
            self._carry(step.x(), step.y())
        elif self._drag is Drag.SPLIT:
            self.split_asked.emit(self._divider.fraction(position))
        elif self._drag is not Drag.NONE:
            self.update()
        elif not self._choosing:
            self.setCursor(self._divider.cursor(position))
        self._move_lens(position)
        self.hovered.emit(self._point(position))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End the drag of this button; a region that is more than a click is told."""
        if event.button() != self._button:
            return
        drag, self._drag = self._drag, Drag.NONE
        if drag in (Drag.ZOOM_REGION, Drag.EXPORT_REGION):
            start, end = self._point(self._start), self._point(event.position())
            if min(abs(end[0] - start[0]), abs(end[1] - start[1])) >= 4:
                (self.zoom_region_asked if drag is Drag.ZOOM_REGION else self.export_region_asked).emit(start, end)
                if drag is Drag.EXPORT_REGION:
                    self.choose_region(False)
            self.update()
        if drag is Drag.PAN:
            self.setCursor(Qt.CursorShape.ArrowCursor)

    def _is_covered(self, position: QPointF) -> bool:
        """Is something there that hands press on: a badge, a bar, the frame of an export?"""
        there = self.childAt(position.toPoint())
        if not isinstance(there, Overlay):
            return there is not None
        return any(overlay.takes(position) for overlay in self.findChildren(Overlay) if overlay.isVisible())

    @Slot(float, float)
    def _carry(self, right: float, down: float) -> None:
        """The picture goes with the hand, by logical pixels."""
        self.pan_asked.emit(-right * self._ratio, -down * self._ratio)

    @Slot(object, float)
    def _spread(self, position: QPointF, factor: float) -> None:
        self.zoom_asked.emit(self._point(position), factor, False)

    @Slot(float, float)
    def _throw(self, right: float, down: float) -> None:
        if self._drag is Drag.PAN:
            self.flick_asked.emit(-right * self._ratio, -down * self._ratio)

    @Slot()
    def _let_go(self) -> None:
        """Break a drag off where it is."""
        self._drag = Drag.NONE
        self.setCursor(Qt.CursorShape.CrossCursor if self._choosing else Qt.CursorShape.ArrowCursor)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """While a region is chosen, Enter takes all that the active pane shows."""
        if not self._choosing or event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        for area in self._controller.areas:
            if area.pane == self._controller.state.active:
                self.choose_region(False)
                clip = area.clip
                self.export_region_asked.emit((clip.left, clip.top), (clip.right, clip.bottom))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Toggle between the fit and 100 %; a second press of a drag where a drag is what is meant."""
        if self._choosing or self._divider.is_near(event.position()):
            self.mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.toggle_asked.emit(self._point(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """The cursor left."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom with a wheel; pan with two fingers on a touchpad, zoom with Ctrl held."""
        event.accept()
        match self._scrolling.asked(event):
            case Pan(step):
                self._carry(step.x(), step.y())
            case Zoom(factor, animate):
                self.zoom_asked.emit(self._point(event.position()), factor, animate)

    def event(self, event: QEvent) -> bool:
        """Pinches on touchpads, fingers on touch screens, and changes of the device pixel ratio."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._tell_size()
        elif isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_asked.emit(self._point(event.position()), max(0.1, 1 + event.value()), False)
                return True
            if event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
                self.toggle_asked.emit(self._point(event.position()))
                return True
        elif isinstance(event, QTouchEvent) and self.fingers.take(event):
            return True
        return super().event(event)


def _rounded(value: float) -> int:
    """To the nearest integer, halves up, as Qt rounds the borders of widgets."""
    return math.floor(value + 0.5)
