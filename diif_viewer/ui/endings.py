"""How the renderer came to its end, in words, and whether it is started again without being asked."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from diif_viewer.ui.language import tr

SHORT = 60.0
"""Seconds in which it may end `OFTEN` times; what it was asked for is what ends it, then."""

OFTEN = 3


class Endings:
    """Counts them. clock: seconds. codes: of all since the window opened, as `words` takes them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moments: list[float] = []
        self._in_a_row = 0
        self.codes: list[int | None] = []

    def worked(self) -> None:
        """Something came of it: a view, a piece of an export, an estimate."""
        self._in_a_row = 0

    def forgive(self) -> None:
        """Somebody wants it to be tried once more."""
        self._in_a_row = 0
        self._moments.clear()

    def again(self, code: int | None) -> bool:
        """It ended; whether to start it again: not the second time without a result between, nor when it ends often."""
        now = self._clock()
        self.codes.append(code)
        self._in_a_row += 1
        self._moments = [*(moment for moment in self._moments if now - moment < SHORT), now]
        return self._in_a_row < 2 and len(self._moments) < OFTEN


def words(code: int | None) -> str:
    """One sentence. code: the exit status, the negative number of the signal that ended it, None where nobody knows."""
    if not code:
        return tr("The renderer stopped working; pictures are shown bicubic.")
    if code == -9:
        return tr("The system ended the renderer, as it does when memory runs out; pictures are shown bicubic.")
    return tr("The renderer crashed ({reason}); pictures are shown bicubic.", reason=brief(code))


def brief(code: int | None) -> str:
    """For people who look for the reason: the signal's name, or the status."""
    if code is None:
        return "unknown"
    try:
        return signal.Signals(-code).name if code < 0 else f"status {code}"
    except ValueError:
        return f"signal {-code}"
