"""Which picture comes next: asked for in a dialog, dropped, or a step further in the list or the folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from diif_viewer.imaging.turns import UPRIGHT, Turn
from diif_viewer.models.shelf import SUFFIXES as WEIGHTS
from diif_viewer.paths import is_shipped
from diif_viewer.ui.folder import neighbour, pictures_in, users_pictures
from diif_viewer.ui.language import tr
from diif_viewer.ui.loader import Loader, Pasted, Piped, Relaid, Sheet
from diif_viewer.ui.state import Picture

PASTED = Path("Pasted picture")
PIPED = Path("standard input")
"""The name of a picture that came without a file."""


class Opening(QObject):
    """Hands paths to the loader. waiting (a Path): it is on its way. models_found (list of Paths): weights among them.

    path: the file that was asked for last, None when the last picture has none. page: of it, from 0. folder: where the
    dialog begins when there is no path. How somebody lays a picture is remembered for its file.
    """

    waiting = Signal(object)
    models_found = Signal(object)

    def __init__(self, loader: Loader, parent: QWidget) -> None:
        super().__init__(parent)
        self._loader, self._parent = loader, parent
        self._list: list[Path] = []
        self._return: Sheet | None = None
        self._turns: dict[Path | None, Turn] = {}
        self._given: Path | None = None  # the name of a picture without a file
        self.path: Path | None = None
        self.page = 0
        self.folder = ""

    def open_path(self, path: Path, page: int = 0) -> None:
        """Read the picture at `path`, or another page of it."""
        self.path, self.page = path, page
        if not is_shipped(path):
            self.folder = str(path.absolute().parent)
        self.waiting.emit(path)
        self._loader.load(path, page, self._turn_of(path))

    def turn(self, step: Turn, shown: Picture | None) -> None:
        """Lay the picture that is `shown`, or another page of its file that is on its way, one `step` further."""
        if shown is None or shown.path != (self.path or self._given):
            return  # another picture is on its way
        self._turns[self.path] = self._turn_of(self.path).then(step)
        if self.path is not None and self.page != shown.page:
            self.open_path(self.path, self.page)
            return
        if self.path is not None:
            self.waiting.emit(self.path)
        whole = shown if shown.reduced is None else shown.reduced.original
        self._loader.take(Relaid(shown.path, whole, self._turns[self.path]))

    def _turn_of(self, path: Path | None) -> Turn:
        return self._turns.get(path, UPRIGHT)

    def open_paths(self, paths: list[Path]) -> None:
        """Read the first of `paths`; where there are several, walking goes through them instead of the folder.

        A folder stands for the pictures in it; weights among the paths are no pictures.
        """
        if models := [path for path in paths if path.suffix.lower() in WEIGHTS]:
            self.models_found.emit(models)
            paths = [path for path in paths if path not in models]
        if not paths:
            return
        several = len(paths) > 1
        found = [file for path in paths for file in (pictures_in(path) if os.path.isdir(path) else [path])]
        self._list = found if several else []
        back, self._return = self._return, None
        if back is not None and found and back.path == found[0]:
            self._turns[back.path] = back.turn
            self.open_path(back.path, back.page)
        elif found:
            self.open_path(found[0])
        elif paths:
            self._loader.refuse(paths[0], why_none(paths[0]))

    def return_to(self, sheet: Sheet) -> None:
        """Begin with this page of its file, should that be the first one opened."""
        self._return = sheet

    def open_image(self, image: QImage) -> None:
        """Show a picture that is in memory."""
        self._take(Pasted(PASTED, image))

    def open_piped(self, file: Path) -> None:
        """Show what came through a pipe; `file` has it, and is nobody's: not watched, not walked from, not kept."""
        self._take(Piped(PIPED, file))

    def _take(self, given: Pasted | Piped) -> None:
        self.path, self.page = None, 0
        self._turns.pop(None, None)
        self._given = given.path
        self._list = []
        self._loader.take(given)

    @property
    def walks(self) -> bool:
        """True where there may be pictures beside the one that was asked for last."""
        return self.path is not None and (bool(self._list) or not is_shipped(self.path))

    def walk(self, step: int) -> None:
        """Read the picture `step` places further, in the list that was opened or in the folder."""
        if self.path is not None and self.walks and (other := _beside(self.path, self._list, step)) is not None:
            self.open_path(other)

    def beside(self, pages: int = 1) -> Callable[[], list[Sheet]]:
        """Names, when called in any thread, what comes next: the next page of `pages`, then where `walk` goes."""
        turns, pages_ahead = dict(self._turns), []
        if self.path is not None and pages > 1:
            pages_ahead = [Sheet(self.path, (self.page + 1) % pages, self._turn_of(self.path))]
        return partial(_ahead, pages_ahead, self.path if self.walks else None, list(self._list), turns)

    def choose(self) -> None:
        """Ask for a picture."""
        from diif_viewer.ui.open_dialog import choose_files

        here = self.folder or str(users_pictures())
        if self.path is not None and not is_shipped(self.path):
            here = str(self.path.absolute())
        self.open_paths(choose_files(self._parent, tr("Open pictures"), here, several=True))


def why_none(folder: Path) -> str:
    """One sentence about a folder of which no picture can be shown."""
    if os.access(folder, os.R_OK | os.X_OK):
        return tr("{name}: there is no picture in this folder.", name=folder.name)
    return tr("{name}: there is no permission to read this folder.", name=folder.name)


def _beside(path: Path, listed: list[Path], step: int) -> Path | None:
    if path in listed:
        return listed[(listed.index(path) + step) % len(listed)]
    return neighbour(path, step)


def _ahead(first: list[Sheet], path: Path | None, listed: list[Path], turns: dict[Path | None, Turn]) -> list[Sheet]:
    if path is None:
        return first
    found = (_beside(path, listed, step) for step in (1, -1))
    others = dict.fromkeys(other for other in found if other is not None and other != path)
    return [*first, *(Sheet(other, turn=turns.get(other, UPRIGHT)) for other in others)]


def dropped(data: QMimeData) -> list[Path]:
    """The files that are dragged; empty when there are none."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
