"""What part of a picture a view shows, and how large: frozen values and pure mathematics.

The *origin* is the view's top-left corner on the output lattice of the scale, in device pixels: image position
``p`` (in picture pixels) appears at ``p * scale - origin`` on screen. The origin is kept in float64 while
gestures accumulate, so that the point under the cursor never drifts; `rested` rounds it, so that at rest every
lattice pixel is one screen pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from diif_viewer.geometry import Lattice, Window

LARGEST = 64.0
"""The soft upper limit of the scale."""

NEARLY_ONE = 1.1
"""A picture that would fill the view at a scale from 1 to this fits it at 1: crisp, and nothing to compute."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """A view of a picture.

    height, width: the picture, in its pixels. view_height, view_width: the view, in device pixels.
    scale: device pixels per picture pixel, > 0. top, left: the origin, in device pixels.
    """

    height: int
    width: int
    view_height: int
    view_width: int
    scale: float = 1.0
    top: float = 0.0
    left: float = 0.0

    # ---- limits ----

    @property
    def fit_scale(self) -> float:
        """The scale at which the whole picture just fills the view, at most `LARGEST`; 1 where that is nearly 1."""
        fit = min(self.view_height / self.height, self.view_width / self.width)
        return 1.0 if 1.0 <= fit < NEARLY_ONE else min(max(fit, 1e-4), LARGEST)

    @property
    def smallest(self) -> float:
        """The soft lower limit of the scale: the fit, or 1 for pictures smaller than the view."""
        return min(self.fit_scale, 1.0)

    def limited(self, scale: float) -> float:
        """`scale` brought within the soft limits."""
        return min(max(scale, self.smallest), LARGEST)

    # ---- verbs ----

    def fitted(self) -> Viewport:
        """The whole picture, centred."""
        return replace(self, scale=self.fit_scale).clamped()

    def at_scale(self, scale: float, point: tuple[float, float] | None = None) -> Viewport:
        """At `scale`, brought within the limits, keeping the image position under `point`.

        point: (x, y) in device pixels of the view; its centre when None. Not clamped to the picture.
        """
        x, y = (self.view_width / 2, self.view_height / 2) if point is None else point
        scale = self.limited(scale)
        ratio = scale / self.scale
        return replace(self, scale=scale, top=(self.top + y) * ratio - y, left=(self.left + x) * ratio - x)

    def zoomed_about(self, point: tuple[float, float], factor: float) -> Viewport:
        """Scaled by `factor` (> 0) about `point`, (x, y) in device pixels of the view. Not clamped to the picture."""
        return self.at_scale(self.scale * factor, point)

    def panned(self, right: float, down: float) -> Viewport:
        """The view moved over the picture by device pixels. Not clamped."""
        return replace(self, top=self.top + down, left=self.left + right)

    def centred_on(self, position: tuple[float, float]) -> Viewport:
        """The image position (x, y), in picture pixels, brought to the middle. Not clamped."""
        x, y = position
        return replace(self, top=y * self.scale - self.view_height / 2, left=x * self.scale - self.view_width / 2)

    def with_anchor(self, position: tuple[float, float], point: tuple[float, float]) -> Viewport:
        """The image position (x, y) brought under the view's `point` (x, y). Not clamped."""
        return replace(self, top=position[1] * self.scale - point[1], left=position[0] * self.scale - point[0])

    def showing(self, box: tuple[float, float, float, float]) -> Viewport:
        """The scale and origin at which `box`, (left, top, right, bottom) in picture pixels, just fills the view."""
        x0, y0, x1, y1 = box
        scale = self.limited(min(self.view_width / max(x1 - x0, 1e-6), self.view_height / max(y1 - y0, 1e-6)))
        return replace(self, scale=scale).centred_on(((x0 + x1) / 2, (y0 + y1) / 2)).clamped()

    def resized(self, view_height: int, view_width: int) -> Viewport:
        """The same scale in a view of another size, with the same image position in the middle."""
        down, right = (self.view_height - view_height) / 2, (self.view_width - view_width) / 2
        return replace(self, view_height=view_height, view_width=view_width).panned(right, down)

    def clamped(self) -> Viewport:
        """Within the limits: the picture's lattice fills the view, or is centred on axes on which it is smaller."""
        view = self if self.scale == self.limited(self.scale) else self.at_scale(self.scale)
        lattice = view.lattice
        top = _clamped(view.top, lattice.y.count, view.view_height)
        left = _clamped(view.left, lattice.x.count, view.view_width)
        return replace(view, top=top, left=left)

    def rested(self) -> Viewport:
        """The same view with its origin on the lattice: one lattice pixel is one device pixel."""
        return replace(self, top=float(math.floor(self.top + 0.5)), left=float(math.floor(self.left + 0.5)))

    # ---- facts ----

    @property
    def lattice(self) -> Lattice:
        """All output pixels of the picture at this scale."""
        return Lattice.of_scale(self.height, self.width, self.scale)

    @property
    def window(self) -> Window:
        """The part of the lattice in view at rest; empty when the picture is out of view."""
        rest = self.rested()
        top, left = int(rest.top), int(rest.left)
        return Window(top, left, top + self.view_height, left + self.view_width).intersected(self.lattice.window)

    @property
    def exactly(self) -> tuple[Lattice, Window]:
        """The view without `rested`'s rounding: the lattice whose outputs are its device pixels, and those in view.

        The origin's nearest whole pixel is the window's corner, and what is left of it (at most half a pixel) is the
        lattice's phase: device pixel (r, c) shows the image position ``(c + 1/2 + left, r + 1/2 + top) / scale``. The
        window has the size of the view; where it leaves ``lattice.window`` there is no picture. Of a view at rest these
        are `lattice` and its outputs, without phase.
        """
        rest = self.rested()
        top, left = int(rest.top), int(rest.left)
        lattice = Lattice.of_scale(self.height, self.width, self.scale, phase=(self.top - top, self.left - left))
        return lattice, Window(top, left, top + self.view_height, left + self.view_width)

    @property
    def image_box(self) -> tuple[float, float, float, float]:
        """Where the whole picture lies in the view: (left, top, right, bottom) in device pixels."""
        return (
            -self.left,
            -self.top,
            self.width * self.scale - self.left,
            self.height * self.scale - self.top,
        )

    @property
    def is_fitted(self) -> bool:
        """True when this is the view that `fitted` gives."""
        return self.rested() == self.fitted().rested()

    def position_at(self, point: tuple[float, float]) -> tuple[float, float]:
        """Image position (x, y), in picture pixels, under the view's `point` (x, y)."""
        return (self.left + point[0]) / self.scale, (self.top + point[1]) / self.scale

    def point_at(self, position: tuple[float, float]) -> tuple[float, float]:
        """The view's point (x, y) at which the image position (x, y) appears."""
        return position[0] * self.scale - self.left, position[1] * self.scale - self.top


def between(start: Viewport, end: Viewport, fraction: float) -> Viewport:
    """The view `fraction` of the way from `start` to `end`, both of one picture and of one size.

    The scale moves exponentially. Any two views of different scale share a fixed point on each axis (the
    cursor of a zoom, wherever clamping did not move it), and that point stays put all the way: the corner's
    image position is linear in 1/scale. At fractions 0 and 1 the ends come out exactly.
    """
    if fraction <= 0:
        return start
    if fraction >= 1:
        return end
    if math.isclose(start.scale, end.scale, rel_tol=1e-9):
        scale, blend = end.scale, fraction
    else:
        scale = start.scale * (end.scale / start.scale) ** fraction
        blend = (1 / scale - 1 / start.scale) / (1 / end.scale - 1 / start.scale)
    top = start.top / start.scale * (1 - blend) + end.top / end.scale * blend
    left = start.left / start.scale * (1 - blend) + end.left / end.scale * blend
    return replace(end, scale=scale, top=top * scale, left=left * scale)


def _clamped(origin: float, extent: int, view: int) -> float:
    if extent <= view:
        return (extent - view) / 2
    return min(max(origin, 0.0), extent - view)
