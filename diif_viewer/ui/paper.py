"""Qt without a window: commands draw figures where there may be no display at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diif_viewer.errors import RequestError

if TYPE_CHECKING:
    from PySide6.QtGui import QGuiApplication

_held: list[QGuiApplication] = []


def prepare() -> None:
    """Make Qt draw text in this process, which then needs neither display nor window; calls after the first do nothing.

    Main thread. Raises RequestError where Qt cannot be loaded, or finds no fonts.
    """
    try:
        from PySide6.QtGui import QFontDatabase, QGuiApplication
    except ImportError as error:
        raise RequestError(f"Figures are drawn by Qt, which cannot be loaded: {error}.") from None
    if QGuiApplication.instance() is None:
        _held.append(QGuiApplication(["diif-viewer", "-platform", "offscreen"]))
    if not QFontDatabase.families():
        raise RequestError("Figures have text, and there are no fonts on this system; install some, such as DejaVu.")
