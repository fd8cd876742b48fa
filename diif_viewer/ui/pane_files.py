"""Another file in one pane: dropped onto it, or asked for there; read in a thread, shown as a guest.

Several may be on their way, one after the other. What cannot be opened is said, and the pane stays as it was.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QPointF, Slot

from diif_viewer.ui.canvas import Canvas
from diif_viewer.ui.compare import area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import tr
from diif_viewer.ui.loader import Loader, NotLoaded
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.opening import Opening
from diif_viewer.ui.state import Picture


class PaneFiles(QObject):
    """The orders about guests."""

    def __init__(
        self, controller: Controller, canvas: Canvas, opening: Opening, loader: Loader, notice: Notice
    ) -> None:
        """loader: gives the numbers of pictures."""
        super().__init__(notice)
        self._controller, self._canvas, self._opening, self._notice = controller, canvas, opening, notice
        self._numbers = loader
        self._loader: Loader | None = None  # made when the first file comes
        self._waiting: list[tuple[int, Path]] = []

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
        areas, ratio = self._controller.areas, self._canvas.devicePixelRatioF()
        if self._controller.state.picture is None or not areas:
            return self.main
        return area_at(areas, position.x() * ratio, position.y() * ratio).pane

    def open_path(self, pane: int, path: Path) -> None:
        """Show the picture at `path` in `pane`; in the main pane, open it."""
        if pane >= self.main:
            self._opening.open_paths([path])
            return
        self._waiting.append((pane, path))
        if len(self._waiting) == 1:
            self._start()

    def choose(self) -> None:
        """Ask for a picture to show in the active pane."""
        pane = self._controller.state.active
        if pane >= self.main:
            self._opening.choose()
            return
        from diif_viewer.ui.open_dialog import choose_files

        window, folder = self._notice.window(), self._opening.folder
        for path in choose_files(window, tr("Open in this pane"), folder, several=False):
            self.open_path(pane, path)

    def same_everywhere(self) -> None:
        """Show the open picture in every pane."""
        self._waiting.clear()
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

    def _start(self) -> None:
        if self._loader is None:
            self._loader = Loader(numbers=self._numbers, parent=self)
            self._loader.loaded.connect(self._loaded)
            self._loader.failed.connect(self._failed)
        self._loader.load(self._waiting[0][1])

    def _go_on(self) -> None:
        self._waiting = self._waiting[1:]
        if self._waiting:
            self._start()

    @Slot(object)
    def _loaded(self, picture: Picture) -> None:
        if self._waiting and self._waiting[0][1] == picture.path:
            self._controller.looks.guests.put(self._waiting[0][0], picture)
        self._go_on()

    @Slot(object)
    def _failed(self, failure: NotLoaded) -> None:
        self._notice.tell(failure.sentence)
        self._go_on()
