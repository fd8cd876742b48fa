"""How long the GUI thread ever was away from its events: the figure that smoothness is judged by.

A processor that is busy with other programs lengthens every stall. How much of one was the window's own doing, the
thread's processor time tells.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Slot

INTERVAL = 2
"""Milliseconds between two marks."""


class StallMeter(QObject):
    """Marks time every `INTERVAL` milliseconds; a gap beyond that is time in which no event was handled."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._last = time.perf_counter()
        self._longest = self._busiest = 0.0
        self._worked = time.thread_time()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._mark)

    @property
    def longest(self) -> float:
        """Milliseconds of the longest stall since `start`."""
        return self._longest

    @property
    def busiest(self) -> float:
        """Milliseconds of work at most, since `start`, that the thread did between two marks."""
        return self._busiest

    def start(self) -> None:
        """Begin anew."""
        self._longest = self._busiest = 0.0
        self._worked = time.thread_time()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Stop marking; `longest` stays."""
        self._timer.stop()

    @Slot()
    def _mark(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self._longest = max(self._longest, 1000 * (now - self._last) - INTERVAL)
        self._busiest = max(self._busiest, 1000 * (worked - self._worked))
        self._last, self._worked = now, worked
