"""Qt's actions, made of the table: heard on their keys, named with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.actions import ROWS
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr


def make_actions(owner: QWidget, orders: dict[str, Callable[[], None]], keys: Keys) -> dict[str, QAction]:
    """An action on `owner` for each row of the tables; `orders` says what each does, by name."""
    actions: dict[str, QAction] = {}
    for row in ROWS:
        action = QAction(tr(row.label), owner)
        action.setObjectName(row.name)
        action.setStatusTip("")
        action.setCheckable(row.checkable)
        action.triggered.connect(_without_argument(orders[row.name]))
        owner.addAction(action)
        actions[row.name] = action
    _name_keys(actions, keys)
    keys.changed.connect(partial(_name_keys, actions, keys))
    return actions


def _name_keys(actions: dict[str, QAction], keys: Keys) -> None:
    """Let each action be heard on its keys, and name the first in its tooltip."""
    for row in ROWS:
        name_action(actions[row.name], tr(row.tip or row.label), keys)


def name_action(action: QAction, words: str, keys: Keys) -> None:
    """Let an action be heard on its keys, and name the first behind what is said of it."""
    action.setShortcuts([QKeySequence(key) for key in keys.of(action.objectName())])
    action.setToolTip(keys.in_words(words, action.objectName()))


def _without_argument(order: Callable[[], None]) -> Callable[[], None]:
    return lambda *_: order()
