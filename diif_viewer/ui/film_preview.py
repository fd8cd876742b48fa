"""A small film of the film to be: steps at first, and smoother as more of its frames arrive."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.export_preview import ExportPreview
from diif_viewer.ui.images import opaque
from diif_viewer.ui.language import tr

TICK = 33
"""Milliseconds between two looks at which frame it is time for."""

PAUSE = 0.7
"""Seconds that the last frame stays before it begins again."""


class FilmPreview(ExportPreview):
    """Plays what `begin` announced and `take` brought, over and over, in the film's own time. A click stops it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Small copy of the film"))
        self.setToolTip(tr("How the film will move. A click stops it, and another one goes on."))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._frames: dict[int, QImage] = {}
        self._count, self._rate = 1, 1.0
        self._begun = self._stopped = 0.0
        self._fresh = False
        self._clock = QTimer(self)
        self._clock.setInterval(TICK)
        self._clock.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """True unless a click stopped it."""
        return self._stopped == 0.0

    @property
    def frames(self) -> int:
        """How many it has to show."""
        return len(self._frames)

    def begin(self, count: int, rate: float) -> None:
        """Another film, of `count` frames at `rate` a second: what is there plays on until its first frame is."""
        self._count, self._rate, self._fresh = count, rate, True
        self.wait()

    def take(self, number: int, pixels: npt.NDArray[np.uint8]) -> None:
        """Frame `number`: HWC uint8, of at most `side` pixels a side."""
        if self._fresh:
            self._frames, self._fresh = {}, False
            self._begun = time.monotonic()
        self._frames[number] = opaque(pixels)
        self.busy = False
        if not self._clock.isActive() and self.playing:
            self._clock.start()
        self._show(self._number())

    def show_words(self, words: str) -> None:
        """Why there is nothing to see."""
        self._frames = {}
        self._clock.stop()
        super().show_words(words)

    def _number(self) -> int:
        """The frame that it is time for."""
        now = self._stopped or time.monotonic()
        position = (now - self._begun) % (self._count / self._rate + PAUSE)
        return min(self._count - 1, int(position * self._rate))

    def _show(self, number: int) -> None:
        """Show the frame of a number, or the nearest before it."""
        there = [n for n in self._frames if n <= number]
        if there:
            self.show_image(self._frames[max(there)])

    @Slot()
    def _tick(self) -> None:
        self._show(self._number())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Stop, or go on from there."""
        if event.button() != Qt.MouseButton.LeftButton or not self._frames:
            return
        if self.playing:
            self._stopped = time.monotonic()
            self._clock.stop()
        else:
            self._begun += time.monotonic() - self._stopped
            self._stopped = 0.0
            self._clock.start()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Nothing."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Nothing."""
