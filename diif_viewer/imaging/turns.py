"""Pictures turned by quarters and mirrored: the eight ways in which a rectangle of pixels can lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Turn:
    """How a picture lies: mirrored (left and right change places), and then turned clockwise by `quarters`, 0 .. 3."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def code(self) -> int:
        """A number from 0 (upright) to 7, from which `of_code` makes the same turn."""
        return 4 * self.mirrored + self.quarters

    @classmethod
    def of_code(cls, code: int) -> Turn:
        """The turn of a number; upright for one that is none's."""
        return cls(code % 4, code >= 4) if 0 <= code < 8 else UPRIGHT

    @property
    def is_sideways(self) -> bool:
        """Whether height and width change places."""
        return self.quarters % 2 == 1

    @property
    def inverse(self) -> Turn:
        """What takes it back."""
        return self if self.mirrored else Turn(-self.quarters % 4)

    def then(self, later: Turn) -> Turn:
        """This one, and `later` after it."""
        quarters = -self.quarters if later.mirrored else self.quarters  # mirrored, clockwise becomes anticlockwise
        return Turn((quarters + later.quarters) % 4, self.mirrored != later.mirrored)

    @property
    def words(self) -> str:
        """The steps of `STEPS` that come to this, with commas between them: "mirror,right"; "" for upright."""
        for name, turn in STEPS.items():
            if turn == self:
                return name
        return ",".join(
            ["mirror"] * self.mirrored + [name for name, turn in STEPS.items() if turn == Turn(self.quarters)]
        )

    def of_pixels(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """HWC pixels as they lie then; a view of the same memory."""
        laid = pixels[:, ::-1] if self.mirrored else pixels
        if self.quarters == 2:
            return laid[::-1, ::-1]
        if self.is_sideways:
            laid = laid.swapaxes(0, 1)
            return laid[:, ::-1] if self.quarters == 1 else laid[::-1]
        return laid

    def of_place(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the picture, (x, y) in [0, 1], lies then."""
        if self.mirrored:
            x = 1 - x
        for _ in range(self.quarters):
            x, y = 1 - y, x
        return x, y


UPRIGHT = Turn()
RIGHT, LEFT, MIRROR, FLIP = Turn(1), Turn(3), Turn(0, mirrored=True), Turn(2, mirrored=True)

STEPS = {"right": RIGHT, "left": LEFT, "around": Turn(2), "mirror": MIRROR, "flip": FLIP}
"""By the words for them."""

OF_EXIF = {1: UPRIGHT, 2: MIRROR, 3: Turn(2), 4: FLIP, 5: Turn(3, True), 6: RIGHT, 7: Turn(1, True), 8: LEFT}
"""What makes a picture upright whose EXIF tells an orientation."""
