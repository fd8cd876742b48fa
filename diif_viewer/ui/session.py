"""What a start takes up from the last one: the window's place, the layout, the dialog's folder, the last picture.

What the panes compare with comes back with the layout. The last picture returns, with its view and the main method that
was chosen for it, only when the program is started without naming one: a picture that is named begins as its file
suggests, so that trying bicubic once is not what everything is shown by from then on. People who start it for the first
time are greeted by the sample, which is never remembered.
"""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtWidgets import QMainWindow

from diif_viewer.imaging.turns import Turn
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.files import Files
from diif_viewer.ui.loader import Sheet
from diif_viewer.ui.opening import Opening
from diif_viewer.ui.pane_files import PaneFiles
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.state import ViewerState

LAYOUTS = ("single", "split", "stacked", "two", "three", "four")
"""Those that are taken up again; the others are for a moment."""


class Session:
    """Saves and restores; damaged or outdated values are passed over."""

    def __init__(
        self, settings: Settings, state: ViewerState, opening: Opening, files: Files, pane_files: PaneFiles
    ) -> None:
        self._settings, self._state, self._opening, self._files = settings, state, opening, files
        self._pane_files = pane_files

    def restore(self, window: QMainWindow) -> None:
        """Put the window where it was, with its layout."""
        geometry = self._settings.data("geometry")
        if not geometry.isEmpty():
            window.restoreGeometry(geometry)
        known = tuple(layout.value for layout in Layout if layout.value in LAYOUTS)
        self._state.set_layout(Layout(self._settings.text("layout", "single", known)))
        self._state.set_split(self._settings.number("split", 0.5))
        self._state.take_up(others=self._settings.texts("others"))
        self._opening.folder = self._settings.text("folder")

    def last(self, *, always: bool = False) -> Path | None:
        """The picture that was on screen last, if its file is still there; it will come with its view.

        always: also where somebody prefers to begin without.
        """
        name = self._settings.text("last")
        if not always and not self._settings.flag("restore", True):
            return None
        if not name or not os.path.isfile(name):
            return None
        path, scale = Path(name), self._settings.number("last_scale")
        if scale > 0:
            self._files.return_to(path, scale, (self._settings.number("last_x"), self._settings.number("last_y")))
        page, turn = (max(0, int(self._settings.number(name))) for name in ("last_page", "last_turn"))
        self._opening.return_to(Sheet(path, page, Turn.of_code(turn)))
        if self._state.chosen_method is None:  # else the command line names one
            self._state.take_up(self._settings.text("method"))
        self._pane_files.return_to(path, [*map(_unpacked, self._settings.texts("guests"))])
        return path

    def save(self, window: QMainWindow) -> None:
        """Remember all of it, and write it down."""
        put = self._settings.put
        if not window.isFullScreen():
            put("geometry", window.saveGeometry())
        put("layout", self._state.layout.value)
        put("split", self._state.split)
        put("others", list(self._state.others))
        put("folder", self._opening.folder)
        picture, view, path = self._state.picture, self._state.view, self._opening.path
        if picture is not None and view is not None and path == picture.path and path != self._files.greeting:
            whole, factor = picture, 1.0
            if picture.reduced is not None:
                whole, factor = picture.reduced.original, picture.reduced.factor
            x, y = view.position_at((view.view_width / 2, view.view_height / 2))
            put("last", os.fspath(path.absolute()))
            put("method", self._state.chosen_method or "")
            put("last_page", picture.page)
            put("last_turn", picture.turn.code)
            put("last_scale", 0.0 if view.is_fitted else view.scale / factor)
            put("last_x", x * factor / whole.width)
            put("last_y", y * factor / whole.height)
            put("guests", [_packed(pane, sheet) for pane, sheet in self._pane_files.held])
        self._settings.sync()


def _packed(pane: int, sheet: Sheet) -> str:
    return f"{pane} {sheet.page} {sheet.turn.code} {os.fspath(sheet.path.absolute())}"


def _unpacked(words: str) -> tuple[int, Sheet]:
    """What `_packed` made; for anything else a file that is not there."""
    *numbers, name = words.split(" ", 3)
    if len(numbers) < 3 or not all(map(str.isdecimal, numbers)) or not name:
        return 0, Sheet(Path())
    pane, page, turn = map(int, numbers)
    return pane, Sheet(Path(name), page, Turn.of_code(turn))
