"""The real window driven by a script, and what it was like: smoothness, time to sharp, memory.

Story: `measure` opens a picture, turns the wheel from the fit to x30 and drags the view about, then lets a gesture end
at each of several scales and waits for the last sharp tile. It belongs into a fresh process: peaks of memory never
fall.
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QPointF
from PySide6.QtWidgets import QApplication

from diif_viewer.errors import DiifViewerError
from diif_viewer.ui import theme
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.hands import mouse, pause, wait, wheel
from diif_viewer.ui.navigation import NOTCH
from diif_viewer.ui.state import Picture
from diif_viewer.ui.watch import Watch, peaks

SCALES = (1.2, 2.0, 4.0, 8.0, 16.0, 30.0)
PACE = 16
"""Milliseconds between two events of a hand."""

BREATH = 400
"""Milliseconds between two gestures, in which work in the background comes to rest."""

FRAME = 16.7
"""Milliseconds between two frames of a screen of 60 Hz."""

STEP = (7.0, 4.0)
"""Logical pixels (x, y) between two events of a drag."""

ELSEWHERE = 1.01
"""A view of this part of a scale shares no tile with it, and almost all of its features."""


Times = tuple[float, ...]
"""Milliseconds from the last event: first paint, first tile, half of the tiles, last tile, sharp."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """A gesture of many events. Times in milliseconds.

    longest_stall: of the GUI thread, from the first event until the view rests. longest_work: the most processor time
    that it took between two looks at its events, which other programs do not lengthen. frame_95: 95 % of the gaps
    between repaints are at most this. in_time: percent of them that a screen of 60 Hz would have shown in time. sharp:
    from the last event until everything is sharp.
    """

    gesture: str
    longest_stall: float
    longest_work: float
    frames: int
    frame_95: float
    in_time: float
    sharp: float


@dataclass(frozen=True, slots=True)
class Sharp:
    """A gesture that ends at `scale`. Milliseconds from its last event, medians; slowest: of `sharp`.

    encoded: whether the region had been looked at before, at another scale. first_paint: of anything that the event
    changed. first_tile, half, last_tile: the arrival of sharp ones.
    sharp: the view rests and its last sharp tile has been painted.
    """

    scale: float
    encoded: bool
    first_paint: float
    first_tile: float
    half: float
    last_tile: float
    sharp: float
    slowest: float


def measure(
    path: Path,
    *,
    size: tuple[int, int] = (720, 1280),
    scales: Sequence[float] = SCALES,
    events: int = 60,
    repeats: int = 3,
    make: Callable[[], Viewer] = Viewer,
) -> dict[str, Any]:
    """Drive the window on the picture at `path`: plain values for JSON.

    size: (height, width) of the canvas in device pixels. -> {"picture", "size", "window", "device", "gestures":
    [Gesture], "memory": bytes of {"window", "renderer", "together"} at the most, "sharp": [Sharp]}. The picture's own
    pixels are shared memory and count in both processes. Raises DiifViewerError when the picture cannot be shown.
    """
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply(application)
    script = _Script(make(), size)
    try:
        script.open(path)
        script.timed_zoom(4.0)  # the first view of all loads the weights
        script.fit()
        gestures = [script.long_zoom(30.0, events), script.pan(events)]
        abandoned = statistics.median(script.abandoned(8.0 + number) for number in range(repeats))
        memory = peaks()
        return {
            "picture": path.name,
            "size": list(script.picture_size),
            "window": list(script.canvas_size),
            "device": script.device,
            "gestures": [asdict(gesture) for gesture in gestures],
            "abandoned": abandoned,
            "memory": memory,
            "sharp": [asdict(found) for scale in scales for found in script.times_to_sharp(path, scale, repeats)],
        }
    finally:
        script.close()


class _Script:
    """Hands and eyes."""

    def __init__(self, viewer: Viewer, size: tuple[int, int]) -> None:
        self.viewer = viewer
        self._size = size
        self._watch = Watch(viewer)

    @property
    def picture_size(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        picture = self.viewer.state.picture
        assert picture is not None
        return picture.height, picture.width

    @property
    def device(self) -> str:
        """What the renderer computes with, for people."""
        return self._watch.device

    @property
    def canvas_size(self) -> tuple[int, int]:
        """(height, width) of the canvas in device pixels."""
        return self.viewer.window.canvas.device_size()

    def open(self, path: Path) -> None:
        """Show the window on the picture and bring the canvas to its size."""
        window, canvas = self.viewer.window, self.viewer.window.canvas
        self.viewer.show(path)
        self._wait_for_picture(None)
        ratio = canvas.devicePixelRatioF()
        height, width = self._size
        more = round(width / ratio) - canvas.width(), round(height / ratio) - canvas.height()
        window.resize(window.width() + more[0], window.height() + more[1])
        self.fit()

    def reopen(self, path: Path) -> None:
        """The same picture once more, with nothing encoded."""
        old = self.viewer.state.picture
        self.viewer.window.open_path(path)
        self._wait_for_picture(old)
        self.fit()

    def close(self) -> None:
        """End the window and its process."""
        self.viewer.window.close()
        self.viewer.shutdown()

    def fit(self) -> None:
        """Show the whole picture and let everything come to rest."""
        self.viewer.window.navigator.zoom_to(None)
        wait(lambda: self.viewer.controller.sharp)
        pause(BREATH)

    def times_to_sharp(self, path: Path, scale: float, repeats: int) -> list[Sharp]:
        """From the fit to `scale`: with the region not encoded (where the fit needs no features), then encoded."""
        view = self.viewer.state.view
        assert view is not None
        self.viewer.scene.fade = 0.0  # the last tile counts, not how softly it comes
        found: dict[bool, list[Times]] = {False: [], True: []}
        for _ in range(repeats if scale > view.fit_scale else 0):
            self.reopen(path)
            found[view.fit_scale > 1].append(self.timed_zoom(scale))
            self.fit()
            found[True].append(self.timed_zoom(scale * ELSEWHERE))
        return [_summed(scale, encoded, times) for encoded, times in found.items() if times]

    def timed_zoom(self, scale: float) -> Times:
        """A short turn of the wheel to `scale`: milliseconds from its end."""
        ended = self._turn_to(scale, 12)
        sharp, last, view = self._wait_for_sharp(), self._watch.complete, self.viewer.state.view
        assert view is not None
        assert last is not None
        tiles = [when for when, of in self._watch.tiles if of == view.scale] or [last]
        painted = next((when for when in self._watch.paints if when >= ended), sharp)
        whens = (painted, tiles[0], tiles[(len(tiles) - 1) // 2], last, sharp)
        return tuple(1000 * (when - ended) for when in whens)

    def abandoned(self, scale: float) -> float:
        """Supersede a request whose first tile has come: milliseconds until the last of its tiles came all the same."""
        self.fit()
        self._turn_to(scale, 4)
        asked = self.viewer.state.view
        assert asked is not None
        wait(lambda: any(of == asked.scale for _, of in self._watch.tiles) or self._watch.sharp is not None)
        ended = self._turn_to(scale * 1.5, 1)
        self._wait_for_sharp()
        late = [when for when, of in self._watch.tiles if of == asked.scale and when > ended]
        return 1000 * (late[-1] - ended) if late else 0.0

    def long_zoom(self, scale: float, events: int) -> Gesture:
        """Turn the wheel from here to `scale` in many small steps."""
        return self._gesture(f"zoom to x{scale:g}", lambda: self._turn_to(scale, events))

    def pan(self, events: int) -> Gesture:
        """Drag the picture about."""
        return self._gesture("pan", lambda: self._drag(events))

    def _gesture(self, name: str, move: Callable[[], float]) -> Gesture:
        viewer, watch = self.viewer, self._watch
        watch.paints.clear()
        viewer.window.stalls.start()
        ended = move()
        wait(lambda: not viewer.motion.moving)
        stalls, paints = viewer.window.stalls, list(watch.paints)
        stall, work = stalls.longest, stalls.busiest
        stalls.stop()
        sharp = self._wait_for_sharp()
        gaps = sorted(1000 * (later - earlier) for earlier, later in itertools.pairwise(paints))
        frame_95 = gaps[math.ceil(0.95 * len(gaps)) - 1] if gaps else 0.0
        in_time = 100 * sum(gap <= FRAME for gap in gaps) / max(1, len(gaps))
        return Gesture(name, stall, work, len(paints), frame_95, in_time, 1000 * (sharp - ended))

    def _turn_to(self, scale: float, events: int) -> float:
        """Turn the wheel over the middle until `scale` is aimed at; when the last event was sent."""
        view, canvas = self.viewer.state.view, self.viewer.window.canvas
        assert view is not None
        whole = 120 * math.log(scale / view.scale) / math.log(NOTCH)
        marks = [round(whole * step / events) for step in range(events + 1)]
        for earlier, later in itertools.pairwise(marks):
            pause(PACE)
            self._send(wheel(canvas, later - earlier))
        return time.perf_counter()

    def _drag(self, events: int) -> float:
        """Drag the picture to the upper left; when the last event was sent."""
        canvas = self.viewer.window.canvas
        start = QPointF(canvas.width() * 0.7, canvas.height() * 0.7)
        self._send(mouse(canvas, QEvent.Type.MouseButtonPress, start))
        point = start
        for _ in range(events):
            pause(PACE)
            point = QPointF(point.x() - STEP[0], point.y() - STEP[1])
            self._send(mouse(canvas, QEvent.Type.MouseMove, point))
        ended = time.perf_counter()
        QApplication.sendEvent(canvas, mouse(canvas, QEvent.Type.MouseButtonRelease, point))
        return ended

    def _send(self, event: QEvent) -> None:
        self._watch.aim()
        QApplication.sendEvent(self.viewer.window.canvas, event)

    def _wait_for_sharp(self) -> float:
        """When the last sharp pixel was painted."""
        wait(lambda: self._watch.sharp is not None)
        assert self._watch.sharp is not None
        return self._watch.sharp

    def _wait_for_picture(self, old: Picture | None) -> None:
        """Wait until another picture and the renderer are there. Raises DiifViewerError when the picture is not."""
        wait(lambda: self.viewer.state.picture is not old or bool(self._watch.failure))
        if self._watch.failure:
            raise DiifViewerError(self._watch.failure)
        wait(lambda: bool(self._watch.device))


def _summed(scale: float, encoded: bool, times: list[Times]) -> Sharp:
    """times: of each gesture."""
    paint, first, half, last, sharp = (statistics.median(kind) for kind in zip(*times, strict=True))
    return Sharp(scale, encoded, paint, first, half, last, sharp, max(slow for *_, slow in times))
