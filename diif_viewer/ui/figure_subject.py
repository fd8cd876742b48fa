"""What a figure is about: a region of the open picture, and what has to be rendered of it for each scale.

Where the picture was reduced to be rebuilt, its truth is known: it is then reduced by each scale as the papers do, the
region is one of the truth, and each crop is measured against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.ui.export_plan import at_its_place
from diif_viewer.ui.language import tr
from diif_viewer.ui.reduced import reduce
from diif_viewer.ui.state import Picture

LARGEST_CROP = 4_000_000
"""Outputs of one crop: more than a page can show."""

Bytes = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What one row of a figure is rendered from.

    pixels: to be made known to the renderer under a number of their own; None for those of the picture on screen.
    truth: the region's own pixels, HWC RGB, None where it is not known.
    """

    scale: float
    pixels: npt.NDArray[Any] | None
    lattice: Lattice
    window: Window
    truth: Bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """picture: the one on screen. box: (left, top, right, bottom) in its pixels, inside it; whole ones of the truth."""

    picture: Picture
    box: Box

    @property
    def has_truth(self) -> bool:
        """True when crops are measured."""
        return self.picture.reduced is not None

    @property
    def parts(self) -> Box:
        """The region as parts, in [0, 1], of the whole picture: the truth may lack its last rows and columns."""
        left, top, right, bottom = self.box
        original = self.picture if self.picture.reduced is None else self.picture.reduced.original
        height, width = original.height, original.width
        return left / width, top / height, right / width, bottom / height

    @property
    def extent(self) -> tuple[int, int]:
        """(height, width) that `box` lies in: of the truth, or of the picture."""
        reduced = self.picture.reduced
        height, width = self.picture.pixels.shape[:2] if reduced is None else reduced.truth.pixels.shape[:2]
        return int(height), int(width)

    def source(self, scale: float) -> Source:
        """What the row of `scale` is rendered from. Any thread; it may take a while. Raises RequestError."""
        reduced = self.picture.reduced
        if reduced is None:
            height, width = self.extent
            lattice = Lattice.of_scale(height, width, scale)
            window = lattice.window_of(self.box).intersected(lattice.window)
            return Source(scale, None, lattice, _checked(window, scale), None)
        low, made = (self.picture.pixels, reduced) if scale == reduced.factor else reduce(reduced.original, scale)
        truth = made.truth.pixels
        left, top, right, bottom = (round(value) for value in self.box)
        window = Window(top, left, bottom, right)
        lattice = Lattice.of_size(low.shape[0], low.shape[1], truth.shape[0], truth.shape[1])
        if not lattice.window.contains(window):
            raise RequestError(
                tr("The region reaches into what is cut off at x{scale}; choose another one.", scale=f"{scale:g}")
            )
        own = None if low is self.picture.pixels else low
        return Source(scale, own, lattice, _checked(window, scale), truth[top:bottom, left:right])


def subject(picture: Picture, box: Box) -> Subject | None:
    """The region `box`, in pixels of `picture`, as far as it lies in it; None when that is next to nothing."""
    reduced = picture.reduced
    factor = 1.0 if reduced is None else reduced.factor
    whole = Subject(picture, box).extent
    left, top, right, bottom = (value * factor for value in box)
    left, right = max(left, 0.0), min(right, float(whole[1]))
    top, bottom = max(top, 0.0), min(bottom, float(whole[0]))
    if reduced is not None:
        left, top, right, bottom = math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
    return Subject(picture, (left, top, right, bottom)) if min(right - left, bottom - top) >= 1 else None


def renewed(before: Subject, picture: Picture) -> Subject | None:
    """The same place of the same file read again, whatever size it has now; None for another picture."""
    if not picture.is_again(before.picture):
        return None
    (height, width), was = (picture.height, picture.width), before.extent
    return subject(picture, at_its_place(before.box, (0, 0, was[1], was[0]), (0, 0, width, height)))


def _checked(window: Window, scale: float) -> Window:
    if not window or window.area > LARGEST_CROP:
        size = f"{window.width} x {window.height}"
        raise RequestError(
            tr("At x{scale} the region has {size} pixels; choose another region.", scale=f"{scale:g}", size=size)
        )
    return window
