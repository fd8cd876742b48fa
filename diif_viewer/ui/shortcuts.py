"""The list of keys and gestures, made from the table of actions, and the way to other keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.ui.keys import Keys
from diif_viewer.ui.keys_dialog import KeysDialog
from diif_viewer.ui.language import mark, tr
from diif_viewer.ui.shortcut_list import shortcut_lines

COLUMNS = 4
NOTE = mark(
    "LIIF, DIIF and DIIF-S restore what bicubic reduction took away; "
    "they do not invent detail as generative upscalers do."
)

BESIDE = 76
"""Logical pixels that the dialog takes beside the list: margins, and a bar to scroll with."""


class ShortcutsDialog(QDialog):
    """Keys and gestures, in groups."""

    def __init__(self, keys: Keys, parent: QWidget) -> None:
        super().__init__(parent)
        self._keys, self._parent = keys, parent
        self.setWindowTitle(tr("Keys and gestures"))
        room = self.screen().availableSize().width() - BESIDE
        for columns in range(COLUMNS, 0, -1):  # rather longer than wider than the screen
            list_of_all = _listed(keys, columns)
            if list_of_all.sizeHint().width() <= room:
                break
        note = QLabel(tr(NOTE), self)
        note.setObjectName("advice")
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Close"))
        close.setIcon(QIcon())
        change = buttons.addButton(tr("Change keys…"), QDialogButtonBox.ButtonRole.ActionRole)
        change.setToolTip(tr("Choose other keys"))
        change.clicked.connect(self._change)
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(26, 22, 26, 18)
        whole.setSpacing(16)
        whole.addWidget(_scrolled(list_of_all))
        whole.addWidget(note)
        whole.addWidget(buttons)

    @Slot()
    def _change(self) -> None:
        self.accept()
        dialog = KeysDialog(self._keys, self._parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


def _listed(keys: Keys, count: int) -> QWidget:
    """All groups in so many columns of about one height."""
    columns = [QVBoxLayout() for _ in range(count)]
    heights = [0] * count
    for group, lines in shortcut_lines(keys):
        shortest = heights.index(min(heights))
        heights[shortest] += len(lines) + 2
        columns[shortest].addLayout(_group(group, lines))
    listed = QWidget()
    row = QHBoxLayout(listed)
    row.setContentsMargins(0, 0, 12, 0)
    row.setSpacing(36)
    for column in columns:
        column.addStretch(1)
        row.addLayout(column)
    return listed


def _scrolled(content: QWidget) -> QScrollArea:
    """As large as `content`, unless the screen is smaller."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(content)
    wanted, room = content.sizeHint(), content.screen().availableSize()
    area.setMinimumSize(min(wanted.width() + 16, room.width() - 60), min(wanted.height(), room.height() - 200))
    return area


def _group(name: str, lines: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(5)
    grid.setContentsMargins(0, 0, 0, 14)
    heading = QLabel(f"<b>{name}</b>")
    grid.addWidget(heading, 0, 0, 1, 2)
    for index, (keys, words) in enumerate(lines, 1):
        key = QLabel(keys)
        key.setObjectName("advice")
        grid.addWidget(key, index, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(QLabel(words), index, 1)
    grid.setColumnStretch(1, 1)
    return grid
