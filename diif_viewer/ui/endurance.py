"""How much memory the window and its renderer hold, driven by a script: stage by stage, and over very many views.

Memory is what both processes hold together, with what they share (the picture) counted once.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtWidgets import QApplication

from diif_viewer.engine.messages import Ready
from diif_viewer.errors import DiifViewerError
from diif_viewer.memory import resident
from diif_viewer.ui import theme
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.hands import pause, wait
from diif_viewer.ui.navigation import NOTCH

EVERY = 0.02
"""Seconds between two looks at the memory."""

PLACES = 10
SCALE, LOWEST = 30.0, 1.05
WARM_UP = 0.2, 250
"""Part of the random views, and how many at least, after which what is kept by kind is kept, and growth counts."""

SETTLED = 10.0
"""Seconds of rest after which the renderer has given back what it kept for the next tile only."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes that the window's process and its renderer hold. tiles: the part of the window's that is finished tiles."""

    window: int
    renderer: int
    tiles: int = 0

    @property
    def together(self) -> int:
        """Bytes of both."""
        return self.window + self.renderer

    def __str__(self) -> str:
        """In MiB, for people."""
        parts = f"window {self.window / 2**20:.0f}, of which tiles {self.tiles / 2**20:.0f}"
        return f"{self.together / 2**20:.0f} MiB ({parts}; renderer {self.renderer / 2**20:.0f})"


@dataclass(frozen=True, slots=True)
class Stage:
    """Bytes that both processes held at the most in a stage, and when it was over; `at_end` says which held what."""

    stage: str
    peak: int
    after: int
    at_end: Held


class Peaks:
    """Looks at the memory of this process and its children all the time, in a thread of its own."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(EVERY):
            self._peak = max(self._peak, held().together)

    def end_stage(self, name: str, tiles: int = 0) -> Stage:
        """Note the stage that is over, and begin the next one. tiles: bytes of finished tiles in the window."""
        now = held(tiles=tiles)
        self.stages.append(Stage(name, max(self._peak, now.together), now.together, now))
        self._peak = 0
        return self.stages[-1]


def held(*, files: bool = True, tiles: int = 0) -> Held:
    """What this process and its children hold. files: as for `resident`. tiles: handed on.

    Raises DiifViewerError where the system does not tell.
    """
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    window, renderer = resident([os.getpid()], files=files), resident(children, files=files)
    if window is None or renderer is None:
        raise DiifViewerError("This system does not tell how much memory processes share; Linux does.")
    return Held(window, renderer, tiles)


def measure_memory(
    path: Path,
    *,
    size: tuple[int, int] = (720, 1280),
    places: int = PLACES,
    views: int = 0,
    seed: int = 0,
    make: Callable[[], Viewer] = Viewer,
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Open the picture at `path`, look at `places` of it at x30, then at random `views` at random scales.

    size: (height, width) of the canvas in logical pixels. Random scales are those that a wheel reaches, notch by notch.
    Every other random view is left before it is sharp, as people do. -> plain values for JSON: {"picture", "size",
    "stages": [Stage], "views": how many, "growth": by how much both processes grew, at rest, since `WARM_UP` of them;
    None without any}. It belongs into a fresh process. Raises DiifViewerError when the picture cannot be shown.
    """
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply(application)
    with Peaks() as peaks:
        walk = _Walk(make(), peaks, random.Random(seed), report)
        try:
            walk.open(path, size)
            for number in range(places):
                walk.visit(SCALE)
                walk.end_stage(f"x{SCALE:g}, place {number + 1}")
            growth = walk.wander(views) if views else None
            picture = walk.viewer.state.picture
            assert picture is not None
            return {
                "picture": path.name,
                "size": [picture.height, picture.width],
                "stages": [asdict(stage) for stage in peaks.stages],
                "views": views,
                "growth": growth,
            }
        finally:
            walk.viewer.window.close()
            walk.viewer.shutdown()


class _Walk:
    """Goes from view to view."""

    def __init__(self, viewer: Viewer, peaks: Peaks, dice: random.Random, report: Report) -> None:
        self.viewer = viewer
        self._peaks, self._dice, self._report = peaks, dice, report
        self._failure = ""
        self._ready: list[Ready] = []
        viewer.loader.failed.connect(self._failed)
        viewer.client.ready.connect(self._ready.append)

    def _failed(self, failure: Any) -> None:
        self._failure = failure.sentence

    def end_stage(self, name: str) -> None:
        """Note and say what was held."""
        stage = self._peaks.end_stage(name, self._tiles)
        self._report(f"{name}: {stage.peak / 2**20:.0f} MiB at the most; after it {stage.at_end}")

    @property
    def _tiles(self) -> int:
        return self.viewer.scene.cache.bytes

    def open(self, path: Path, size: tuple[int, int]) -> None:
        """Show the window, then the picture, then wait for the renderer."""
        viewer = self.viewer
        viewer.window.show()
        pause(200)
        self.end_stage("window")
        viewer.show(path)
        wait(lambda: viewer.state.picture is not None or bool(self._failure))
        if self._failure:
            raise DiifViewerError(self._failure)
        window, canvas = viewer.window, viewer.window.canvas
        window.resize(window.width() + size[1] - canvas.width(), window.height() + size[0] - canvas.height())
        self.end_stage("picture opened")
        wait(lambda: bool(self._ready))
        self._sharp()
        pause(1000)
        self.end_stage("renderer ready, whole picture in view")

    def visit(self, scale: float, *, stay: bool = True) -> None:
        """Look at a random place at `scale`; until it is sharp, or for a moment."""
        view = self.viewer.state.view
        assert view is not None
        place = self._dice.uniform(0, view.width), self._dice.uniform(0, view.height)
        self.viewer.controller.go(view.at_scale(scale).centred_on(place), animate=False)
        if stay:
            self._sharp()
        else:
            pause(self._dice.randrange(60))

    def wander(self, views: int) -> float:
        """Random views; the growth over them."""
        first, said = 0, time.monotonic()
        warm = min(max(round(WARM_UP[0] * views), WARM_UP[1]), views // 2)
        steps = math.floor(math.log(SCALE / LOWEST) / math.log(NOTCH))
        for number in range(1, views + 1):
            scale = LOWEST * NOTCH ** self._dice.randint(0, steps)
            self.visit(scale, stay=number % 2 == 0)
            if number == warm:
                first = self._settled()
            if time.monotonic() - said > 10:
                said = time.monotonic()
                self._report(f"{number} views: {held(tiles=self._tiles)}")
        last = self._settled()
        self.end_stage(f"{views} random views")
        return last / first - 1

    def _settled(self) -> int:
        self._sharp()
        pause(round(1000 * SETTLED))
        now = held(files=False, tiles=self._tiles)
        self._report(f"at rest, without files: {now}")
        return now.together

    def _sharp(self) -> None:
        wait(lambda: self.viewer.controller.sharp)
