"""Something that lies over the canvas to be pulled by hands, and lets through whatever does not concern it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.controller import Controller


class Overlay(QWidget):
    """As large as the canvas; painted anew whenever the view moves."""

    def __init__(self, controller: Controller, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._controller = controller
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.installEventFilter(self)
        state = controller.state
        for fact in (controller.motion.moved, state.view_changed, state.active_changed, state.layout_changed):
            fact.connect(self.update)
        self.hide()

    def takes(self, point: QPointF) -> bool:
        """Would a hand at `point` hold it there?"""
        raise NotImplementedError

    def cover(self) -> None:
        """Lie over all of the canvas, under badges and panels."""
        canvas = self.parentWidget()
        assert canvas is not None
        self.setGeometry(canvas.rect())
        self.lower()
        self.show()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Cover the canvas when its size changes."""
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            canvas = self.parentWidget()
            assert canvas is not None
            self.setGeometry(canvas.rect())
        return super().eventFilter(watched, event)
