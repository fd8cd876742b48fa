"""The page in place of a picture: a greeting, or the one sentence that says why there is none."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from diif_viewer.ui import long_words
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.theme import icon


class Page(QWidget):
    """open_asked, again_asked, diagnostics_asked: a button was pressed. failed: the sentence says what went wrong."""

    open_asked = Signal()
    again_asked = Signal()
    diagnostics_asked = Signal()

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._picture, self._headline, self._advice = QLabel(self), QLabel(self), QLabel(self)
        self._headline.setObjectName("headline")
        self._advice.setObjectName("advice")
        self._headline.setWordWrap(True)
        self._headline.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._open = QPushButton(tr("Open…"), self)
        self._open.setAccessibleName(tr("Open a picture"))
        self._open.clicked.connect(self.open_asked)
        self._again = QPushButton(tr("Try again"), self)
        self._again.clicked.connect(self.again_asked)
        self._diagnostics = QPushButton(tr("Copy diagnostics"), self)
        self._diagnostics.clicked.connect(self.diagnostics_asked)
        for button in (self._again, self._diagnostics):
            button.setAccessibleName(button.text())
        self._keys = keys
        self._name_keys()
        keys.changed.connect(self._name_keys)
        self.failed, self._sentence = False, ""
        self._symbol = "ph.image"
        column = QVBoxLayout(self)
        column.setSpacing(14)
        column.addStretch(3)
        for widget in (self._picture, self._headline, self._advice):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(widget)
        column.addSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch()
        for button in (self._open, self._again, self._diagnostics):
            row.addWidget(button)
        row.addStretch()
        column.addLayout(row)
        column.addStretch(4)

    @Slot()
    def _name_keys(self) -> None:
        for button, words, action in (
            (self._open, tr("Open a picture"), "open"),
            (self._again, tr("Read the file again"), "reload"),
            (self._diagnostics, tr("Copy versions, device and settings, without names and paths"), "diagnostics"),
        ):
            button.setToolTip(self._keys.in_words(words, action))

    @property
    def text(self) -> str:
        """The sentence."""
        return self._sentence

    def dress(self) -> None:
        """Take on the colours of the application."""
        dim = self.palette().color(QPalette.ColorRole.PlaceholderText)
        self._picture.setPixmap(icon(self._symbol, dim).pixmap(56, 56))

    def greet(self) -> None:
        """Invite to open a picture."""
        self._say("ph.image", tr("Drop a picture here"), tr("or open one, and scroll to look into it."))

    def wait(self, name: str) -> None:
        """A picture is on its way."""
        self._say("ph.image", tr("Opening {name}…", name=name), "")

    def fail(self, sentence: str) -> None:
        """Say in one sentence why there is no picture."""
        self._say("ph.warning-circle", said(sentence), tr("Choose another picture, or drop one here."), failed=True)

    def _say(self, name: str, headline: str, advice: str, *, failed: bool = False) -> None:
        self.failed = failed
        self._again.setVisible(failed)
        self._diagnostics.setVisible(failed)
        self._symbol = name
        self.dress()
        self._sentence = headline
        long_words.put(self._headline, headline)
        self._advice.setText(advice)
        self.setAccessibleName(f"{headline} {advice}".strip())
