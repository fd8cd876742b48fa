"""Tiles that come softly: over what was there, for a moment, and then for good."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from diif_viewer.engine.tiles import keys_for
from diif_viewer.imaging.classic import resample
from diif_viewer.ui.scene import FADE, Scene
from diif_viewer.ui.state import Picture
from tests.ui import test_scene
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source, turn_wheel, view_pixels
from tests.ui.test_comparing import hold, let_go
from tests.ui.test_scene import MODEL, SOURCE, frame, painted, sharpen, view_at

VIEW = view_at(7.3, 111, 97)


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def scene(qapp, clock):
    made = Scene(clock=lambda: clock[0])
    made.fade = FADE
    made.set_picture(Picture(1, test_scene.Path("x.png"), SOURCE, SOURCE, test_scene.opaque(SOURCE)))
    return made


def pictures():
    """(what was there before, what is coming)"""
    before = resample(SOURCE, "bicubic", VIEW.lattice, VIEW.window).astype(float)
    return before, 255 - resample(SOURCE, "nearest", VIEW.lattice, VIEW.window).astype(float)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 0.9, 1.0, 3.0])
def test_a_tile_comes_over_what_was_there(scene, clock, fraction):
    scene.add_frame(frame(VIEW))
    sharpen(scene, VIEW)
    clock[0] += fraction * FADE
    before, after = pictures()
    shown = painted(scene, VIEW)
    wanted = before + (after - before) * min(fraction, 1.0)
    assert np.abs(shown - wanted).max() <= 2


def test_tiles_that_are_there_are_exact_again(scene, clock):
    scene.add_frame(frame(VIEW))
    sharpen(scene, VIEW)
    assert scene.fading
    clock[0] += FADE / 2
    assert scene.age()
    assert scene.fading
    clock[0] += FADE
    assert {window for _, window in scene.age()} == {
        key.window for key in keys_for(1, MODEL, VIEW.scale, VIEW.window, VIEW.lattice.window)
    }
    assert not scene.fading
    np.testing.assert_array_equal(painted(scene, VIEW), pictures()[1])


def test_one_tile_that_comes_late_leaves_the_others_alone(scene, clock):
    scene.add_frame(frame(VIEW))
    sharpen(scene, VIEW, skip=1)
    clock[0] += 2 * FADE
    scene.age()
    late = keys_for(1, MODEL, VIEW.scale, VIEW.window, VIEW.lattice.window)[0]
    part = late.window.intersected(VIEW.lattice.window)
    scene.add_tile(late, 255 - resample(SOURCE, "nearest", VIEW.lattice, part))
    before, after = pictures()
    shown = painted(scene, VIEW)
    place = late.window.intersected(VIEW.window).moved(-VIEW.window.top, -VIEW.window.left)
    inside = np.zeros(shown.shape[:2], bool)
    inside[place.top : place.bottom, place.left : place.right] = True
    np.testing.assert_array_equal(shown[~inside], after[~inside])
    assert np.abs(shown[inside] - before[inside]).max() <= 2


def test_what_the_cache_holds_is_there_at_once(scene, clock):
    sharpen(scene, VIEW)
    clock[0] += 2 * FADE
    scene.age()
    scene.aim(0, None, VIEW, VIEW.window)
    scene.aim(0, "liif-lite", VIEW, VIEW.window)
    assert scene.aim(0, MODEL, VIEW, VIEW.window) == []
    assert not scene.fading


def test_in_the_window_everything_ends_sharp_and_exact(stage, photo, tmp_path):
    stage.viewer.scene.fade = FADE
    stage.window.report._path = tmp_path / "status.json"
    stage.show(photo)
    for _ in range(2):
        turn_wheel(stage.window.canvas, QPoint(300, 200), 240)
        stage.sharp()
        assert not stage.viewer.scene.fading
        shown, window = view_pixels(stage)
        np.testing.assert_array_equal(shown, expected(source(photo), "diif-s-lite", stage.state.view.scale, window))
        assert json.loads((tmp_path / "status.json").read_text())["sharp"] is True
    hold(stage)
    let_go(stage)
    assert not stage.viewer.scene.fading, "flipping back and forth is at once"
    assert stage.controller.sharp


def test_it_can_be_switched_off_and_is_remembered(stage, photo):
    action = stage.window.actions_by_name["fade"]
    stage.show(photo)
    assert action.isChecked()
    action.trigger()
    assert not action.isChecked()
    assert stage.viewer.scene.fade == 0
    assert stage.window.settings.flag("fade", True) is False
    action.trigger()
    assert stage.viewer.scene.fade == FADE
    stage.sharp()
