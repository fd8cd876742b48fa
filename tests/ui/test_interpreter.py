"""Python keeps out of the way: no full collection on the move, and everything as before when the window is gone."""

from __future__ import annotations

import gc
import platform
import sys
import threading
import weakref

import numpy as np
import pytest

from diif_viewer.engine import heap
from diif_viewer.ui import interpreter
from diif_viewer.ui.interpreter import NEVER, TURN, Interpreter
from diif_viewer.ui.motion import Motion
from diif_viewer.viewport import Viewport

VIEW = Viewport(60, 80, 200, 300, 4.0, 0, 0).clamped()


class Knot:
    """Something that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def motion(qapp, monkeypatch):
    monkeypatch.setattr(interpreter, "SETTLED", 20)
    monkeypatch.setattr(interpreter, "PACE", 20)
    return Motion()


@pytest.fixture
def tidy(motion):
    made = Interpreter(motion)
    before = sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()
    made.begin()
    yield made
    made.end()
    made.end()
    assert (sys.getswitchinterval(), gc.get_threshold()) == before[:2]
    assert gc.get_freeze_count() <= before[2]


def test_threads_give_way_and_full_collections_wait(tidy):
    tidy.begin()  # a second call changes nothing
    assert sys.getswitchinterval() == pytest.approx(TURN)
    assert gc.get_threshold()[2] == NEVER


def test_what_a_start_leaves_behind_is_exempted_at_rest(tidy, motion, qtbot):
    few = gc.get_freeze_count() + 1000
    motion.jump(VIEW)
    qtbot.waitUntil(lambda: gc.get_freeze_count() > few)
    assert len(gc.get_objects()) < gc.get_freeze_count()


def test_garbage_goes_at_rest_and_not_on_the_way(tidy, motion, qtbot):
    motion.jump(VIEW)
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0)
    gone = weakref.ref(Knot())
    qtbot.waitUntil(lambda: gone() is None)
    motion.glide(VIEW.zoomed_about((10, 10), 2.0))
    kept = weakref.ref(Knot())
    tidy._collect()
    assert motion.moving
    assert kept() is not None
    qtbot.waitUntil(lambda: kept() is None)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is asked for what it keeps")
def test_memory_that_frames_leave_between_tiles_is_returned_at_rest(tidy, motion, qtbot):
    """Small things that stay lie in the room of large ones that have gone: as shapes of tiles do among frames."""
    kept = []

    def frames_and_tiles() -> None:
        frames = []
        for _ in range(4000):
            frames.append(np.ones(60_000, np.uint8))  # below what glibc maps by itself
            kept.append(np.ones(1_100, np.uint8))  # above what NumPy and Python keep for themselves

    motion.jump(VIEW)
    qtbot.waitUntil(lambda: tidy._least is not None)
    before = heap.private()
    thread = threading.Thread(target=frames_and_tiles)
    thread.start()
    thread.join()
    left = heap.private()
    assert left - before > 60 << 20, "most of it is to be returned, whatever lay free before"
    qtbot.waitUntil(lambda: heap.private() - before < 20 << 20)
    assert len(kept) == 4000
