"""The picture that is there at once: the visible window by a classic method, computed off the GUI thread.

Story: the controller asks for a view -> the newest request wins -> `frame_ready` carries each finished frame
back to the GUI thread. The same thread serves the panes that show a classic method, for which the frame is
the final picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from diif_viewer.errors import DiifViewerError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.ui.images import opaque
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.screen_colour import SCREEN

Resample = Callable[[Any, str, Lattice, Window], npt.NDArray[Any]]
"""(source pixels or pyramid, method, lattice, window) -> HWC pixels, as `imaging.classic.resample`."""


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """Compute `window` of `lattice` by each of `methods`, in that order. source: what `Resample` takes."""

    image: int
    source: Any
    methods: tuple[str, ...]
    lattice: Lattice
    window: Window


@dataclass(frozen=True, slots=True)
class Frame:
    """A finished rectangle of the lattice of `scale`, opaque RGB32; equal fields hold equal pixels."""

    image: int
    method: str
    scale: float
    window: Window
    pixels: QImage


class Fallback(QObject):
    """Computes frames in a thread of its own.

    frame_ready: a Frame. frame_failed: one sentence. Both arrive in the thread that this object lives in.
    """

    frame_ready = Signal(object)
    frame_failed = Signal(str)
    _computed = Signal(object)

    def __init__(self, resample: Resample | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._resample = resample
        self._computed.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._mailbox: Mailbox[FrameRequest] = Mailbox("fallback", self._compute)

    def request(self, request: FrameRequest) -> None:
        """Compute this next; an older request that has not begun is dropped."""
        self._mailbox.post(request)

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._mailbox.close()

    def _compute(self, request: FrameRequest) -> None:
        if self._resample is None:
            from diif_viewer.ui.reduced import resampled

            self._resample = resampled
        scale = request.lattice.x.scale
        for method in request.methods:
            if self._mailbox.overtaken:
                return
            try:
                pixels = self._resample(request.source, method, request.lattice, request.window)
            except (DiifViewerError, MemoryError) as error:
                self._computed.emit(said(str(error)) or tr("There is not enough memory to show this view."))
                return
            image = SCREEN.prepare(opaque(pixels, request.window.top, request.window.left))
            self._computed.emit(Frame(request.image, method, scale, request.window, image))

    @Slot(object)
    def _deliver(self, result: Frame | str) -> None:
        if isinstance(result, Frame):
            self.frame_ready.emit(result)
        else:
            self.frame_failed.emit(result)
