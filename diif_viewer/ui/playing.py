"""Animated pictures: a GIF, WebP, PNG or AVIF of several frames plays when it is opened, and is sharp when it stops.

Story: a picture of several frames is on screen -> a thread opens its file and says that it moves -> the thread decodes
the next frame and makes what the panes show of it, bicubic -> when the time of the frame before is over, it takes its
place -> and so on, until somebody stops it, goes to a frame, or saves what is on screen. Then the frame that is on
screen goes to the renderer as any picture does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from diif_viewer.errors import DiifViewerError
from diif_viewer.imaging.turns import Turn
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.fallback import Frame, FrameRequest
from diif_viewer.ui.images import opaque
from diif_viewer.ui.loader import Loader, preview_of
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.opening import Opening
from diif_viewer.ui.screen_colour import SCREEN
from diif_viewer.ui.state import Picture, screen_method

if TYPE_CHECKING:
    from diif_viewer.imaging.animation import Animation
    from diif_viewer.imaging.metadata import Metadata

THUMBNAIL = 400
"""Pixels of a thumbnail's longer side, at most."""

LATE = 0.25
"""Seconds that a frame may be late for the next one's time to be counted from when it should have come."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """The frame after `page` of `path`, as the panes show that one.

    about, turn: of the picture. opening: another number where the file has to be opened anew. look: its image and
    source are to be filled in.
    """

    path: Path
    page: int
    about: Metadata | None
    turn: Turn
    opening: int
    look: FrameRequest | None


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """The frame after the one of a wish. seconds: that the one of the wish stays. picture: None for none to come."""

    wish: _Wish
    seconds: float = 0.0
    picture: Picture | None = None
    frames: tuple[Frame, ...] = ()


class Player(QObject):
    """Plays the picture on screen, where it moves. changed: `moves` or `playing` is another (no payload)."""

    changed = Signal()
    _came = Signal(object)

    def __init__(self, controller: Controller, opening: Opening, loader: Loader, parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._opening, self._loader = controller, opening, loader
        self._path: Path | None = None  # of the picture that moves, or may
        self._moves = False
        self._wanted = True
        self._turning = False
        self._wish: _Wish | None = None
        self._next: _Made | None = None
        self._due = 0.0
        self._openings = 0
        self._open: tuple[int, Animation] | None = None  # the thread's own
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._turn)
        self._came.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._mailbox: Mailbox[_Wish | None] = Mailbox("player", self._work)
        opening.waiting.connect(self._on_its_way)
        controller.state.picture_changed.connect(self._picture_changed)

    @property
    def moves(self) -> bool:
        """True when the picture on screen has frames that follow in time."""
        return self._moves

    @property
    def playing(self) -> bool:
        """True while they do."""
        return self._controller.playing

    def toggle(self) -> None:
        """Stop it, or let it play on."""
        if self.playing:
            self.stop()
        elif self._moves:
            self._wanted = True
            self._begin()

    def stop(self) -> None:
        """Stay at the frame that is on screen; it becomes sharp."""
        self._wanted = False
        self._halt()

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._timer.stop()
        self._mailbox.close()
        self._close()

    # ---- which picture it is about ----

    @Slot(object)
    def _on_its_way(self, path: Path) -> None:
        """Another picture or frame was asked for; reading the same frame again stops nothing for long."""
        picture = self._controller.state.picture
        if path != self._path:
            self._wanted = True
        elif picture is not None and self._opening.page != picture.page:
            self._wanted = False
        self._halt()

    @Slot()
    def _picture_changed(self) -> None:
        if self._turning:
            return
        self._halt()
        picture = self._controller.state.picture
        own = picture is not None and picture.pages > 1 and picture.reduced is None
        path = picture.path if own and picture is not None and self._opening.path == picture.path else None
        if path is None:
            self._mailbox.post(None)
        self._openings += 1
        if path != self._path:
            self._path, self._moves = path, False
            self.changed.emit()
        if path is not None and (self._wanted or not self._moves):
            self._ask()

    # ---- from frame to frame ----

    def _begin(self) -> None:
        self._due = time.monotonic()
        self._controller.play(True)
        self._ask()
        self.changed.emit()

    def _halt(self) -> None:
        self._timer.stop()
        self._wish = self._next = None
        if self.playing:
            self._controller.play(False)
            self.changed.emit()

    def _ask(self) -> None:
        """Have the next frame made as the panes show the present one."""
        state, look = self._controller.state, None
        picture, view = state.picture, state.view
        assert picture is not None
        if view is not None and view.window:
            methods = dict.fromkeys(screen_method(method, view.scale) for method in self._controller.looks.own_methods)
            look = FrameRequest(0, None, tuple(methods), view.lattice, view.window)
        self._wish = _Wish(picture.path, picture.page, picture.about, picture.turn, self._openings, look)
        self._mailbox.post(self._wish)

    @Slot(object)
    def _take(self, made: _Made) -> None:
        picture = self._controller.state.picture
        if made.wish is not self._wish or picture is None:
            return  # stopped, or overtaken
        self._wish = None
        after = made.picture
        moves = after is not None and (after.height, after.width) == (picture.height, picture.width)
        if moves is not self._moves:
            self._moves = moves
            self.changed.emit()
        if not moves:
            self._halt()
            return
        if not self._wanted:
            return
        now = time.monotonic()
        if not self.playing:
            self._controller.play(True)
            self.changed.emit()
            self._due = now
        self._next = made
        self._due += made.seconds
        if self._due < now - LATE:
            self._due = now
        self._timer.start(max(0, round(1000 * (self._due - now))))

    @Slot()
    def _turn(self) -> None:
        """The time of the frame on screen is over."""
        made, self._next = self._next, None
        if made is None or made.picture is None:
            return
        self._opening.page = made.picture.page
        self._turning = True
        self._controller.turn(made.picture, list(made.frames))
        self._turning = False
        self._ask()

    # ---- the thread ----

    def _work(self, wish: _Wish | None) -> None:
        if wish is None:
            self._close()
            return
        try:
            self._came.emit(self._made(wish))
        except (DiifViewerError, MemoryError):  # whoever goes to that frame will be told
            self._close()
            self._came.emit(_Made(wish))

    def _made(self, wish: _Wish) -> _Made:
        from diif_viewer.imaging.animation import Animation
        from diif_viewer.imaging.colour import to_srgb
        from diif_viewer.imaging.pyramid import Pyramid
        from diif_viewer.ui.reduced import resampled

        if self._open is None or self._open[0] != wish.opening:
            self._close()
            self._open = wish.opening, Animation(wish.path)
        moving = self._open[1]
        seconds, decoded = moving.seconds(wish.page), moving.frame(moving.after(wish.page))
        pixels = np.ascontiguousarray(wish.turn.of_pixels(to_srgb(decoded).pixels))
        source, number = Pyramid(pixels), self._loader.number()
        frames, look = [], wish.look
        if look is not None and (look.lattice.y.size, look.lattice.x.size) != pixels.shape[:2]:
            look = None  # the file is another one by now, and will be read again
        for method in look.methods if look is not None else ():
            assert look is not None
            lattice, window = look.lattice, look.window
            image = SCREEN.prepare(opaque(resampled(source, method, lattice, window), window.top, window.left))
            frames.append(Frame(number, method, lattice.x.scale, window, image))
        preview = preview_of(pixels)
        side = min(THUMBNAIL, max(preview.width(), preview.height()))
        thumbnail = preview.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
        where = decoded.page, decoded.pages
        picture = Picture(number, wish.path, pixels, source, preview, wish.about, thumbnail, *where, turn=wish.turn)
        return _Made(wish, seconds, picture, tuple(frames))

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None
