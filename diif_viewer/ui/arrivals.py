"""Pictures that come: a page while the first is on its way, the canvas when it is there, a sentence where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from diif_viewer.ui.loader import NotLoaded
from diif_viewer.ui.state import Picture
from diif_viewer.viewport import Viewport

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow


class Arrivals(QObject):
    """Puts what the loader brings on screen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.opening.waiting.connect(self._waiting)
        window.loader.loaded.connect(self._loaded)
        window.loader.failed.connect(self._not_loaded)

    @Slot(object)
    def _waiting(self, path: Path) -> None:
        if self._window.state.picture is None:
            self._window.page.wait(path.name)
        self._window.status.busy.set_busy(True)

    @Slot(object)
    def _loaded(self, picture: Picture) -> None:
        window, shown = self._window, self._window.state.picture
        whole = shown is not None and not shown.lack
        if picture.lack and whole and window.files.forgives(NotLoaded(picture.path, picture.lack, picture.page)):
            window.facts.show()  # it may be half written: the whole one stays
            return
        window.stack.setCurrentWidget(window.canvas)
        area = window.controller.areas[0].view if window.controller.areas else None
        height, width = (area.height, area.width) if area is not None else window.canvas.device_size()
        fitted = Viewport(picture.height, picture.width, height, width).fitted()
        window.state.set_picture(picture, window.files.arrival(picture, fitted))
        window.files.arrived(picture)
        window.canvas.setFocus()
        window.opened.emit(picture)

    @Slot(object)
    def _not_loaded(self, failure: NotLoaded) -> None:
        window = self._window
        if not window.files.forgives(failure):
            window.state.set_picture(None, None)
            window.page.fail(failure.sentence)
            window.stack.setCurrentWidget(window.page)
        window.facts.show()
