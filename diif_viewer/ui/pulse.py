"""Whether a renderer that owes something still gives signs of life.

Story: while there are debts, the renderer's heartbeat arrives every second, with its steps and the processor time that
it has spent (`engine.heartbeat`) -> where nothing arrives for a while, the process stands still; where it arrives but
tells of neither steps nor work, the process runs and its work hangs -> the window is told, and told again when it lives
after all. Nothing is done to it: a machine may be slower than anybody thought.

Time is counted turn by turn, and no turn counts for more than it should have taken: while a laptop is suspended, or the
window itself is held up, nobody could have heard anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from diif_viewer.engine.messages import Alive, FromRenderer, ToRenderer
from diif_viewer.ui.debts import Debts
from diif_viewer.ui.language import tr

TURN = 1.0
"""Seconds between two looks, and the most that one of them counts for."""

SILENCE = 15.0
"""Seconds of debts without any sign, until this is told."""

START = 90.0
"""The same until it is ready: torch comes from the disk in large pieces, and may hold up every thread meanwhile."""

STANDSTILL = 60.0
"""Seconds of signs that tell of no step and no work, until this is told."""

WORK = 0.02
"""Seconds of processor time from one sign to the next that are work, and not the sign itself."""


class Pulse(QObject):
    """lost (sentence): it gives no sign of life, or gets no further. found (no payload): it does again, or is gone.

    clock: seconds.
    """

    lost = Signal(str)
    found = Signal()

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._debts = Debts()
        self._last: Alive | None = None
        self._silent = self._still = 0.0  # seconds
        self._before = 0.0
        self.missing = False
        self._timer = QTimer(self)
        self._timer.setInterval(round(1000 * TURN))
        self._timer.timeout.connect(self.turn)

    def begin(self) -> None:
        """A renderer is being started."""
        self.end()
        self._debts, self._last = Debts(), None
        self._watch()

    def end(self) -> None:
        """It is no more."""
        self._timer.stop()
        self._find()

    def asked(self, order: ToRenderer) -> None:
        """An order goes out."""
        self._debts.asked(order)
        if self._debts and not self._timer.isActive():
            self._watch()

    def heard(self, message: FromRenderer) -> None:
        """A message came."""
        self._debts.answered(message)
        self._silent = 0.0
        if not isinstance(message, Alive) or self._progress(message):
            self._still = 0.0
        if self._still < STANDSTILL:
            self._find()

    def _progress(self, sign: Alive) -> bool:
        last, self._last = self._last, sign
        return last is None or sign.steps != last.steps or sign.seconds - last.seconds > WORK

    def _watch(self) -> None:
        self._silent = self._still = 0.0
        self._before = self._clock()
        self._timer.start()

    def _find(self) -> None:
        if self.missing:
            self.missing = False
            self.found.emit()

    @Slot()
    def turn(self) -> None:
        """Look: has it been too long?"""
        now = self._clock()
        passed, self._before = min(now - self._before, TURN), now
        if not self._debts:
            self.end()
            return
        self._silent += passed
        self._still += passed
        if self.missing:
            return
        if self._silent >= (START if self._debts.starting else SILENCE):
            self._lose(tr("The renderer has given no sign of life for a while; pictures stay bicubic until it does."))
        elif self._still >= STANDSTILL and not self._debts.starting:
            self._lose(tr("The renderer has got no further for a while; pictures stay bicubic until it does."))

    def _lose(self, sentence: str) -> None:
        self.missing = True
        self.lost.emit(sentence)
