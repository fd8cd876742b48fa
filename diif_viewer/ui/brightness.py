"""How bright the picture is painted: light times a power of two, to see into shadows or what is nearly white.

A way of looking, like a lens: it changes nothing that is measured, copied or saved, and holds until it is changed, for
every picture and pane.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import decimal
from diif_viewer.ui.screen_colour import SCREEN

STEP = 0.5
"""Stops (doublings of the light) at a time."""

DARKEST, BRIGHTEST = -4.0, 8.0
"""Stops: with 8 the darkest level but black is a middle grey."""


class Brightness(QObject):
    """Of one window. changed: no payload."""

    changed = Signal()

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        SCREEN.brighten(0.0)  # whatever a window before this one had

    @property
    def words(self) -> str:
        """As photographers write it; empty where nothing is changed."""
        return decimal(f"{SCREEN.stops:+g} EV").replace("-", "−") if SCREEN.stops else ""

    def step(self, steps: int) -> None:
        """Brighter by `steps`, darker when negative."""
        self.put(SCREEN.stops + STEP * steps)

    def put(self, stops: float) -> None:
        """Within the limits."""
        if SCREEN.brighten(min(max(stops, DARKEST), BRIGHTEST)):
            self._controller.recolour()
            self.changed.emit()
