"""A detail of what an export will hold, pixel for pixel; drag it to look elsewhere."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.images import opaque
from diif_viewer.ui.language import tr

SIDE, LEAST = 240, 96
"""Logical pixels of a side, and where the screen is low."""


class ExportPreview(QWidget):
    """dragged (right, down): in outputs, how far a hand moved what is shown. busy: newer pixels are on their way."""

    dragged = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(SIDE, SIDE)
        self.setAccessibleName(tr("Detail of the result"))
        self.setToolTip(tr("A detail of the result, pixel for pixel. Drag it to look elsewhere."))
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._image = QImage()
        self._words = ""
        self._last: QPointF | None = None
        self.busy = False

    @property
    def side(self) -> int:
        """Outputs that fit along a side."""
        return round(self.width() * self.devicePixelRatioF())

    def shrink(self, by: int) -> None:
        """Take `by` logical pixels less of each side, as far as that can be."""
        side = max(LEAST, SIDE - by)
        self.setFixedSize(side, side)

    @property
    def image(self) -> QImage:
        """What is shown; null while there is nothing."""
        return self._image

    @property
    def words(self) -> str:
        """Why nothing is shown; "" while something is."""
        return self._words

    def show_pixels(self, pixels: npt.NDArray[Any]) -> None:
        """HWC uint8 of at most `side` pixels a side."""
        self._image, self._words, self.busy = opaque(pixels), "", False
        self.update()

    def show_image(self, image: QImage) -> None:
        """A picture of at most `side` pixels a side."""
        if image.cacheKey() != self._image.cacheKey():
            self._image, self._words = image, ""
            self.update()

    def show_words(self, words: str) -> None:
        """Why there is nothing to see."""
        self._image, self._words, self.busy = QImage(), words, False
        self.update()

    def wait(self) -> None:
        """Newer pixels are on their way; those of before are dimmed until then."""
        self.busy = True
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the pixels in the middle, one output a device pixel."""
        del event
        ratio = self.devicePixelRatioF()
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
            if self._image.isNull():
                painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(self.rect().adjusted(16, 16, -16, -16), flags, self._words)
                return
            painter.scale(1 / ratio, 1 / ratio)
            painter.setOpacity(0.55 if self.busy else 1.0)
            left, top = (self.side - self._image.width()) // 2, (self.side - self._image.height()) // 2
            painter.drawImage(QRect(left, top, self._image.width(), self._image.height()), self._image)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._last = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go on with it."""
        if self._last is not None:
            step = (event.position() - self._last) * self.devicePixelRatioF()
            self._last = event.position()
            self.dragged.emit(-step.x(), -step.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End it."""
        del event
        self._last = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
