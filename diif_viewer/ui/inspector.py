"""What is under the cursor, told in the status line: position, the picture's own colour, the one on screen."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Slot

from diif_viewer.ui.canvas import Canvas
from diif_viewer.ui.compare import Layout, area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.status import StatusLine


class Inspector(QObject):
    """Follows the cursor over the canvas, and the picture under a cursor that rests."""

    def __init__(self, controller: Controller, canvas: Canvas, status: StatusLine) -> None:
        super().__init__(status)
        self._controller, self._status = controller, status
        self._cursor: tuple[float, float] | None = None
        canvas.hovered.connect(self._hovered)
        controller.motion.moved.connect(self.show)
        controller.status_changed.connect(self.show)
        controller.state.layout_changed.connect(self.show)
        controller.state.split_changed.connect(self.show)

    @Slot(object)
    def _hovered(self, point: tuple[float, float] | None) -> None:
        self._cursor = point
        self.show()

    @Slot()
    def show(self) -> None:
        """Tell what is under the cursor now."""
        state, areas, view = self._controller.state, self._controller.areas, self._controller.motion.shown
        if self._cursor is None or view is None or state.picture is None or not areas:
            self._status.show_position(None, None)
            return
        area = areas[0] if state.layout is Layout.LENS else area_at(areas, *self._cursor)  # the lens is at the cursor
        looks = self._controller.looks
        view, picture = looks.shown(area.pane), looks.picture(area.pane)
        assert view is not None
        assert picture is not None
        inside = area.inside(*self._cursor)
        colour = None
        if view == view.rested() and state.layout is not Layout.DIFFERENCE:
            row, column = math.floor(view.top + inside[1]), math.floor(view.left + inside[0])
            colour = looks.scene(area.pane).colour_at(area.pane, state.methods[area.pane], view, row, column)
        # the middle of the screen pixel under the cursor
        position = view.position_at((inside[0] + 0.5, inside[1] + 0.5))
        self._status.show_position(position, picture.pixels, colour, span=picture.span)
