"""What each pane looks at: a picture, the scene that holds what has been computed of it, and a view of it.

Usually all panes look at the open picture through the one viewport; a guest (`guests`) has its own of each.
"""

from __future__ import annotations

from PySide6.QtCore import QObject

from diif_viewer.ui.guests import Guest, Guests, beside
from diif_viewer.ui.motion import Motion
from diif_viewer.ui.reduced import method_of
from diif_viewer.ui.renderer_client import RendererClient
from diif_viewer.ui.scene import Scene
from diif_viewer.ui.state import Picture, ViewerState
from diif_viewer.viewport import Viewport


class Looks:
    """Answers by pane. own: the open picture's scene."""

    def __init__(self, state: ViewerState, motion: Motion, own: Scene, client: RendererClient, parent: QObject) -> None:
        self._state, self._motion, self.own = state, motion, own
        self.guests = Guests(state, client, parent)

    def picture(self, pane: int) -> Picture | None:
        """The picture that it shows."""
        guest = self.guests.of(pane)
        return self._state.picture if guest is None else guest.picture

    def model(self, pane: int) -> str | None:
        """The model that makes its tiles; None where a frame is the final picture."""
        view, method = self.view(pane), self._state.methods[pane]
        return method if view is not None and view.scale > 1 and method_of(method).is_model else None

    def scene(self, pane: int) -> Scene:
        """What has been computed of that."""
        guest = self.guests.of(pane)
        return self.own if guest is None else guest.scene

    def view(self, pane: int) -> Viewport | None:
        """The view of that picture to which it goes."""
        return self._beside(self.guests.of(pane), self._state.view)

    def shown(self, pane: int) -> Viewport | None:
        """The view that it shows now, on the way there; at rest on the lattice, as `Motion` has it."""
        guest, shown = self.guests.of(pane), self._motion.shown
        if guest is None or shown is None or self._motion.moving:
            return self._beside(guest, shown)
        view = self.view(pane)
        return None if view is None else view.rested()

    @property
    def scenes(self) -> list[Scene]:
        """All of them."""
        return [self.own, *(guest.scene for guest in self.guests)]

    @property
    def own_methods(self) -> list[str]:
        """What the panes that show the open picture show it by."""
        return [method for pane, method in enumerate(self._state.methods) if self.guests.of(pane) is None]

    def ask_guest_frames(self) -> None:
        """Have the frames of every guest on screen made."""
        for guest in self.guests:
            methods = [m for pane, m in enumerate(self._state.methods) if self.guests.of(pane) is guest]
            view = self._beside(guest, self._state.view)
            if methods and view is not None:
                guest.ask_frames(methods, view)

    def _beside(self, guest: Guest | None, view: Viewport | None) -> Viewport | None:
        if guest is None or view is None:
            return view
        return beside(view, guest.picture, by_place=self.guests.by_place)
