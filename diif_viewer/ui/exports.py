"""What is being written: a list on the window, from the order that goes to the renderer to the file that is there.

Story: an order gets a number and a row -> the renderer takes orders one after the other -> progress, the end or the
failure of each comes back to its row, from where what failed can be tried again.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from diif_viewer.engine.messages import (
    CancelExport,
    ExportDone,
    ExportFailed,
    ExportProgress,
    ExportRequest,
    FilmRequest,
)
from diif_viewer.paths import stamp_of
from diif_viewer.ui.export_order import free_name
from diif_viewer.ui.export_queue import ExportQueue
from diif_viewer.ui.language import tr
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.renderer_client import RendererClient


class Exports(QObject):
    """Exports and films under way. queue: their list, beside the notice."""

    def __init__(self, client: RendererClient, notice: Notice) -> None:
        super().__init__(notice)
        self._client, self._notice = client, notice
        self._jobs: dict[int, Path] = {}
        self._orders: dict[int, ExportRequest | FilmRequest] = {}  # of all that are on the list and not done
        self._stamps: dict[int, object] = {}  # of the files that lay in the places of those that failed
        self._warned = False
        stack = notice.parentWidget()
        assert stack is not None
        self.queue = ExportQueue(stack)
        self.queue.cancel_asked.connect(self._cancel)
        self.queue.again_asked.connect(self._again)
        self.queue.removed.connect(self._removed)
        client.export_progress.connect(self._progress)
        client.export_done.connect(self._done)
        client.export_failed.connect(self._failed)

    def add(self, order: ExportRequest | FilmRequest, path: Path) -> None:
        """Give `order` a number, put `path` on the list, hand it to the renderer, which tells of both kinds alike."""
        job = self._client.job()
        self._jobs[job], self._orders[job] = path, order
        self._warned = False
        self.queue.add(job, path)
        self._client.send(replace(order, job=job))

    @Slot(int)
    def _again(self, job: int) -> None:
        """Begin anew what failed, behind whatever is under way."""
        order, stamp = self._orders[job], self._stamps.get(job)
        if not self._client.knows(order.image):
            self.queue.failed(job, tr("This picture is no longer open: open it and export it again."), again=False)
            return
        self.queue.remove(job)
        if not self._client.running:
            self._client.restart()
        path = self._free(Path(order.path if isinstance(order, ExportRequest) else order.file), stamp)
        name = os.fspath(path)
        self.add(replace(order, path=name) if isinstance(order, ExportRequest) else replace(order, file=name), path)

    def _free(self, path: Path, stamp: object) -> Path:
        """`path`, or one beside it where a file has come or is to come that nobody agreed to replace.

        stamp: of what lay there before.
        """
        if path not in self.taken() and stamp_of(path) in (None, stamp):
            return path
        return path.parent / free_name(path.parent, path.name, self.taken())

    @Slot(int)
    def _removed(self, job: int) -> None:
        self._orders.pop(job, None)
        self._stamps.pop(job, None)

    def taken(self) -> Collection[Path]:
        """The files that exports and films under way will be."""
        return self._jobs.values()

    @property
    def running(self) -> int:
        """Exports that are not done yet."""
        return len(self._jobs)

    def keeps_open(self) -> bool:
        """True, with a word about it, when the window is asked to close for the first time during an export."""
        if not self._jobs or self._warned:
            return False
        self._warned = True
        self._notice.tell(
            tr("An export is under way, and closing the window stops it. Close it again if that is meant.")
        )
        return True

    @Slot(int)
    def _cancel(self, job: int) -> None:
        self._client.send(CancelExport(job))

    @Slot(object)
    def _progress(self, message: ExportProgress) -> None:
        self.queue.progress(message.job, message.fraction, message.seconds_left)

    @Slot(object)
    def _done(self, message: ExportDone) -> None:
        if message.job in self._jobs:
            del self._jobs[message.job], self._orders[message.job]
            self.queue.done(message.job, Path(message.path))

    @Slot(object)
    def _failed(self, message: ExportFailed) -> None:
        if message.job in self._jobs:
            path = self._jobs.pop(message.job)
            if message.cancelled:
                self.queue.remove(message.job)
            else:
                self._stamps[message.job] = stamp_of(path)
                self.queue.failed(message.job, message.sentence)
