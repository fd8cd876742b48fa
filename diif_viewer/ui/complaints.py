"""A mistake in the program ends in a quiet bar, in the diagnostics and in the terminal, not in a dead window."""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal

from diif_viewer.ui.language import tr

DEEPEST = 12
"""Calls that are named, from the one that failed outwards."""

Tell = Callable[[str, str], None]
"""(sentence for people, lines for whoever mends it)."""


class _Post(QObject):
    """Carries complaints of any thread to the GUI thread."""

    came = Signal(str, str)


@contextlib.contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """While active, exceptions that nobody caught, in whatever thread, are also told, in the GUI thread."""
    post = _Post()
    post.came.connect(tell, Qt.ConnectionType.QueuedConnection)
    before, before_in_threads = sys.excepthook, threading.excepthook

    def complain(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(Exception):  # the window may be gone
            sentence = tr("Something went wrong ({kind}); the program goes on.", kind=kind.__name__)
            post.came.emit(sentence, _lines(kind, error, trace))

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        complain(kind, error, trace)

    def hook_in_threads(args: threading.ExceptHookArgs) -> None:
        before_in_threads(args)
        if args.exc_type is not SystemExit:
            complain(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook, threading.excepthook = hook, hook_in_threads
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before, before_in_threads


def _lines(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> str:
    """What was raised and by which calls, the innermost first; of files their names only."""
    calls = reversed(traceback.extract_tb(trace))
    places = [f"  {Path(call.filename).name}:{call.lineno} in {call.name}" for call in calls]
    return "\n".join([f"{kind.__name__}: {error}", *places[:DEEPEST]])
