"""Files that are on screen are watched; one that has changed and was then left alone for a moment is told."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, Slot

from diif_viewer.paths import stamp_of

CALM = 250
"""Milliseconds that a changed file must stay the same before it is told: it may still be written."""


class FileWatch(QObject):
    """changed (a Path): this file is another one than when it began to be watched, or than when it was told last."""

    changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._told: dict[Path, object] = {}
        self._seen: dict[Path, object] = {}
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._stirred)
        self._watcher.directoryChanged.connect(self._stirred)
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(CALM)
        self._calm.timeout.connect(self._look)

    def watch(self, paths: Iterable[Path], *, anew: bool = False) -> None:
        """Watch these from now on, and no others. anew: those that were watched before are as they are now, too."""
        told, seen = ({}, {}) if anew else (self._told, self._seen)
        now = {path: stamp_of(path) for path in paths}
        self._told = {path: told.get(path, stamp) for path, stamp in now.items()}
        self._seen = {path: seen.get(path, stamp) for path, stamp in now.items()}
        watched = [*self._watcher.files(), *self._watcher.directories()]
        # the folder too: many programs write another file and give it the name of the old one
        names = dict.fromkeys(name for path in self._told for name in (str(path), str(path.parent)))
        wanted = [name for name in names if os.path.exists(name)]
        if gone := [name for name in watched if name not in wanted]:
            self._watcher.removePaths(gone)
        if new := [name for name in wanted if name not in watched]:
            self._watcher.addPaths(new)

    @Slot()
    def _stirred(self) -> None:
        self._calm.start()

    @Slot()
    def _look(self) -> None:
        now = {path: stamp_of(path) for path in self._told}
        if now != self._seen:
            self._follow([str(path) for path, stamp in now.items() if stamp not in (None, self._seen[path])])
            self._seen = now
            self._calm.start()  # it may still be written
            return
        for path in [path for path, stamp in now.items() if stamp not in (None, self._told[path])]:
            self._told[path] = now[path]
            self.changed.emit(path)

    def _follow(self, names: list[str]) -> None:
        """Watch what has these names now: the file that had one before may live on, and be watched in its stead."""
        if names:
            self._watcher.removePaths(names)
            self._watcher.addPaths(names)
