"""Comparison figures from the action to the file: a region is dragged, a dialog chooses, the result is told.

What only a figure needs is loaded when the first one is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.loader import Loader
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.reduced import TRUTH
from diif_viewer.ui.regions import Region, Regions
from diif_viewer.ui.reveal import show_in_folder

if TYPE_CHECKING:
    from diif_viewer.ui.figure_dialog import FigureDialog
    from diif_viewer.ui.figure_subject import Subject
    from diif_viewer.ui.figure_work import FigureWork

USUAL = ("bicubic", "liif-lite", "diif-lite", "diif-s-lite")
"""Methods of a figure where no comparison is on screen."""

ChooseFigurePath = Callable[[QWidget, Path], Path | None]
"""(parent, proposal) -> the path to write, or None."""


class FigureMaker:
    """From the action to the file. choose: asks for the path to write."""

    def __init__(
        self,
        controller: Controller,
        loader: Loader,
        regions: Regions,
        notice: Notice,
        keys: Keys,
    ) -> None:
        self._controller, self._loader, self._regions, self._notice = controller, loader, regions, notice
        self._keys = keys
        self.choose: ChooseFigurePath = _choose
        self._folder: Path | None = None
        self.dialog: FigureDialog | None = None
        self._work: FigureWork | None = None
        self._pane = 0  # where the region was dragged
        controller.state.picture_changed.connect(self._picture_changed)
        controller.looks.guests.changed.connect(self._picture_changed)

    def begin(self) -> None:
        """Ask for the region."""
        if not self._controller.client.running:
            client = self._controller.client
            self._notice.tell(
                tr("A figure needs the renderer, which is not running."), tr("Restart it"), client.restart
            )
            return
        self._regions.choose(tr("Drag the region of the figure."), self.show)

    def show(self, region: Region) -> None:
        """Open the dialog for a region."""
        from diif_viewer.ui.figure_dialog import FigureDialog
        from diif_viewer.ui.figure_subject import subject

        state = self._controller.state
        picture, view = self._controller.looks.picture(region.pane), self._controller.looks.view(region.pane)
        about = None if picture is None else subject(picture, region.box)
        if about is None or picture is None or view is None:
            return
        self.shutdown()
        self._notice.hide()
        work = self._begin(about)
        compared = tuple(dict.fromkeys(name for name in state.methods if name != TRUTH))
        scale = picture.reduced.factor if picture.reduced is not None else view.scale if view.scale > 1 else 4.0
        methods = compared if len(compared) > 1 else USUAL
        dialog = FigureDialog(work, methods, round(scale, 2), self._keys.shown("ground_truth"), self._notice.window())
        dialog.folder = self._folder
        dialog.save_asked.connect(lambda: self._save(dialog))
        dialog.copy_asked.connect(lambda: self._copy(dialog))
        dialog.finished.connect(lambda _: self.shutdown())
        self.dialog, self._work, self._pane = dialog, work, region.pane
        dialog.open()

    def _begin(self, about: Subject) -> FigureWork:
        from diif_viewer.ui.figure_work import FigureWork

        work = FigureWork(about, self._controller.client, self._loader.number)
        work.saved.connect(self._saved)
        return work

    def _save(self, dialog: FigureDialog) -> None:
        figure = dialog.figure
        if figure is None or self._work is None:
            return
        path = self.choose(dialog, dialog.proposal())
        if path is not None and self._work is not None:
            self._folder = path.parent
            self._work.save(figure, path)  # as it was seen, though the file may have been read again since

    def _saved(self, path: Path) -> None:
        if self.dialog is not None:
            self.dialog.accept()
        words = tr("Saved {path}", path=str(path))
        self._notice.tell(words, tr("Show in folder"), lambda: show_in_folder(path), stay=False)

    def _copy(self, dialog: FigureDialog) -> None:
        QGuiApplication.clipboard().setImage(dialog.image)
        dialog.words.setText(tr("Copied the figure."))

    def _picture_changed(self) -> None:
        """The same file read again gives the same figure of what is in it now; another picture has none."""
        from diif_viewer.ui.figure_subject import renewed

        work, picture = self._work, self._controller.looks.picture(self._pane)
        if self.dialog is None or work is None or picture is work.subject.picture:
            return
        about = renewed(work.subject, picture) if picture is not None else None
        if about is None:
            self.dialog.reject()
            return
        self._work = self._begin(about)
        self.dialog.take(self._work)
        _end(work)

    def shutdown(self) -> None:
        """Stop what is under way; returns when its thread has ended."""
        work, self._work = self._work, None
        dialog, self.dialog = self.dialog, None
        if work is not None:
            _end(work)
        if dialog is not None:
            dialog.deleteLater()


def _end(work: FigureWork) -> None:
    work.shutdown()
    work.deleteLater()


def _choose(parent: QWidget, proposal: Path) -> Path | None:
    from diif_viewer.ui.figure_dialog import choose_figure_path

    return choose_figure_path(parent, proposal)
