"""Where a person chooses what models are computed on."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QWidget

from diif_viewer.engine.messages import Ready
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.settings import Settings

AUTOMATIC = "auto"


class DeviceBox(QComboBox):
    """The automatic choice, and every device that the renderer found. A choice starts the renderer anew."""

    def __init__(self, controller: Controller, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._settings = controller, settings
        self.setAccessibleName(tr("Compute on"))
        self.setToolTip(tr("What models are computed on"))
        controller.client.ready.connect(self._ready)
        self._fill()
        self.activated.connect(self._choose)

    @property
    def device(self) -> str:
        """As `engine.device.resolve` names it."""
        return str(self.currentData())

    def _fill(self) -> None:
        chosen = self._controller.client.device
        known = dict(self._controller.client.devices)
        if chosen not in (AUTOMATIC, *known):
            known[chosen] = chosen  # it is not there now, but somebody chose it
        self.clear()
        running = said(self._controller.client.description) if chosen == AUTOMATIC else ""
        self.addItem(tr("Automatic ({device})", device=running) if running else tr("Automatic"), AUTOMATIC)
        for name, words in known.items():
            self.addItem(words, name)
        self.setCurrentIndex(max(0, self.findData(chosen)))

    @Slot(object)
    def _ready(self, ready: Ready) -> None:
        del ready
        self._fill()

    @Slot()
    def _choose(self) -> None:
        client = self._controller.client
        if self.device != client.device:
            client.device = self.device
            self._settings.put("device", self.device)
            self._controller.renew()
