"""A polite kill (SIGTERM) and a closed terminal (SIGHUP) end a command as Ctrl-C does: nothing torn is left behind."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 and the signal's number, as shells have it."""


class Ended(KeyboardInterrupt):
    """What the signals raise: whatever clears up after Ctrl-C does so after them. number: of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """While active, SIGTERM and SIGHUP raise `Ended` in the main thread. One that is ignored (nohup) stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    changed = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def status_of(stop: KeyboardInterrupt) -> int:
    """The exit status of a command that `stop` has ended: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + stop.number if isinstance(stop, Ended) else INTERRUPTED


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise Ended(number)
