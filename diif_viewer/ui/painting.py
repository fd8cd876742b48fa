"""What is painted of the panes and over them, from the facts of the controller, in device pixels of the canvas."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QPainter, QRegion

from diif_viewer.ui.compare import Area, Layout, divider
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.grid import paint_grid
from diif_viewer.ui.marks import paint_active, paint_divider, paint_lens
from diif_viewer.ui.reduced import label_of
from diif_viewer.ui.scene import DIFFERENCE
from diif_viewer.viewport import Viewport


@dataclass(frozen=True, slots=True)
class Pen:
    """What is painted with. ratio: device pixels of a logical one. room: the canvas. grid: whether it is wanted."""

    painter: QPainter
    font: QFont
    ratio: float
    room: QRect
    grid: bool


def paint_panes(pen: Pen, controller: Controller, lens: QRect | None) -> None:
    """Every pane, each with its grid. lens: where it lies, None in the other layouts."""
    methods = controller.state.methods
    parts = [area for area in controller.areas if area.pane < len(methods)]
    shown = controller.motion.shown
    if controller.state.layout is Layout.DIFFERENCE and shown is not None:
        controller.scene.paint(pen.painter, parts[0], DIFFERENCE, shown)
        _paint_grid(pen, parts[0], shown)
        return
    if lens is None or len(parts) < 2:
        for area in parts:
            _paint_pane(pen, controller, area, methods[area.pane])
        return
    _paint_pane(pen, controller, parts[1], methods[1])
    _paint_pane(pen, controller, parts[0], methods[0], QRegion(lens, QRegion.RegionType.Ellipse))
    paint_lens(pen.painter, lens, label_of(methods[0]), pen.font, pen.ratio, room=pen.room)


def _paint_pane(pen: Pen, controller: Controller, area: Area, method: str, within: QRegion | None = None) -> None:
    looks = controller.looks
    if (shown := looks.shown(area.pane)) is not None:
        looks.scene(area.pane).paint(pen.painter, area, method, shown, within)
        _paint_grid(pen, area, shown, within)


def _paint_grid(pen: Pen, area: Area, view: Viewport, within: QRegion | None = None) -> None:
    if not pen.grid:
        return
    pen.painter.save()
    if within is not None:
        pen.painter.setClipRegion(within)
    paint_grid(pen.painter, area, view)
    pen.painter.restore()


def paint_marks(pen: Pen, controller: Controller, height: int, width: int) -> None:
    """The divider or the mark of the active pane. height, width: of the canvas."""
    state = controller.state
    if state.layout is Layout.SPLIT:
        paint_divider(pen.painter, divider(width, state.split), height, pen.ratio)
    elif state.layout is Layout.STACKED:
        paint_divider(pen.painter, divider(height, state.split), width, pen.ratio, lying=True)
    elif state.layout.side_by_side:
        paint_active(pen.painter, controller.areas[state.active], pen.ratio)
