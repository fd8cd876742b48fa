"""Keys stay with the picture: when what has them is hidden, Qt hands them to what comes next, such as the zoom box."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget
from shiboken6 import isValid


class FocusKeeper(QObject):
    """Of one window. stack: its picture or its page, whichever is on screen gets the keys of what was hidden."""

    def __init__(self, stack: QStackedWidget) -> None:
        super().__init__(stack)
        self._stack = stack
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._changed)

    @Slot(QWidget, QWidget)
    def _changed(self, old: QWidget | None, new: QWidget | None) -> None:
        shown = self._stack.currentWidget()
        if old is None or new is None or shown is None or new is shown:
            return
        window = self._stack.window()
        if isValid(old) and not old.isVisible() and old.window() is window and new.window() is window:
            shown.setFocus()
