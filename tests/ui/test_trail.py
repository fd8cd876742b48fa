"""Back to the views that somebody came by, and forward again, in the real window."""

from __future__ import annotations

import pytest
from PIL import Image
from PySide6.QtCore import Qt

from diif_viewer.ui.trail import STAY

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def walk(stage, monkeypatch):
    """walk(keys ...): press them, with time between two that is enough to look, or as much as `walk.pause` says."""

    class Walk:
        now, pause = 0.0, 2 * STAY

        def __call__(self, *keys):
            for key in keys:
                self.now += self.pause
                stage.qtbot.keyClick(stage.window.canvas, key, ALT if key in BACK_AND_FORTH else Qt.NoModifier)

    made = Walk()
    monkeypatch.setattr(stage.window.trail, "_clock", lambda: made.now)
    return made


BACK, FORTH = BACK_AND_FORTH = (Qt.Key.Key_Left, Qt.Key.Key_Right)


def middle(stage):
    view = stage.state.view
    return view.position_at((view.view_width / 2, view.view_height / 2))


def usable(stage):
    return tuple(stage.window.actions_by_name[name].isEnabled() for name in ("back", "forward"))


def test_back_through_what_was_looked_at_and_forward_again(stage, photo, walk):
    stage.show(photo)
    assert usable(stage) == (False, False)
    fitted = stage.state.view
    walk(Qt.Key.Key_6)
    at_8 = stage.state.view
    stage.window.navigator.centre(30.0, 20.0)
    aside = stage.state.view
    walk(Qt.Key.Key_8)
    at_16 = stage.state.view
    walk.now += walk.pause
    assert (at_8.scale, at_16.scale, usable(stage)) == (8.0, 16.0, (True, False))
    walk(BACK)
    assert stage.state.view.scale == aside.scale == 8.0
    assert middle(stage) == pytest.approx(aside.position_at((aside.view_width / 2, aside.view_height / 2)))
    walk(BACK)
    assert stage.state.view == fitted
    assert usable(stage) == (False, True)
    walk(FORTH, FORTH)
    assert stage.state.view.scale == 16.0
    assert middle(stage) == pytest.approx(at_16.position_at((at_16.view_width / 2, at_16.view_height / 2)))
    assert usable(stage) == (True, False)


def test_what_was_only_passed_through_is_no_stop(stage, photo, walk):
    stage.show(photo)
    fitted = stage.state.view
    walk(Qt.Key.Key_4)
    walk.pause = STAY / 4
    walk(Qt.Key.Key_5, Qt.Key.Key_6, Qt.Key.Key_7)
    assert stage.state.view.scale == 12.0
    walk.pause = 2 * STAY
    walk(BACK)
    assert stage.state.view == fitted


def test_small_steps_are_one_stop(stage, photo, walk):
    stage.show(photo)
    walk(Qt.Key.Key_8)
    for _ in range(3):
        walk.now += walk.pause
        stage.window.navigator.pan(8, 8)
    walk(BACK)
    assert stage.state.view.is_fitted
    walk(FORTH)
    assert stage.state.view.scale == 16.0


def test_another_way_taken_from_a_stop_ends_the_way_forward(stage, photo, walk):
    stage.show(photo)
    walk(Qt.Key.Key_6, Qt.Key.Key_9, BACK)
    assert usable(stage) == (True, True)
    walk(Qt.Key.Key_1)
    assert usable(stage) == (True, False)
    walk(BACK)
    assert stage.state.view.scale == 8.0


def test_another_picture_begins_anew_and_the_same_one_does_not(stage, photo, walk, tmp_path):
    stage.show(photo)
    walk(Qt.Key.Key_6)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    number = stage.state.picture.image
    stage.until(lambda: stage.state.picture.image != number)
    assert usable(stage) == (True, False)
    Image.new("RGB", (90, 70)).save(tmp_path / "other.png")
    stage.show(tmp_path / "other.png")
    stage.until(lambda: stage.state.picture.name == "other.png")
    assert usable(stage) == (False, False)


def test_a_window_of_another_size_is_no_stop_and_the_way_back_is_as_before(stage, photo, walk):
    stage.show(photo)
    walk(Qt.Key.Key_6)
    walk.now += walk.pause
    width = stage.state.view.view_width
    stage.window.resize(stage.window.width() + 120, stage.window.height())
    stage.until(lambda: stage.state.view.view_width != width)
    assert stage.state.view.scale == 8.0
    walk(BACK)
    assert stage.state.view.is_fitted
    walk(FORTH)
    assert stage.state.view.scale == 8.0
