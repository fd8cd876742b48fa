"""A small dark panel in a corner of the canvas: something drawn, and below it a line of words with buttons."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

MARGIN = 12
"""Logical pixels from the canvas's corner."""

ROOM = (420, 320)
"""A smaller canvas, (width, height), has no panels."""

COLOURS = (QColor(255, 82, 82), QColor(72, 214, 108), QColor(84, 142, 255))
"""Of what is told of red, green and blue."""

GREY = QColor(220, 220, 226)


class Panel(QWidget):
    """A child of the canvas. words: at its foot, at the left."""

    def __init__(self, canvas: QWidget, name: str, width: int, height: int) -> None:
        """name: for those who do not see it. width, height: logical pixels."""
        super().__init__(canvas)
        self._canvas = canvas
        self.setFixedSize(width, height)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.words = QLabel(self)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(10, 0, 6, 4)
        self._foot.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addStretch()
        column.addLayout(self._foot)
        self.hide()

    @property
    def has_room(self) -> bool:
        """False on a canvas that is too small."""
        return self._canvas.width() >= ROOM[0] and self._canvas.height() >= ROOM[1]

    def add_button(self, words: str, tip: str) -> QToolButton:
        """A button at the right of the foot."""
        button = QToolButton(self)
        button.setObjectName("switch")
        button.setText(words)
        button.setToolTip(tip)
        self._foot.addWidget(button)
        return button

    def paint_ground(self, painter: QPainter) -> None:
        """What all else is drawn on."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(255, 255, 255, 28), 1))
        painter.setBrush(QColor(22, 22, 24, 215))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
