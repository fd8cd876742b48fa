"""Ctrl+C in the terminal and a polite kill close the window properly: no process, no shared memory is left behind."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

from PySide6.QtCore import QSocketNotifier, QTimer

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def closing_on_signals(close: Callable[[], object]) -> Iterator[None]:
    """While active, SIGINT and SIGTERM call `close` in the main thread, from the event loop.

    Qt's loop is not Python code, so Python would never look at a signal: a socket that the interpreter writes
    to on every signal wakes it up.
    """
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    notifier = QSocketNotifier(near.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: _drain(near))
    # the handler may run anywhere in Python code, in the middle of a paint too: only the event loop may close
    before = {number: signal.signal(number, lambda *_: QTimer.singleShot(0, close)) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(far.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        notifier.setEnabled(False)
        near.close()
        far.close()


def _drain(near: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        near.recv(4096)
