"""Files of several pages or frames: a small bar says which one is on screen, leads to the others, and plays them.

It is about the file of the active pane: the open one, or a guest, which does not play (the bar says so) but can be gone
through.

Story: another page is asked for -> the loader reads it, the next one is kept ready while the view rests -> it takes the
place of the one on screen, and the view stays where it is (`Files.arrival`).
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QFocusEvent, QIntValidator, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QToolButton

from diif_viewer.imaging.suffixes import RAW
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.opening import Opening
from diif_viewer.ui.pane_files import PaneFiles
from diif_viewer.ui.playing import Player
from diif_viewer.ui.state import Picture
from diif_viewer.ui.theme import TEXT, icon

PAGED = frozenset({".tif", ".tiff", *RAW})
"""Files whose pages do not follow in time; of other kinds, more than one page is an animation."""

MARGIN = 12
"""Logical pixels from the foot of the canvas."""


def named(picture: Picture) -> tuple[str, ...]:
    """What its page is, where there is a name for it: of a camera's raw file."""
    if picture.pages != 2 or picture.path.suffix.lower() not in RAW:
        return ()
    return (tr("developed") if picture.page else tr("the camera's JPEG"),)


class Pages(QFrame):
    """A child of the canvas, seen while the file has more than one page: in the middle of the canvas' foot, or of that
    of its pane where panes show different files.

    play: the button that lets frames follow in time, and stops them; for open pictures that move.
    """

    def __init__(
        self, controller: Controller, opening: Opening, player: Player, pane_files: PaneFiles, keys: Keys
    ) -> None:
        canvas = pane_files.canvas
        super().__init__(canvas)
        self._controller, self._state, self._canvas = controller, controller.state, canvas
        self._opening, self._player, self._pane_files, self._keys = opening, player, pane_files, keys
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
        state, guests = self._state, controller.looks.guests
        for fact in (state.picture_changed, state.active_changed, state.layout_changed, guests.changed):
            fact.connect(self._about_another)
        player.changed.connect(self._play_changed)
        self.hide()

    @Slot()
    def _play_changed(self) -> None:
        self.dress()
        self.place()

    @Slot()
    def _about_another(self) -> None:
        self.play.setVisible(self._playable)
        self.place()

    @property
    def _playable(self) -> bool:
        return self._player.moves and self._pane_files.active is None

    def dress(self) -> None:
        """Take on the sign of what the button does next; light in every look, for the bar is dark."""
        playing = self._player.playing
        self.play.setIcon(icon("ph.pause" if playing else "ph.play", TEXT))
        self.play.setToolTip(self._keys.in_words(tr("Stop") if playing else tr("Play"), "play"))
        self.play.setAccessibleName(tr("Stop") if playing else tr("Play"))
        self.play.setVisible(self._playable)

    @Slot()
    def _name_keys(self) -> None:
        self.dress()
        self.previous.setToolTip(self._keys.in_words(tr("Previous page or frame"), "page_previous"))
        self.next.setToolTip(self._keys.in_words(tr("Next page or frame"), "page_next"))
        for button in (self.previous, self.next):
            button.setAccessibleName(button.toolTip())

    @property
    def _picture(self) -> Picture | None:
        """Whose pages it is about; None where that has no file."""
        picture, guest = self._state.picture, self._pane_files.active
        if guest is not None:
            return guest
        return None if picture is None or self._opening.path != picture.path else picture

    @property
    def count(self) -> int:
        """Pages of the file in the active pane; 0 without one."""
        picture = self._picture
        return 0 if picture is None else picture.pages

    def step(self, pages: int) -> None:
        """Go `pages` further, round the ends."""
        guest = self._pane_files.active
        if self.count > 1:
            self.go_to(((self._opening.page if guest is None else guest.page) + pages) % self.count)

    def go_to(self, page: int) -> None:
        """Show a page, counted from 0; nothing where there is no such page."""
        path, guest = self._opening.path, self._pane_files.active
        if not 0 <= page < self.count:
            return
        if guest is not None:
            if page != guest.page:
                self._pane_files.open_path(self._state.active, guest.path, page, guest.turn)
        elif path is not None and page != self._opening.page:
            self._opening.open_path(path, page)

    @Slot()
    def _enter(self) -> None:
        self.go_to(int(self.box.text() or 0) - 1)
        self._leave()

    def _leave(self) -> None:
        self._restore()
        self._canvas.setFocus()

    def _restore(self) -> None:
        """Name the page that is on screen, whatever has been typed."""
        self.box.setModified(False)
        self._show()

    @Slot()
    def place(self) -> None:
        """Come and go with the picture; keep to the middle of the foot."""
        if self.count < 2:
            self.hide()
            return
        self._show()
        self.adjustSize()
        left, right, foot = self._room()
        self.move((left + right - self.width()) // 2, foot - self.height() - MARGIN)
        self.setVisible(self.width() + 2 * MARGIN <= right - left)

    def _room(self) -> tuple[int, int, int]:
        """(left, right, bottom) of what it lies in, in logical pixels of the canvas."""
        areas, state = self._controller.areas, self._state
        if not state.layout.side_by_side or not self._controller.looks.guests or state.active >= len(areas):
            return 0, self._canvas.width(), self._canvas.height()
        clip, ratio = areas[state.active].clip, self._canvas.devicePixelRatioF()
        return round(clip.left / ratio), round(clip.right / ratio), round(clip.bottom / ratio)

    def _show(self) -> None:
        picture = self._picture
        if picture is not None and not (self.box.hasFocus() and self.box.isModified()):
            self.box.setValidator(QIntValidator(1, max(1, picture.pages), self.box))
            self.box.setText(str(picture.page + 1))
            self.box.setFixedWidth(self.box.fontMetrics().horizontalAdvance("0" * len(str(picture.pages))) + 14)
            still = self._pane_files.active is not None and picture.path.suffix.lower() not in PAGED
            self._count.setText(
                tr("/ {pages} · stands still here", pages=picture.pages)
                if still
                else " · ".join((f"/ {picture.pages}", *named(picture)))
            )
            self._count.setToolTip(
                tr("What is animated plays as the open picture only, in the last pane.") if still else ""
            )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Escape, Enter without a page's number and going elsewhere leave the number as it was."""
        if isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() != Qt.FocusReason.PopupFocusReason:
            self._restore()
        if not isinstance(event, QKeyEvent) or not self._is_nothing(event):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress:
            self._leave()
            return True
        return super().eventFilter(watched, event)

    def _is_nothing(self, event: QKeyEvent) -> bool:
        """True for keys that end the typing without a page."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return event.key() == Qt.Key.Key_Escape or (enter and not self.box.hasAcceptableInput())
