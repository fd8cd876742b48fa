"""What is remembered from one start to the next; whatever a damaged file holds, a usable value comes out."""

from __future__ import annotations

import math
import os
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

VARIABLE = "DIIF_VIEWER_SETTINGS"


class Settings:
    """Named values. store: where they live; None keeps them for as long as the program runs."""

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store
        self._held: dict[str, Any] = {}

    @classmethod
    def of_user(cls) -> Settings:
        """The user's own: in the file that DIIF_VIEWER_SETTINGS names, else in the place the system has for them."""
        if name := os.environ.get(VARIABLE):
            return cls(QSettings(name, QSettings.Format.IniFormat))
        scope = QSettings.Scope.UserScope
        return cls(QSettings(QSettings.Format.IniFormat, scope, "diif-viewer", "diif-viewer"))

    def put(self, name: str, value: str | float | bool | list[str] | QByteArray) -> None:
        """Remember `value`."""
        self._held[name] = value
        if self._store is not None:
            self._store.setValue(name, value)

    def drop(self, name: str) -> None:
        """Forget a value."""
        self._held.pop(name, None)
        if self._store is not None:
            self._store.remove(name)

    def text(self, name: str, default: str = "", among: tuple[str, ...] = ()) -> str:
        """A word; `default` where there is none, or none of `among`."""
        value = self._value(name)
        known = isinstance(value, str) and (not among or value in among)
        return str(value) if known else default

    def flag(self, name: str, default: bool = False) -> bool:
        """Yes or no."""
        return {"true": True, "false": False}.get(str(self._value(name)).lower(), default)

    def number(self, name: str, default: float = 0.0) -> float:
        """A finite number."""
        try:
            value = float(self._value(name))
        except (TypeError, ValueError):
            return default
        return value if math.isfinite(value) else default

    def texts(self, name: str) -> list[str]:
        """Several words, in their order."""
        value = self._value(name)
        if isinstance(value, str):  # how a list of one comes back from a file
            value = [value] if value else []
        return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []

    def data(self, name: str) -> QByteArray:
        """Bytes; empty where there are none."""
        value = self._value(name)
        return value if isinstance(value, QByteArray) else QByteArray()

    def sync(self) -> None:
        """Write what was put."""
        if self._store is not None:
            self._store.sync()

    def _value(self, name: str) -> Any:
        if name in self._held or self._store is None:
            return self._held.get(name)
        return self._store.value(name)
