"""Ctrl-C, a polite kill (SIGTERM) and a closed terminal (SIGHUP) end a command: nothing torn is left behind."""

from __future__ import annotations

import _thread
import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from diif_viewer.starting import SIGNALS

INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 and the signal's number, as shells have it."""

_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)
_SAME = 1.0
"""Seconds in which a signal means the same as the one before: `timeout` sends it to a process and to its group."""
_RETRY = 0.02
"""Seconds between looks whether an import is over."""


class Ended(KeyboardInterrupt):
    """What the signals raise: whatever clears up after Ctrl-C does so after them. number: of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """While active, the signals raise `Ended` in the main thread. One that is ignored (nohup) stays so.

    Not in the middle of an import, but behind it: NumPy and torch, imported from C, swallow whatever is raised there,
    and the command would go on, or fail with half a module.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    begun, last = _imports(sys._getframe()), -math.inf

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal last
        if _imports(frame) > begun:
            _thread.start_new_thread(_send_again, (number,))  # `threading` takes locks, which may be held right now
        elif time.monotonic() - last > _SAME:
            last = time.monotonic()
            raise Ended(number)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    changed = {number: handler for number, handler in before.items() if handler in _DEFAULTS}
    for number in changed:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


def status_of(stop: KeyboardInterrupt) -> int:
    """The exit status of a command that `stop` has ended: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + stop.number if isinstance(stop, Ended) else INTERRUPTED


def _imports(frame: FrameType | None) -> int:
    """How deep in imports a frame is."""
    depth = 0
    while frame is not None:
        depth += frame.f_code.co_filename.startswith("<frozen importlib")
        frame = frame.f_back
    return depth


def _send_again(number: int) -> None:
    time.sleep(_RETRY)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)  # wakes it from waiting too
    else:
        _thread.interrupt_main(signal.Signals(number))
