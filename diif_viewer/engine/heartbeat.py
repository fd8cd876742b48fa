"""Signs of life: while the rendering process has work, a thread of its own tells every second how far it has come.

A step may take long, so the one who works cannot be the one who tells. And a thread that tells proves no more than that
the process runs: so it also tells how many steps were begun and how much processor time was spent. Both stand still
where the work hangs. While there is nothing to do the thread sleeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from diif_viewer.engine.messages import Alive

PERIOD = 1.0
"""Seconds between two signs."""


class Heartbeat:
    """Beats from the start on, until `rest`. send: takes the signs, in the thread; the thread dies with the process."""

    def __init__(self, send: Callable[[Alive], None], period: float = PERIOD) -> None:
        self._send, self._period = send, period
        self._steps = 0
        self._working = threading.Event()
        self._working.set()
        threading.Thread(target=self._beat, name="diif-viewer heartbeat", daemon=True).start()

    def step(self) -> None:
        """A step begins."""
        self._steps += 1
        if not self._working.is_set():
            self._working.set()

    def rest(self) -> None:
        """There is nothing to do until the next step."""
        self._working.clear()

    def _beat(self) -> None:
        while True:
            self._working.wait()
            self._send(Alive(self._steps, time.process_time()))
            time.sleep(self._period)
