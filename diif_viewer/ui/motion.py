"""What is shown on the way to where the view is going: eased, short, never behind by more than its duration."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from diif_viewer.viewport import Viewport, between

DURATION = 0.16
"""Seconds from a gesture to the end of its animation."""

SLOWEST, FASTEST = 60.0, 120.0
"""Steps a second: as often as the screen refreshes, within these. More would be painted for nobody."""


class Motion(QObject):
    """Holds the view that is shown now and moves it towards its target.

    moved: the shown view changed. settled: it has arrived and lies on the lattice. No payload: read `shown`.
    """

    moved = Signal()
    settled = Signal()

    def __init__(self, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._start: Viewport | None = None
        self._target: Viewport | None = None
        self._shown: Viewport | None = None
        self._began, self._lasts = 0.0, DURATION
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_frame())
        self._timer.timeout.connect(self._step)

    @property
    def shown(self) -> Viewport | None:
        """The view to paint; at rest its origin is whole device pixels."""
        return self._shown

    @property
    def moving(self) -> bool:
        """True between the start of an animation and its end."""
        return self._timer.isActive()

    def jump(self, target: Viewport) -> None:
        """Show `target` at once."""
        self._timer.stop()
        self._target = target
        self._shown = target.rested()
        self.moved.emit()
        self.settled.emit()

    def glide(self, target: Viewport, duration: float = DURATION) -> None:
        """Move to `target` within `duration` seconds, from whatever is shown now; three times as fast at first."""
        if self._shown is None or (self._shown.view_height, self._shown.view_width) != (
            target.view_height,
            target.view_width,
        ):
            self.jump(target)
            return
        self._target = target
        self._start = self._shown
        self._began, self._lasts = self._clock(), duration
        self._timer.start()

    def stop(self) -> None:
        """End the animation where it would have arrived."""
        if self.moving and self._target is not None:
            self.jump(self._target)

    def clear(self) -> None:
        """Forget the view; nothing is emitted."""
        self._timer.stop()
        self._shown = self._start = self._target = None

    @Slot()
    def _step(self) -> None:
        assert self._start is not None
        assert self._target is not None
        fraction = (self._clock() - self._began) / self._lasts
        if fraction >= 1:
            self.jump(self._target)
            return
        eased = 1 - (1 - fraction) ** 3
        rest = self._target.rested()
        shown = between(self._start, rest, eased)
        # a pure pan steps by whole pixels: crisp all the way
        self._shown = shown.rested() if self._start.scale == rest.scale else shown
        self.moved.emit()


def _frame() -> int:
    """Milliseconds between two steps."""
    screen = QGuiApplication.primaryScreen()
    rate = SLOWEST if screen is None else screen.refreshRate()
    return int(1000 / min(max(rate, SLOWEST), FASTEST))
