"""From gestures to views: every way of zooming and panning, anchored to what people see under the cursor."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from diif_viewer.ui.compare import Area, area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.viewport import Viewport

Point = tuple[float, float]
"""(x, y) in device pixels of the canvas."""

NOTCH = 1.25
"""Factor of one notch of the wheel, and of one press of + or -."""

FORESEEN = 8.0
"""Who begins to zoom in will want, at least, what is seen at this scale about the same point."""

KEY_PAN = 0.15
"""Part of the view that an arrow key moves it by."""

ONE_GESTURE = 1.0
"""Seconds between two steps of a zoom, at most, for them to be one gesture."""

FLICK = 0.6
"""Seconds that a picture rolls on after a finger has thrown it."""

SLOWEST_FLICK = 250.0
"""Device pixels a second below which a finger that is lifted lays the picture down."""

PRESETS: tuple[tuple[str, float | None], ...] = (
    ("0", None),
    ("1", 1.0),
    ("2", 2.0),
    ("3", 3.0),
    ("4", 4.0),
    ("5", 6.0),
    ("6", 8.0),
    ("7", 12.0),
    ("8", 16.0),
    ("9", 30.0),
)
"""Digit keys and their scales; None is the fit."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a zoom in keeps under the cursor: the image `position` under the view's `point`.

    view: where the last step went, at `time` (seconds).
    """

    position: Point
    point: Point
    view: Viewport | None
    time: float


class Navigator:
    """Moves the one viewport that all panes share. Does nothing while there is no picture."""

    def __init__(self, controller: Controller, clock: Callable[[], float] = time.monotonic) -> None:
        self._controller, self._clock = controller, clock
        self._held: Held | None = None
        self._thrown: Viewport | None = None

    def zoom(self, point: Point, factor: float, *, animate: bool = True) -> None:
        """Scale by `factor` about the canvas point."""
        view, area = self._view(), self._area(point)
        if view is not None and area is not None:
            inside = area.inside(*point)
            held, self._held = self._held, None
            start = self._anchored(view, inside)
            if factor > 1:
                if held is not None and self._goes_on(held, view, inside):
                    start = view.with_anchor(held.position, inside)
                if view.scale < FORESEEN:
                    self._controller.asking.foresee(start.zoomed_about(inside, FORESEEN / start.scale))
            self._controller.go(start.zoomed_about(inside, factor), animate=animate)
            if factor > 1:
                self._held = Held(start.position_at(inside), inside, self._view(), self._clock())

    def zoom_to(self, scale: float | None, point: Point | None = None) -> None:
        """Go to `scale` (None: the fit) about the canvas point, or about the middle of the view."""
        view = self._view()
        if view is None:
            return
        if scale is None:
            self._controller.go(view.fitted(), animate=True)
            return
        area = None if point is None else self._area(point)
        inside = None if point is None or area is None else area.inside(*point)
        anchored = view if inside is None else self._anchored(view, inside)
        self._controller.go(anchored.at_scale(scale, inside), animate=True)

    def step(self, notches: float, point: Point | None = None) -> None:
        """Zoom in (positive) or out by notches about the canvas point, or about the middle of the view."""
        view = self._view()
        if view is not None:
            self.zoom_to(view.scale * NOTCH**notches, point)

    def toggle(self, point: Point) -> None:
        """Between the fit and 100 % about `point`; where the fit is 100 %, between 100 % and x4."""
        view = self._view()
        if view is None:
            return
        if not view.is_fitted:
            self.zoom_to(None)
        else:
            self.zoom_to(4.0 if math.isclose(view.fit_scale, 1.0, rel_tol=0.02) else 1.0, point)

    def pan(self, right: float, down: float, *, animate: bool = False) -> None:
        """Move the view over the picture by device pixels."""
        view = self._view()
        if view is not None:
            self._controller.go(view.panned(right, down), animate=animate)

    def flick(self, right: float, down: float) -> None:
        """Let the view roll on from its speed, in device pixels a second; any other order takes its place."""
        view = self._view()
        if view is not None and math.hypot(right, down) >= SLOWEST_FLICK:
            end = view.panned(right * FLICK / 3, down * FLICK / 3)  # a glide begins three times as fast as its mean
            self._controller.go(end, animate=True, duration=FLICK)
            self._thrown = self._view()

    def catch(self) -> None:
        """End a flick where it is."""
        shown, thrown, self._thrown = self._controller.motion.shown, self._thrown, None
        if self._controller.motion.moving and shown is not None and thrown == self._view():
            self._controller.go(shown, animate=False)

    def pan_by_key(self, right: int, down: int) -> None:
        """Move the view by a part of its size."""
        view = self._view()
        if view is not None:
            self.pan(right * KEY_PAN * view.view_width, down * KEY_PAN * view.view_height, animate=True)

    def centre(self, x: float, y: float) -> None:
        """Bring a position, in picture pixels, to the middle of the view, at once."""
        view = self._view()
        if view is not None:
            self._controller.go(view.centred_on((x, y)), animate=False)

    def show_region(self, start: Point, end: Point) -> None:
        """Zoom so that the canvas rectangle between two points fills the view."""
        view, area = self._controller.motion.shown, self._area(start)
        if view is None or area is None:
            return
        (x0, y0), (x1, y1) = (view.position_at(area.inside(*p)) for p in (start, end))
        self._controller.go(view.showing((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))), animate=True)

    def _goes_on(self, held: Held, view: Viewport, inside: Point) -> bool:
        """True when a zoom in at `inside` of `view` is one more step of the one before.

        A picture narrower than the view stays in its middle, so that what was under the cursor leaves it; it comes
        back there as soon as there is room.
        """
        return view == held.view and inside == held.point and self._clock() - held.time <= ONE_GESTURE

    def _view(self) -> Viewport | None:
        return self._controller.state.view

    def _area(self, point: Point) -> Area | None:
        parts = self._controller.areas
        return area_at(parts, *point) if parts else None

    def _anchored(self, view: Viewport, inside: Point) -> Viewport:
        """`view`, or where it would have to be so that `inside` holds the position that is shown there now.

        The target keeps the anchor in float64, so it is used wherever it agrees with what is shown (no
        drift); in the middle of another movement what people see counts.
        """
        shown = self._controller.motion.shown
        if shown is None or not self._controller.motion.moving:
            return view
        position = shown.position_at(inside)
        apart = math.dist(position, view.position_at(inside)) * shown.scale  # device pixels, as they are seen now
        return view if apart <= 1.0 else view.with_anchor(position, inside)
