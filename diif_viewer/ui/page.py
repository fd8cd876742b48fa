"""The page in place of a picture: a greeting, or the one sentence that says why there is none."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from diif_viewer.ui.theme import DIM, icon


class Page(QWidget):
    """open_asked: the button was pressed."""

    open_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._picture, self._headline, self._advice = QLabel(self), QLabel(self), QLabel(self)
        self._headline.setObjectName("headline")
        self._advice.setObjectName("advice")
        self._headline.setWordWrap(True)
        self._headline.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._open = QPushButton("Open…", self)
        self._open.setAccessibleName("Open a picture")
        self._open.setToolTip("Open a picture (O)")
        self._open.clicked.connect(self.open_asked)
        column = QVBoxLayout(self)
        column.setSpacing(14)
        column.addStretch(3)
        for widget in (self._picture, self._headline, self._advice):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(widget)
        column.addSpacing(8)
        column.addWidget(self._open, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(4)

    @property
    def text(self) -> str:
        """The sentence."""
        return self._headline.text()

    def greet(self) -> None:
        """Invite to open a picture."""
        self._say("ph.image", "Drop a picture here", "or open one, and scroll to look into it.")

    def wait(self, name: str) -> None:
        """A picture is on its way."""
        self._say("ph.image", f"Opening {name}…", "")

    def fail(self, sentence: str) -> None:
        """Say in one sentence why there is no picture."""
        self._say("ph.warning-circle", sentence, "Choose another picture, or drop one here.")

    def _say(self, name: str, headline: str, advice: str) -> None:
        self._picture.setPixmap(icon(name, DIM).pixmap(56, 56))
        self._headline.setText(headline)
        self._advice.setText(advice)
        self.setAccessibleName(f"{headline} {advice}".strip())
