"""True progress of long commands: one line that is rewritten in a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

_RAREST = 120.0
"""Seconds between two lines of a log, at most."""


class ProgressLine:
    """Prints finished fractions, with speed and time left once they can be told; call it with numbers in [0, 1].

    In a terminal the line is rewritten at most ten times a second; elsewhere a line appears after `log_seconds` and
    then ever more rarely, so that neither short nor long work fills a log with noise. `close` ends the line.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        log_seconds: float = 5.0,
        *,
        enabled: bool = True,
        work: float = 0.0,
        unit: str = "",
    ) -> None:
        """enabled: False for a line that shows nothing. work: all of it, in `unit`; 0 for no word about the speed."""
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._terminal = self._stream.isatty()
        self._interval = 0.1 if self._terminal else log_seconds
        self._start = self._last = clock()
        self._width = 0
        self._enabled, self._work, self._unit = enabled, work, unit

    def __call__(self, fraction: float) -> None:
        """Show that `fraction` of the work is done."""
        now = self._clock()
        if not self._enabled or now - self._last < self._interval:
            return
        if not self._terminal:
            self._interval = min(1.25 * self._interval, _RAREST)
        self._last = now
        spent = now - self._start
        text = f"{100 * fraction:3.0f} %"
        if self._work and fraction > 0 and spent > 0.5:
            text += f"  {self._work * fraction / spent:.3g} {self._unit}/s"
        if 0 < fraction < 1 and spent > 0.5:
            text += f"  {duration(spent * (1 - fraction) / fraction)} left"
        if self._terminal:
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Wipe the rewritten line, so that what is printed next starts on a clean one."""
        if self._terminal and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0


def duration(seconds: float) -> str:
    """`8 s`, `2 min 05 s` or `1 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
