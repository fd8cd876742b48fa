"""The models: those that came with the program and the user's own, with their cards; adding, removing, the device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.errors import CheckpointError
from diif_viewer.models.cards import Card, card, names
from diif_viewer.models.shelf import SUFFIXES
from diif_viewer.ui.added_models import AddedModels
from diif_viewer.ui.device_box import DeviceBox
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.model_card import NOTE, as_html, badges, completed
from diif_viewer.ui.opening import dropped
from diif_viewer.ui.reduced import label_of
from diif_viewer.ui.speeds import Speeds

NAME = Qt.ItemDataRole.UserRole


class ModelsDialog(QDialog):
    """Lists, adds and removes. chosen (name): show this model in the present pane."""

    chosen = Signal(str)

    def __init__(self, added: AddedModels, speeds: Speeds, devices: DeviceBox, parent: QWidget) -> None:
        super().__init__(parent)
        self._added, self._speeds = added, speeds
        self._told: dict[str, dict[str, Any]] = {}
        self.setWindowTitle(tr("Models"))
        self.setAcceptDrops(True)
        self.list = QListWidget(self)
        self.list.setAccessibleName(tr("Models"))
        self.list.setMinimumWidth(220)
        self.list.currentItemChanged.connect(self._show)
        self.list.itemActivated.connect(self._choose)
        self.text = QTextBrowser(self)
        self.text.setAccessibleName(tr("Card of the model"))
        self.text.setMinimumWidth(500)
        self.words = QLabel(self)
        self.words.setObjectName("advice")
        self.words.setWordWrap(True)
        self._make_buttons()
        self._lay_out(devices)
        added.busy_changed.connect(self._busy)
        added.added.connect(self._was_added)
        added.described.connect(self._described)
        added.removed.connect(self._was_removed)
        added.refused.connect(self._tell)
        self.fill()
        self._busy()

    def _make_buttons(self) -> None:
        self.add_button = QPushButton(tr("Add…"), self)
        self.add_button.setToolTip(tr("Add a .safetensors file of this program or a public .pth of LIIF"))
        self.add_button.clicked.connect(self._ask)
        self.remove_button = QPushButton(tr("Remove"), self)
        self.remove_button.setToolTip(tr("Delete this added model"))
        self.remove_button.clicked.connect(self._remove)
        self.show_button = QPushButton(tr("Show in the pane"), self)
        self.show_button.setToolTip(tr("Let the present pane show this model"))
        self.show_button.clicked.connect(self._choose)
        for button in (self.add_button, self.remove_button, self.show_button):
            button.setAccessibleName(button.text().rstrip("…"))
            button.setAutoDefault(False)

    def _lay_out(self, devices: DeviceBox) -> None:
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        row = QHBoxLayout()
        for button in (self.add_button, self.remove_button):
            row.addWidget(button)
        left.addLayout(row)
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addLayout(left)
        both.addWidget(self.text, 1)
        device = QHBoxLayout()
        label = QLabel(tr("Compute on"), self)
        label.setBuddy(devices)
        device.addWidget(label)
        device.addWidget(devices, 1)
        device.addWidget(self.show_button)
        note = QLabel(tr(NOTE), self)
        note.setObjectName("advice")
        note.setWordWrap(True)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        button = close.button(QDialogButtonBox.StandardButton.Close)
        button.setText(tr("Close"))
        button.setIcon(QIcon())
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 22, 26, 18)
        column.setSpacing(14)
        column.addLayout(both, 1)
        column.addLayout(device)
        column.addWidget(self.words)
        column.addWidget(note)
        column.addWidget(close)
        self.resize(QSize(860, 620).boundedTo(self.screen().availableSize()))

    # ---- what is shown ----

    @property
    def name(self) -> str:
        """The model that is chosen in the list; "" for none."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(NAME))

    def fill(self, name: str = "") -> None:
        """List the models anew, with `name` or the one that was chosen before as the chosen one."""
        wanted = name or self.name
        self.list.clear()
        for model in names():
            try:
                words = [label_of(model), *badges(card(model))]
            except CheckpointError:
                words = [label_of(model)]
            item = QListWidgetItem(" · ".join(words), self.list)
            item.setData(NAME, model)
            if model == wanted:
                self.list.setCurrentItem(item)
        if self.list.currentRow() < 0:
            self.list.setCurrentRow(0)

    @Slot()
    def _show(self) -> None:
        if not self.name:
            return
        try:
            shown = card(self.name)
        except CheckpointError as error:
            self.text.setPlainText(said(str(error)))
            self.show_button.setEnabled(False)
            self.remove_button.setEnabled(False)
            return
        self.text.setHtml(as_html(self._completed(shown), self._speeds.of(self.name)))
        self.remove_button.setEnabled(not shown.shipped)
        self.show_button.setEnabled(True)

    def _completed(self, shown: Card) -> Card:
        if shown.encoder:
            return shown
        if shown.name not in self._told:
            self._added.describe(shown.name)
            return shown
        return completed(shown, self._told[shown.name])

    @Slot()
    def _busy(self) -> None:
        if self._added.busy:
            self._tell(tr("Reading {name}…", name=self._added.busy), advice=True)
        elif not self.words.text() or self.words.text().endswith("…"):
            self._tell(tr("Weights files can also be dropped here, or on the window."), advice=True)

    @Slot(str)
    def _tell(self, words: str, *, advice: bool = False) -> None:
        """Say something below the card; what came of it stands out, mere advice does not."""
        self.words.setText(words)
        self.words.setObjectName("advice" if advice else "")
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)

    # ---- what is asked for ----

    @Slot()
    def _choose(self) -> None:
        if self.name and self.show_button.isEnabled():
            self.chosen.emit(self.name)

    @Slot()
    def _ask(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        files, _ = QFileDialog.getOpenFileNames(self, tr("Add models"), "", f"{tr('Weights')} ({kinds})")
        for file in files:
            self._added.add(Path(file))

    @Slot()
    def _remove(self) -> None:
        self._added.remove(self.name)

    @Slot(str, object)
    def _was_added(self, name: str, record: dict[str, Any]) -> None:
        self._told[name] = record
        self.fill(name)
        self._tell(tr("{name} was added; every pane can show it.", name=name))

    @Slot(str, object)
    def _described(self, name: str, record: dict[str, Any]) -> None:
        self._told[name] = record
        if name == self.name:
            self._show()

    @Slot(str)
    def _was_removed(self, name: str) -> None:
        self._told.pop(name, None)
        self.fill()
        self._tell(tr("{name} was removed.", name=name))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take weights files."""
        if weights(dropped(event.mimeData())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Add them."""
        event.acceptProposedAction()
        for file in weights(dropped(event.mimeData())):
            self._added.add(file)


def weights(files: list[Path]) -> list[Path]:
    """Those of `files` that are called like models."""
    return [file for file in files if file.suffix.lower() in SUFFIXES]
