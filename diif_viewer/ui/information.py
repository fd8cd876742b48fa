"""What there is to know of a picture: its file, its size and colours, and how it was taken.

Story: somebody asks -> a thread looks at the file again and reads what the EXIF tells -> a list, which stays beside the
window and follows the active pane's picture.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QPushButton, QVBoxLayout

from diif_viewer.errors import DiifViewerError
from diif_viewer.imaging.turns import Turn
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.export_order import bytes_text
from diif_viewer.ui.language import decimal, tr
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.pages import named
from diif_viewer.ui.state import Picture

if TYPE_CHECKING:
    from diif_viewer.imaging.shot import Shot
    from diif_viewer.ui.window import MainWindow

Rows = list[tuple[str, str]]
"""(what, the answer)."""

LONGEST = 300
"""Characters of an answer that are shown; all are copied."""

LONGEST_WORD = 80
"""Characters between blanks that are shown: the list is as wide as a name that cannot be broken."""

WIDTH = 460
"""Logical pixels of the list, at first."""


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    picture: Picture
    rows: Rows


class InformationDialog(QDialog):
    """A list that can be selected and copied. rows: what it says."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle(tr("Picture information"))
        self.rows: Rows = []
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 22, 26, 18)
        column.setSpacing(18)
        self._list = QGridLayout()
        self._list.setHorizontalSpacing(24)
        self._list.setVerticalSpacing(9)
        self._list.setColumnStretch(1, 1)
        column.addLayout(self._list)
        column.addStretch()
        buttons = QDialogButtonBox(self)
        self.copy = QPushButton(tr("Copy"), self)
        self.copy.clicked.connect(self._copy)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        close = buttons.addButton(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Close"))
        close.setIcon(QIcon())
        close.setDefault(True)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def show_rows(self, rows: Rows) -> None:
        """Say `rows` in place of what was there."""
        self.rows = rows
        while (item := self._list.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for row, (name, words) in enumerate(rows):
            label = QLabel(_shown(words), self)
            label.setTextFormat(Qt.TextFormat.PlainText)  # it comes from files
            label.setWordWrap(True)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            label.setAccessibleName(name)
            heading = QLabel(name, self)
            heading.setObjectName("advice")
            self._list.addWidget(heading, row, 0, Qt.AlignmentFlag.AlignTop)
            self._list.addWidget(label, row, 1)
            heading.show()
            label.show()  # now, for the height to count it
        self.copy.setText(tr("Copy"))
        self.copy.setEnabled(bool(rows))
        width, layout = max(self.width(), WIDTH), self.layout()
        if layout is not None:
            width = max(width, layout.totalMinimumSize().width())
            self.resize(width, layout.totalHeightForWidth(width))

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(f"{name}: {words}" for name, words in self.rows))
        self.copy.setText(tr("Copied"))


def _shown(words: str) -> str:
    """`words` at a length that a list has room for."""
    half = LONGEST_WORD // 2
    parts = [part if len(part) <= LONGEST_WORD else f"{part[:half]}…{part[-half:]}" for part in words.split(" ")]
    shown = " ".join(parts)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


class Information(QObject):
    """Shows the list, about the picture of the active pane. dialog: None while it is closed."""

    _came = Signal(object)

    def __init__(self, window: MainWindow, controller: Controller) -> None:
        super().__init__(window)
        self._window, self._controller = window, controller
        self.dialog: InformationDialog | None = None
        self._asked: Picture | None = None
        self._mailbox: Mailbox[Picture] | None = None
        self._came.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        state = controller.state
        for fact in (
            state.picture_changed,
            state.active_changed,
            state.layout_changed,
            controller.looks.guests.changed,
        ):
            fact.connect(self._ask)

    def show(self) -> None:
        """Open the list, or bring it to the front."""
        if self.dialog is None:
            self.dialog = InformationDialog(self._window)
            self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.dialog.finished.connect(self._closed)
            self._asked = None
            self._ask()
        self.dialog.show()
        self.dialog.activateWindow()

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        if self._mailbox is not None:
            self._mailbox.close()
            self._mailbox = None

    @Slot()
    def _closed(self) -> None:
        self.dialog = None

    @Slot()
    def _ask(self) -> None:
        state = self._controller.state
        picture = self._controller.looks.picture(state.active)
        if self.dialog is None or picture is self._asked:
            return
        if picture is not None and self._asked is not None and self._controller.playing:
            return  # frame after frame of one file
        self._asked = picture
        if picture is None:
            self.dialog.show_rows([])
            return
        if self._mailbox is None:
            self._mailbox = Mailbox("information", self._work)
        self._mailbox.post(picture)

    @Slot(object)
    def _tell(self, known: _Known) -> None:
        if self.dialog is not None and known.picture is self._asked:
            self.dialog.show_rows(known.rows)

    # ---- the thread ----

    def _work(self, picture: Picture) -> None:
        whole = picture if picture.reduced is None else picture.reduced.original
        self._came.emit(_Known(picture, [*_of_file(whole), *_of_pixels(whole), *_of_shot(whole)]))


def _of_file(picture: Picture) -> Rows:
    """What its file is, as far as there is one."""
    from diif_viewer.imaging.load import peek

    rows = [(tr("Name"), picture.name)]
    try:
        status = picture.path.stat()
        header = peek(picture.path)
    except (OSError, DiifViewerError):  # pasted, or gone by now
        return rows
    changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.st_mtime))
    return [
        *rows,
        (tr("Folder"), str(picture.path.absolute().parent)),
        (
            tr("File"),
            tr("{kind}, {size}, changed {date}", kind=header.format, size=bytes_text(status.st_size), date=changed),
        ),
    ]


def _of_pixels(picture: Picture) -> Rows:
    from diif_viewer.imaging.colour import profile_name

    count = picture.height * picture.width / 1e6
    size = tr("{width} x {height} pixels", width=picture.width, height=picture.height)
    rows = [(tr("Size"), f"{size}, {decimal(f'{count:.3g}')} MP")]
    if picture.turn != Turn():
        rows.append((tr("Turned"), _turned(picture.turn)))
    if picture.pages > 1:
        rows.append((tr("Page"), ", ".join((f"{picture.page + 1} / {picture.pages}", *named(picture)))))
    channels = {1: tr("grey"), 2: tr("grey, transparency"), 3: "RGB", 4: tr("RGB, transparency")}
    bits = picture.own.bits if picture.own is not None else 8 * picture.pixels.dtype.itemsize
    profile = (
        picture.own.profile
        if picture.own is not None
        else picture.about.icc_profile
        if picture.about is not None
        else None
    )
    name = profile_name(profile) if profile is not None else tr("no profile, taken for sRGB")
    colours = [channels[picture.pixels.shape[2]], tr("{bits} bits", bits=bits), name]
    rows.append((tr("Colours"), ", ".join(words for words in colours if words)))
    if picture.about is not None and picture.about.dpi is not None:
        across, down = (f"{value:.4g}" for value in picture.about.dpi)
        rows.append((tr("Resolution"), f"{across} dpi" if across == down else f"{across} x {down} dpi"))
    return rows


def _turned(turn: Turn) -> str:
    """As somebody would say it."""
    angle = {0: "", 1: tr("to the right"), 2: tr("upside down"), 3: tr("to the left")}[turn.quarters]
    return ", ".join(words for words in (tr("mirrored") if turn.mirrored else "", angle) if words)


def _of_shot(picture: Picture) -> Rows:
    from diif_viewer.imaging.shot import shot_of

    shot = shot_of(picture.about.exif if picture.about is not None else None)
    rows = [
        (tr("Taken"), _date(shot.taken)),
        (tr("Camera"), shot.camera),
        (tr("Lens"), shot.lens),
        (tr("Exposure"), _exposure(shot)),
        (tr("Place"), _place(shot)),
        (tr("Description"), shot.description),
        (tr("Artist"), shot.artist),
        (tr("Copyright"), shot.rights),
        (tr("Software"), shot.software),
    ]
    return [(name, words) for name, words in rows if words]


def _date(taken: str) -> str:
    """A camera's date with hyphens."""
    day, _, moment = taken.partition(" ")
    return f"{day.replace(':', '-')} {moment}".strip()


def _exposure(shot: Shot) -> str:
    words = []
    if shot.seconds is not None:
        short = shot.seconds < 0.3
        words.append(f"1/{1 / shot.seconds:.0f} s" if short else decimal(f"{shot.seconds:.3g} s"))
    if shot.aperture is not None:
        words.append(decimal(f"f/{shot.aperture:.3g}"))
    if shot.sensitivity is not None:
        words.append(f"ISO {shot.sensitivity}")
    if shot.focal is not None:
        words.append(decimal(f"{shot.focal:.4g} mm"))
    if shot.film is not None and (shot.focal is None or round(shot.film) != round(shot.focal)):
        words.append(tr("as {focal} mm on 35 mm film", focal=f"{shot.film:.4g}"))
    return ", ".join(words)


def _place(shot: Shot) -> str:
    if shot.place is None:
        return ""
    (north, east), sides = shot.place, (tr("N"), tr("S"), tr("E"), tr("W"))
    latitude = f"{abs(north):.5f}° {sides[north < 0]}"
    return f"{decimal(latitude)}, {decimal(f'{abs(east):.5f}')}° {sides[2 + (east < 0)]}"
