"""Which keys stand for which action: the table's own until somebody chooses others; remembered in the settings."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeySequence

from diif_viewer.ui.settings import Settings

NONE = "none"
"""What the settings hold for an action that was left without a key."""


class Keys(QObject):
    """Keys by the name of an action, as portable text such as ``Ctrl+S``. changed: no payload.

    defaults: the keys of every action that there is. A key stands for one action only: one that somebody has chosen
    is taken from the action that has it by default.
    """

    changed = Signal()

    def __init__(self, settings: Settings, defaults: Mapping[str, tuple[str, ...]], parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._defaults = {name: tuple(map(portable, keys)) for name, keys in defaults.items()}
        self._chosen: dict[str, tuple[str, ...]] = {}
        for name in self._defaults:
            self._remember(name)

    def _remember(self, name: str) -> None:
        """Take up what was chosen for an action at an earlier time."""
        held = self._settings.texts(f"keys/{name}")
        free = [key for key in map(portable, held) if key and not self._is_chosen(key)]
        if free or held == [NONE]:
            self._chosen[name] = tuple(free)

    def __contains__(self, name: str) -> bool:
        return name in self._defaults

    def add(self, name: str, keys: tuple[str, ...]) -> None:
        """Take in an action that came under way, with the keys that it has by itself."""
        self._defaults[name] = tuple(map(portable, keys))
        self._remember(name)
        self.changed.emit()

    def remove(self, name: str) -> None:
        """Let go of an action that is gone, and of what was chosen for it."""
        self._forget(name)
        del self._defaults[name]
        self.changed.emit()

    def of(self, name: str) -> tuple[str, ...]:
        """The keys of an action, the most usual first; () where it has none."""
        if name in self._chosen:
            return self._chosen[name]
        return tuple(key for key in self._defaults.get(name, ()) if not self._is_chosen(key))

    def shown(self, name: str) -> str:
        """The first key of an action as people read it, in their language; "" where it has none."""
        keys = self.of(name)
        return readable(keys[0]) if keys else ""

    def in_words(self, words: str, name: str) -> str:
        """`words` with the key of an action behind them in brackets, if it has one."""
        key = self.shown(name)
        return f"{words} ({key})" if key else words

    def is_changed(self, name: str | None = None) -> bool:
        """True when somebody chose the keys of an action; of any, where none is named."""
        return bool(self._chosen) if name is None else self.of(name) != self._defaults.get(name, ())

    def holder(self, key: str) -> str | None:
        """The action that `key` stands for."""
        return next((name for name in self._defaults if key in self.of(name)), None)

    def claimed(self, key: str) -> bool:
        """True when an action has `key` by itself, also while other keys are chosen for it."""
        return any(key in keys for keys in self._defaults.values())

    def choose(self, name: str, keys: tuple[str, ...]) -> None:
        """Give an action `keys`; whichever action had one of them loses it."""
        keys = tuple(dict.fromkeys(portable(key) for key in keys if key))
        for holder, held in list(self._chosen.items()):
            if holder != name and set(held) & set(keys):  # those that have it by default get it back one day
                self._put(holder, tuple(key for key in held if key not in keys))
        self._put(name, keys)
        self.changed.emit()

    def reset(self, name: str | None = None) -> None:
        """Give an action its own keys again, wherever they are now; all actions, where none is named."""
        if name is None:
            for held in list(self._chosen):
                self._forget(held)
            self.changed.emit()
        else:
            self.choose(name, self._defaults[name])

    def _put(self, name: str, keys: tuple[str, ...]) -> None:
        if keys == self._defaults[name]:
            self._forget(name)
        else:
            self._chosen[name] = keys
            self._settings.put(f"keys/{name}", list(keys) or [NONE])

    def _forget(self, name: str) -> None:
        self._chosen.pop(name, None)
        self._settings.drop(f"keys/{name}")

    def _is_chosen(self, key: str) -> bool:
        return any(key in keys for keys in self._chosen.values())


def portable(key: str) -> str:
    """One form for each key: ``?`` also where it was typed as ``Shift+?``; "" for what is no key."""
    sequence = QKeySequence(key, QKeySequence.SequenceFormat.PortableText)
    if sequence.isEmpty():
        return ""
    first: QKeyCombination = sequence[0]  # type: ignore[index]  # the stubs do not know that it can be indexed
    if first.key() == Qt.Key.Key_unknown:
        return ""
    code, modifiers = first.key(), first.keyboardModifiers()
    sign = Qt.Key.Key_Exclam <= code <= Qt.Key.Key_AsciiTilde and not Qt.Key.Key_A <= code <= Qt.Key.Key_Z
    if sign and not Qt.Key.Key_0 <= code <= Qt.Key.Key_9:
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier  # which keys need Shift is the keyboard's own affair
    modifiers &= ~Qt.KeyboardModifier.KeypadModifier
    return QKeySequence(QKeyCombination(modifiers, code)).toString(QKeySequence.SequenceFormat.PortableText)


def readable(key: str) -> str:
    """A key as it is written in the language of the application."""
    return QKeySequence(key, QKeySequence.SequenceFormat.PortableText).toString(QKeySequence.SequenceFormat.NativeText)
