"""What the window is about, as observable facts: picture, view, layout, methods. No pixels are made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from diif_viewer.imaging.turns import UPRIGHT, Turn
from diif_viewer.models.registry import default_method
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.reduced import TRUTH, Reduced, all_methods, method_of
from diif_viewer.viewport import Viewport

if TYPE_CHECKING:
    from diif_viewer.engine.jobs import OwnColours
    from diif_viewer.imaging.metadata import Metadata

Identity = int | tuple[Path, int, Turn]
"""Of a picture, whatever is in its file: see `Picture.identity`."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An opened picture.

    image: its number, never used again for another. path: where it came from. pixels: HWC, uint8 or uint16,
    1 to 4 channels, in sRGB. source: what the classic methods take (pixels or a pyramid). preview: opaque and reduced,
    for the first moment. about: what exports carry beside it, None for nothing. thumbnail: for the overview. page: of
    the `pages` in its file, from 0. lack: one sentence where the file ends before the picture does, "" for a whole one.
    own: what its file has instead of sRGB, None where that is sRGB or there is no file. span: the values of the file
    that are 0 and the full range in `pixels`, None where it needs no saying. turn: how somebody has laid it, away from
    how its file has it.
    """

    image: int
    path: Path
    pixels: npt.NDArray[Any]
    source: Any
    preview: QImage
    about: Metadata | None = None
    thumbnail: QImage | None = None
    page: int = 0
    pages: int = 1
    lack: str = ""
    own: OwnColours | None = None
    span: tuple[float, float] | None = None
    turn: Turn = UPRIGHT

    @property
    def reduced(self) -> Reduced | None:
        """What it was reduced from, None for a picture as it came."""
        return self.source if isinstance(self.source, Reduced) else None

    @property
    def identity(self) -> Identity:
        """What stays when its file is read again: the page of its file. Its number where it is not what a file has."""
        has_file = self.about is not None  # unlike what was pasted
        return (self.path, self.page, self.turn) if has_file and self.reduced is None else self.image

    def is_again(self, other: Picture | None) -> bool:
        """True when it is the same page of the same file as `other`, read again, or `other` itself."""
        return other is not None and self.identity == other.identity

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])


def screen_method(method: str, scale: float) -> str:
    """The classic method whose frames a pane shows first: for a model bicubic, its fallback.

    At scale 1 every method gives the source pixels, below 1 an area filter: one frame serves all of them.
    """
    if method == TRUTH:
        return TRUTH
    if scale <= 1 or method_of(method).is_model:
        return "bicubic"
    return method


OTHERS = ("bicubic", "liif-lite", "diif-lite")
"""What the panes before the main one show at first."""


class ViewerState(QObject):
    """The facts. Change them through the methods; each change is told once.

    picture_changed, view_changed, methods_changed, layout_changed, split_changed, active_changed: no payload.
    The view is where the window is going; what is shown on the way there is `Motion`'s business.
    """

    picture_changed = Signal()
    view_changed = Signal()
    methods_changed = Signal()
    layout_changed = Signal()
    split_changed = Signal()
    active_changed = Signal()

    def __init__(self, method: str | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self.view: Viewport | None = None
        self.layout = Layout.SINGLE
        self.split = 0.5
        self.active = 0
        self.flipped = False
        self._main = method or default_method()
        self._by_file = method is None
        self._under_truth = self._main, self._by_file
        self._foreign: set[int] = set()
        self._others = list(OTHERS)
        self._before = self._counterpart()

    @property
    def methods(self) -> tuple[str, ...]:
        """The method that each pane shows, from left to right, then down.

        The last is the main one in every layout: what suits the picture's file, until another one is chosen. While
        flipped, every pane shows the next one's (the first one's in the last pane), and a single one the method that
        was looked at before.
        """
        if not self.flipped:
            return self.chosen
        return (*self.chosen[1:], self.chosen[0]) if self.layout.panes > 1 else (self._before,)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The method that was chosen for each pane."""
        return (*self._others[: self.layout.panes - 1], self._main)

    @property
    def chosen_method(self) -> str | None:
        """The main method where somebody chose it, None where the picture's file decides; the truth is no method."""
        main, by_file = self._under_truth if self._main == TRUTH else (self._main, self._by_file)
        return None if by_file else main

    @property
    def others(self) -> tuple[str, ...]:
        """What was chosen for the panes before the main one, also for those that the layout does not show."""
        return tuple(self._others)

    def take_up(self, main: str = "", others: Sequence[str] = ()) -> None:
        """Look as somebody did before, as far as that can be shown. main: "" for what it is. others: of `others`."""
        known = {method.name for method in all_methods()} - {TRUTH}
        kept = zip(self._others, (*others, *self._others[len(others) :]), strict=False)
        self._others = [method if method in known else now for now, method in kept]
        if main in known:
            self._main, self._by_file = main, False
            self._before = self._counterpart()
        self.methods_changed.emit()

    def _counterpart(self) -> str:
        """What a single view is held against before another method was looked at."""
        return "bicubic" if self._main != "bicubic" else default_method()

    def _of_file(self) -> str:
        """What suits the picture's file."""
        picture = self.picture
        return default_method("" if picture is None or picture.reduced is not None else picture.path.suffix)

    def set_picture(self, picture: Picture | None, view: Viewport | None) -> None:
        """Show `picture` through `view`; both None for none."""
        has_truth, had_truth = (p is not None and p.reduced is not None for p in (picture, self.picture))
        if has_truth and not had_truth:
            self._before = TRUTH
        elif had_truth and not has_truth:
            self._without_truth()
        before, self.picture, self.view = self._main, picture, view
        if self._by_file and picture is not None:
            self._main = self._of_file()
        self.picture_changed.emit()
        if self._main != before:
            self.methods_changed.emit()
        self.view_changed.emit()

    def turn(self, picture: Picture) -> None:
        """Show another frame of the picture, of the same size, through the same view."""
        self.picture = picture
        self.picture_changed.emit()

    def set_view(self, view: Viewport) -> None:
        """Go to `view`."""
        if view != self.view:
            self.view = view
            self.view_changed.emit()

    def has_truth(self, pane: int) -> bool:
        """Can a pane show the truth? It is that of the open picture; another file has none."""
        own = pane == self.layout.panes - 1 or pane not in self._foreign
        return own and self.picture is not None and self.picture.reduced is not None

    def set_foreign(self, panes: set[int]) -> None:
        """The panes that show another file than the open one, whatever the layout; none of them shows a truth."""
        self._foreign = panes
        chosen = zip(self._others, OTHERS, strict=True)
        others = [first if k in panes and now == TRUTH else now for k, (now, first) in enumerate(chosen)]
        if others != self._others:
            self._others = others
            self.methods_changed.emit()

    def set_method(self, method: str, pane: int | None = None) -> None:
        """Look through `method` (a name in ON_SCREEN) in `pane`; in the active one when None."""
        pane = self.active if pane is None else pane
        if method == self.chosen[pane] or (method == TRUTH and not self.has_truth(pane)):
            return
        if pane == self.layout.panes - 1:
            if method == TRUTH:
                self._under_truth = self._main, self._by_file
            self._before, self._main, self._by_file = self._main, method, method == self._of_file()
        else:
            self._others[pane] = method
        self.methods_changed.emit()

    def forget_method(self, method: str) -> None:
        """A model is gone: panes that show it go back to what they showed at first."""
        self._replace(method)
        self.methods_changed.emit()

    def _without_truth(self) -> None:
        """No pane can show the truth any more."""
        self._replace(TRUTH)

    def _replace(self, method: str) -> None:
        self._others = [first if now == method else now for now, first in zip(self._others, OTHERS, strict=True)]
        if self._main == method:
            self._main, self._by_file = self._under_truth if method == TRUTH else (self._of_file(), True)
        if self._under_truth[0] == method:
            self._under_truth = self._of_file(), True
        if self._before == method:
            self._before = self._counterpart()

    def set_layout(self, layout: Layout) -> None:
        """Change the number of panes; the main method stays, at the right end."""
        if layout is not self.layout:
            self.layout = layout
            self.active = layout.panes - 1
            self.layout_changed.emit()
            self.active_changed.emit()

    def set_flipped(self, flipped: bool) -> None:
        """Show the other method of each comparison in place, or again the chosen one."""
        if flipped != self.flipped:
            self.flipped = flipped
            self.methods_changed.emit()

    def set_split(self, split: float) -> None:
        """Move the divider to `split` in [0, 1] of the canvas width, or of its height."""
        split = min(max(split, 0.0), 1.0)
        if split != self.split:
            self.split = split
            self.split_changed.emit()

    def set_active(self, pane: int) -> None:
        """Make `pane` the one that letters and exports are about."""
        if pane != self.active:
            self.active = pane
            self.active_changed.emit()
