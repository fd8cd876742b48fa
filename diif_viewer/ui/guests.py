"""Pictures that single panes show instead of the one that is open, through the viewport that all panes share.

Two exports of one scene rarely have the same number of pixels. So the viewport is shared by *place*: a guest is as wide
on screen as the open picture, and the same part of the scene lies under the same point. By *pixel* instead, both are
shown at the same scale from the same corner, for pictures whose pixels mean the same.

A guest has a scene of its own, with its tiles and frames, and a thread that makes its frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from diif_viewer.ui.fallback import Fallback, FrameRequest
from diif_viewer.ui.renderer_client import RendererClient
from diif_viewer.ui.scene import Scene
from diif_viewer.ui.state import Picture, ViewerState, screen_method
from diif_viewer.viewport import Viewport

CACHE_BYTES = 96 * 2**20
"""Finished tiles kept for a guest, in bytes of pixels."""


@dataclass(slots=True, eq=False)
class Guest:
    """One of them. last: the frames that were asked for last."""

    picture: Picture
    scene: Scene
    fallback: Fallback = field(default_factory=Fallback)
    last: FrameRequest | None = None

    def ask_frames(self, methods: list[str], view: Viewport) -> None:
        """Have what a classic method gives of `view` made, unless it is there."""
        window = view.window
        kinds = dict.fromkeys(screen_method(method, view.scale) for method in methods)
        lacking = tuple(kind for kind in kinds if not self.scene.has_frame(kind, view.scale, window))
        request = FrameRequest(self.picture.image, self.picture.source, lacking, view.lattice, window)
        if lacking and window and request != self.last:
            self.last = request
            self.fallback.request(request)


def beside(view: Viewport, guest: Picture, *, by_place: bool) -> Viewport:
    """`view`, which is one of another picture, as one of `guest`: see the module."""
    if not by_place:
        return replace(view, height=guest.height, width=guest.width)
    scale = view.scale * view.width / guest.width
    taller = guest.height * scale - view.height * view.scale  # where the shapes differ, their middles meet
    return replace(view, height=guest.height, width=guest.width, scale=scale, top=view.top + taller / 2)


class Guests(QObject):
    """By pane. changed: another pane shows another picture, or another place; no payload. frame_ready: a Frame.
    frame_failed: one sentence.

    by_place: how the viewport is shared.
    """

    changed = Signal()
    frame_ready = Signal(object)
    frame_failed = Signal(str)

    def __init__(self, state: ViewerState, client: RendererClient, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._client = state, client
        self._held: dict[int, Guest] = {}
        self.by_place, self.room = True, CACHE_BYTES

    def __bool__(self) -> bool:
        """True when a pane that is on screen has one."""
        return any(pane < self._state.layout.panes - 1 for pane in self._held)

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._held.values()))

    def of(self, pane: int) -> Guest | None:
        """The guest of a pane; while flipped that of the next one. The main pane shows the open picture."""
        panes = self._state.layout.panes
        chosen = (pane + 1) % panes if self._state.flipped else pane
        return self._held.get(chosen) if chosen < panes - 1 else None

    @property
    def pictures(self) -> dict[int, Picture]:
        """Those that there are, by pane; also of panes that the layout does not show."""
        return {pane: guest.picture for pane, guest in sorted(self._held.items())}

    def put(self, pane: int, picture: Picture, fade: float = 0.0) -> None:
        """Show `picture` in `pane`, which is not the main one. fade: seconds that its tiles take to come."""
        self._drop(pane)
        guest = Guest(picture, Scene(self.room))
        guest.scene.fade = fade
        guest.scene.set_picture(picture)
        guest.fallback.frame_ready.connect(self.frame_ready)
        guest.fallback.frame_failed.connect(self.frame_failed)
        self._held[pane] = guest
        self._client.open_image(picture.image, picture.pixels)
        self._state.set_foreign(set(self._held))
        self.changed.emit()

    def clear(self) -> None:
        """Show the open picture in every pane."""
        if self._held:
            self.shutdown()
            self.changed.emit()

    def share_by(self, *, place: bool) -> None:
        """Share the viewport by place, or by pixel."""
        self.by_place = place
        self.changed.emit()

    def shutdown(self) -> None:
        """Let all of them go; returns when their threads have ended."""
        for pane in list(self._held):
            self._drop(pane)

    def _drop(self, pane: int) -> None:
        guest = self._held.pop(pane, None)
        if guest is not None:
            self._state.set_foreign(set(self._held))
            guest.fallback.shutdown()
            guest.fallback.deleteLater()
            self._client.close_image(guest.picture.image)
