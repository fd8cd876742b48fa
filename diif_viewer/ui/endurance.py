"""How much memory the window and its renderer hold, driven by a script: stage by stage, and over very many views.

Memory is what both processes hold together, with what they share (the picture) counted once.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from diif_viewer.engine.messages import Ready
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import DiifViewerError
from diif_viewer.ui import theme
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.hands import pause, wait
from diif_viewer.ui.navigation import NOTCH
from diif_viewer.ui.peaks import Held, Peaks, held, worked

PLACES = 10
SCALE, LOWEST = 30.0, 1.05
WARM_UP = 0.2, 250
"""Part of the random views, and how many at least, after which what is kept by kind is kept, and growth counts.

If the cache of finished tiles is full by then: it is bounded, and what it still lacks is no growth. After half of the
views growth counts in any case.
"""

SETTLED = 12.0
"""Seconds of rest after which both processes have given back what they kept for the next tile only."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Growth:
    """What random views left behind: held at rest once what is kept by kind was kept, and after the last of them.

    milliseconds: processor time of both processes for a view, in the first and in the last fifth of what was between.
    """

    first: Held
    last: Held
    milliseconds: tuple[float, float]

    def plain(self) -> dict[str, Any]:
        """For JSON: by how much both grew, together and each, and what this was made from."""
        return {
            "together": self.last.together / self.first.together - 1,
            "window": self.last.window / self.first.window - 1,
            "renderer": self.last.renderer / self.first.renderer - 1,
            **asdict(self),
        }


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
    Every other random view is left before it is sharp, as people do. It belongs into a fresh process.

    -> plain values for JSON: {"picture", "size", "stages": [Stage], "views": how many, "growth": `Growth.plain` since
    `WARM_UP` of them; None without any}. Raises DiifViewerError when the picture cannot be shown.
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
                "growth": None if growth is None else growth.plain(),
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

    def wander(self, views: int) -> Growth:
        """Random views; the growth over them. views: at least 2."""
        said, dice = time.monotonic(), self._dice
        warm = min(max(round(WARM_UP[0] * views), WARM_UP[1]), views // 2)
        steps = math.floor(math.log(SCALE / LOWEST) / math.log(NOTCH))
        first: Held | None = None
        spent: list[float] = []  # processor time of each view that counts
        for number in range(1, views + 1):
            before = worked()
            self.visit(LOWEST * NOTCH ** dice.randint(0, steps), stay=number % 2 == 0)
            spent.append(worked() - before)
            if first is None and number >= warm and (self._full or number >= views // 2):
                first, spent = self._settled(), []
            if time.monotonic() - said > 10:
                said = time.monotonic()
                self._report(f"{number} views: {held(tiles=self._tiles)}, {_mean(spent[-200:]):.0f} ms of work a view")
        last = self._settled()
        self.end_stage(f"{views} random views")
        assert first is not None
        fifth = max(1, len(spent) // 5)
        return Growth(first, last, (_mean(spent[:fifth]), _mean(spent[-fifth:])))

    @property
    def _full(self) -> bool:
        """Whether the cache of finished tiles has been filled."""
        cache = self.viewer.scene.cache
        return cache.bytes + 4 * TILE * TILE > cache.budget

    def _settled(self) -> Held:
        self._sharp()
        pause(round(1000 * SETTLED))
        now = held(files=False, tiles=self._tiles)
        self._report(f"at rest, without files: {now}")
        return now

    def _sharp(self) -> None:
        wait(lambda: self.viewer.controller.sharp)


def _mean(seconds: list[float]) -> float:
    """Milliseconds; 0 of none."""
    return 1000 * sum(seconds) / max(1, len(seconds))
