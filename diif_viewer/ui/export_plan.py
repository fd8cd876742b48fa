"""From choices to numbers: which outputs of which scale an export holds. Pure arithmetic, no Qt.

Everything is a window of the lattice of one scale, so an export at the scale of the screen holds the pixels of the
screen. A size in pixels or millimetres decides the scale; the number of rows and columns then depends on the extent of
the part alone, not on where it lies: moving a region never changes its size by a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from diif_viewer.engine.jobs import OwnColours
from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.formats import keeps_profile
from diif_viewer.ui.export_choices import Choices
from diif_viewer.ui.language import tr
from diif_viewer.viewport import Viewport

Box = tuple[float, float, float, float]
"""(left, top, right, bottom) in picture pixels."""

MILLIMETRES = 25.4
"""Of an inch."""

LEAST = 1e-3
"""The smallest scale."""

MOST = 1e5
"""The largest scale: what is larger is a slip of a finger."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What there is to export.

    height, width, channels, bits: of the picture. view: on screen, at rest. seen: the outputs of the view's lattice
    that the active pane shows. method: what it shows them by. own: what the file has instead
    of sRGB, None where it has nothing else.
    """

    height: int
    width: int
    channels: int
    bits: int
    view: Viewport
    seen: Window
    method: str
    own: OwnColours | None = None

    def own_for(self, choices: Choices) -> OwnColours | None:
        """What the result is made of instead of sRGB, by what was chosen and what the format can hold."""
        return None if choices.srgb or not keeps_profile(choices.format, self.channels) else self.own

    def bits_for(self, choices: Choices) -> int:
        """Bits per channel of the result."""
        own = self.own_for(choices)
        return choices.bits_for(self.bits if own is None else own.bits)

    def lattice(self, scale: float) -> Window:
        """All outputs of `scale`."""
        return Lattice.of_scale(self.height, self.width, scale).window

    @property
    def whole(self) -> Box:
        """The whole picture."""
        return 0.0, 0.0, float(self.width), float(self.height)

    @property
    def seen_box(self) -> Box:
        """What is on screen, in picture pixels."""
        scale, seen = self.view.scale, self.seen
        right, bottom = min(seen.right / scale, float(self.width)), min(seen.bottom / scale, float(self.height))
        return seen.left / scale, seen.top / scale, right, bottom

    def middle(self) -> Box:
        """A region to begin with: the middle half of what is on screen."""
        x0, y0, x1, y1 = self.seen_box
        across, down = (x1 - x0) / 4, (y1 - y0) / 4
        return x0 + across, y0 + down, x1 - across, y1 - down


@dataclass(frozen=True, slots=True)
class Plan:
    """An export in numbers. box: the part in picture pixels. window: its outputs on the lattice of `scale`."""

    box: Box
    scale: float
    window: Window

    def millimetres(self, dpi: float) -> float:
        """Its width on paper."""
        return self.window.width / dpi * MILLIMETRES


def part_of(choices: Choices, subject: Subject, region: Box) -> Box:
    """The part that was chosen; region: where a region lies."""
    return {"view": subject.seen_box, "region": region}.get(choices.part, subject.whole)


def make_plan(choices: Choices, subject: Subject, region: Box) -> Plan:
    """The numbers of an export. Raises RequestError where the size makes no sense."""
    box = part_of(choices, subject, region)
    width, height = box[2] - box[0], box[3] - box[1]
    if not (width > 0 and height > 0):
        raise RequestError(tr("The region to export is empty."))
    scale = {
        "screen": subject.view.scale,
        "width": choices.size / width,
        "height": choices.size / height,
        "print": choices.size / MILLIMETRES * choices.dpi / width,
    }.get(choices.anchor, choices.size)
    if not (math.isfinite(scale) and LEAST <= scale <= MOST):
        raise RequestError(tr("The size must be more than nothing, and less than a hundred thousand times the part."))
    lattice = Lattice.of_scale(subject.height, subject.width, scale)
    if choices.part == "view" and choices.anchor == "screen":
        return Plan(box, scale, subject.seen)
    if choices.part == "whole":
        return Plan(box, scale, lattice.window)
    top, bottom = _span(box[1], box[3], scale, lattice.y.count)
    left, right = _span(box[0], box[2], scale, lattice.x.count)
    return Plan(box, scale, Window(top, left, bottom, right))


def _span(start: float, end: float, scale: float, count: int) -> tuple[int, int]:
    """The outputs from position `start` on, as many as the extent asks for, within `count`."""
    extent = round(end - start, 9)  # what differs in the last digits, as it does once moved, is as long
    length = min(count, max(1, math.floor(extent * scale + 0.5)))
    first = min(max(0, math.ceil(start * scale - 0.5)), count - length)
    return first, first + length


def detail_of(window: Window, side: int, centre: tuple[float, float]) -> Window:
    """A part of `window` of at most `side` outputs a side about `centre`, (down, across) as parts of the window."""
    height, width = min(side, window.height), min(side, window.width)
    top = min(max(0, round(centre[0] * window.height - height / 2)), window.height - height)
    left = min(max(0, round(centre[1] * window.width - width / 2)), window.width - width)
    return Window(top, left, top + height, left + width).moved(window.top, window.left)


# ---- regions -----------------------------------------------------------------------------------------------


def within(box: Box, whole: Box) -> Box:
    """`box` cut to the picture, its corners in order; at least a tenth of a pixel a side."""
    (x0, x1), (y0, y1) = sorted((box[0], box[2])), sorted((box[1], box[3]))
    x0, y0 = min(max(x0, 0.0), whole[2] - 0.1), min(max(y0, 0.0), whole[3] - 0.1)
    return x0, y0, min(max(x1, x0 + 0.1), whole[2]), min(max(y1, y0 + 0.1), whole[3])


def at_its_place(box: Box, whole: Box, other: Box) -> Box:
    """`box` of the picture `whole` in one of another size, `other`, where it lies at the same place."""
    across, down = other[2] / whole[2], other[3] / whole[3]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def moved(box: Box, right: float, down: float, whole: Box) -> Box:
    """`box` moved, as far as the picture goes."""
    right = min(max(right, -box[0]), whole[2] - box[2])
    down = min(max(down, -box[1]), whole[3] - box[3])
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def with_ratio(box: Box, ratio: float | None, whole: Box) -> Box:
    """`box` brought to width / height = `ratio` about its centre, with its area as far as the picture allows."""
    if ratio is None:
        return box
    width, height = box[2] - box[0], box[3] - box[1]
    across = min(math.sqrt(width * height * ratio), whole[2], whole[3] * ratio)
    down = across / ratio
    x, y = (box[0] + box[2] - across) / 2, (box[1] + box[3] - down) / 2
    x, y = min(max(x, 0.0), whole[2] - across), min(max(y, 0.0), whole[3] - down)
    return x, y, x + across, y + down


def pulled(box: Box, side: tuple[int, int], point: tuple[float, float], ratio: float | None, whole: Box) -> Box:
    """`box` with an edge or a corner pulled to `point`, (x, y) in picture pixels; the opposite one stays.

    side: (-1, 0 or 1 across; -1, 0 or 1 down). With a ratio the other dimension follows, about the middle of an edge.
    """
    x = min(max(point[0], 0.0), whole[2])
    y = min(max(point[1], 0.0), whole[3])
    x0, y0, x1, y1 = box
    x0, x1 = (x, x1) if side[0] < 0 else (x0, x) if side[0] > 0 else (x0, x1)
    y0, y1 = (y, y1) if side[1] < 0 else (y0, y) if side[1] > 0 else (y0, y1)
    if ratio is None:
        return within((x0, y0, x1, y1), whole)
    fixed_x = box[2] if side[0] < 0 else box[0]
    fixed_y = box[3] if side[1] < 0 else box[1]
    width, height = max(abs(x1 - x0), 0.1), max(abs(y1 - y0), 0.1)
    width = height * ratio if side[0] == 0 else width if side[1] == 0 else max(width, height * ratio)
    room_x = fixed_x if side[0] < 0 else whole[2] - fixed_x if side[0] > 0 else whole[2]
    room_y = fixed_y if side[1] < 0 else whole[3] - fixed_y if side[1] > 0 else whole[3]
    width = min(width, room_x, room_y * ratio)
    height = width / ratio
    x0 = fixed_x - width if side[0] < 0 else fixed_x if side[0] > 0 else (box[0] + box[2] - width) / 2
    y0 = fixed_y - height if side[1] < 0 else fixed_y if side[1] > 0 else (box[1] + box[3] - height) / 2
    x0, y0 = min(max(x0, 0.0), whole[2] - width), min(max(y0, 0.0), whole[3] - height)
    return x0, y0, x0 + width, y0 + height


def ratio_of(choices: Choices, subject: Subject) -> float | None:
    """Width over height that a region is held to; None for any."""
    across, _, down = choices.aspect.partition(":")
    if down:
        return float(across) / float(down)
    return subject.width / subject.height if choices.aspect == "picture" else None


def sized(choices: Choices, anchor: str, size: float) -> Choices:
    """Choices with another size: `size` of `anchor`."""
    return replace(choices, anchor=anchor, size=size)
