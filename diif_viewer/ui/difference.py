"""The difference between the two methods of a view, as a picture, computed off the GUI thread.

Story: something that a pane shows changed -> a moment later the pixels at hand of both panes (tiles that have come, the
fallback elsewhere) go to a thread -> their difference comes back as a frame of the scene, painted like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QRect, Qt, Signal, Slot
from PySide6.QtGui import QImage

from diif_viewer.geometry import Window
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.fallback import Frame
from diif_viewer.ui.images import image_bytes
from diif_viewer.ui.language import tr
from diif_viewer.ui.scene import DIFFERENCE
from diif_viewer.ui.side_work import SideWork
from diif_viewer.viewport import Viewport

PACE = 20
"""Milliseconds between two looks at what the panes show."""

GAINS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two RGB32 images of one size. frame: what to make of them, without its pixels."""

    frame: Frame
    first: QImage
    second: QImage
    gain: int
    signed: bool


def difference(first: QImage, second: QImage, gain: int, *, signed: bool) -> QImage:
    """(second - first) * gain, channel by channel: its size, or with `signed` the value about a middle grey of 128."""
    a, b = image_bytes(first), image_bytes(second)
    apart: npt.NDArray[Any] = (b.astype(np.int16) - a) * np.int16(gain)  # at most 255 * 32
    shown = np.clip(apart + 128, 0, 255) if signed else np.minimum(np.abs(apart), 255)
    made = shown.astype(np.uint8)
    height, width = made.shape[:2]
    return QImage(made.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()


class Difference(QObject):
    """Keeps the scene's difference in step while that layout is shown. changed: gain or sign; no payload."""

    changed = Signal()
    _made = Signal(object)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.gain, self.signed = 4, False
        self._facts: object = None
        self._side_work = SideWork("difference", PACE, look=self._look, work=self._compute, parent=self)
        self._made.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        controller.repaint.connect(self._stirred)

    @property
    def words(self) -> str:
        """What is on screen, for people."""
        return (tr("Signed difference x{gain}") if self.signed else tr("Difference x{gain}")).format(gain=self.gain)

    def step_gain(self, steps: int) -> None:
        """Stronger by `steps` of `GAINS`, weaker when negative."""
        index = min(max(GAINS.index(self.gain) + steps, 0), len(GAINS) - 1)
        self.gain = GAINS[index]
        self._change()

    def toggle_signed(self) -> None:
        """Between the size of the difference and its value."""
        self.signed = not self.signed
        self._change()

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._side_work.shutdown()

    def _change(self) -> None:
        self.changed.emit()
        self._stirred()

    @Slot()
    def _stirred(self) -> None:
        if self._controller.state.layout is Layout.DIFFERENCE:
            self._side_work.stir()

    @Slot()
    def _look(self) -> None:
        state = self._controller.state
        view, picture, methods = state.view, state.picture, state.methods
        if view is None or picture is None or state.layout is not Layout.DIFFERENCE or not view.window:
            return
        looks, window = self._controller.looks, self._common(view)
        progress = tuple(looks.scene(pane).progress(pane) for pane in (0, 1))
        numbers = tuple(found.image for pane in (0, 1) if (found := looks.picture(pane)) is not None)
        facts = (numbers, view.scale, window, methods, progress, self.gain, self.signed)
        if facts == self._facts or not window:
            return
        first, second = (self._at_hand(pane, window, view) for pane in (0, 1))
        if first is None or second is None:
            return
        self._facts = facts
        frame = Frame(picture.image, DIFFERENCE, view.scale, window, QImage())
        self._side_work.post(Pair(frame, first, second, self.gain, self.signed))

    def _common(self, view: Viewport) -> Window:
        """The part of `view`'s window in which both panes show something."""
        window = view.window
        for pane in (0, 1):
            own = self._controller.looks.view(pane)
            if own is not None:
                window = window.intersected(own.window.moved(*_apart(view, own)))
        return window

    def _at_hand(self, pane: int, window: Window, view: Viewport) -> QImage | None:
        """What the pane shows in `window`, which is one of `view`."""
        looks, method = self._controller.looks, self._controller.state.methods[pane]
        own = looks.view(pane)
        if own is None:
            return None
        return looks.scene(pane).at_hand(pane, method, own, window.moved(*_apart(own, view)))

    def _compute(self, pair: Pair) -> None:
        pixels = difference(pair.first, pair.second, pair.gain, signed=pair.signed)
        self._made.emit(Frame(pair.frame.image, DIFFERENCE, pair.frame.scale, pair.frame.window, pixels))

    @Slot(object)
    def _deliver(self, frame: Frame) -> None:
        if self._controller.scene.add_frame(frame):
            self._controller.repaint.emit(QRect())


def _apart(one: Viewport, other: Viewport) -> tuple[int, int]:
    """(down, right): how far to move a window of `other` to be the same place on screen in one of `one`."""
    to, of = one.rested(), other.rested()
    return int(to.top - of.top), int(to.left - of.left)
