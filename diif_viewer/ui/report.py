"""What an end-to-end test can read: the window's accessible description, and a JSON file when asked for.

The environment variable DIIF_VIEWER_STATUS names a file; it is replaced as a whole on every change:
``{"picture", "page": [which, of how many], "size": [height, width], "scale", "origin": [top, left],
"window": [top, left, bottom, right], "method", "methods", "layout", "sharp", "playing", "brightness", "panes":
[{"method", "sharp", "milliseconds", "sentence", and "psnr", "ssim" where the truth is known}], "device", "message",
"longest_stall_ms"}``. size, origin and window are in device pixels of one pane's view and of the lattice of `scale`;
brightness in stops, 0 for what the file says; message is the sentence of the error page or of the notice, "" when there
is none.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import tr
from diif_viewer.ui.reduced import label_of
from diif_viewer.ui.scores import Scores
from diif_viewer.ui.screen_colour import SCREEN
from diif_viewer.ui.stall import StallMeter
from diif_viewer.ui.zoom_text import format_zoom

VARIABLE = "DIIF_VIEWER_STATUS"


class Report:
    """Gathers the facts. stalls: None where nobody measures them."""

    def __init__(self, controller: Controller, stalls: StallMeter | None, scores: Scores | None = None) -> None:
        self._controller, self._stalls, self._scores = controller, stalls, scores
        name = os.environ.get(VARIABLE)
        self._path = Path(name) if name else None
        self._last = ""

    @property
    def wanted(self) -> bool:
        """True when a file is asked for."""
        return self._path is not None

    def sentence(self) -> str:
        """The state in words, for screen readers."""
        state = self._controller.state
        if state.picture is None or state.view is None:
            return tr("No picture")
        labels = tr(" beside ").join(label_of(method) for method in state.methods)
        sharp = tr("sharp") if self._controller.sharp else tr("preview")
        return f"{state.picture.name}, {format_zoom(state.view.scale)}, {labels}, {sharp}"

    def facts(self, device: str, message: str) -> dict[str, Any]:
        """The contents of the file."""
        state, statuses = self._controller.state, self._controller.statuses
        facts: dict[str, Any] = {
            "picture": None if state.picture is None else state.picture.name,
            "page": None if state.picture is None else [state.picture.page + 1, state.picture.pages],
            "method": state.methods[state.active],
            "methods": list(state.methods),
            "layout": state.layout.value,
            "sharp": self._controller.sharp,
            "playing": self._controller.playing,
            "brightness": SCREEN.stops,
            "panes": [
                {"method": s.method, "sharp": s.sharp, "milliseconds": s.milliseconds, "sentence": s.sentence}
                | ({"picture": s.name} if s.name else {})
                | self._score(pane)
                for pane, s in enumerate(statuses)
            ],
            "device": device,
            "message": message,
            "longest_stall_ms": None if self._stalls is None else round(self._stalls.longest, 1),
        }
        if state.view is not None:
            view, window = state.view.rested(), state.view.window
            facts |= {
                "scale": view.scale,
                "origin": [int(view.top), int(view.left)],
                "window": [window.top, window.left, window.bottom, window.right],
                "size": [view.view_height, view.view_width],
            }
        return facts

    def _score(self, pane: int) -> dict[str, float | None]:
        score = None if self._scores is None else self._scores.of(pane)
        if score is None or math.isinf(score.psnr):
            return {}
        return {"psnr": round(score.psnr, 2), "ssim": None if score.ssim is None else round(score.ssim, 4)}

    def write(self, device: str, message: str) -> None:
        """Replace the file, if one is asked for and the facts changed; a disk that is full stops nobody."""
        if self._path is None:
            return
        text = json.dumps(self.facts(device, message))
        if text == self._last:
            return
        self._last = text
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(self._path)
        except OSError:
            draft.unlink(missing_ok=True)
