"""Keeps Python itself out of the way of hands: when garbage is collected, freed memory returned, threads give way.

A full collection looks at every object there is: some 90,000 once the window, NumPy and Pillow are loaded. That takes
the GUI thread 45 ms, at a moment of Python's choosing. So what a start leaves behind is exempted once, and what comes
later is looked at while the view rests, in less than a millisecond.

Freed memory is returned then as well. Frames are large and gone in a moment, tiles stay for minutes, and NumPy puts
the shape of a tile wherever a small hole is free: into the room of a frame that has just gone, which glibc then keeps.
By the time the tiles have filled their cache that is 40 MB in a small window, and more in a large one.
"""

from __future__ import annotations

import gc
import sys
import threading

from PySide6.QtCore import QObject, QTimer, Slot

from diif_viewer.engine import heap
from diif_viewer.ui.motion import Motion

TURN = 0.001
"""Seconds that a thread may hold the interpreter while the window waits for it; Python allows five times that."""

SETTLED = 2000
"""Milliseconds after the first picture at which a start is over."""

PACE = 10_000
"""Milliseconds between two collections, at least."""

HOARD = 4 << 20
"""Bytes by which this process must have grown for freed memory to be returned, which takes a thread some 4 ms."""

NEVER = 1_000_000_000


class Interpreter(QObject):
    """From `begin` to `end`, which puts everything back as it was. motion: collections wait for its end."""

    def __init__(self, motion: Motion, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._motion = motion
        self._before: tuple[float, tuple[int, int, int]] | None = None
        self._exempted = False
        self._least: int | None = None  # bytes held when freed memory was returned
        self._returning: threading.Thread | None = None
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
        if self._returning is not None:
            self._returning.join()
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
            self._give_back()
            return
        gc.collect(1)  # what has gone already is not exempted
        gc.freeze()
        self._exempted = True
        self._timer.setInterval(PACE)

    def _give_back(self) -> None:
        """Return freed memory to the system where there may be any, aside: the heaps of all threads are walked."""
        held = heap.private()
        if held is None or (self._returning is not None and self._returning.is_alive()):
            return
        if self._least is None or held > self._least + HOARD:
            self._returning = threading.Thread(target=self._return, name="give back", daemon=True)
            self._returning.start()
        self._least = min(held, self._least or held)

    def _return(self) -> None:
        heap.give_back()
        self._least = heap.private()
