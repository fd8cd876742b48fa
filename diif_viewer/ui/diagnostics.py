"""What somebody who helps needs to know: versions, device, settings; no names, no paths."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import PySide6
from PySide6.QtCore import QEvent, QObject, QTimer, Slot, qVersion

from diif_viewer import __version__
from diif_viewer.paths import without_home
from diif_viewer.ui.endings import brief
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.zoom_text import plain_zoom

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow

_PATH = re.compile(r"(?:~|(?:[A-Za-z]:)?[/\\][^\s/\\]+)[/\\](?:[^/\\:\n]*[/\\])*\S+")
"""From a root or the user's folder on; the folders may have blanks in their names."""

PACKAGES = ("torch", "numpy", "pillow", "qtawesome", "safetensors")


class LastWords(QObject):
    """What a notice says, until it is closed; the order of a button that closes it still hears it."""

    def __init__(self, notice: Notice) -> None:
        super().__init__(notice)
        self._notice, self._closed = notice, True
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._look)
        notice.installEventFilter(self)

    @property
    def sentence(self) -> str:
        """The sentence; "" for none."""
        return "" if self._closed else self._notice.text

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """See it come and go."""
        if event.type() == QEvent.Type.Show:
            self._look()
        elif event.type() == QEvent.Type.Hide:
            self._later.start()
        return super().eventFilter(watched, event)

    @Slot()
    def _look(self) -> None:
        self._closed = self._notice.isHidden()


def describe_program(window: MainWindow, sentence: str) -> str:
    """Lines for the clipboard. sentence: what went wrong, or "" for nothing."""
    state, screen, settings = window.state, window.screen(), window.settings
    shown = [plain_zoom(state.view.scale)] if state.view is not None else []
    if state.picture is not None:
        pixels = state.picture.pixels
        shown.append(f"{pixels.shape[1]} x {pixels.shape[0]}, {pixels.shape[2]} channels, {pixels.dtype}")
    ended = window.controller.client.endings.codes[-10:]
    chosen = {name: settings.text(name, "") for name in ("theme", "background")}
    chosen |= {name: str(settings.flag(name, name == "overview")) for name in ("overview", "grid", "keep_view")}
    lines = [
        f"diif-viewer {__version__}, PySide6 {PySide6.__version__}",
        *(f"{name} {_version(name)}" for name in PACKAGES),
        f"Python {platform.python_version()}, Qt {qVersion()}",
        f"System: {platform.system()} {platform.release()}, {platform.machine()}",
        f"Screen: {screen.size().width()} x {screen.size().height()} at {window.devicePixelRatioF():g}",
        f"Renderer: {window.renderer_news.device or 'not running'}",
        *([f"Renderer ended: {', '.join(map(brief, ended))}"] if ended else []),
        f"Layout: {state.layout.value}, {', '.join(state.methods)}",
        f"Picture: {', '.join(shown) or 'none'}",
        f"Settings: {', '.join(f'{name} {value}' for name, value in chosen.items() if value)}",
    ]
    paths = [*window.files.recent, *window.pane_files.asked]
    if window.opening.path is not None:
        paths.append(window.opening.path)
    if sentence:
        lines.append(f"Message: {without_names(sentence, paths)}")
    if window.complaint:
        lines.append(f"Last mistake: {without_names(window.complaint, paths)}")
    return "\n".join(lines) + "\n"


def without_names(words: str, paths: Iterable[Path]) -> str:
    """`words` without the names of `paths`, the user's folder, or anything else that looks like a path."""
    known = {str(path): "PATH" for path in paths} | {str(path.absolute()): "PATH" for path in paths}
    known |= {path.name: f"PICTURE{path.suffix}" for path in paths if path.name}
    known |= {str(path.parent): "FOLDER" for path in paths if len(path.parts) > 2}
    for name in sorted(known, key=len, reverse=True):
        words = words.replace(name, known[name])
    return _PATH.sub("PATH", without_home(words))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
