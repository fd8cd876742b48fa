"""The views that somebody came by, to go back to and forward again, as between the pages of a browser.

A view is a stop when it was looked at for a while and left for another part or another scale. Another picture, or
another way of laying it, begins a new trail.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Slot

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.state import Identity
from diif_viewer.viewport import Viewport

STAY = 0.8
"""Seconds that a view must have been looked at to be a stop."""

SAME_SCALE = 1.15
"""Factor between the scales of two views within which they are one stop ..."""

SAME_PLACE = 0.4
"""... and part of the view's width or height within which their middles lie then."""

MOST = 100
"""Stops kept."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """scale: of the view; None for the whole picture in any window. middle: (x, y) in picture pixels."""

    scale: float | None
    middle: tuple[float, float]


class Trail(QObject):
    """Of one window."""

    def __init__(self, controller: Controller, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(controller)
        self._controller, self._state, self._clock = controller, controller.state, clock
        self._before: list[_Stop] = []
        self._after: list[_Stop] = []
        self._picture: Identity | None = None
        self._view: Viewport | None = None
        self._since = 0.0
        self._walking = False
        controller.state.picture_changed.connect(self._picture_changed)
        controller.state.view_changed.connect(self._view_changed)

    @property
    def goes_back(self) -> bool:
        """True while there is a view to go back to."""
        return self._leads(self._before)

    @property
    def goes_forward(self) -> bool:
        """True while there is one that somebody has gone back from."""
        return self._leads(self._after)

    def back(self) -> None:
        """Go to the stop before; nothing where there is none."""
        self._walk(self._before, self._after)

    def forward(self) -> None:
        """Go to the stop after it, where one has gone back."""
        self._walk(self._after, self._before)

    def _leads(self, ahead: list[_Stop]) -> bool:
        view = self._state.view
        return view is not None and any(not _is_near(stop, view) for stop in ahead)

    def _walk(self, ahead: list[_Stop], behind: list[_Stop]) -> None:
        view = self._state.view
        if view is None:
            return
        while ahead:
            stop = ahead.pop()
            if not _is_near(stop, view):
                _put(behind, _stop_of(view))
                self._walking = True
                self._controller.go(_view_at(stop, view), animate=True)
                self._walking = False
                break

    @Slot()
    def _picture_changed(self) -> None:
        picture = self._state.picture
        identity = None if picture is None else picture.identity
        if identity != self._picture:
            self._picture, self._view = identity, None
            self._before.clear()
            self._after.clear()

    @Slot()
    def _view_changed(self) -> None:
        left, self._view = self._view, self._state.view
        if left == self._view:
            return  # the picture was read again
        stayed, self._since = self._clock() - self._since, self._clock()
        if left is None or self._view is None or self._walking or stayed < STAY:
            return
        if (left.view_height, left.view_width) != (self._view.view_height, self._view.view_width):
            return  # the window has another size
        stop = _stop_of(left)
        if not self._before or not _is_near(self._before[-1], left):
            _put(self._before, stop)
            self._after.clear()


def _put(stops: list[_Stop], stop: _Stop) -> None:
    stops.append(stop)
    del stops[:-MOST]


def _stop_of(view: Viewport) -> _Stop:
    middle = view.position_at((view.view_width / 2, view.view_height / 2))
    return _Stop(None if view.is_fitted else view.scale, middle)


def _view_at(stop: _Stop, view: Viewport) -> Viewport:
    return view.fitted() if stop.scale is None else view.at_scale(stop.scale).centred_on(stop.middle).clamped()


def _is_near(stop: _Stop, view: Viewport) -> bool:
    """True where going there from `view` would hardly be seen."""
    other = _view_at(stop, view)
    apart = abs(math.log(other.scale / view.scale)) > math.log(SAME_SCALE)
    x, y = view.point_at(stop.middle)
    aside = abs(x / view.view_width - 0.5) > SAME_PLACE or abs(y / view.view_height - 0.5) > SAME_PLACE
    return not apart and (not aside or other.rested() == view.rested())
