"""The dialog that asks for pictures, with a preview of the one that is pointed at.

On Windows and macOS the system's own dialog shows previews already and knows people's places. Elsewhere Qt's dialog
gets a pane for them: a thread reads small copies, the newest wish wins, and a few are kept.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.errors import DiifViewerError
from diif_viewer.imaging.suffixes import PICTURES
from diif_viewer.ui import long_words
from diif_viewer.ui.images import opaque
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.screen_colour import SCREEN

SIDE = 260
"""Logical pixels of a preview's longer side."""

KEPT = 60
"""Previews kept while the dialog is open: some 15 MB."""


def file_kinds() -> str:
    """What a dialog that opens offers to choose from."""
    patterns = " ".join(sorted(f"*{suffix}" for suffix in PICTURES))
    return f"{tr('Pictures')} ({patterns});;{tr('All files')} (*)"


def choose_files(parent: QWidget, title: str, folder: str, *, several: bool) -> list[Path]:
    """Ask for picture files; none when the dialog was left without. folder: or a file in it, chosen at first."""
    if sys.platform in ("win32", "darwin"):
        ask = QFileDialog.getOpenFileNames if several else QFileDialog.getOpenFileName
        names, _ = ask(parent, title, folder, file_kinds())
        return [Path(name) for name in ([names] if isinstance(names, str) else names) if name]
    dialog = OpenDialog(parent, title, folder, several=several)
    try:
        return [Path(name) for name in dialog.selectedFiles()] if dialog.exec() else []
    finally:
        dialog.shutdown()
        dialog.deleteLater()


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """image: null where there is none. words: about the file, or why there is no image."""

    image: QImage
    words: str


class OpenDialog(QFileDialog):
    """Qt's dialog with a preview at its right. previewed: (Path, Preview) is shown."""

    previewed = Signal(object, object)
    _made = Signal(object, object)

    def __init__(self, parent: QWidget, title: str, folder: str, *, several: bool) -> None:
        super().__init__(parent, title, folder, file_kinds())
        self.setOption(QFileDialog.Option.DontUseNativeDialog)
        self.setOption(QFileDialog.Option.HideNameFilterDetails)
        self.setFileMode(QFileDialog.FileMode.ExistingFiles if several else QFileDialog.FileMode.ExistingFile)
        self.picture, self.words = QLabel(self), QLabel(self)
        self.picture.setFixedSize(SIDE, SIDE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName(tr("Preview"))
        self.words.setObjectName("advice")
        self.words.setWordWrap(True)
        self.words.setFixedWidth(SIDE)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.addStretch()
        column.addWidget(self.picture)
        column.addWidget(self.words)
        column.addStretch()
        grid = self.layout()
        if isinstance(grid, QGridLayout):
            grid.addLayout(column, 0, grid.columnCount(), grid.rowCount(), 1)
        for box in self.findChildren(QDialogButtonBox):
            for button in box.buttons():
                button.setIcon(QIcon())
        self._widen_columns()
        self.resize(QSize(1080, 600).boundedTo(self.screen().availableSize()))
        self._wanted: Path | None = None
        self._kept: OrderedDict[tuple[Path, float], Preview] = OrderedDict()  # the thread's own
        self._mailbox: Mailbox[tuple[Path, float]] = Mailbox("previews", self._make)
        self._made.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self.currentChanged.connect(self.point_at)
        line = self.findChild(QLineEdit, "fileNameEdit")
        if line is not None:
            line.textChanged.connect(self._named)

    def _widen_columns(self) -> None:
        """Name, size and date wholly; the type, which the name tells already, makes room for them."""
        tree = self.findChild(QTreeView, "treeView")
        if tree is None:
            return
        letter = tree.fontMetrics().horizontalAdvance("0")
        for column, letters in ((0, 34), (1, 14), (3, 24)):
            tree.setColumnWidth(column, letters * letter)
        tree.setColumnHidden(2, True)
        for split in self.findChildren(QSplitter):
            split.setSizes([150, 600])

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Point at what is chosen already."""
        super().showEvent(event)
        self._named()

    @Slot(str)
    def point_at(self, name: str) -> None:
        """Show a preview of this file; of a folder none."""
        path = Path(name)
        self._wanted = path if os.path.isfile(path) else None
        if self._wanted is None:
            self._clear()
        else:
            self._mailbox.post((path, self.devicePixelRatioF()))

    @Slot()
    def _named(self) -> None:
        """A name was typed, or completed: the list may have gone there without a word."""
        names = self.selectedFiles()
        if names and os.path.isfile(names[0]):
            self.point_at(names[0])

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._mailbox.close()

    def _clear(self) -> None:
        self.picture.clear()
        self.words.clear()

    # ---- the thread ----

    def _make(self, job: tuple[Path, float]) -> None:
        path, ratio = job
        stamp = (path, os.path.getmtime(path) if os.path.exists(path) else 0.0)
        if stamp not in self._kept:
            self._kept[stamp] = preview_of(path, round(SIDE * ratio))
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(stamp)
        self._made.emit(path, self._kept[stamp])

    # ---- the thread of this dialog ----

    @Slot(object, object)
    def _show(self, path: Path, preview: Preview) -> None:
        if path != self._wanted:
            return
        pixmap = QPixmap.fromImage(preview.image)
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.picture.setPixmap(pixmap)
        long_words.put(self.words, preview.words)
        self.previewed.emit(path, preview)


def preview_of(path: Path, side: int) -> Preview:
    """The preview of a file, at most `side` pixels wide and high. Any thread."""
    from diif_viewer.imaging.load import page_count, peek
    from diif_viewer.imaging.thumbnail import thumbnail

    try:
        header, pages = peek(path), page_count(path)
    except DiifViewerError as error:
        return Preview(QImage(), said(str(error)))
    words = [f"{header.width} x {header.height}", header.format]
    words += [tr("16 bits")] if header.bits == 16 else []
    words += [tr("{count} pages", count=pages)] if pages > 1 else []
    try:
        return Preview(SCREEN.plain(opaque(thumbnail(path, side))), " · ".join(words))
    except (DiifViewerError, MemoryError) as error:
        return Preview(QImage(), f"{' · '.join(words)}\n{said(str(error))}")
