"""When the renderer is asked, and for what: once a zoom has ended, at a pace while dragging, ahead when all rests."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from diif_viewer.engine.messages import PrepareView, Ready, ViewDone, ViewFailed
from diif_viewer.ui.compare import Area
from diif_viewer.ui.language import tr
from diif_viewer.ui.looks import Looks
from diif_viewer.ui.reduced import method_of
from diif_viewer.ui.renderer_client import RendererClient
from diif_viewer.ui.requests import Requests, Wish
from diif_viewer.ui.state import ViewerState
from diif_viewer.viewport import Viewport

QUIET = 28
"""Milliseconds without a change of scale before the renderer is asked: a spinning wheel asks once, at its end."""

PAN_PACE = 50
"""Milliseconds between two requests while the view is dragged about: what comes into sight is asked for meanwhile."""

AHEAD = 200
"""Milliseconds of rest after which the tiles just out of sight are made, so that a pan finds them there."""


class Asking(QObject):
    """Asks for what the panes lack. answered (no payload): a view is finished, or will not be; see `requests`."""

    answered = Signal()

    def __init__(
        self,
        state: ViewerState,
        looks: Looks,
        client: RendererClient,
        parent: QObject,
        *,
        areas: Callable[[], tuple[Area, ...]],
        sharp: Callable[[], bool],
    ) -> None:
        """areas: the panes on the canvas that are to become sharp. sharp: True when they all are, and rest."""
        super().__init__(parent)
        self._state, self._looks, self._client = state, looks, client
        self._areas, self._sharp = areas, sharp
        self.requests = Requests(client)
        self._asked_at = 0.0
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self.ask)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(AHEAD)
        self._rest.timeout.connect(self._look_ahead)
        client.view_done.connect(self._done)
        client.view_failed.connect(self._failed)
        client.restarted.connect(self.ask_anew)
        client.ready.connect(self._renderer_ready)

    # ---- when ----

    def soon(self) -> None:
        """Ask once all that happens now has happened."""
        self._quiet.start(0)

    def follow(self, *, zooming: bool) -> None:
        """The view changed: ask in time, and for nothing that nobody will see."""
        self.requests.failures.clear()
        self._rest.stop()
        if zooming:
            self.requests.withdraw()  # leave the processor to the fallback
            self._quiet.start(QUIET)
        elif not self._quiet.isActive():
            waited = 1000 * (time.monotonic() - self._asked_at)
            self._quiet.start(max(0, int(PAN_PACE - waited)))

    @Slot()
    def ask(self) -> None:
        """Ask now."""
        self._asked_at = time.monotonic()
        self.requests.ask(self._wishes())
        self._rest.start()

    @Slot()
    def ask_anew(self) -> None:
        """Ask now, of a renderer that knows nothing of what was asked before."""
        self.requests.forget()
        self.ask()

    def stop(self) -> None:
        """Let every pane stay as it is until the view, or what is seen of it, changes."""
        self._quiet.stop()
        self.requests.stop(self._wishes(), tr("Stopped. Move or zoom to have it sharpened."))
        self.answered.emit()

    # ---- what ----

    def _wishes(self) -> list[Wish]:
        wishes = []
        for area in self._areas():
            view, picture = self._looks.view(area.pane), self._looks.picture(area.pane)
            if view is not None and picture is not None:
                model, scene = self._looks.model(area.pane), self._looks.scene(area.pane)
                wishes.append(Wish(area.pane, picture.image, model, view, area.seen(view), scene))
        return wishes

    def foresee(self, view: Viewport) -> None:
        """A zoom that begins now will lead to about `view`, or into it: have that encoded meanwhile."""
        if self._quiet.isActive() or not self._client.running:
            return
        for area in self._areas():
            picture, model = self._looks.picture(area.pane), method_of(self._state.methods[area.pane])
            if picture is not None and model.is_model and picture is self._state.picture:
                view = view.clamped()
                self._client.send(PrepareView(picture.image, model.name, view.scale, area.seen(view)))
                return

    def progress(self) -> tuple[object, int, int]:
        """(something that is equal for the same view, tiles of it that are there, tiles that it has)."""
        return self.requests.progress(self._wishes())

    @Slot()
    def _look_ahead(self) -> None:
        if self._sharp():
            self.requests.look_ahead(self._wishes())

    # ---- answers ----

    @Slot(object)
    def _renderer_ready(self, ready: Ready) -> None:
        del ready
        self.ask()

    @Slot(object)
    def _done(self, message: ViewDone) -> None:
        if self.requests.done(message):
            self.answered.emit()
            self.requests.ask_again(self._wishes())
            self._rest.start()

    @Slot(object)
    def _failed(self, message: ViewFailed) -> None:
        if self.requests.failed(message):
            self.answered.emit()
