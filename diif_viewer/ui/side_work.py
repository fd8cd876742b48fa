"""Work beside the window on what it shows: looked at soon after something stirs, done in a thread, the newest only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from PySide6.QtCore import QObject, QTimer

from diif_viewer.ui.mailbox import Job, Mailbox


class SideWork(Generic[Job]):
    """One kind of such work. Its thread begins with the first job."""

    def __init__(
        self, name: str, pace: int, *, look: Callable[[], None], work: Callable[[Job], None], parent: QObject
    ) -> None:
        """pace: milliseconds between two looks. look: posts a job if there is one. work: does it, see `Mailbox`."""
        self._name, self._work = name, work
        self._mailbox: Mailbox[Job] | None = None
        self._soon = QTimer(parent)
        self._soon.setSingleShot(True)
        self._soon.setInterval(pace)
        self._soon.timeout.connect(look)

    @property
    def due(self) -> bool:
        """True while a look is to come."""
        return self._soon.isActive()

    def stir(self) -> None:
        """Look soon."""
        if not self._soon.isActive():
            self._soon.start()

    def post(self, job: Job) -> None:
        """Have `job` done, in place of one that waits."""
        if self._mailbox is None:
            self._mailbox = Mailbox(self._name, self._work)
        self._mailbox.post(job)

    @property
    def overtaken(self) -> bool:
        """True, for the work at hand, when a newer job waits or nobody wants any."""
        return self._mailbox is not None and self._mailbox.overtaken

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._soon.stop()
        if self._mailbox is not None:
            self._mailbox.close()
            self._mailbox = None
