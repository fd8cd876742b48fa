"""What the dialogs of exports and films share: a name in a folder, and a button that a sentence can speak against."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.engine.jobs import Estimate
from diif_viewer.ui import long_words
from diif_viewer.ui.command_button import CommandButton
from diif_viewer.ui.export_order import bytes_text, home_path, seconds_text
from diif_viewer.ui.export_preview import ExportPreview
from diif_viewer.ui.folder import place_for
from diif_viewer.ui.language import tr
from diif_viewer.ui.state import Picture

_ENDING = re.compile(r"\.[A-Za-z]\w{0,4}$")
"""What is meant to say a format; the .5 of "trip v1.5" is not."""

TITLE = 40
"""Logical pixels that the title bar takes, at most."""

ChoosePath = Callable[[QWidget, Path], Path | None]
"""(parent, proposal) -> the path to write, or None."""


def place_beside(dialog: SaveDialog, window: QWidget, clear: QRect | None = None) -> None:
    """Put a dialog at the right side of the window, so that the picture stays in sight, within the screen.

    Where the screen is low, its preview is smaller.

    clear: a part of the screen; where the dialog would cover some of it, it stands where it covers the least.
    """
    room, frame = window.screen().availableGeometry(), window.geometry()
    dialog.fit(room.height() - TITLE)
    size = dialog.sizeHint()
    right = min(frame.right() - 20, room.right()) - size.width()
    top = max(room.top(), min(frame.top() + 60, room.bottom() - size.height() - TITLE))
    places = [right, room.right() - size.width(), max(frame.left() + 20, room.left()), room.left()]

    def covered(left: int) -> int:
        part = QRect(QPoint(left, top), size).intersected(clear) if clear is not None else QRect()
        return part.width() * part.height()

    dialog.move(max(room.left(), min(places, key=covered)), top)


class SaveDialog(QDialog):
    """wanted (an order without a number): somebody pressed the button.

    facts: labels for `file`, `time` and `memory`, filled by `show_estimate`. picture: what is saved. folder: where to.
    Whoever inherits lays out `name`, `place`, `words` and `buttons`, and gives the five members that raise here.
    """

    wanted = Signal(object)

    def __init__(
        self, parent: QWidget, picture: Picture, *, title: str, verb: str, folder: str, choose: ChoosePath
    ) -> None:
        """verb: on the button. folder: the one to begin with, "" for that of the picture, as where it is gone."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.picture, self._verb, self._choose = picture, verb, choose
        self._sentence = ""
        self._named = False
        self.folder = Path(folder) if folder and os.path.isdir(folder) else place_for(picture.path)
        self.name = QLineEdit(self)
        self.name.setAccessibleName(tr("File name"))
        self.name.textEdited.connect(self._name_typed)
        self.place = QPushButton(self)
        self.place.setAutoDefault(False)
        self.place.setToolTip(tr("Choose another folder"))
        self.place.clicked.connect(self._choose_place)
        self.facts = {key: QLabel("…", self) for key in ("size", "file", "time", "memory")}
        self.words = QLabel(self)
        self.words.setObjectName("problem")
        self.words.setWordWrap(True)
        self.buttons = QDialogButtonBox(self)
        self.go = self.buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setDefault(True)
        self.go.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # on macOS too a click on Replace brings the focus there
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.command = CommandButton(self.command_words, self)
        self.buttons.addButton(self.command, QDialogButtonBox.ButtonRole.ResetRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)

    def stays_with(self, picture: Picture | None) -> bool:
        """False where `picture` is another one; the same file read again takes the place of what was there."""
        if picture is not None and picture.is_again(self.picture):
            self.picture = picture
        return picture is self.picture

    def fit(self, height: int) -> None:
        """Be at most `height` logical pixels high, as far as a smaller preview does that."""
        if (beyond := self.sizeHint().height() - height) > 0:
            self._preview.shrink(beyond)

    def beside_the_facts(self, preview: ExportPreview) -> QHBoxLayout:
        """A row: the preview, and beside it the estimates, one below the other, and the words under them."""
        self._preview = preview
        table = QFormLayout()
        table.setHorizontalSpacing(14)
        table.setVerticalSpacing(9)
        lines = (("size", tr("Result")), ("file", tr("File")), ("time", tr("Time")), ("memory", tr("Memory")))
        for key, words in lines:
            table.addRow(words, self.facts[key])
        told = QVBoxLayout()
        told.addLayout(table)
        told.addStretch()
        told.addWidget(self.words)
        row = QHBoxLayout()
        row.setSpacing(22)
        row.addWidget(preview)
        row.addLayout(told, 1)
        return row

    # ---- for whoever inherits ----

    def refresh(self) -> None:
        """Make the plan of what is chosen, and say it."""
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """True where what is chosen makes sense."""
        raise NotImplementedError

    @property
    def suffix(self) -> str:
        """The ending of names without one."""
        raise NotImplementedError

    def suffix_typed(self, suffix: str) -> None:
        """The name that was given ends with `suffix`, in small letters."""
        raise NotImplementedError

    def order(self) -> object:
        """What is `wanted`; asked for while `ready`."""
        raise NotImplementedError

    def command_words(self) -> list[str]:
        """The command line that writes the file; none where there is none."""
        raise NotImplementedError

    # ---- the file ----

    @property
    def path(self) -> Path:
        """The file to write."""
        name = self.name.text().strip()
        return self.folder / (f"{name}{self.suffix}" if name and not _ENDING.search(name) else name)

    @property
    def chosen_folder(self) -> str:
        """The folder as it is remembered: "" for that of the picture."""
        return "" if self.folder == place_for(self.picture.path) else os.fspath(self.folder)

    def name_file(self, path: Path) -> None:
        """Write to `path`."""
        self.folder, self._named = path.parent, True
        self.name.setText(path.name)
        self.suffix_typed(path.suffix.lower())
        self.refresh()

    def begin_with_the_name(self) -> None:
        """The cursor goes to the name, which the next letter replaces, but for its ending."""
        self.name.setFocus()
        self.name.setSelection(0, len(Path(self.name.text()).stem))

    def propose(self, name: str) -> None:
        """Show a name, unless somebody gave one; what is selected of it stays so."""
        if self._named or name == self.name.text():
            return
        selected = self.name.hasSelectedText()
        self.name.setText(name)
        if selected:
            self.name.setSelection(0, len(Path(name).stem))

    def say(self, sentence: str) -> None:
        """Show what speaks against it; "" for nothing."""
        self._sentence = sentence
        folder = self.fontMetrics().elidedText(home_path(self.folder), Qt.TextElideMode.ElideLeft, 190)
        self.place.setText(folder.replace("&", "&&"))
        self.go.setEnabled(not sentence and self.ready)
        there = not sentence and os.path.lexists(self.path)
        self.go.setText(tr("Replace") if there else self._verb)
        if there:
            sentence = tr("{name} exists already. Replace it, or give another name.", name=self.path.name)
        long_words.put(self.words, sentence)
        self.words.setVisible(bool(sentence))

    def show_estimate(self, estimate: Estimate) -> None:
        """What it will take, from a measurement."""
        self.facts["file"].setText(tr("about {size}", size=bytes_text(estimate.file_bytes)))
        self.facts["time"].setText(tr("about {time}", time=seconds_text(max(1.0, estimate.seconds))))
        self.facts["memory"].setText(bytes_text(estimate.memory))

    def forget_estimate(self) -> None:
        """It is not known what it takes."""
        for key in ("file", "time", "memory"):
            self.facts[key].setText("…")

    # ---- hands ----

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Whoever comes back may have made room, or the folder: look again at what spoke against it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and self._sentence:
            self.refresh()

    @Slot(str)
    def _name_typed(self, text: str) -> None:
        self._named = True
        self.suffix_typed(Path(text.strip()).suffix.lower())
        self.refresh()

    @Slot()
    def _choose_place(self) -> None:
        path = self._choose(self, self.path)
        if path is not None:
            self.name_file(path)

    @Slot()
    def _accept(self) -> None:
        """Order it. Enter in another field leads to the button that says Replace, and does not press it."""
        self.refresh()
        if not self.ready or self._sentence:
            return
        if os.path.lexists(self.path) and self.focusWidget() is not self.go:
            self.go.setFocus()
            return
        self.wanted.emit(self.order())
        self.accept()
