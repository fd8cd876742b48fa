"""Hold a key to see the other method in place: pressed, an action; let go, whatever happens meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.state import ViewerState

PATIENCE = 40
"""Milliseconds that a key must stay up: X11 repeats a held key as releases and presses, not all marked as such."""


class Flip(QObject):
    """Keeps the state flipped while a key is down: until it is let go, or the window loses the keyboard."""

    def __init__(self, state: ViewerState, parent: QWidget) -> None:
        super().__init__(parent)
        self._state = state
        self._window = parent
        self._going_up = QTimer(self, singleShot=True, interval=PATIENCE)
        self._going_up.timeout.connect(self.release)

    def attach(self, action: QAction, canvas: QWidget) -> None:
        """Let `action` be heard while `canvas` has the keyboard only: elsewhere Space presses buttons."""
        action.setAutoRepeat(False)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        canvas.addAction(action)

    def hold(self) -> None:
        """The key went down."""
        self._going_up.stop()
        application = QCoreApplication.instance()
        if not self._state.flipped and self._state.picture is not None and application is not None:
            application.installEventFilter(self)  # the release goes to whatever has the keyboard by then
            self._state.set_flipped(True)

    def release(self) -> None:
        """The key is up, and stayed up."""
        self._going_up.stop()
        application = QCoreApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self._state.set_flipped(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Wait for the key to go up. Any other key's release counts too: keys can be changed while they are held."""
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            if not event.isAutoRepeat():
                self._going_up.start()
        elif event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            self._going_up.stop()
        elif event.type() == QEvent.Type.WindowDeactivate and watched is self._window:
            self.release()
        return False
