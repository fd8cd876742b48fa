"""A picture that was reduced to be rebuilt, with its truth as one more method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from diif_viewer.geometry import Axis, Lattice, Window
from diif_viewer.models import shelf
from diif_viewer.models.registry import METHODS, Method
from diif_viewer.ui.language import mark, tr

if TYPE_CHECKING:
    from diif_viewer.imaging.pyramid import Pyramid
    from diif_viewer.ui.state import Picture

TRUTH = "truth"

ON_SCREEN = {**METHODS, TRUTH: Method(TRUTH, mark("Truth"), "T")}
"""What a pane can show, come what may: the methods of the program, and the truth of a reduced picture."""


def method_of(name: str) -> Method:
    """What can be shown, by name: a method in ON_SCREEN, or a model that somebody added."""
    return ON_SCREEN.get(name) or Method(name, name, "", name)


def all_methods() -> list[Method]:
    """All that can be shown now, added models last but for the truth."""
    added = [method_of(name) for name in shelf.held()]
    return [*METHODS.values(), *added, ON_SCREEN[TRUTH]]


def label_of(method: str) -> str:
    """How what can be shown is called in the present language; models that somebody added keep their names."""
    return tr(ON_SCREEN[method].label) if method in ON_SCREEN else method


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """What frames of a reduced picture are made of.

    low: the picture that is open. truth: what it was made from, RGB uint8, cropped as the papers do. factor: truth
    pixels per pixel, > 1. original: the picture that was open before.
    """

    low: Pyramid
    truth: Pyramid
    factor: float
    original: Picture

    def truth_lattice(self, lattice: Lattice) -> Lattice:
        """`lattice`, which is one of the reduced picture, laid over the truth: the same outputs in the same places."""
        height, width = self.truth.pixels.shape[:2]
        y, x = lattice.y, lattice.x
        return Lattice(
            Axis(height, y.count, y.scale / self.factor, y.phase), Axis(width, x.count, x.scale / self.factor, x.phase)
        )


def resampled(source: Any, method: str, lattice: Lattice, window: Window) -> npt.NDArray[Any]:
    """As `imaging.classic.resample`; of a `Reduced` also by the method `TRUTH`: bicubic beyond the truth's own pixels.

    Nothing of the truth lies beyond its last pixel: outputs whose centres do repeat it.
    """
    from diif_viewer.imaging.classic import resample

    if not isinstance(source, Reduced):
        return resample(source, method, lattice, window)
    if method != TRUTH:
        return resample(source.low, method, lattice, window)
    return resample(source.truth, "bicubic", source.truth_lattice(lattice), window)


def reduce(picture: Picture, factor: float) -> tuple[npt.NDArray[np.uint8], Reduced]:
    """(the pixels of) `picture` reduced `factor` times as the papers do. Any thread. Raises RequestError."""
    from diif_viewer.imaging.colour import expand_grey, split_alpha, to_8_bits
    from diif_viewer.imaging.pyramid import Pyramid
    from diif_viewer.imaging.reduction import reduced_pair

    low, truth = reduced_pair(to_8_bits(expand_grey(split_alpha(picture.pixels)[0])), factor)
    return low, Reduced(Pyramid(low), Pyramid(truth), factor, picture)
