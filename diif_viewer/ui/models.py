"""The window's part in models that come and go: their dialog, files dropped on it, panes whose model is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot

from diif_viewer.models import shelf
from diif_viewer.paths import stamp_of
from diif_viewer.ui.added_models import AddedModels
from diif_viewer.ui.device_box import AUTOMATIC, DeviceBox
from diif_viewer.ui.language import tr
from diif_viewer.ui.models_dialog import ModelsDialog, weights
from diif_viewer.ui.speeds import Speeds

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow


class Models(QObject):
    """The models of one window. dialog: None while it is closed."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: ModelsDialog | None = None
        self.added = AddedModels(self)
        self.speeds = Speeds(window.controller, window.settings, self)
        self.added.added.connect(self._was_added)
        self.added.removed.connect(self._was_removed)
        self.added.refused.connect(self._refused)
        self._stamps = _stamps()
        window.state.methods_changed.connect(self._look_again)

    def show(self) -> None:
        """Open the dialog."""
        self._look_again()
        window = self._window
        devices = DeviceBox(window.controller, window.settings)
        self.dialog = dialog = ModelsDialog(self.added, self.speeds, devices, window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._closed)
        dialog.chosen.connect(self._show_in_pane)
        state = window.state
        dialog.fill(state.methods[state.active])
        dialog.open()

    def take(self, files: list[Path]) -> list[Path]:
        """Add those of dropped files that are models; the others."""
        models = weights(files)
        for file in models:
            self.added.add(file)
        if models:
            self._window.notice.tell(tr("Reading {name}…", name=models[0].name))
        return [file for file in files if file not in models]

    def compute_on_what_is_there(self) -> None:
        """Forget the device that somebody chose, and start the renderer anew."""
        self._window.settings.drop("device")
        self._window.controller.client.device = AUTOMATIC
        self._window.controller.renew()

    def shutdown(self) -> None:
        """End the process that reads models, if one runs."""
        self.added.shutdown()

    @Slot()
    def _closed(self) -> None:
        self.dialog = None

    @Slot(str)
    def _show_in_pane(self, name: str) -> None:
        self._window.state.set_method(name)

    @Slot()
    def _look_again(self) -> None:
        """Compute anew what was made by weights that others have taken the place of since, in the same file."""
        if self._window.exports.running:
            return  # another renderer would end what is under way
        before, now = self._stamps, _stamps()
        self._stamps = before | now
        for name in now:
            if now[name] != before.get(name, now[name]):
                self._forget_made(name)

    @Slot(str, object)
    def _was_added(self, name: str) -> None:
        self._stamps.pop(name, None)  # what is there now is what was added
        self._forget_made(name)  # somebody may have removed another one of this name outside the window
        words = tr("{name} was added; every pane can show it.", name=name)
        self._window.notice.tell(words, tr("Show it"), lambda: self._show_in_pane(name), stay=False)
        self._window.facts.tell()

    @Slot(str)
    def _was_removed(self, name: str) -> None:
        self._window.state.forget_method(name)
        self._forget_made(name)

    def _forget_made(self, name: str) -> None:
        """Nothing that a model made, and nothing of it, may be taken for that of another model of its name."""
        if name in self._window.controller.client.asked:
            self._window.controller.renew()

    @Slot(str)
    def _refused(self, sentence: str) -> None:
        if self.dialog is None:
            self._window.notice.tell(sentence)


def _stamps() -> dict[str, object]:
    """Of the weights of every added model, by its name."""
    return {name: stamp_of(file) for name, file in shelf.held().items()}
