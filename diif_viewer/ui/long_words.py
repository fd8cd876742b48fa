"""Sentences with names of files in them, on labels: a name without a place to break would widen the whole window."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

LONGEST = 40
"""Letters in a row that no line breaks within."""

_LONG = re.compile(rf"[^\s/\\-]{{{LONGEST + 1},}}")


def put(label: QLabel, sentence: str) -> None:
    """Show `sentence` letter by letter, never as HTML, and of words that are too long for a line their ends."""
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(_LONG.sub(lambda word: f"{word[0][:24]}…{word[0][-15:]}", sentence))
