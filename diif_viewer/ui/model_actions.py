"""Actions and keys of the models that somebody added: as those of the shipped ones, as long as the model is there.

A model gets the first of Ctrl+1 to Ctrl+9 that is free when it comes, and keeps it from one start to the next. It can
be changed as every other key.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from diif_viewer.models import shelf
from diif_viewer.ui.qactions import name_action

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow

FREE = tuple(f"Ctrl+{number}" for number in range(1, 10))
"""Keys that are given to models, in this order."""


class ModelActions(QObject):
    """Keeps the window's actions, and their keys, in step with the models that are there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._held: dict[str, QAction] = {}
        window.models.added.added.connect(self.follow)
        window.models.added.removed.connect(self.follow)
        window.keys.changed.connect(self._name_keys)
        self.follow()

    @Slot()
    def follow(self) -> None:
        """Take in models that came, let go of those that went."""
        names = list(shelf.held())
        for name in [name for name in self._held if name not in names]:
            action = self._held.pop(name)
            self._window.removeAction(action)
            action.deleteLater()
            del self._window.actions_by_name[action.objectName()]
            self._window.settings.drop(f"model_keys/{name}")
            self._window.keys.remove(action.objectName())
        new = [name for name in names if name not in self._held]
        for name in sorted(new, key=lambda name: not self._remembered(name)):  # others take what these leave
            self._come(name)

    def _come(self, name: str) -> None:
        window = self._window
        action = QAction(name, window)
        action.setObjectName(f"method_{name}")
        action.triggered.connect(partial(self._show, name))
        window.addAction(action)
        self._held[name] = window.actions_by_name[action.objectName()] = action
        window.keys.add(action.objectName(), self._key(name))

    def _key(self, name: str) -> tuple[str, ...]:
        """What it has by itself: remembered, or chosen now; () where none is free."""
        keys, key = self._window.keys, self._remembered(name)
        if not key or keys.claimed(key):
            key = next((free for free in FREE if keys.holder(free) is None and not keys.claimed(free)), "")
            self._window.settings.put(f"model_keys/{name}", key)
        return (key,) if key else ()

    def _remembered(self, name: str) -> str:
        """The key that it had at an earlier time; "" for none."""
        key = self._window.settings.text(f"model_keys/{name}")
        return key if key in FREE else ""

    def _show(self, name: str) -> None:
        self._window.state.set_method(name)

    @Slot()
    def _name_keys(self) -> None:
        for name, action in self._held.items():
            name_action(action, name, self._window.keys)
