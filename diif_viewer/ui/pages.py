"""Files of several pages or frames: a small bar says which one is on screen, leads to the others, and plays them.

Story: another page is asked for -> the loader reads it, the next one is kept ready while the view rests -> it takes the
place of the one on screen, and the view stays where it is (`Files.arrival`).
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QIntValidator, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.opening import Opening
from diif_viewer.ui.playing import Player
from diif_viewer.ui.state import ViewerState
from diif_viewer.ui.theme import TEXT, icon

MARGIN = 12
"""Logical pixels from the foot of the canvas."""


class Pages(QFrame):
    """A child of the canvas in the middle of its foot, seen while the file has more than one page.

    play: the button that lets frames follow in time, and stops them; for pictures that move.
    """

    def __init__(self, state: ViewerState, opening: Opening, player: Player, keys: Keys, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._state, self._opening, self._player, self._keys, self._canvas = state, opening, player, keys, canvas
        self.setObjectName("hint")
        self.play, self.previous, self.next = QToolButton(self), QToolButton(self), QToolButton(self)
        self.play.clicked.connect(player.toggle)
        self.box, self._count = QLineEdit(self), QLabel(self)
        for button, sign, step in ((self.previous, "‹", -1), (self.next, "›", 1)):
            button.setText(sign)
            button.clicked.connect(lambda _=False, step=step: self.step(step))
        self.box.setObjectName("pageNumber")
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.box.setAccessibleName(tr("Page"))
        self.box.setToolTip(tr("Page or frame of this file"))
        self.box.installEventFilter(self)
        self.box.returnPressed.connect(self._enter)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(2)
        for widget in (self.play, self.previous, self.box, self._count, self.next):
            row.addWidget(widget)
        self._name_keys()
        keys.changed.connect(self._name_keys)
        state.picture_changed.connect(self.place)
        player.changed.connect(self._play_changed)
        self.hide()

    @Slot()
    def _play_changed(self) -> None:
        self.dress()
        self.place()

    def dress(self) -> None:
        """Take on the sign of what the button does next; light in every look, for the bar is dark."""
        playing = self._player.playing
        self.play.setIcon(icon("ph.pause" if playing else "ph.play", TEXT))
        self.play.setToolTip(self._keys.in_words(tr("Stop") if playing else tr("Play"), "play"))
        self.play.setAccessibleName(tr("Stop") if playing else tr("Play"))
        self.play.setVisible(self._player.moves)

    @Slot()
    def _name_keys(self) -> None:
        self.dress()
        self.previous.setToolTip(self._keys.in_words(tr("Previous page or frame"), "page_previous"))
        self.next.setToolTip(self._keys.in_words(tr("Next page or frame"), "page_next"))
        for button in (self.previous, self.next):
            button.setAccessibleName(button.toolTip())

    @property
    def count(self) -> int:
        """Pages of the file on screen; 0 without one."""
        picture = self._state.picture
        return 0 if picture is None or self._opening.path != picture.path else picture.pages

    def step(self, pages: int) -> None:
        """Go `pages` further, round the ends."""
        if self.count > 1:
            self.go_to((self._opening.page + pages) % self.count)

    def go_to(self, page: int) -> None:
        """Show a page, counted from 0; nothing where there is no such page."""
        path = self._opening.path
        if path is not None and 0 <= page < self.count and page != self._opening.page:
            self._opening.open_path(path, page)

    @Slot()
    def _enter(self) -> None:
        self.go_to(int(self.box.text() or 0) - 1)
        self.box.setModified(False)
        self._canvas.setFocus()
        self._show()

    @Slot()
    def place(self) -> None:
        """Come and go with the picture; keep to the middle of the foot."""
        if self.count < 2:
            self.hide()
            return
        self._show()
        self.adjustSize()
        self.move((self._canvas.width() - self.width()) // 2, self._canvas.height() - self.height() - MARGIN)
        self.setVisible(self.width() + 2 * MARGIN <= self._canvas.width())

    def _show(self) -> None:
        picture = self._state.picture
        if picture is not None and not (self.box.hasFocus() and self.box.isModified()):
            self.box.setValidator(QIntValidator(1, max(1, picture.pages), self.box))
            self.box.setText(str(picture.page + 1))
            self.box.setFixedWidth(self.box.fontMetrics().horizontalAdvance("0" * len(str(picture.pages))) + 14)
            self._count.setText(f"/ {picture.pages}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Escape leaves the number as it was."""
        if not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Escape:
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress:
            self.box.setModified(False)
            self._show()
            self._canvas.setFocus()
            return True
        return super().eventFilter(watched, event)
