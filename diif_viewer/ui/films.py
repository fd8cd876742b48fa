"""Films of a zoom from the action to the file: a dialog chooses, the renderer makes it, the list of exports tells."""

from __future__ import annotations

import itertools
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from diif_viewer.engine.jobs import FilmFrame, FilmProbe, FilmProbed, FilmRequest, ProbeFailed
from diif_viewer.imaging.film import FILM_FORMS
from diif_viewer.models.registry import default_method
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.exports import Exports
from diif_viewer.ui.film_choices import remember, remembered
from diif_viewer.ui.film_dialog import FilmDialog
from diif_viewer.ui.language import tr
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.reduced import TRUTH
from diif_viewer.ui.save_dialog import ChoosePath, place_beside
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.state import Picture
from diif_viewer.viewport import Viewport


def choose_film_path(parent: QWidget, proposal: Path) -> Path | None:
    """Ask for the file to write; the dialog itself asks before it replaces one."""
    lines = [f"{form.name} (*{form.suffix})" for form in FILM_FORMS]
    chosen = next((line for line in lines if f"*{proposal.suffix.lower()})" in line), "")
    option = QFileDialog.Option.DontConfirmOverwrite
    title = tr("Save the film as")
    name, _ = QFileDialog.getSaveFileName(parent, title, str(proposal), ";;".join(lines), chosen, options=option)
    if not name:
        return None
    path = Path(name)
    return path if path.suffix else path.with_name(f"{path.name}{proposal.suffix}")


class Films(QObject):
    """From the action to the file. choose: asks for the path. dialog: while it is open."""

    def __init__(self, controller: Controller, exports: Exports, notice: Notice, settings: Settings) -> None:
        super().__init__(notice)
        self._controller, self._exports, self._notice, self._settings = controller, exports, notice, settings
        self.choose: ChoosePath = choose_film_path
        self.dialog: FilmDialog | None = None
        self._serials = itertools.count(-1, -1)  # those of exports' probes go up
        self._probe = 0
        state, client = controller.state, controller.client
        client.film_frame.connect(self._frame)
        client.film_probed.connect(self._probed)
        client.probe_failed.connect(self._not_probed)
        client.restarted.connect(self._ask_anew)
        client.renewed.connect(self._ask_anew)
        controller.looks.guests.changed.connect(self._view_changed)
        state.picture_changed.connect(self._picture_changed)
        for fact in (state.view_changed, state.methods_changed, state.active_changed):
            fact.connect(self._view_changed)

    @Slot()
    def begin(self) -> None:
        """Open the dialog with the last choices."""
        picture, view, client = self._picture, self._view, self._controller.client
        if picture is None or view is None:
            return
        if not client.running:
            self._notice.tell(tr("A film needs the renderer, which is not running."), tr("Restart it"), client.restart)
            return
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        choices = remembered(self._settings)
        window = self._notice.window()
        taken, method = self._exports.taken, self._method()
        dialog = FilmDialog(window, picture, method, view=view, choices=choices, choose=self.choose, taken=taken)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.probe_asked.connect(self._ask)
        dialog.wanted.connect(self._start)
        dialog.finished.connect(self._closed)
        self.dialog = dialog
        place_beside(dialog, window)
        dialog.show()

    @property
    def _picture(self) -> Picture | None:
        """The picture of the active pane."""
        return self._controller.looks.picture(self._controller.state.active)

    @property
    def _view(self) -> Viewport | None:
        """The view of the active pane, at rest."""
        view = self._controller.looks.view(self._controller.state.active)
        return None if view is None else view.rested()

    def _method(self) -> str:
        """That of the active pane; the truth is no method."""
        state = self._controller.state
        name = state.methods[state.active]
        return default_method() if name == TRUTH else name

    # ---- probes ----

    @Slot(object, int)
    def _ask(self, order: FilmRequest, side: int) -> None:
        self._probe = next(self._serials)
        self._controller.client.send(FilmProbe(self._probe, order, side))

    @Slot()
    def _ask_anew(self) -> None:
        if self.dialog is not None:
            self.dialog.ask_anew()

    @Slot(object)
    def _frame(self, frame: FilmFrame) -> None:
        if self.dialog is not None and frame.serial == self._probe:
            self.dialog.preview.take(frame.number, frame.pixels)

    @Slot(object)
    def _probed(self, done: FilmProbed) -> None:
        if self.dialog is not None and done.serial == self._probe:
            self.dialog.show_probed(done)

    @Slot(object)
    def _not_probed(self, failure: ProbeFailed) -> None:
        if self.dialog is not None and failure.serial == self._probe:
            self.dialog.show_probe_failure(failure.sentence)

    # ---- films ----

    @Slot(object)
    def _start(self, request: FilmRequest) -> None:
        self._exports.add(request, Path(request.file))

    @Slot()
    def _closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None and dialog.result() == FilmDialog.DialogCode.Accepted:
            remember(dialog.choices, self._settings)

    @Slot()
    def _view_changed(self) -> None:
        if self._controller.state.flipped:
            return  # for as long as a key is held
        view, picture = self._view, self._picture
        if self.dialog is None:
            return
        before = self.dialog.picture
        stays = self.dialog.stays_with(picture)
        if self.dialog.picture is not before:
            self._probe = 0  # what was asked is about the old one
        if not stays:
            self.dialog.reject()  # another picture, or another pane with another one
        elif view is not None:
            self.dialog.show_view(view, self._method())

    @Slot()
    def _picture_changed(self) -> None:
        if self.dialog is not None and self._picture is not self.dialog.picture:  # else the view's change is told
            self._view_changed()
