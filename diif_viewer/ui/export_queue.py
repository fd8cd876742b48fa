"""Exports under way and just finished, in a small list over the picture: progress, cancel; open, show; try again."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from diif_viewer.ui import long_words
from diif_viewer.ui.export_order import seconds_text
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.reveal import OpenUrl, Reveal, show_in_folder

WIDTH, MARGIN = 340, 14
"""Logical pixels: of the list, and around it."""

FINISHED_SECONDS = 30
"""How long a finished export stays in the list by itself."""


class ExportRow(QFrame):
    """One export. cancel_asked, again_asked, closed: a button was pressed (no payload)."""

    cancel_asked = Signal()
    again_asked = Signal()
    closed = Signal()

    def __init__(self, path: Path, parent: QWidget, open_url: OpenUrl, reveal: Reveal) -> None:
        super().__init__(parent)
        self._path, self._open_url, self._reveal = path, open_url, reveal
        self.running = True
        self.name, self.words = QLabel(self), QLabel(tr("Waiting"), self)
        self.words.setObjectName("advice")
        self.words.setWordWrap(True)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.open, self.show_folder = QPushButton(tr("Open"), self), QPushButton(tr("Show in folder"), self)
        self.again = QPushButton(tr("Try again"), self)
        self.cancel, self.cross = QPushButton(tr("Cancel"), self), QPushButton("✕", self)
        self._lay_out()
        for button, order in (
            (self.open, self._open_file),
            (self.show_folder, self._show_in_folder),
            (self.again, self.again_asked.emit),
            (self.cancel, self._cancel),
            (self.cross, self.closed.emit),
        ):
            button.clicked.connect(order)
            button.setAccessibleName(f"{button.text()}: {path.name}")
        self.cross.setAccessibleName(tr("Take {name} off the list", name=path.name))
        self._finish()

    def _lay_out(self) -> None:
        self.cross.setFlat(True)
        width = WIDTH - 110
        long_words.put(self.name, self.fontMetrics().elidedText(self._path.name, Qt.TextElideMode.ElideMiddle, width))
        self.name.setToolTip(os.fspath(self._path))
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.name, 1)
        top.addWidget(self.cancel)
        top.addWidget(self.cross)
        foot.addWidget(self.open)
        foot.addWidget(self.show_folder)
        foot.addWidget(self.again)
        foot.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 9, 9, 9)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addLayout(foot)

    def _finish(self, *, whole: bool = False, again: bool = False) -> None:
        """Show the buttons of what can be done now. whole: the file is there. again: it can be begun anew."""
        for button in (self.open, self.show_folder):
            button.setVisible(whole)
        self.again.setVisible(again)
        self.cancel.setVisible(self.running)
        self.cross.setVisible(not self.running)
        self.bar.setVisible(self.running)

    def progress(self, fraction: float, seconds_left: float | None) -> None:
        """How far it is: in [0, 1]."""
        self.bar.setValue(round(1000 * fraction))
        left = "" if seconds_left is None else tr(", {time} left", time=seconds_text(seconds_left))
        self._say(f"{fraction:.0%}{left}")

    def done(self, size: int) -> None:
        """The whole file is there. size: bytes."""
        from diif_viewer.ui.export_order import bytes_text

        self.running = False
        self._say(tr("Saved, {size}", size=bytes_text(size)))
        self._finish(whole=True)

    def failed(self, sentence: str, *, again: bool = True) -> None:
        """Nothing was written. again: offer to try it once more."""
        self.running = False
        self._say(sentence)
        self._finish(again=again)

    def _say(self, words: str) -> None:
        long_words.put(self.words, words)
        self.setAccessibleName(f"{self._path.name}: {words}")

    @Slot()
    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self._say(tr("Cancelling…"))
        self.cancel_asked.emit()

    @Slot()
    def _open_file(self) -> None:
        self._opened(QUrl.fromLocalFile(os.fspath(self._path)))

    @Slot()
    def _show_in_folder(self) -> None:
        self._reveal(self._path, self._opened)

    def _opened(self, url: QUrl) -> bool:
        """Open `url` with the desktop's program for it; say so where there is none."""
        found = self._open_url(url)
        if not found:
            self._say(tr("No program was found that opens {name}.", name=Path(url.toLocalFile()).name))
        return found


class ExportQueue(QFrame):
    """At the upper right of its parent, while there is something in it.

    cancel_asked, again_asked (job): stop that export; begin it anew, for it failed. removed (job): it left the list.
    """

    cancel_asked = Signal(int)
    again_asked = Signal(int)
    removed = Signal(int)

    def __init__(
        self, parent: QWidget, open_url: OpenUrl = QDesktopServices.openUrl, reveal: Reveal = show_in_folder
    ) -> None:
        super().__init__(parent)
        self.setObjectName("exports")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(tr("Exports"))
        self._open_url, self._reveal = open_url, reveal
        self.rows: dict[int, ExportRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        parent.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, a line for each export."""
        return "\n".join(row.accessibleName() for row in self.rows.values())

    def add(self, job: int, path: Path) -> None:
        """One more export, which waits for its turn."""
        row = ExportRow(path, self, self._open_url, self._reveal)
        row.cancel_asked.connect(lambda: self.cancel_asked.emit(job))
        row.again_asked.connect(lambda: self.again_asked.emit(job))
        row.closed.connect(lambda: self.remove(job))
        self.rows[job] = row
        self._column.addWidget(row)
        row.show()
        self._place()

    def progress(self, job: int, fraction: float, seconds_left: float | None) -> None:
        """How far an export is."""
        if (row := self.rows.get(job)) is not None and row.running and row.cancel.isEnabled():
            row.progress(fraction, seconds_left)

    def done(self, job: int, path: Path) -> None:
        """An export is whole."""
        if (row := self.rows.get(job)) is not None:
            row.done(path.stat().st_size if path.exists() else 0)
            timer = QTimer(row)
            timer.setSingleShot(True)
            timer.timeout.connect(row.closed)
            timer.start(FINISHED_SECONDS * 1000)
            self._place()

    def failed(self, job: int, sentence: str, *, again: bool = True) -> None:
        """Nothing came of an export. again: offer to try it once more."""
        if (row := self.rows.get(job)) is not None:
            row.failed(said(sentence), again=again)
            self._place()

    def remove(self, job: int) -> None:
        """Take an export off the list."""
        row = self.rows.pop(job, None)
        if row is not None:
            self.removed.emit(job)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
            self._place()

    def _place(self) -> None:
        self.setVisible(bool(self.rows))
        parent = self.parentWidget()
        assert parent is not None
        self._column.activate()
        self.setFixedHeight(max(1, min(self._column.sizeHint().height(), parent.height() - 2 * MARGIN)))
        self.move(parent.width() - self.width() - MARGIN, MARGIN)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Stay at the corner when the parent changes its size."""
        if event.type() == QEvent.Type.Resize and self.rows:
            self._place()
        return super().eventFilter(watched, event)
