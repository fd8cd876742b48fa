"""From changed facts to requests, from results to the canvas.

Story of a gesture: the view changes -> `Motion` glides there -> the fallback of the *target* is asked for at
once -> after a short quiet (long before the animation ends) each pane's newest request goes to the renderer,
with the tiles it need not send (`Asking`) -> every tile goes to the cache, and to the canvas if a pane shows it.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QRect, Signal, Slot

from diif_viewer.engine.messages import TileDone
from diif_viewer.engine.tiles import TILE
from diif_viewer.ui.asking import Asking
from diif_viewer.ui.compare import Area, areas
from diif_viewer.ui.fallback import Fallback, Frame
from diif_viewer.ui.language import tr
from diif_viewer.ui.looks import Looks
from diif_viewer.ui.motion import DURATION, Motion
from diif_viewer.ui.own_frames import OwnFrames
from diif_viewer.ui.renderer_client import RendererClient
from diif_viewer.ui.scene import Scene
from diif_viewer.ui.state import Picture, ViewerState
from diif_viewer.ui.statuses import PLAYING, PaneStatus, status_of, tiles_of
from diif_viewer.viewport import Viewport


class Controller(QObject):
    """Keeps what is on the canvas in step with the state.

    repaint (QRect in device pixels, empty for everything): something to paint changed. status_changed: some
    pane's status changed, read `statuses`. playing: the picture is one of many that follow quickly.
    """

    repaint = Signal(object)
    status_changed = Signal()

    def __init__(
        self,
        state: ViewerState,
        motion: Motion,
        scene: Scene,
        fallback: Fallback,
        client: RendererClient,
    ) -> None:
        super().__init__()
        self.state, self.motion, self.scene, self.fallback, self.client = state, motion, scene, fallback, client
        self.looks = Looks(state, motion, scene, client, self)
        self.areas: tuple[Area, ...] = ()
        self.statuses: tuple[PaneStatus, ...] = ()
        self._height, self._width, self._gap = 1, 1, 2
        self._stopped: str | None = None
        self._frames = OwnFrames(state, self.looks, fallback)
        self._glide = 0.0  # seconds
        self._image: int | None = None
        self.playing = False
        self._told: object = None
        self.asking = Asking(state, self.looks, client, self, areas=self._unplayed, sharp=lambda: self.sharp)
        self._connect()

    def _connect(self) -> None:
        self.state.picture_changed.connect(self._picture_changed)
        self.state.view_changed.connect(self._view_changed)
        self.state.methods_changed.connect(self._looks_changed)
        self.state.layout_changed.connect(self._looks_changed)
        self.state.split_changed.connect(self._split_changed)
        self.looks.guests.changed.connect(self._guests_changed)
        self.looks.guests.frame_ready.connect(self._frame_ready)
        self.motion.moved.connect(self._moved)
        self.motion.settled.connect(self.refresh)
        self.fallback.frame_ready.connect(self._frame_ready)
        self.client.tile_done.connect(self._tile_done)
        self.client.restarted.connect(self._renderer_restarted)
        self.client.stopped.connect(self._renderer_stopped)
        self.asking.answered.connect(self.refresh)

    # ---- orders from the window ----

    def resize(self, height: int, width: int, gap: int) -> None:
        """The canvas has another size, in device pixels."""
        self._height, self._width, self._gap = height, width, gap
        self._arrange()

    def go(self, view: Viewport, *, animate: bool, duration: float = DURATION) -> None:
        """Go to `view`, clamped to the picture; where it is animated, within `duration` seconds."""
        self._glide = duration if animate else 0.0
        self.state.set_view(view.clamped())
        self._glide = 0.0  # also where it was there already

    def renew(self) -> None:
        """Make everything sharp anew in another process: on another device, or without a model that is gone."""
        self.asking.requests.forget()
        self.asking.requests.rates.clear()
        for scene in (self.scene, *(guest.scene for guest in self.looks.guests)):
            scene.forget_tiles()
        self._stopped = None
        self.client.renew()
        self._looks_changed()
        self.repaint.emit(QRect())

    @Slot()
    def recolour(self) -> None:
        """The colours of the screen are others now: paint all anew."""
        for scene in self.looks.scenes:
            scene.recolour()
        self.repaint.emit(QRect())

    def turn(self, picture: Picture, frames: list[Frame]) -> None:
        """Show another frame of a picture that plays, with what is there of it already."""
        self.state.turn(picture)
        for frame in frames:
            self.scene.add_frame(frame)
        self._aim()
        self._ask_frames()
        self.repaint.emit(QRect())

    def play(self, on: bool) -> None:
        """Ask nothing of the renderer while the picture plays: no frame stays long enough to become sharp."""
        picture = self.state.picture
        if on is self.playing:
            return
        self.playing = on
        self.asking.requests.forget()
        if on:
            self._close_image()
        elif picture is not None:
            self._open_image(picture)
            self.asking.soon()
        self.refresh()

    @property
    def waiting(self) -> bool:
        """True while some pane is to become sharp and nothing keeps it from that."""
        return any(not status.sharp and status.sentence is None for status in self.statuses)

    @property
    def fading(self) -> bool:
        """True while a tile of some pane is not quite there yet."""
        return any(scene.fading for scene in self.looks.scenes)

    @property
    def sharp(self) -> bool:
        """True when the view rests and every pane shows its final pixels."""
        if not self.statuses or self.motion.moving or self.fading:
            return False
        return all(status.sharp for status in self.statuses)

    # ---- changed facts ----

    @Slot()
    def _picture_changed(self) -> None:
        picture = self.state.picture
        self._close_image()
        self.asking.requests.forget()
        self._frames.forget()
        if not self.playing:
            self.motion.clear()
        self.scene.set_picture(picture)
        if picture is not None and not self.playing:
            self._open_image(picture)

    def _open_image(self, picture: Picture) -> None:
        self._image = picture.image
        self.client.open_image(picture.image, picture.pixels)

    def _close_image(self) -> None:
        if self._image is not None:
            self.client.close_image(self._image)
        self._image = None

    @Slot()
    def _view_changed(self) -> None:
        view = self.state.view
        if view is None:
            self.refresh()
            return
        shown = self.motion.shown
        zooming = shown is None or shown.scale != view.scale
        if self._glide:
            self.motion.glide(view, self._glide)
        else:
            self.motion.jump(view)
        self.asking.follow(zooming=zooming)
        self._aim()
        self._ask_frames()

    @Slot()
    def _looks_changed(self) -> None:
        self.asking.requests.failures.clear()
        self._arrange()

    @Slot()
    def _guests_changed(self) -> None:
        self.asking.requests.forget()
        self._looks_changed()

    @Slot()
    def _split_changed(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        self.areas = areas(self.state.layout, self._height, self._width, self.state.split, self._gap)
        view, part = self.state.view, self.areas[0].view
        if view is not None and (view.view_height, view.view_width) != (part.height, part.width):
            fitted = view.is_fitted
            view = view.resized(part.height, part.width)
            self.go(view.fitted() if fitted else view, animate=False)
            return
        self._aim()
        self._ask_frames()
        self.asking.soon()
        self.repaint.emit(QRect())

    @Slot()
    def _moved(self) -> None:
        self.repaint.emit(QRect())

    # ---- aiming ----

    def _aim(self) -> None:
        """Point every pane at the target view."""
        for area in self.areas if self.state.picture is not None else ():
            if (view := self.looks.view(area.pane)) is not None:
                self.looks.scene(area.pane).aim(area.pane, self.looks.model(area.pane), view, area.seen(view))
        self.refresh()

    def _ask_frames(self) -> None:
        if self.state.view is not None:
            self.looks.ask_guest_frames()
            self._frames.ask()

    def _unplayed(self) -> tuple[Area, ...]:
        """The panes that are to become sharp: all, unless there is nothing in them or it plays."""
        return () if self.state.picture is None or self.playing else self.areas

    @Slot()
    def _renderer_restarted(self) -> None:
        self._stopped = None

    @Slot(str)
    def _renderer_stopped(self, sentence: str) -> None:
        self._stopped = sentence
        self.refresh()

    # ---- results ----

    @Slot(object)
    def _frame_ready(self, frame: Frame) -> None:
        if any(scene.add_frame(frame) for scene in self.looks.scenes):  # a frame is of one of them
            self.refresh()
            self.repaint.emit(QRect())
            if self._frames.asked_last(frame):
                self._ask_frames()  # a late frame may have pushed out the one that was there already

    @Slot(object)
    def _tile_done(self, message: TileDone) -> None:
        self.asking.requests.made(message)
        panes = [pane for scene in self.looks.scenes for pane in scene.add_tile(message.key, message.pixels)]
        if not panes:
            return
        for area in () if self.motion.moving else self.areas:  # the next step of a movement repaints everything
            view = self.looks.view(area.pane)
            if area.pane in panes and view is not None:
                rest = view.rested()
                tile = message.key.window.moved(area.view.top - int(rest.top), area.view.left - int(rest.left))
                self.repaint.emit(QRect(tile.left, tile.top, TILE, TILE))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Say anew what every pane shows."""
        statuses = tuple(self._status(area) for area in self.areas) if self.state.view is not None else ()
        facts = (statuses, self.motion.moving, self.fading)
        if facts != self._told:
            self.statuses, self._told = statuses, facts
            self.status_changed.emit()

    def _status(self, area: Area) -> PaneStatus:
        model = self.looks.model(area.pane)
        status = status_of(self.looks, area, self.state.methods[area.pane], model)
        if model is None:
            return status
        requests = self.asking.requests
        time_taken = requests.cost(tiles_of(self.looks, area, model)) if status.sharp else None
        sentence = tr(PLAYING) if self.playing else self._stopped or requests.failures.get(area.pane)
        return replace(status, milliseconds=time_taken, sentence=sentence)
