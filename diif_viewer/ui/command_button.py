"""The button of a dialog that copies the command line that does the same."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QWidget

from diif_viewer.ui.commands import as_one_line
from diif_viewer.ui.language import tr


class CommandButton(QPushButton):
    """words: gives the command line, none where there is none for what is chosen."""

    def __init__(self, words: Callable[[], list[str]], parent: QWidget) -> None:
        super().__init__(tr("Copy command"), parent)
        self._words = words
        self.setAutoDefault(False)
        self.setToolTip(tr("The command that writes this file: for scripts, and for many pictures"))
        self.clicked.connect(self._copy)

    def renew(self) -> None:
        """What was copied before is another one now."""
        self.setText(tr("Copy command"))
        self.setEnabled(bool(self._words()))

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(as_one_line(self._words()))
        self.setText(tr("Copied"))
