"""What wheels, touchpads and pinches ask for: a pan or a zoom. No views here, only what hands meant."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputDevice, QWheelEvent

from diif_viewer.ui.navigation import NOTCH

FINE, COARSE = 0.25, 3.0
"""Notches that one notch of a mouse wheel counts for with Shift and with Ctrl."""

TOUCHPAD_ZOOM = 0.006
"""Natural logarithm of the zoom per pixel that two fingers scroll with Ctrl."""


@dataclass(frozen=True, slots=True)
class Pan:
    """Move by logical pixels, as fingers went."""

    step: QPointF


@dataclass(frozen=True, slots=True)
class Zoom:
    """Zoom about the cursor by `factor`; animate: a notch, to be glided to."""

    factor: float
    animate: bool


class Scrolling:
    """Reads wheel events, one after the other.

    What fingers began on a touchpad goes on as that while it rolls on without them: a zoom ends when they are lifted,
    and Ctrl makes no zoom of a pan that rolls.
    """

    def __init__(self) -> None:
        self._zooming = False

    def asked(self, event: QWheelEvent) -> Pan | Zoom | None:
        """A wheel zooms; two fingers on a touchpad pan, with Ctrl they zoom. None for an event that says nothing."""
        modifiers = event.modifiers()
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if _from_touchpad(event):
            return self._by_fingers(event, control=control)
        angle = event.angleDelta()
        notches = (angle.y() or angle.x()) / 120
        if notches == 0:
            return None
        notches *= COARSE if control else FINE if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
        return Zoom(NOTCH**notches, animate=True)

    def _by_fingers(self, event: QWheelEvent, *, control: bool) -> Pan | Zoom | None:
        pixels = event.pixelDelta()
        # without pixel deltas 120 units are about three lines of text
        step = QPointF(pixels) if not pixels.isNull() else QPointF(event.angleDelta()) * 0.5
        rolling = event.phase() == Qt.ScrollPhase.ScrollMomentum
        if step.isNull() or (rolling and self._zooming):
            return None
        if not rolling:
            self._zooming = control
        if not self._zooming:
            return Pan(step)
        return Zoom(math.exp(step.y() * TOUCHPAD_ZOOM), animate=False) if step.y() else None


def _from_touchpad(event: QWheelEvent) -> bool:
    if event.device().type() == QInputDevice.DeviceType.TouchPad:
        return True
    # elsewhere (Wayland, macOS) a touchpad shows itself by pixel deltas within a phase
    return not event.pixelDelta().isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase
