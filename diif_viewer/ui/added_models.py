"""Adding and removing the user's own models while the window is open.

Whether a file can be used only torch can say, and the window has none: a process of its own runs ``diif-viewer models
add``, which loads the weights, copies them to the others and tells of them, or says in one sentence why not.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal, Slot

import diif_viewer
from diif_viewer.errors import DiifViewerError
from diif_viewer.models import shelf
from diif_viewer.ui.language import said, tr

_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


class AddedModels(QObject):
    """One process at a time; what is asked for meanwhile waits.

    busy_changed: no payload, read `busy`. added (name, what `models add --json` tells of it), described (name, the
    same), removed (name), refused (sentence).
    """

    busy_changed = Signal()
    added = Signal(str, object)
    described = Signal(str, object)
    removed = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: list[tuple[list[str], str]] = []
        self._process: QProcess | None = None
        self._name = ""

    @property
    def busy(self) -> str:
        """The name of the file or model that is being looked at; "" for none."""
        return self._name

    def add(self, file: Path) -> None:
        """Check a weights file and copy it to the others, under its own name as far as a model can be called so."""
        name = _STRANGE.sub("-", file.stem).strip("-._")[:64] or "model"
        self._ask(["add", os.fspath(file), "--name", name], file.name)

    def describe(self, name: str) -> None:
        """Tell what is in a model whose file only torch can read."""
        self._ask(["show", name], name)

    def remove(self, name: str) -> None:
        """Delete one of the user's models."""
        try:
            shelf.remove(name)
        except DiifViewerError as error:
            self.refused.emit(said(str(error)))
        else:
            self._forget((["show", name], name))
            self.removed.emit(name)

    def shutdown(self) -> None:
        """End the process, if one runs; returns when it has ended."""
        self._waiting.clear()
        self._stop()

    def _forget(self, asked: tuple[list[str], str]) -> None:
        """Nobody wants an answer to `asked` any more."""
        if asked in self._waiting:
            if self._waiting[0] == asked:
                self._stop()
            self._waiting.remove(asked)
            self._begin()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._finished)
            process.errorOccurred.disconnect(self._failed)
            process.kill()
            process.waitForFinished()

    def _ask(self, words: list[str], name: str) -> None:
        if (words, name) not in self._waiting:
            self._waiting.append((words, name))
            self._begin()

    def _begin(self) -> None:
        if self._process is not None:
            return
        self._name = self._waiting[0][1] if self._waiting else ""
        if self._waiting:
            self._process = process = QProcess(self)
            environment = QProcessEnvironment.systemEnvironment()
            path = [os.fspath(Path(diif_viewer.__file__).parent.parent), environment.value("PYTHONPATH")]
            environment.insert("PYTHONPATH", os.pathsep.join(filter(None, path)))
            process.setProcessEnvironment(environment)
            process.finished.connect(self._finished)
            process.errorOccurred.connect(self._failed)
            process.start(sys.executable, ["-m", "diif_viewer", "models", *self._waiting[0][0], "--json"])
        self.busy_changed.emit()

    @Slot(QProcess.ProcessError)
    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._end(None, tr("{name}: the process that reads models does not start.", name=self._name))

    @Slot()
    def _finished(self) -> None:
        assert self._process is not None
        output = bytes(self._process.readAllStandardOutput().data()).decode(errors="replace")
        errors = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        told = [line.removeprefix("error: ") for line in errors.splitlines() if line.startswith("error: ")]
        try:
            record = json.loads(output)[0]
        except (ValueError, IndexError):
            record = None
        unclear = tr("{name}: this model cannot be read.", name=self._name)
        self._end(record, said(told[-1]) if told else unclear)

    def _end(self, record: dict[str, Any] | None, sentence: str) -> None:
        """Tell the outcome of what was asked first, and go on with the next."""
        (word, *_), _ = self._waiting.pop(0)
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        if record is None:
            self.refused.emit(sentence)
        elif word == "add":
            self.added.emit(record["name"], record)
        else:
            self.described.emit(record["name"], record)
        self._begin()
