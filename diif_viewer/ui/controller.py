"""From changed facts to requests, from results to the canvas.

Story of a gesture: the view changes -> `Motion` glides there -> the fallback of the *target* is asked for at
once -> after a short quiet (long before the animation ends) each pane's newest request goes to the renderer,
with the tiles it need not send -> every tile goes to the cache, and to the canvas if a pane shows it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, QRect, QTimer, Signal, Slot

from diif_viewer.engine.messages import PrepareView, Ready, TileDone, ViewDone, ViewFailed
from diif_viewer.engine.tiles import TILE
from diif_viewer.ui.compare import Area, areas
from diif_viewer.ui.fallback import Fallback, Frame
from diif_viewer.ui.language import tr
from diif_viewer.ui.looks import Looks
from diif_viewer.ui.motion import Motion
from diif_viewer.ui.own_frames import OwnFrames
from diif_viewer.ui.reduced import method_of
from diif_viewer.ui.renderer_client import RendererClient
from diif_viewer.ui.requests import Requests, Wish
from diif_viewer.ui.scene import Scene
from diif_viewer.ui.state import Picture, ViewerState
from diif_viewer.ui.statuses import PLAYING, PaneStatus, status_of
from diif_viewer.viewport import Viewport

QUIET = 28
"""Milliseconds without a change of scale before the renderer is asked: a spinning wheel asks once, at its end."""

PAN_PACE = 50
"""Milliseconds between two requests while the view is dragged about: what comes into sight is asked for meanwhile."""

AHEAD = 200
"""Milliseconds of rest after which the tiles just out of sight are made, so that a pan finds them there."""


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
        self._requests = Requests(client)
        self._stopped: str | None = None
        self._frames = OwnFrames(state, self.looks, fallback)
        self._asked_at = 0.0
        self._animate = False
        self._image: int | None = None
        self.playing = False
        self._told: object = None
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self._ask)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(AHEAD)
        self._rest.timeout.connect(self._look_ahead)
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
        self.client.view_done.connect(self._view_done)
        self.client.view_failed.connect(self._view_failed)
        self.client.restarted.connect(self._ask_anew)
        self.client.stopped.connect(self._renderer_stopped)
        self.client.ready.connect(self._renderer_ready)

    # ---- orders from the window ----

    def resize(self, height: int, width: int, gap: int) -> None:
        """The canvas has another size, in device pixels."""
        self._height, self._width, self._gap = height, width, gap
        self._arrange()

    def go(self, view: Viewport, *, animate: bool) -> None:
        """Go to `view`, clamped to the picture."""
        self._animate = animate
        self.state.set_view(view.clamped())
        self._animate = False  # also where it was there already

    def renew(self) -> None:
        """Make everything sharp anew in another process: on another device, or without a model that is gone."""
        self._requests.forget()
        self._requests.rates.clear()
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

    @property
    def rates(self) -> Mapping[str, float]:
        """Megapixels per second of the fastest whole view by each model, on this renderer's device."""
        return self._requests.rates

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
        self._requests.forget()
        if on:
            self._close_image()
        elif picture is not None:
            self._open_image(picture)
            self._quiet.start(0)
        self.refresh()

    def foresee(self, view: Viewport) -> None:
        """A zoom that begins now will lead to about `view`, or into it: have that encoded meanwhile."""
        if self._quiet.isActive() or self.playing or not self.client.running:
            return
        for area in self.areas:
            picture, model = self.looks.picture(area.pane), method_of(self.state.methods[area.pane])
            if picture is not None and model.is_model and picture is self.state.picture:
                view = view.clamped()
                self.client.send(PrepareView(picture.image, model.name, view.scale, area.seen(view)))
                return

    @property
    def waiting(self) -> bool:
        """True while some pane is to become sharp and nothing keeps it from that."""
        return any(not status.sharp and status.sentence is None for status in self.statuses)

    def progress(self) -> tuple[object, int, int]:
        """(something that is equal for the same view, tiles of it that are there, tiles that it has)."""
        return self._requests.progress(self._wishes())

    def stop(self) -> None:
        """Let every pane stay as it is until the view, or what is seen of it, changes."""
        self._quiet.stop()
        self._requests.stop(self._wishes(), tr("Stopped. Move or zoom to have it sharpened."))
        self.refresh()

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
        self._requests.forget()
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
        if self._animate:
            self.motion.glide(view)
        else:
            self.motion.jump(view)
        self._requests.failures.clear()
        self._rest.stop()
        self._aim()
        self._ask_frames()
        if zooming:
            self._requests.withdraw()  # leave the processor to the fallback
            self._quiet.start(QUIET)
        elif not self._quiet.isActive():
            waited = 1000 * (time.monotonic() - self._asked_at)
            self._quiet.start(max(0, int(PAN_PACE - waited)))

    @Slot()
    def _looks_changed(self) -> None:
        self._requests.failures.clear()
        self._arrange()

    @Slot()
    def _guests_changed(self) -> None:
        self._requests.forget()
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
        self._quiet.start(0)
        self.repaint.emit(QRect())

    @Slot()
    def _moved(self) -> None:
        self.repaint.emit(QRect())

    # ---- asking ----

    def _aim(self) -> None:
        """Point every pane at the target view."""
        for area in self.areas if self.state.picture is not None else ():
            if (view := self.looks.view(area.pane)) is not None:
                self.looks.scene(area.pane).aim(area.pane, self._model(area.pane), view, area.seen(view))
        self.refresh()

    def _model(self, pane: int) -> str | None:
        view = self.looks.view(pane)
        method = self.state.methods[pane]
        return method if view is not None and view.scale > 1 and method_of(method).is_model else None

    def _ask_frames(self) -> None:
        if self.state.view is not None:
            self.looks.ask_guest_frames()
            self._frames.ask()

    def _wishes(self) -> list[Wish]:
        if self.state.picture is None or self.playing:
            return []
        wishes = []
        for area in self.areas:
            view, picture = self.looks.view(area.pane), self.looks.picture(area.pane)
            if view is not None and picture is not None:
                scene, model = self.looks.scene(area.pane), self._model(area.pane)
                wishes.append(Wish(area.pane, picture.image, model, view, area.seen(view), scene))
        return wishes

    @Slot()
    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        self._requests.ask(self._wishes())
        self._rest.start()

    @Slot()
    def _look_ahead(self) -> None:
        if self.sharp:
            self._requests.look_ahead(self._wishes())

    @Slot()
    def _ask_anew(self) -> None:
        self._stopped = None
        self._requests.forget()
        self._ask()

    @Slot(object)
    def _renderer_ready(self, ready: Ready) -> None:
        del ready
        self._ask()

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

    @Slot(object)
    def _view_done(self, message: ViewDone) -> None:
        if self._requests.done(message):
            self.refresh()
            self._requests.ask_again(self._wishes())
            self._rest.start()

    @Slot(object)
    def _view_failed(self, message: ViewFailed) -> None:
        if self._requests.failed(message):
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
        model = self._model(area.pane)
        status = status_of(self.looks, area, self.state.methods[area.pane], model)
        if model is None:
            return status
        time_taken = self._requests.times.get((model, status.scale)) if status.sharp else None
        sentence = tr(PLAYING) if self.playing else self._stopped or self._requests.failures.get(area.pane)
        return replace(status, milliseconds=time_taken, sentence=sentence)
