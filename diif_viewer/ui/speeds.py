"""How fast each model has been on this machine, remembered from one start to the next."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from diif_viewer.engine.messages import Ready
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.settings import Settings

GAIN = 1.05
"""A rate is written down when it is better than the one remembered by this factor: not with every view."""


class Speeds(QObject):
    """Megapixels per second of the fastest whole view, by model and device."""

    def __init__(self, controller: Controller, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._settings = controller, settings
        self._device = ""
        controller.client.ready.connect(self._ready)
        controller.client.view_done.connect(self._view_done)

    def of(self, model: str) -> float | None:
        """The rate on the present device; None until there is one."""
        return self._settings.number(f"{self._group}/{model}") or None

    @property
    def _group(self) -> str:
        return f"speed {self._device}".replace("/", " ")

    @Slot(object)
    def _ready(self, ready: Ready) -> None:
        self._device = ready.description

    @Slot()
    def _view_done(self) -> None:
        for model, rate in self._controller.asking.requests.rates.items():
            if rate > GAIN * (self.of(model) or 0.0):
                self._settings.put(f"{self._group}/{model}", round(rate, 3))
