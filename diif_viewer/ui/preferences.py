"""The preferences: only what matters, each with effect at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QDialogButtonBox, QFormLayout, QPushButton

from diif_viewer.ui import language
from diif_viewer.ui.device_box import DeviceBox
from diif_viewer.ui.language import LANGUAGES, tr
from diif_viewer.ui.shares import CHOICES, chosen, share_out

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow


class PreferencesDialog(QDialog):
    """Changes the settings of `window`. reopen_asked (no payload): open the window anew, in the other language."""

    reopen_asked = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._settings = window, window.settings
        self.setWindowTitle(tr("Preferences"))
        form = QFormLayout(self)
        form.setContentsMargins(26, 22, 26, 18)
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(12)
        self.language = self._box({"": tr("As the system"), **LANGUAGES}, self._settings.text("language"))
        self.language.activated.connect(self._change_language)
        self.reopen = QPushButton(tr("Open the window anew"), self)
        self.reopen.setVisible(False)
        self.reopen.setAutoDefault(False)
        self.reopen.clicked.connect(self._reopen)
        self.look = self._box(
            {"dark": tr("Dark"), "light": tr("Light"), "system": tr("As the system")}, window.wardrobe.look
        )
        self.look.activated.connect(lambda: window.wardrobe.wear(str(self.look.currentData())))
        colours = {"theme": tr("As the window"), "black": tr("Black"), "grey": tr("Middle grey"), "white": tr("White")}
        self.background = self._box(colours, window.wardrobe.background)
        self.background.activated.connect(lambda: window.wardrobe.put_behind(str(self.background.currentData())))
        self.device = DeviceBox(window.controller, window.settings, self)
        sizes = {str(size): self._size(size) for size in CHOICES}
        self.memory = self._box(sizes, str(chosen(self._settings) >> 20))
        self.memory.setToolTip(
            tr("Most memory for what is kept: pictures, what models have read of them, and finished tiles")
        )
        self.memory.activated.connect(self._change_memory)
        for label, field in (
            (tr("Language"), self.language),
            ("", self.reopen),
            (tr("Look"), self.look),
            (tr("Background"), self.background),
            (tr("Compute on"), self.device),
            (tr("Memory"), self.memory),
        ):
            field.setAccessibleName(label or self.reopen.text())
            form.addRow(label, field)
        for box in self._switches():
            form.addRow("", box)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        button = close.button(QDialogButtonBox.StandardButton.Close)
        button.setText(tr("Close"))
        button.setIcon(QIcon())
        close.rejected.connect(self.reject)
        form.addRow(close)

    def _box(self, choices: dict[str, str], chosen: str) -> QComboBox:
        box = QComboBox(self)
        for name, words in choices.items():
            box.addItem(words, name)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        return box

    @staticmethod
    def _size(size: int) -> str:
        """size: in MiB."""
        return tr("{count} MB", count=size) if size < 1024 else tr("{count} GB", count=size // 1024)

    def _switches(self) -> list[QCheckBox]:
        actions = self._window.actions_by_name
        self.soft = self._switch(
            tr("Let sharp tiles come softly"), actions["fade"].isChecked(), actions["fade"].trigger
        )
        keep = actions["keep_view"]
        self.keep = self._switch(tr("Show the next picture through the same view"), keep.isChecked(), keep.trigger)
        self.restore = self._switch(
            tr("Begin with the picture of the last time"), self._settings.flag("restore", True), self._change_restore
        )
        return [self.soft, self.keep, self.restore]

    def _switch(self, words: str, on: bool, order: Callable[[], None]) -> QCheckBox:
        box = QCheckBox(words, self)
        box.setChecked(on)
        box.toggled.connect(lambda _: order())
        return box

    # ---- what is changed ----

    @Slot()
    def _change_language(self) -> None:
        self._settings.put("language", str(self.language.currentData()))
        wanted = language.choose(self._settings.text("language"), QLocale.system().uiLanguages())
        self.reopen.setVisible(wanted != language.present())

    @Slot()
    def _reopen(self) -> None:
        self.accept()
        self.reopen_asked.emit()

    @Slot()
    def _change_memory(self) -> None:
        self._settings.put("memory", int(str(self.memory.currentData())))
        share_out(self._window)

    def _change_restore(self) -> None:
        self._settings.put("restore", self.restore.isChecked())
