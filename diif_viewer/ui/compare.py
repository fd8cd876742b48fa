"""Ways of looking: which part of the canvas shows which pane. Pure arithmetic in device pixels, no Qt.

All panes look through one viewport. In a split both methods fill the whole canvas and a divider decides which
of them is seen; under a lens and in a difference map both fill it and lie on top
of each other; side by side every pane
is a view of its own of the same size.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from diif_viewer.geometry import Window
from diif_viewer.viewport import Viewport

GAP = 2
"""Device pixels between two panes (times the device pixel ratio, rounded, at least 1)."""


class Layout(enum.Enum):
    """How many panes there are and how they share the canvas."""

    SINGLE = "single"
    SPLIT = "split"
    STACKED = "stacked"
    TWO = "two"
    THREE = "three"
    FOUR = "four"
    LENS = "lens"
    DIFFERENCE = "difference"

    @property
    def panes(self) -> int:
        """Number of panes: 1 to 4."""
        return {"single": 1, "three": 3, "four": 4}.get(self.value, 2)

    @property
    def divided(self) -> bool:
        """True when a divider decides which of two methods is seen."""
        return self in (Layout.SPLIT, Layout.STACKED)

    @property
    def laid_over(self) -> bool:
        """True when both panes are the whole canvas: which of them a point belongs to is not asked."""
        return self in (Layout.LENS, Layout.DIFFERENCE)

    @property
    def side_by_side(self) -> bool:
        """True when every pane is a view of its own."""
        return self in (Layout.TWO, Layout.THREE, Layout.FOUR)


@dataclass(frozen=True, slots=True)
class Area:
    """One pane on the canvas.

    view: where its viewport lies on the canvas. clip: the part of it that is seen. Both in device pixels.
    """

    pane: int
    view: Window
    clip: Window

    def seen(self, viewport: Viewport) -> Window:
        """The part of the lattice that this pane shows at rest; empty when the picture is out of its sight."""
        rest = viewport.rested()
        return self.clip.moved(int(rest.top) - self.view.top, int(rest.left) - self.view.left).intersected(
            viewport.lattice.window
        )

    def inside(self, x: float, y: float) -> tuple[float, float]:
        """The view's point for the canvas point (x, y), both in device pixels."""
        return x - self.view.left, y - self.view.top


def view_size(layout: Layout, height: int, width: int, gap: int = GAP) -> tuple[int, int]:
    """(height, width) of the viewport that all panes share on a canvas of `height` x `width` device pixels."""
    rows, columns = (2, 2) if layout is Layout.FOUR else (1, layout.panes if layout.side_by_side else 1)
    return max(1, (height - gap * (rows - 1)) // rows), max(1, (width - gap * (columns - 1)) // columns)


def areas(layout: Layout, height: int, width: int, split: float = 0.5, gap: int = GAP) -> tuple[Area, ...]:
    """The panes from left to right, then down. split: the divider in [0, 1] of the width (of the height, stacked)."""
    rows, columns = view_size(layout, height, width, gap)
    whole = Window(0, 0, rows, columns)
    if layout is Layout.SINGLE:
        return (Area(0, whole, whole),)
    if layout is Layout.SPLIT:
        edge = divider(width, split)
        return (Area(0, whole, Window(0, 0, rows, edge)), Area(1, whole, Window(0, edge, rows, columns)))
    if layout is Layout.STACKED:
        edge = divider(height, split)
        return (Area(0, whole, Window(0, 0, edge, columns)), Area(1, whole, Window(edge, 0, rows, columns)))
    if layout.laid_over:
        return (Area(0, whole, whole), Area(1, whole, whole))
    across = 2 if layout is Layout.FOUR else layout.panes
    boxes = [whole.moved(i // across * (rows + gap), i % across * (columns + gap)) for i in range(layout.panes)]
    return tuple(Area(index, box, box) for index, box in enumerate(boxes))


def divider(extent: int, split: float) -> int:
    """First column (row, stacked) that belongs to the second side of a split of a canvas of this width (height)."""
    return round(min(max(split, 0.0), 1.0) * extent)


def area_at(parts: tuple[Area, ...], x: float, y: float) -> Area:
    """The pane under the canvas point (x, y); the nearest one when it falls into a gap, the last of several."""

    def distance(area: Area) -> float:
        return max(area.clip.left - x, x - area.clip.right, 0.0) + max(area.clip.top - y, y - area.clip.bottom, 0.0)

    return min(reversed(parts), key=distance)
