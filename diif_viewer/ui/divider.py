"""Where the divider between two methods can be taken, and where a hand has brought it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.compare import Layout
from diif_viewer.ui.state import ViewerState

GRIP = 7
"""Logical pixels to either side of the divider at which it can be taken."""


class Divider:
    """That of `canvas`; positions are in its logical pixels."""

    def __init__(self, canvas: QWidget, state: ViewerState) -> None:
        self._canvas, self._state = canvas, state

    @property
    def _lies(self) -> bool:
        return self._state.layout is Layout.STACKED

    @property
    def _extent(self) -> int:
        """Logical pixels of the side that the divider moves along."""
        return max(1, self._canvas.height() if self._lies else self._canvas.width())

    def fraction(self, position: QPointF) -> float:
        """Where the divider would be with its grip at `position`: a fraction of the canvas."""
        return (position.y() if self._lies else position.x()) / self._extent

    def is_near(self, position: QPointF) -> bool:
        """True when it can be taken there."""
        if not self._state.layout.divided or self._state.view is None:
            return False
        return abs(self.fraction(position) - self._state.split) * self._extent <= GRIP

    def cursor(self, position: QPointF) -> Qt.CursorShape:
        """The cursor that says so."""
        if not self.is_near(position):
            return Qt.CursorShape.ArrowCursor
        return Qt.CursorShape.SplitVCursor if self._lies else Qt.CursorShape.SplitHCursor
