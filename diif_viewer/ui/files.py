"""What happens to files around the picture on screen: recent ones, reading again, what comes next, the view kept.

Story: a picture is on its way -> its file is watched -> it is on screen, and its name among the recent ones -> the view
rests -> its neighbours are read ahead. When the file changes on disk and has been left alone for a moment, it is read
again, and the view stays where it is.
"""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from diif_viewer.imaging.turns import UPRIGHT
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.file_watch import FileWatch
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.loader import Loader, NotLoaded, Sheet
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.opening import Opening
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.state import Picture
from diif_viewer.viewport import Viewport

RECENT = 10
"""Names kept."""


class Files(QObject):
    """keep_view_changed: whether another picture is shown through the same view; no payload, read `keep_view`.

    greeting: a picture of the program's own, never remembered.
    """

    keep_view_changed = Signal()

    def __init__(
        self, opening: Opening, loader: Loader, controller: Controller, notice: Notice, settings: Settings
    ) -> None:
        super().__init__(notice)
        self._opening, self._loader, self._controller, self._notice = opening, loader, controller, notice
        self._settings = settings
        self.greeting: Path | None = None
        self._again: Path | None = None
        self._return: tuple[Path, float, tuple[float, float]] | None = None
        self._asked_ahead: Sheet | None = None
        self._told = ""  # of a file that could not be read again
        self._watch = FileWatch(self)
        self._watch.changed.connect(self._changed)
        opening.waiting.connect(self._on_its_way)
        controller.status_changed.connect(self._look_ahead)

    # ---- recent files ----

    @property
    def recent(self) -> list[Path]:
        """The newest first."""
        return [Path(name) for name in self._settings.texts("recent")]

    def forget_recent(self) -> None:
        """Forget all of them."""
        self._settings.drop("recent")

    def _remember(self, path: Path) -> None:
        if path == self.greeting:
            return
        name = os.fspath(path.absolute())
        others = [other for other in self._settings.texts("recent") if other != name]
        self._settings.put("recent", [name, *others][:RECENT])

    # ---- the view of the next picture ----

    @property
    def keep_view(self) -> bool:
        """True when another picture is shown through the same view."""
        return self._settings.flag("keep_view")

    def toggle_keep_view(self) -> None:
        """Keep the view when the picture changes, or fit every picture."""
        self._settings.put("keep_view", not self.keep_view)
        self.keep_view_changed.emit()

    def return_to(self, path: Path, scale: float, centre: tuple[float, float]) -> None:
        """Show `path`, when it comes, at `scale` with the relative position `centre` (x, y in [0, 1]) in the middle."""
        self._return = path, scale, centre

    def arrival(self, picture: Picture, fitted: Viewport) -> Viewport:
        """The view through which `picture` is shown first. Called before it replaces the one on screen."""
        again, self._again = self._again == picture.path, None
        back, self._return = self._return, None
        old, view = self._controller.state.picture, self._controller.state.view
        if back is not None and back[0] == picture.path:
            x, y = back[2]
            placed = fitted.at_scale(back[1]).centred_on((x * picture.width, y * picture.height))
            return placed.clamped()
        same = old is not None and old.path == picture.path
        step = old.turn.inverse.then(picture.turn) if old is not None and same else UPRIGHT
        again = again or step != UPRIGHT or (old is not None and same and old.page != picture.page)
        if old is None or view is None or view.is_fitted or not (again or self.keep_view):
            return fitted
        if (old.height, old.width) == (picture.height, picture.width) and step == UPRIGHT:
            return view.resized(fitted.view_height, fitted.view_width).clamped()
        x, y = view.position_at((view.view_width / 2, view.view_height / 2))
        x, y = step.of_place(x / old.width, y / old.height)
        reduced = old.reduced.factor if old.reduced is not None and again else 1.0
        placed = fitted.at_scale(view.scale / reduced).centred_on((x * picture.width, y * picture.height))
        return placed.clamped()

    # ---- reading again ----

    def reload(self) -> None:
        """Read the picture, or the one that failed, again; the view stays."""
        if self._opening.path is not None:
            self._again = self._opening.path
            self._opening.open_path(self._opening.path, self._opening.page)

    def arrived(self, picture: Picture) -> None:
        """`picture` is on screen."""
        if self._told:
            self._notice.withdraw(self._told)
            self._told = ""
        if picture.lack:
            self._told = tr("{sentence} What there is of it is shown.", sentence=said(picture.lack))
            self._notice.tell(self._told)
        if self._opening.path == picture.path:
            self._opening.page = picture.page  # its file may have fewer pages than before
            self._remember(picture.path)
        else:
            self._watch.watch([])

    def forgives(self, failure: NotLoaded) -> bool:
        """True when the picture stays on screen although its file cannot be read again; says so."""
        again, self._again = self._again, None
        picture = self._controller.state.picture
        if picture is None or again != failure.path or picture.path != failure.path:
            return False
        self._told = tr("{sentence} The picture as it was is still shown.", sentence=said(failure.sentence))
        self._notice.tell(self._told)
        return True

    @Slot(object)
    def _on_its_way(self, path: Path) -> None:
        self._asked_ahead = None
        self._watch.watch([path], anew=True)

    @Slot(object)
    def _changed(self, path: Path) -> None:
        if self._opening.path == path:
            self.reload()

    # ---- what comes next ----

    @Slot()
    def _look_ahead(self) -> None:
        path, picture = self._opening.path, self._controller.state.picture
        if path is None or picture is None or not self._controller.sharp or self._loader.busy:
            return
        sheet = Sheet(path, self._opening.page)
        if sheet != self._asked_ahead:
            self._asked_ahead = sheet
            self._loader.look_ahead(self._opening.beside(picture.pages))
