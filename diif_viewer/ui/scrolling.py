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


def asked_by_wheel(event: QWheelEvent) -> Pan | Zoom | None:
    """A wheel zooms; two fingers on a touchpad pan, with Ctrl they zoom. None for an event that says nothing."""
    pixels, angle = event.pixelDelta(), event.angleDelta()
    modifiers = event.modifiers()
    control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
    if _from_touchpad(event):
        # without pixel deltas 120 units are about three lines of text
        step = QPointF(pixels) if not pixels.isNull() else QPointF(angle) * 0.5
        if not control:
            return Pan(step)
        return Zoom(math.exp(step.y() * TOUCHPAD_ZOOM), animate=False) if step.y() else None
    notches = (angle.y() or angle.x()) / 120
    if notches == 0:
        return None
    notches *= COARSE if control else FINE if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
    return Zoom(NOTCH**notches, animate=True)


def _from_touchpad(event: QWheelEvent) -> bool:
    if event.device().type() == QInputDevice.DeviceType.TouchPad:
        return True
    # elsewhere (Wayland, macOS) a touchpad shows itself by pixel deltas within a phase
    return not event.pixelDelta().isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase
