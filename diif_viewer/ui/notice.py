"""A quiet bar over the picture: what happened, what can be done; the window stays usable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from diif_viewer.ui import long_words
from diif_viewer.ui.language import said, tr

SUCCESS_SECONDS = 8
MARGIN = 22
UNBOUND = 16777215  # Qt's own word for a width without a limit

Action = tuple[str, Callable[[], None] | None]
"""The label of a button, and what it does."""

NOTHING: Action = ("", None)


class Notice(QFrame):
    """One sentence at the foot of its parent, with at most two things to do about it, and a cross to close it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._text, self._sentence = QLabel(self), ""
        self._text.setWordWrap(False)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._progress = QProgressBar(self)
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 1000)
        self._action, self._also = QPushButton(self), QPushButton(self)
        self._close = QPushButton("✕", self)
        self._close.setFlat(True)
        self._close.setToolTip(tr("Close this notice"))
        self._close.setAccessibleName(tr("Close this notice"))
        self._orders: dict[QPushButton, Callable[[], None] | None] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        row = QHBoxLayout()
        row.setSpacing(12)
        for widget in (self._text, self._action, self._also, self._close):
            row.addWidget(widget)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 10, 10)
        column.addLayout(row)
        column.addWidget(self._progress)
        self._action.clicked.connect(partial(self._act, self._action))
        self._also.clicked.connect(partial(self._act, self._also))
        self._close.clicked.connect(self.hide)
        for button in (self._action, self._also, self._close):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click keys go where they went before
        parent.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence."""
        return self._sentence

    def tell(
        self,
        sentence: str,
        action: str = "",
        order: Callable[[], None] | None = None,
        *,
        also: Action = NOTHING,
        stay: bool = True,
    ) -> None:
        """Show `sentence`; `action` is the label of a button that calls `order`, `also` are those of another one.

        stay: until it is closed.
        """
        self._set(sentence, (action, order), also)
        self._progress.hide()
        self._close.show()
        if not stay:
            self._timer.start(SUCCESS_SECONDS * 1000)
        self._place()

    def withdraw(self, sentence: str) -> None:
        """Close the bar if it still says `sentence`, which is true no more."""
        if self.text == said(sentence):
            self.hide()

    def show_progress(self, sentence: str, fraction: float, cancel: Callable[[], None]) -> None:
        """Show how far something is, with a way to stop it. fraction: in [0, 1]."""
        self._set(sentence, (tr("Cancel"), cancel))
        self._progress.setValue(round(1000 * fraction))
        self._progress.show()
        self._close.hide()
        self._place()

    def _set(self, sentence: str, action: Action, also: Action = NOTHING) -> None:
        self._timer.stop()
        sentence = said(sentence)
        self._sentence = sentence
        long_words.put(self._text, sentence)
        self.setAccessibleName(sentence)
        for button, (label, order) in ((self._action, action), (self._also, also)):
            button.setText(label)
            button.setVisible(bool(label))
            self._orders[button] = order

    def _act(self, button: QPushButton, _: bool = False) -> None:
        order = self._orders[button]
        self.hide()
        if order is not None:
            order()

    def _place(self) -> None:
        parent = self.parentWidget()
        assert parent is not None
        self.show()
        self._text.setWordWrap(False)
        self._text.setMinimumSize(0, 0)
        self._text.setMaximumWidth(UNBOUND)
        self._column.invalidate()
        self._column.activate()
        self.adjustSize()
        if (beyond := self.width() + 2 * MARGIN - parent.width()) > 0:  # more than a line
            room = max(120, self._text.width() - beyond)
            self._text.setWordWrap(True)
            self._text.setFixedWidth(room)
            self._text.setMinimumHeight(self._text.heightForWidth(room))
            self._column.invalidate()
            self._column.activate()
            self.adjustSize()
        self.move((parent.width() - self.width()) // 2, parent.height() - self.height() - MARGIN)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Stay at the foot when the parent changes its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)
