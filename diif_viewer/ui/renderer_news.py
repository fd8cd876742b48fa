"""What the window tells of its renderer: the device it runs on, and what to do when it stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from diif_viewer.engine.messages import Ready
from diif_viewer.ui.device_box import AUTOMATIC
from diif_viewer.ui.language import said, tr

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow


class RendererNews(QObject):
    """device: what the renderer runs on, for people; "" until it is ready."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self.device = window, ""
        self._remedy: tuple[str, Callable[[], None]] | None = None
        self._missed = ""
        client = window.controller.client
        client.ready.connect(self._ready)
        client.stopped.connect(self._stopped)
        client.noticed.connect(self._noticed)
        client.restarted.connect(self._restarted)
        client.pulse.lost.connect(self._lost)
        client.pulse.found.connect(self._found)

    @Slot(object)
    def _ready(self, ready: Ready) -> None:
        self.device = ready.description
        self._window.status.device.setText(said(ready.description))
        self._window.facts.tell()

    @Slot(str)
    def _noticed(self, sentence: str) -> None:
        self._window.notice.tell(said(sentence))

    @Slot()
    def _restarted(self) -> None:
        window = self._window
        window.status.device.setText(tr("Starting the renderer again…"))
        window.notice.tell(tr("The renderer stopped and was started again."), stay=False)
        window.facts.tell()

    @Slot(str)
    def _stopped(self, sentence: str) -> None:
        window, client = self._window, self._window.controller.client
        self.device = ""
        window.status.device.setText(tr("No renderer"))
        if client.device == AUTOMATIC:
            self._remedy = tr("Restart it"), client.restart
        else:
            self._remedy = tr("Choose the device automatically"), window.models.compute_on_what_is_there
        window.notice.tell(sentence, *self._remedy, also=(tr("Copy diagnostics"), window.copy_diagnostics))
        window.facts.tell()

    @Slot(str)
    def _lost(self, sentence: str) -> None:
        window = self._window
        self._missed, self._remedy = sentence, (tr("Restart it"), window.controller.client.revive)
        window.notice.tell(sentence, *self._remedy, also=(tr("Copy diagnostics"), window.copy_diagnostics))
        window.facts.tell()

    @Slot()
    def _found(self) -> None:
        self._window.notice.withdraw(self._missed)
        self._remedy = None
        self._window.facts.tell()

    def copied(self, sentence: str) -> None:
        """Say that something was copied, and keep offering what brings back a renderer that stopped or hangs."""
        client = self._window.controller.client
        if (client.running and not client.pulse.missing) or self._remedy is None:
            self._window.notice.tell(sentence, stay=False)
        else:
            self._window.notice.tell(sentence, *self._remedy)
