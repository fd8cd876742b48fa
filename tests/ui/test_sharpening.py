"""A view that takes long: how far it is and how long it will take are told, and it can be stopped."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from diif_viewer.engine.messages import CancelView, ViewRequest
from diif_viewer.ui import sharpening


@pytest.fixture
def slow(stage, photo, monkeypatch):
    """A window whose renderer has just been asked for a view and does not answer; nobody is patient."""
    monkeypatch.setattr(sharpening, "PATIENCE", 0.0)
    stage.show(photo)
    stage.sharp()
    assert not stage.window.sharpening.isVisible()
    stage.gate.clear()
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.rest()
    stage.until(stage.window.sharpening.isVisible)
    return stage


def test_what_has_come_is_told_until_all_is_there(slow):
    bar, controller = slow.window.sharpening, slow.controller
    assert bar.words.text() == "Sharpening 0 %"
    now = [bar._clock()]
    bar._clock = lambda: now[0]
    bar._began = now[0] - 3.0
    _, held, wanted = controller.asking.progress()
    assert 0 == held < wanted
    slow.until(lambda: bool(slow.fake.of_kind(ViewRequest)))
    target, sharp = bar._target, controller.scene._sharp[0]
    sharp.held.update(controller.scene.missing(0, slow_keys(slow))[: wanted // 2])
    bar._look()
    done = round(100 * (wanted // 2) / wanted)
    assert bar._target == target
    assert bar.words.text() in (f"Sharpening {done} %, 3 s left", f"Sharpening {done} %, 4 s left")
    sharp.held.clear()
    slow.gate.set()
    slow.sharp()
    assert not bar.isVisible()


def test_in_a_narrow_window_it_has_room_and_the_device_leaves(slow):
    bar, status = slow.window.sharpening, slow.window.status
    assert slow.window.width() == 640
    assert not status.device.isVisible()
    assert not status.milliseconds.isVisible()
    bar.words.setText("Sharpening 45 %, 12 s left")
    slow.until(lambda: bar.words.width() >= bar.words.sizeHint().width())
    slow.window.resize(900, 480)
    slow.until(status.device.isVisible)
    slow.gate.set()
    slow.sharp()


def slow_keys(stage):
    from diif_viewer.engine.tiles import keys_for

    view, area = stage.state.view, stage.controller.areas[0]
    return keys_for(stage.state.picture.image, "diif-s-lite", view.scale, area.seen(view), view.lattice.window)


@pytest.mark.parametrize("way", ["button", "key"])
def test_it_is_stopped_and_goes_on_with_the_next_view(slow, way):
    if way == "button":
        slow.window.sharpening.stop.click()
    else:
        slow.qtbot.keyClick(slow.window.canvas, Qt.Key.Key_Escape)
    assert not slow.window.sharpening.isVisible()
    assert not slow.window.status.busy.shown
    assert "stays bicubic" in slow.window.badge_row.badges[0].text
    slow.until(lambda: bool(slow.fake.of_kind(CancelView)))
    asked = len(slow.fake.of_kind(ViewRequest))
    slow.gate.set()
    slow.qtbot.wait(100)
    assert len(slow.fake.of_kind(ViewRequest)) == asked
    slow.qtbot.keyClick(slow.window.canvas, Qt.Key.Key_Down)
    slow.sharp()
    assert "stays" not in slow.window.badge_row.badges[0].text


def test_the_words_neither_widen_the_window_nor_raise_its_foot(slow):
    bar, size = slow.window.sharpening, slow.window.canvas.size()
    bar.words.setText("Sharpening 12 %, and an uncommonly long time that is left, in many words, until it is done")
    slow.qtbot.wait(1)
    assert bar.isVisible()
    assert slow.window.canvas.size() == size
    assert slow.window.width() == 640
