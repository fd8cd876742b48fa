"""Choosing a region of the picture by a drag, for whatever is to be done with it.

Story: an action asks for a region and says what for -> the canvas waits for a drag -> its two corners become a box of
the picture -> whoever asked gets it. The same action again, or Esc, stops the waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Slot

from diif_viewer.geometry import Window
from diif_viewer.ui.canvas import Canvas
from diif_viewer.ui.compare import area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.notice import Notice


@dataclass(frozen=True, slots=True)
class Region:
    """A dragged region. pane: where it was dragged. window: outputs of the view's lattice that the pane shows.

    box: (left, top, right, bottom) in pixels of the picture that the pane shows, as it was dragged; it may reach out of
    the picture.
    """

    pane: int
    window: Window
    box: tuple[float, float, float, float]


class Regions(QObject):
    """Waits for one drag at a time."""

    def __init__(self, controller: Controller, canvas: Canvas, notice: Notice, keys: Keys) -> None:
        super().__init__(notice)
        self._controller, self._canvas, self._notice, self._keys = controller, canvas, notice, keys
        self._done: Callable[[Region], None] | None = None
        self._words = ""
        canvas.export_region_asked.connect(self._dragged)

    @property
    def choosing(self) -> bool:
        """True while the next drag chooses a region."""
        return self._canvas.choosing_region

    def choose(self, words: str, done: Callable[[Region], None]) -> None:
        """Say `words` (a sentence) and hand the next dragged region to `done`; while one is waited for, stop that."""
        if self.choosing:
            self.stop()
            return
        self._done = done
        self._canvas.choose_region(True)
        self._canvas.setFocus()
        words += " " + tr("Enter takes all of the view.")
        key = self._keys.shown("leave")
        self._words = words + (tr(" {key} stops.", key=key) if key else "")
        self._notice.tell(self._words)

    def stop(self) -> None:
        """Wait no more."""
        self._canvas.choose_region(False)
        self._notice.withdraw(self._words)

    @Slot(object, object)
    def _dragged(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self._notice.withdraw(self._words)
        done, areas = self._done, self._controller.areas
        area = area_at(areas, *start) if areas else None
        view = None if area is None else self._controller.looks.view(area.pane)
        if area is None or view is None or done is None:
            return
        (x0, y0), (x1, y1) = (view.rested().position_at(area.inside(*point)) for point in (start, end))
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        done(Region(area.pane, view.lattice.window_of(box).intersected(area.seen(view)), box))
