"""A thread with a one-place mailbox: a newer job replaces the one that waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Mailbox(Generic[Job]):
    """Does the newest job, off the GUI thread; jobs that are overtaken before they begin are never done.

    `work` runs in the thread, should not raise, and may ask `overtaken` to stop early.
    """

    def __init__(self, name: str, work: Callable[[Job], None]) -> None:
        self._work = work
        self._slot: list[Job] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def overtaken(self) -> bool:
        """True when a newer job waits, or the mailbox is being closed."""
        return bool(self._slot) or self._closed

    def post(self, job: Job) -> None:
        """Put `job` in place of the one that waits."""
        with self._changed:
            self._slot[:] = [job]
            self._changed.notify()

    def clear(self) -> None:
        """Forget the job that waits."""
        with self._changed:
            self._slot.clear()

    def close(self) -> None:
        """Finish the job at hand and end the thread; returns when it has ended."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slot or self._closed)
                if self._closed:
                    return
                job = self._slot.pop()
            try:
                self._work(job)
            except Exception:  # a mistake of ours: say so as an uncaught one, and be there for the next job
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))
            del job  # a picture must not stay alive until the next one comes
