"""A view that takes long to become sharp: how far it is, how long it will still take, and a button that ends it.

Story: panes lack tiles -> after a second this part of the status line appears, and counts the tiles that have come ->
all are there, or somebody presses the button: then the panes stay as they are until the view is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.export_order import seconds_text
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr

PATIENCE = 1.0
"""Seconds that a view may take before anything is said beyond the busy mark."""

PACE = 200
"""Milliseconds between two looks."""

SURE = 0.08
"""Part of the tiles from which on they tell how long the others will take."""


class Sharpening(QWidget):
    """A part of the status line."""

    def __init__(
        self, controller: Controller, keys: Keys, parent: QWidget, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """clock: seconds."""
        super().__init__(parent)
        self._controller, self._clock = controller, clock
        self._target: object = None
        self._began, self._had = 0.0, 0
        self.words, self.stop = QLabel(self), QToolButton(self)
        self.stop.setText("✕")
        self.stop.setFixedHeight(self.words.sizeHint().height())
        self.stop.setAccessibleName(tr("Stop sharpening"))
        self._keys = keys
        self._name_keys()
        keys.changed.connect(self._name_keys)
        self.stop.clicked.connect(controller.asking.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.words)
        row.addWidget(self.stop)
        self._timer = QTimer(self)
        self._timer.setInterval(PACE)
        self._timer.timeout.connect(self._look)
        controller.status_changed.connect(self._stirred)
        self.hide()

    @Slot()
    def _name_keys(self) -> None:
        self.stop.setToolTip(self._keys.in_words(tr("Stop sharpening; the preview stays"), "leave"))

    @Slot()
    def _stirred(self) -> None:
        """Watch while tiles are on their way."""
        waiting = self._controller.waiting
        if waiting and not self._timer.isActive():
            self._target = None
            self._timer.start()
            self._look()
        elif not waiting:
            self._timer.stop()
            self.hide()

    @Slot()
    def _look(self) -> None:
        target, had, wanted = self._controller.asking.progress()
        now = self._clock()
        if target != self._target:
            self._target, self._began, self._had = target, now, had
        taken, whole = now - self._began, wanted - self._had
        if taken < PATIENCE or whole <= 0:
            self.hide()
            return
        part = (had - self._had) / whole
        left = ""
        if part >= SURE:
            left = tr(", {time} left", time=seconds_text(taken * (1 - part) / part))
        self.words.setText(tr("Sharpening {percent} %{left}", percent=f"{100 * part:.0f}", left=left))
        self.show()
