"""The list of keys and gestures, made from the table of actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from diif_viewer.ui.actions import shortcut_lines

COLUMNS = 3
NOTE = (
    "LIIF, DIIF and DIIF-S restore what bicubic reduction took away;\n"
    "they do not invent detail as generative upscalers do."
)


class ShortcutsDialog(QDialog):
    """Keys and gestures, in groups."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and gestures")
        columns = [QVBoxLayout() for _ in range(COLUMNS)]
        heights = [0] * COLUMNS
        for group, lines in shortcut_lines():
            shortest = heights.index(min(heights))
            heights[shortest] += len(lines) + 2
            columns[shortest].addLayout(_group(group, lines))
        row = QHBoxLayout()
        row.setSpacing(36)
        for column in columns:
            column.addStretch()
            row.addLayout(column)
        note = QLabel(NOTE, self)
        note.setObjectName("advice")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(26, 22, 26, 18)
        whole.setSpacing(16)
        whole.addLayout(row)
        whole.addWidget(note)
        whole.addWidget(buttons)


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
