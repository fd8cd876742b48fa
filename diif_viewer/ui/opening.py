"""Which picture comes next: asked for in a dialog, dropped, or a step further in the list or the folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from diif_viewer.ui.folder import SUFFIXES, neighbour
from diif_viewer.ui.loader import Loader


class Opening(QObject):
    """Hands paths to the loader. waiting (a Path): it is on its way."""

    waiting = Signal(object)

    def __init__(self, loader: Loader, parent: QWidget) -> None:
        super().__init__(parent)
        self._loader, self._parent = loader, parent
        self._list: list[Path] = []
        self.path: Path | None = None

    def open_path(self, path: Path) -> None:
        """Read the picture at `path`."""
        self.path = path
        self.waiting.emit(path)
        self._loader.load(path)

    def open_paths(self, paths: list[Path]) -> None:
        """Read the first of `paths`; where there are several, walking goes through them instead of the folder."""
        self._list = paths if len(paths) > 1 else []
        if paths:
            self.open_path(paths[0])

    def walk(self, step: int) -> None:
        """Read the picture `step` places further, in the list that was opened or in the folder."""
        if self.path is None:
            return
        if self.path in self._list:
            self.open_path(self._list[(self._list.index(self.path) + step) % len(self._list)])
        elif (other := neighbour(self.path, step)) is not None:
            self.open_path(other)

    def choose(self) -> None:
        """Ask for a picture."""
        patterns = " ".join(sorted(f"*{suffix}" for suffix in SUFFIXES))
        start = str(self.path.parent) if self.path is not None else ""
        kinds = f"Pictures ({patterns});;All files (*)"
        names, _ = QFileDialog.getOpenFileNames(self._parent, "Open pictures", start, kinds)
        self.open_paths([Path(name) for name in names])


def dropped(data: QMimeData) -> list[Path]:
    """The files that are dragged; empty when there are none."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
