"""Repaints what is coming softly until it is there: those tiles only, at the pace of a screen, else nothing."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Slot

from diif_viewer.ui.controller import Controller

FRAME = 16
"""Milliseconds between two steps."""


class Fading(QObject):
    """Runs while tiles of the scene are coming."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self._step)
        controller.client.tile_done.connect(self._begin)  # after the controller has put the tile in its place

    @Slot()
    def _begin(self) -> None:
        if self._controller.scene.fading and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _step(self) -> None:
        controller = self._controller
        changed = controller.scene.age()
        view = controller.state.view
        if view is not None and not controller.motion.moving:
            rest = view.rested()
            for area in controller.areas:
                whole = QRect()
                for pane, window in changed:
                    if pane == area.pane:
                        place = window.moved(area.view.top - int(rest.top), area.view.left - int(rest.left))
                        whole = whole.united(QRect(place.left, place.top, place.width, place.height))
                if not whole.isEmpty():
                    controller.repaint.emit(whole)
        if not controller.scene.fading:
            self._timer.stop()
            controller.refresh()
