"""Which frames of the open picture are wanted: of the target view, by what its panes show, unless they are there."""

from __future__ import annotations

from diif_viewer.ui.fallback import Fallback, Frame, FrameRequest
from diif_viewer.ui.looks import Looks
from diif_viewer.ui.reduced import TRUTH
from diif_viewer.ui.state import ViewerState, screen_method

PAN_MARGIN = 96
"""Device pixels around the view that a frame covers while panning, so that not every step needs a new one."""


class OwnFrames:
    """Asks the fallback's thread; the newest wish counts."""

    def __init__(self, state: ViewerState, looks: Looks, fallback: Fallback) -> None:
        self._state, self._looks, self._fallback = state, looks, fallback
        self._last: FrameRequest | None = None

    def forget(self) -> None:
        """Start afresh, for another picture."""
        self._last = None

    def ask(self) -> None:
        """Have what is missing made."""
        view, picture = self._state.view, self._state.picture
        if view is None or picture is None:
            return
        window = view.window
        kinds = dict.fromkeys(screen_method(method, view.scale) for method in self._looks.own_methods)
        if picture.reduced is not None and view.scale > 1:
            kinds[TRUTH] = None  # what the panes are measured against
        kinds = {kind: None for kind in kinds if not self._looks.own.has_frame(kind, view.scale, window)}
        if not kinds or not window:
            return
        if self._last is not None and self._last.lattice.x.scale == view.scale:
            window = window.grown(PAN_MARGIN).intersected(view.lattice.window)
        request = FrameRequest(picture.image, picture.source, tuple(kinds), view.lattice, window)
        if request != self._last:
            self._last = request
            self._fallback.request(request)

    def asked_last(self, frame: Frame) -> bool:
        """True when `frame` is what was asked for last."""
        last = self._last
        return last is not None and (frame.scale, frame.window) == (last.lattice.x.scale, last.window)
