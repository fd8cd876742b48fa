"""Keeps Python itself out of the way of hands: when garbage is collected, and how soon threads give way.

A full collection looks at every object there is: some 90,000 once the window, NumPy and Pillow are loaded. That takes
the GUI thread 45 ms, at a moment of Python's choosing. So what a start leaves behind is exempted once, and what comes
later is looked at while the view rests, in less than a millisecond.
"""

from __future__ import annotations

import gc
import sys

from PySide6.QtCore import QObject, QTimer, Slot

from diif_viewer.ui.motion import Motion

TURN = 0.001
"""Seconds that a thread may hold the interpreter while the window waits for it; Python allows five times that."""

SETTLED = 2000
"""Milliseconds after the first picture at which a start is over."""

PACE = 10_000
"""Milliseconds between two collections, at least."""

NEVER = 1_000_000_000


class Interpreter(QObject):
    """From `begin` to `end`, which puts everything back as it was. motion: collections wait for its end."""

    def __init__(self, motion: Motion, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._motion = motion
        self._before: tuple[float, tuple[int, int, int]] | None = None
        self._exempted = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._collect)

    def begin(self) -> None:
        """Let threads give way soon, and collections of everything happen here only."""
        if self._before is None:
            self._before = sys.getswitchinterval(), gc.get_threshold()
            sys.setswitchinterval(TURN)
            young, middle, _ = self._before[1]
            gc.set_threshold(young, middle, NEVER)
            self._timer.start(SETTLED)

    def end(self) -> None:
        """Leave Python as it was found."""
        if self._before is None:
            return
        self._timer.stop()
        turn, thresholds = self._before
        self._before = None
        sys.setswitchinterval(turn)
        gc.set_threshold(*thresholds)
        if self._exempted:
            self._exempted = False
            gc.unfreeze()

    @Slot()
    def _collect(self) -> None:
        if self._motion.moving or self._motion.shown is None:
            return
        if self._exempted:
            gc.collect()
            return
        gc.collect(1)  # what has gone already is not exempted
        gc.freeze()
        self._exempted = True
        self._timer.setInterval(PACE)
