"""A way from one view of a picture to another, in time: frozen values and pure mathematics.

The scale moves exponentially and the point that both views have in common stays put (`viewport.between`); an easing
says how fast. The origin of a view on the way is never rounded: rounding it to whole pixels, as a view at rest does,
would make everything tremble by up to half a pixel from frame to frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from diif_viewer.errors import RequestError
from diif_viewer.viewport import Viewport, between

EASINGS: dict[str, Callable[[float], float]] = {
    "linear": lambda t: t,
    "in": lambda t: t * t,
    "out": lambda t: t * (2 - t),
    "smooth": lambda t: t * t * t * (t * (6 * t - 15) + 10),
}
"""Part of the way by part of the time, both in [0, 1]. smooth: speed and acceleration begin and end at zero."""

FASTEST, LONGEST = 240, 3600


@dataclass(frozen=True, slots=True)
class ZoomPath:
    """A zoom from `start` to `end`, two views of one picture and of one size.

    seconds: how long, > 0. rate: frames per second, > 0. easing: one of `EASINGS`. Raises RequestError.
    """

    start: Viewport
    end: Viewport
    seconds: float = 5.0
    rate: Fraction = Fraction(30)
    easing: str = "smooth"

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= LONGEST:
            raise RequestError(f"A zoom takes more than no time and at most an hour, not {self.seconds:g} seconds.")
        if not 0 < self.rate <= FASTEST:
            raise RequestError(f"A zoom has up to {FASTEST} frames per second, not {float(self.rate):g}.")
        if self.easing not in EASINGS:
            raise RequestError(f"There is no easing {self.easing!r}: choose one of {', '.join(EASINGS)}.")
        shapes = {(v.height, v.width, v.view_height, v.view_width) for v in (self.start, self.end)}
        if len(shapes) > 1 or min(min(shape) for shape in shapes) < 1:
            raise RequestError("A zoom leads from one view of a picture to another one of the same size.")

    @property
    def count(self) -> int:
        """Frames, at least two: the first is `start`, the last is `end`."""
        return max(2, round(self.seconds * self.rate))

    def view(self, number: int) -> Viewport:
        """The view of frame `number`, 0 <= number < count; its origin is not rounded, the ends' are as given."""
        assert 0 <= number < self.count, number
        return between(self.start, self.end, EASINGS[self.easing](number / (self.count - 1)))


def rate_of(frames_per_second: float) -> Fraction:
    """The frame rate that is meant by a number: 29.97 is 30000/1001, as films have it. Raises RequestError."""
    if not (math.isfinite(frames_per_second) and 0 < frames_per_second <= FASTEST):
        raise RequestError(f"A zoom has up to {FASTEST} frames per second, not {frames_per_second:g}.")
    for whole in (24, 30, 60, 120):
        film = Fraction(whole * 1000, 1001)
        if abs(frames_per_second - film) < 0.006:
            return film
    return Fraction(frames_per_second).limit_denominator(1000)
