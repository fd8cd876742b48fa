"""Repaints what is coming softly until it is there: those tiles only, at the pace of a screen, else nothing."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Slot

from diif_viewer.geometry import Window
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.scene import Scene

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
        if self._controller.fading and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _step(self) -> None:
        controller = self._controller
        for scene in controller.looks.scenes:
            changed = scene.age()
            if changed and not controller.motion.moving:
                self._repaint(scene, changed)
        if not controller.fading:
            self._timer.stop()
            controller.refresh()

    def _repaint(self, scene: Scene, changed: list[tuple[int, Window]]) -> None:
        """Paint anew what has changed of `scene`."""
        controller = self._controller
        for area in controller.areas:
            view = controller.looks.view(area.pane)
            if view is None or controller.looks.scene(area.pane) is not scene:
                continue
            rest, whole = view.rested(), QRect()
            for pane, window in changed:
                if pane == area.pane:
                    place = window.moved(area.view.top - int(rest.top), area.view.left - int(rest.left))
                    whole = whole.united(QRect(place.left, place.top, place.width, place.height))
            if not whole.isEmpty():
                controller.repaint.emit(whole)
