"""The lens: where it lies and how wide it is."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF

RADIUS = 130.0
"""Logical pixels from the middle of the lens to its rim, at first."""


class Lens:
    """Points and rectangles are in device pixels of the canvas. at: its middle; None before there was a cursor."""

    def __init__(self) -> None:
        self.at: QPointF | None = None
        self.radius = RADIUS  # logical pixels

    def resize(self, factor: float) -> None:
        """Make it `factor` times as wide, within its limits."""
        self.radius = min(max(self.radius * factor, RADIUS / 3), 3 * RADIUS)

    def place(self, middle: QPointF, ratio: float) -> QRectF:
        """Where it lies. middle: of the canvas. ratio: device pixels of a logical one."""
        at = middle if self.at is None else self.at
        radius = self.radius * ratio
        return QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)

    def stain(self, middle: QPointF, ratio: float) -> QRect:
        """Everything that is painted when it is: the rim, and below it the words."""
        edge = 4 * ratio
        return self.place(middle, ratio).adjusted(-edge, -edge, edge, 4 * edge).toAlignedRect()
