"""What a stopwatch and the system know of a window: when tiles and paints came, and how much memory it took."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from diif_viewer.engine.messages import Ready, TileDone
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.loader import NotLoaded


class Watch(QObject):
    """Notes what happens after `aim`, in seconds of perf_counter. paints: all of them. device: the renderer's.
    failure: why the picture is not shown.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer.window)
        self._viewer = viewer
        self.device = self.failure = ""
        self.paints: list[float] = []
        self.aim()
        viewer.client.ready.connect(self._ready)
        viewer.loader.failed.connect(self._not_loaded)
        viewer.window.canvas.painted.connect(self._painted)
        viewer.controller.status_changed.connect(self._status_changed)
        viewer.client.tile_done.connect(self._tile_done)

    def aim(self) -> None:
        """An event of a hand is about to come: what was reached so far does not count."""
        self.tiles: list[tuple[float, float]] = []  # (when, scale)
        self.complete: float | None = None
        self.sharp: float | None = None

    @Slot(object)
    def _ready(self, ready: Ready) -> None:
        self.device = ready.description

    @Slot(object)
    def _not_loaded(self, failure: NotLoaded) -> None:
        self.failure = failure.sentence

    @Slot()
    def _painted(self) -> None:
        self.paints.append(time.perf_counter())
        if self.sharp is None and self._viewer.controller.sharp:
            self.sharp = self.paints[-1]

    @Slot()
    def _status_changed(self) -> None:
        statuses = self._viewer.controller.statuses
        whole = bool(statuses) and all(status.sharp for status in statuses)
        self.complete = (self.complete or time.perf_counter()) if whole else None
        if self.sharp is None and self._viewer.controller.sharp:
            # what came last may lie out of sight, where nothing of it is painted
            self._viewer.window.canvas.update(0, 0, 1, 1)

    @Slot(object)
    def _tile_done(self, message: TileDone) -> None:
        self.tiles.append((time.perf_counter(), message.key.scale))


def peaks() -> dict[str, int | None]:
    """Most bytes that were ever resident: of this process, of the renderer, and their sum; None where not known."""
    children = multiprocessing.active_children()
    window, renderer = _peak(os.getpid()), _peak(children[0].pid) if children else None
    known = window is not None and renderer is not None
    return {"window": window, "renderer": renderer, "together": window + renderer if known else None}  # type: ignore[operator]


def _peak(process: int | None) -> int | None:
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
        return next(int(text.split()[1]) * 1024 for text in lines if text.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return None
