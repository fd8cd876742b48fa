"""The pixel grid: where the picture's own pixels meet, from x8 on."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter

from diif_viewer.ui.compare import Area
from diif_viewer.viewport import Viewport

FROM = 8.0
"""The scale from which the grid is seen."""

LINE = QColor(128, 128, 128, 150)


def paint_grid(painter: QPainter, area: Area, view: Viewport) -> None:
    """Lines one device pixel thick at the borders of the picture's pixels. painter: device pixels of the canvas."""
    if view.scale < FROM:
        return
    clip = area.clip
    left, top, right, bottom = view.image_box
    x0, y0 = max(clip.left, round(left) + area.view.left), max(clip.top, round(top) + area.view.top)
    x1, y1 = min(clip.right, round(right) + area.view.left), min(clip.bottom, round(bottom) + area.view.top)
    for x in borders(view.left, view.scale, x0 - area.view.left, x1 - area.view.left):
        painter.fillRect(QRect(x + area.view.left, y0, 1, y1 - y0), LINE)
    for y in borders(view.top, view.scale, y0 - area.view.top, y1 - area.view.top):
        painter.fillRect(QRect(x0, y + area.view.top, x1 - x0, 1), LINE)


def borders(origin: float, scale: float, first: int, end: int) -> list[int]:
    """The device pixels from `first` to before `end` along one axis that begin another picture pixel.

    origin: of the view on the lattice. At rest the lattice pixel Y belongs to picture pixel floor((Y + 1/2) / scale).
    """
    numbers = range(math.floor((first + origin) / scale), math.ceil((end + origin) / scale) + 1)
    found = (math.ceil(number * scale - 0.5 - origin) for number in numbers)
    return [place for place in found if first <= place < end]
