"""The overview: the whole picture in a corner, with a frame where the view is. Drag the frame, or press elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.screen_colour import SCREEN
from diif_viewer.ui.theme import ACCENT
from diif_viewer.viewport import Viewport

LARGEST = QSize(176, 132)
"""Of the thumbnail, in logical pixels."""

MARGIN = 12
ROOM = QSize(420, 320)
"""A smaller canvas has no overview."""

LEAST = 7.0
"""Logical pixels of the frame's sides at least, to be seen and taken."""

SMALL = 14.0
"""Logical pixels of the longer side below which lines lead the eye to the frame."""


class Overview(QWidget):
    """A child of the canvas, seen while a part of the picture is out of view.

    centre_asked: (x, y) in picture pixels.
    """

    centre_asked = Signal(float, float)

    def __init__(self, controller: Controller, canvas: QWidget, keys: Keys, *, wanted: bool = True) -> None:
        super().__init__(canvas)
        self._controller, self._canvas, self._wanted = controller, canvas, wanted
        self._grip: QPointF | None = None
        self._drawn_for: object = None
        self._pixmaps: tuple[QPixmap | None, QPixmap | None] = (None, None)
        self.setAccessibleName(tr("Overview"))
        self._keys = keys
        self._name_keys()
        keys.changed.connect(self._name_keys)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()
        controller.state.picture_changed.connect(self.place)
        controller.state.view_changed.connect(self.place)
        controller.motion.moved.connect(self._follow)

    @Slot()
    def _name_keys(self) -> None:
        key = self._keys.shown("overview")
        words = tr("Drag the frame to move the view")
        self.setToolTip(tr("{words} ({key} hides the overview)", words=words, key=key) if key else words)

    @property
    def wanted(self) -> bool:
        """False when it is switched off."""
        return self._wanted

    def toggle(self) -> None:
        """Switch it off, or on."""
        self._wanted = not self._wanted
        self.place()

    @Slot()
    def place(self) -> None:
        """Come, go, and keep to the corner."""
        picture, view = self._controller.state.picture, self._controller.state.view
        canvas = self._canvas.size()
        roomy = canvas.width() >= ROOM.width() and canvas.height() >= ROOM.height()
        if picture is None or view is None or not (self._wanted and roomy) or view.window == view.lattice.window:
            self.hide()
            return
        size = QSize(picture.width, picture.height).scaled(LARGEST, Qt.AspectRatioMode.KeepAspectRatio)
        size = size.expandedTo(QSize(12, 12))
        self.setGeometry(
            canvas.width() - size.width() - MARGIN,
            canvas.height() - size.height() - MARGIN,
            size.width(),
            size.height(),
        )
        self.show()
        self.update()

    @Slot()
    def _follow(self) -> None:
        if self.isVisible():
            self.update()

    def frame(self) -> QRectF:
        """Where the view is, in this widget."""
        view = self._controller.motion.shown
        if view is None:
            return QRectF()
        across, down = self.width() / view.width, self.height() / view.height
        left, top = view.position_at((0, 0))
        right, bottom = view.position_at((view.view_width, view.view_height))
        box = QRectF(QPointF(left * across, top * down), QPointF(right * across, bottom * down))
        box = box.intersected(QRectF(self.rect()))
        wider, taller = max(0.0, LEAST - box.width()) / 2, max(0.0, LEAST - box.height()) / 2
        return box.adjusted(-wider, -taller, wider, taller)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the thumbnail, shaded outside the frame."""
        del event
        bright, shaded = self._drawn()
        if bright is None or shaded is None:
            return
        frame, whole = self.frame(), QRectF(self.rect())
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, shaded)
            painter.setClipRect(frame)
            painter.drawPixmap(0, 0, bright)
            painter.setClipping(False)
            painter.setPen(QPen(QColor(255, 255, 255, 70), 1))
            painter.drawRect(whole.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setPen(QPen(ACCENT, 1.5))
            painter.drawRect(frame.adjusted(0.75, 0.75, -0.75, -0.75))
            if max(frame.width(), frame.height()) < SMALL:
                self._point_at(painter, frame)

    def _point_at(self, painter: QPainter, frame: QRectF) -> None:
        """Lead the eye to a frame that is hard to find."""
        middle, reach = frame.center(), SMALL
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            near = QPointF(across * (frame.width() / 2 + 1), down * (frame.height() / 2 + 1))
            painter.drawLine(middle + near, middle + near + QPointF(across * reach, down * reach))

    def _drawn(self) -> tuple[QPixmap | None, QPixmap | None]:
        """The thumbnail at this widget's size, as it is and shaded: drawn once, it is painted with every frame."""
        picture, ratio = self._controller.state.picture, self.devicePixelRatioF()
        if picture is None or picture.thumbnail is None:
            return None, None
        thumbnail = SCREEN.shown(picture.thumbnail)
        facts = (picture.image, thumbnail.cacheKey(), self.size(), ratio)
        if facts != self._drawn_for:
            made = []
            for shade in (0, 120):
                pixmap = QPixmap(self.size() * ratio)
                pixmap.setDevicePixelRatio(ratio)
                with QPainter(pixmap) as painter:
                    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                    painter.drawImage(QRectF(self.rect()), thumbnail)
                    painter.fillRect(self.rect(), QColor(12, 12, 14, shade))
                made.append(pixmap)
            self._drawn_for, self._pixmaps = facts, (made[0], made[1])
        return self._pixmaps

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the frame; elsewhere, bring it there first."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        frame, point = self.frame(), event.position()
        self._grip = point - frame.center() if frame.contains(point) else QPointF()
        if self._grip.isNull():
            self._centre(point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move the frame."""
        if self._grip is not None:
            self._centre(event.position() - self._grip)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go of it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = None

    def _centre(self, point: QPointF) -> None:
        view: Viewport | None = self._controller.state.view
        if view is not None:
            self.centre_asked.emit(point.x() / self.width() * view.width, point.y() / self.height() * view.height)
