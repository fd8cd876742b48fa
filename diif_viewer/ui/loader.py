"""Opening pictures off the GUI thread: the newest path wins."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from diif_viewer.errors import DiifViewerError
from diif_viewer.ui.images import opaque
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.state import Picture

PREVIEW_PIXELS = 2**22
"""The preview has at most about this many pixels; smaller pictures are their own preview."""

Load = Callable[[Path], tuple[npt.NDArray[Any], Any]]
"""path -> (HWC pixels, what the classic methods take). Raises DiifViewerError with one sentence."""


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """`path` cannot be shown; one sentence says why."""

    path: Path
    sentence: str


class Loader(QObject):
    """Reads pictures in a thread of its own.

    loaded: a Picture. failed: a NotLoaded. Both arrive in the thread that this object lives in.
    """

    loaded = Signal(object)
    failed = Signal(object)
    _finished = Signal(object)

    def __init__(self, load: Load | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._load = load or _load
        self._numbers = itertools.count(1)
        self._newest: Path | None = None
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._mailbox: Mailbox[Path] = Mailbox("loader", self._work)

    @property
    def busy(self) -> bool:
        """True while a picture is on its way."""
        return self._newest is not None

    def load(self, path: Path) -> None:
        """Open `path` next; an older wish is dropped."""
        self._newest = path
        self._mailbox.post(path)

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._mailbox.close()

    def _work(self, path: Path) -> None:
        try:
            pixels, source = self._load(path)
            preview = _preview(pixels)
        except DiifViewerError as error:
            self._finished.emit(NotLoaded(path, str(error)))
        except MemoryError:
            self._finished.emit(NotLoaded(path, f"{path.name}: there is not enough memory to open this picture."))
        except Exception:  # a mistake of ours must not leave the window waiting for ever
            self._finished.emit(NotLoaded(path, f"{path.name}: this picture cannot be opened."))
            raise
        else:
            self._finished.emit(Picture(next(self._numbers), path, pixels, source, preview))

    @Slot(object)
    def _deliver(self, result: Picture | NotLoaded) -> None:
        if result.path != self._newest:
            return  # overtaken
        self._newest = None
        if isinstance(result, Picture):
            self.loaded.emit(result)
        else:
            self.failed.emit(result)


def _load(path: Path) -> tuple[npt.NDArray[Any], Any]:
    from diif_viewer.imaging.load import load_picture
    from diif_viewer.imaging.pyramid import Pyramid

    pixels = load_picture(path).pixels
    return pixels, Pyramid(pixels)


def _preview(pixels: npt.NDArray[Any]) -> QImage:
    step = max(1, math.ceil(math.sqrt(pixels.shape[0] * pixels.shape[1] / PREVIEW_PIXELS)))
    return opaque(pixels[::step, ::step])
