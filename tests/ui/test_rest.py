"""Whatever hands do, and whenever they stop: every rest ends sharp, and is painted so.

Random gestures over the real window, a renderer that answers late, a tile cache too small for a view, tiles that come
softly. What a rest must show is asked of the scene and of the paints, not of the program's own word alone.
"""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtWidgets import QApplication

from diif_viewer.engine.tiles import TILE, TileCache, keys_for
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.hands import mouse, pause, wheel
from diif_viewer.ui.watch import Watch

RESTS = 20
PATIENCE = 10_000
LAYOUTS = (Layout.SINGLE, Layout.SPLIT, Layout.TWO, Layout.LENS)
METHODS = ("diif-s-lite", "diif-lite", "liif-lite", "bicubic")


class Hands:
    """Random gestures on a stage."""

    def __init__(self, stage, seed: int) -> None:
        self.stage, self.dice = stage, random.Random(seed)
        self.canvas = stage.window.canvas

    def act(self) -> str:
        gestures = (
            self.turn,
            self.turn,
            self.drag,
            self.drag,
            self.preset,
            self.look,
            self.lay,
            self.resize,
            self.hold,
        )
        gesture = self.dice.choice(gestures)
        gesture()
        return gesture.__name__

    def turn(self) -> None:
        for _ in range(self.dice.randint(1, 6)):
            QApplication.sendEvent(self.canvas, wheel(self.canvas, self.dice.choice((-360, -120, -30, 40, 120, 360))))
            pause(self.dice.randrange(20))

    def drag(self) -> None:
        point = QPointF(self.canvas.width() / 2, self.canvas.height() / 2)
        step = QPointF(self.dice.uniform(-25, 25), self.dice.uniform(-25, 25))
        QApplication.sendEvent(self.canvas, mouse(self.canvas, QEvent.Type.MouseButtonPress, point))
        for _ in range(self.dice.randint(1, 12)):
            point += step
            QApplication.sendEvent(self.canvas, mouse(self.canvas, QEvent.Type.MouseMove, point))
            pause(self.dice.randrange(20))
        QApplication.sendEvent(self.canvas, mouse(self.canvas, QEvent.Type.MouseButtonRelease, point))

    def preset(self) -> None:
        self.stage.window.navigator.zoom_to(self.dice.choice((None, None, 1.0, 2.0, 6.5, 30.0)))

    def look(self) -> None:
        self.stage.state.set_method(self.dice.choice(METHODS))

    def lay(self) -> None:
        self.stage.state.set_layout(self.dice.choice(LAYOUTS))

    def resize(self) -> None:
        self.stage.window.resize(self.dice.randint(420, 700), self.dice.randint(380, 520))

    def hold(self) -> None:
        """The renderer is busy with something else for a moment."""
        self.stage.gate.clear()
        pause(self.dice.randrange(120))
        self.stage.gate.set()


@pytest.mark.parametrize("seed", range(6))
def test_every_rest_ends_sharp(stage, photo, seed):
    stage.viewer.scene.fade = 0.05
    watch = Watch(stage.viewer)
    stage.show(photo)
    stage.sharp()
    hands = Hands(stage, seed)
    for number in range(RESTS):
        # sometimes room for three tiles only: what comes into the window leaves it again at once
        stage.viewer.scene.cache = TileCache(hands.dice.choice((3 * 3 * TILE * TILE, 1 << 26)))
        done = []
        for _ in range(hands.dice.randint(1, 6)):
            watch.aim()
            done.append(hands.act())
            pause(hands.dice.randrange(90))
        where = f"seed {seed}, rest {number}, after {', '.join(done)}"
        waited = 0
        while not stage.controller.sharp:
            assert waited < PATIENCE, f"{where}: never sharp: {stage.controller.statuses}"
            pause(5)
            waited += 5
        assert_whole(stage, where)


def test_the_last_paint_of_a_gesture_is_told(stage, photo):
    """What the benchmark waits for comes also where nothing in sight was left to paint."""
    stage.viewer.scene.fade = 0.2
    watch = Watch(stage.viewer)
    stage.show(photo)
    stage.window.navigator.zoom_to(30.0)
    stage.sharp()
    for number in range(12):
        stage.gate.clear()
        watch.aim()
        stage.window.navigator.pan(30 if number % 2 else -30, 171 if number % 3 else -171)
        pause(60)
        watch.aim()
        stage.window.navigator.pan(0, 60 if number % 2 else -60)  # rows asked for leave the view
        stage.gate.set()
        stage.until(lambda: watch.sharp is not None)


def assert_whole(stage, where: str) -> None:
    """Every tile of every pane in view lies on the canvas, and every classic pane has its frame."""
    controller, view, picture = stage.controller, stage.state.view, stage.state.picture
    assert not stage.viewer.motion.moving, where
    for area, status in zip(controller.areas, controller.statuses, strict=True):
        assert status.sentence is None, where
        assert status.sharp, where
        if view.scale > 1 and status.method != "bicubic":
            seen = area.seen(view)
            keys = keys_for(picture.image, status.method, view.scale, seen, view.lattice.window)
            held = stage.viewer.scene._sharp[area.pane].held
            assert set(keys) <= held, where
