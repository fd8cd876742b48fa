"""Another file in one pane: dropped onto it, or asked for there; read in a thread, shown as a guest.

Several may be on their way, one after the other. What cannot be opened is said, and the pane stays as it was. A file
that changes on disk is read again, also one that could not be opened: it may have been half written. Its pages can be
turned, and the next start brings it back with the open picture.
"""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QObject, QPointF, Slot

from diif_viewer.imaging.turns import UPRIGHT, Turn
from diif_viewer.ui.canvas import Canvas
from diif_viewer.ui.compare import area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.file_watch import FileWatch
from diif_viewer.ui.folder import pictures_in, users_pictures
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.loader import Loader, NotLoaded, Sheet
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.opening import Opening, why_none
from diif_viewer.ui.state import Picture


class PaneFiles(QObject):
    """The orders about guests. canvas: where their panes lie. asked: every file that was asked for so far."""

    def __init__(
        self, controller: Controller, canvas: Canvas, opening: Opening, loader: Loader, notice: Notice
    ) -> None:
        """loader: gives the numbers of pictures."""
        super().__init__(notice)
        self._controller, self.canvas, self._opening, self._notice = controller, canvas, opening, notice
        self._numbers = loader
        self._loader: Loader | None = None  # made when the first file comes
        self.asked: set[Path] = set()
        self._waiting: list[tuple[int, Sheet]] = []
        self._unread: dict[int, Sheet] = {}  # asked for, and not to be opened so far
        self._told: dict[int, str] = {}  # of files that were not whole, or could not be read
        self._return: tuple[Path, list[tuple[int, Sheet]]] | None = None
        self._watch = FileWatch(self)
        self._watch.changed.connect(self._changed)
        controller.looks.guests.changed.connect(self._watch_them)
        controller.state.picture_changed.connect(self._come_back)

    @property
    def main(self) -> int:
        """The pane that shows the open picture: the last one."""
        return self._controller.state.layout.panes - 1

    @property
    def busy(self) -> bool:
        """True while a file is on its way."""
        return bool(self._waiting)

    def pane_at(self, position: QPointF) -> int:
        """The pane under a point of the canvas, in its logical pixels; the main one outside of all."""
        areas, ratio = self._controller.areas, self.canvas.devicePixelRatioF()
        if self._controller.state.picture is None or not areas:
            return self.main
        return area_at(areas, position.x() * ratio, position.y() * ratio).pane

    def open_path(self, pane: int, path: Path, page: int = 0, turn: Turn = UPRIGHT) -> None:
        """Show the picture at `path`, or a page of it, in `pane`, laid as `turn` says; in the main pane, open it.

        A folder stands for the first picture in it.
        """
        if pane >= self.main:
            self._opening.open_paths([path])
            return
        if os.path.isdir(path):
            pictures = pictures_in(path)
            if not pictures:
                self._notice.tell(why_none(path))
                return
            path = pictures[0]
        self.asked.add(path)
        self._unread.pop(pane, None)
        self._ask(pane, Sheet(path, page, turn))

    @property
    def active(self) -> Picture | None:
        """The guest of the active pane."""
        guest = self._controller.looks.guests.of(self._controller.state.active)
        return None if guest is None else guest.picture

    def reload(self) -> bool:
        """Read the file of the active pane again; False where that shows no guest."""
        picture = self.active
        if picture is not None:
            self.open_path(self._controller.state.active, picture.path, picture.page, picture.turn)
        return picture is not None

    def turn(self, step: Turn) -> bool:
        """Lay the guest of the active pane one step further; False where that shows none."""
        if self.active is None:
            return False
        pane = self._controller.state.active
        sheet = {**dict(self.held), **dict(self._waiting)}[pane]
        self.open_path(pane, sheet.path, sheet.page, sheet.turn.then(step))
        return True

    # ---- from one start to the next ----

    @property
    def held(self) -> list[tuple[int, Sheet]]:
        """What there is, by pane."""
        return [(pane, Sheet(p.path, p.page, p.turn)) for pane, p in self._controller.looks.guests.pictures.items()]

    def return_to(self, path: Path, guests: list[tuple[int, Sheet]]) -> None:
        """Show `guests` when the picture at `path` is there, as far as their files are."""
        self._return = path, [(pane, sheet) for pane, sheet in guests if os.path.isfile(sheet.path)]

    @Slot()
    def _come_back(self) -> None:
        picture, back = self._controller.state.picture, self._return
        if picture is None or back is None:
            return
        self._return = None
        for pane, sheet in back[1] if picture.path == back[0] else ():
            if pane < self.main:
                self.open_path(pane, sheet.path, sheet.page, sheet.turn)

    def choose(self) -> None:
        """Ask for a picture to show in the active pane."""
        pane = self._controller.state.active
        if pane >= self.main:
            self._opening.choose()
            return
        from diif_viewer.ui.open_dialog import choose_files

        window, folder = self._notice.window(), self._opening.folder or str(users_pictures())
        for path in choose_files(window, tr("Open in this pane"), folder, several=False):
            self.open_path(pane, path)

    def same_everywhere(self) -> None:
        """Show the open picture in every pane."""
        self._waiting.clear()
        self._unread.clear()
        self._controller.looks.guests.clear()

    def toggle_by_place(self) -> None:
        """Share the viewport by place, or by pixel."""
        guests = self._controller.looks.guests
        guests.share_by(place=not guests.by_place)
        by_place = tr("Pictures of different sizes show the same place.")
        by_pixel = tr("Pictures of different sizes show the same pixels.")
        self._notice.tell(by_place if guests.by_place else by_pixel, stay=False)

    def shutdown(self) -> None:
        """Let the guests go and end the threads; returns when they have ended."""
        self._waiting.clear()
        if self._loader is not None:
            self._loader.shutdown()
            self._loader = None
        self._controller.looks.guests.shutdown()

    # ---- one after the other ----

    def _ask(self, pane: int, sheet: Sheet) -> None:
        self._waiting.append((pane, sheet))
        self._watch_them()
        if len(self._waiting) == 1:
            self._start()

    def _start(self) -> None:
        if self._loader is None:
            self._loader = Loader(numbers=self._numbers, parent=self)
            self._loader.loaded.connect(self._loaded)
            self._loader.failed.connect(self._failed)
        sheet = self._waiting[0][1]
        self._loader.load(sheet.path, sheet.page, sheet.turn)

    def _go_on(self) -> None:
        self._waiting = self._waiting[1:]
        if self._waiting:
            self._start()

    @Slot(object)
    def _loaded(self, picture: Picture) -> None:
        if self._waiting:
            pane, looks = self._waiting[0][0], self._controller.looks
            before = looks.guests.pictures.get(pane)
            if picture.lack and before is not None and before.path == picture.path and not before.lack:
                self._tell_kept(pane, picture.lack)  # it may be half written: the whole one stays
            else:
                self._put(pane, picture)
        self._go_on()

    def _put(self, pane: int, picture: Picture) -> None:
        self._notice.withdraw(self._told.pop(pane, ""))
        unread = self._unread.get(pane)
        if unread is not None and unread.path == picture.path:
            del self._unread[pane]
        self._controller.looks.guests.put(pane, picture, self._controller.looks.own.fade)
        if picture.lack:
            self._tell(pane, tr("{sentence} What there is of it is shown.", sentence=said(picture.lack)))

    @Slot(object)
    def _failed(self, failure: NotLoaded) -> None:
        if self._waiting:
            pane, sheet = self._waiting[0]
            before = self._controller.looks.guests.pictures.get(pane)
            if before is not None and before.path == failure.path:
                self._tell_kept(pane, failure.sentence)
            else:
                self._tell(pane, failure.sentence)
                self._unread[pane] = sheet
        self._go_on()

    def _tell_kept(self, pane: int, sentence: str) -> None:
        self._tell(pane, tr("{sentence} The picture as it was is still shown.", sentence=said(sentence)))

    def _tell(self, pane: int, sentence: str) -> None:
        self._told[pane] = sentence
        self._notice.tell(sentence)

    # ---- files that change ----

    @Slot()
    def _watch_them(self) -> None:
        self._watch.watch({sheet.path for _, sheet in [*self.held, *self._waiting, *self._unread.items()]})

    @Slot(object)
    def _changed(self, path: Path) -> None:
        wanted = {**dict(self.held), **dict(self._waiting)}
        for pane, sheet in dict.fromkeys([*wanted.items(), *self._unread.items()]):
            if sheet.path == path and (pane, sheet) not in self._waiting[1:]:  # the first is being read already
                self._ask(pane, sheet)
