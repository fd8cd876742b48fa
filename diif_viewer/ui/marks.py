"""What is drawn over the panes: the divider and its grip, the mark of the active pane, the rubber band."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QTransform

from diif_viewer.ui.compare import Area
from diif_viewer.ui.theme import ACCENT, TEXT


def paint_divider(painter: QPainter, x: int, height: int, ratio: float, *, lying: bool = False) -> None:
    """A line at column `x` with a round grip in its middle. All in device pixels; ratio: of one logical pixel.

    lying: at row `x` of a canvas `height` pixels wide instead.
    """
    painter.save()
    if lying:
        painter.setWorldTransform(QTransform(0, 1, 1, 0, 0, 0), True)  # rows for columns
    line = max(1, round(ratio))
    painter.fillRect(QRect(x - line, 0, 2 * line, height), QColor(0, 0, 0, 130))
    painter.fillRect(QRect(x - line // 2, 0, line, height), QColor(255, 255, 255, 225))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    y, radius = height / 2, 13 * ratio
    painter.setPen(QPen(QColor(255, 255, 255, 235), 1.5 * ratio))
    painter.setBrush(QColor(24, 24, 27, 215))
    painter.drawEllipse(QPointF(x, y), radius, radius)
    for side in (-1, 1):
        tip, back, half = x + side * 8 * ratio, x + side * 4 * ratio, 3.5 * ratio
        painter.drawPolyline([QPointF(back, y - half), QPointF(tip, y), QPointF(back, y + half)])
    painter.restore()


def paint_active(painter: QPainter, area: Area, ratio: float) -> None:
    """A line at the foot of the pane that letters and exports are about."""
    line = max(1, round(2 * ratio))
    painter.fillRect(QRect(area.clip.left, area.clip.bottom - line, area.clip.width, line), ACCENT)


def paint_lens(painter: QPainter, rect: QRect, words: str, font: QFont, ratio: float, *, room: QRect) -> None:
    """The rim of the lens that fills `rect`, and at its foot what it shows. room: the canvas."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(0, 0, 0, 130), 4.0), (QColor(255, 255, 255, 225), 1.5)):
        painter.setPen(QPen(colour, width * ratio))
        painter.drawEllipse(rect)
    font.setPixelSize(round(12 * ratio))
    painter.setFont(font)
    half = (painter.fontMetrics().horizontalAdvance(words) + round(14 * ratio)) // 2
    _chip(painter, words, QPoint(rect.center().x() - half, rect.bottom() - round(11 * ratio)), font, ratio, room=room)
    painter.restore()


def paint_band(painter: QPainter, rect: QRect, font: QFont, ratio: float, *, room: QRect) -> None:
    """A rubber band with its size in device pixels. room: the canvas."""
    fill = QColor(ACCENT)
    fill.setAlpha(40)
    painter.fillRect(rect, fill)
    painter.setPen(QPen(ACCENT, max(1, round(ratio))))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect)
    _chip(painter, f"{rect.width()} x {rect.height()}", QPoint(rect.left(), rect.bottom() + 1), font, ratio, room=room)


def paint_note(painter: QPainter, words: str, font: QFont, ratio: float) -> None:
    """A few words at the upper left of a canvas, under the badge."""
    if words:
        _chip(painter, words, QPoint(round(12 * ratio), round(46 * ratio)), font, ratio)


def _chip(
    painter: QPainter, words: str, corner: QPoint, font: QFont, ratio: float, *, room: QRect | None = None
) -> None:
    """room: what it must stay within."""
    font.setPixelSize(round(12 * ratio))
    painter.setFont(font)
    size = painter.fontMetrics().boundingRect(words).size()
    chip = QRect(corner, QSize(size.width() + round(14 * ratio), round(22 * ratio)))
    if room is not None:
        chip.moveRight(min(chip.right(), room.right()))
        chip.moveBottom(min(chip.bottom(), room.bottom()))
        chip.moveLeft(max(chip.left(), room.left()))
    painter.fillRect(chip, QColor(22, 22, 24, 215))
    painter.setPen(TEXT)
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, words)
