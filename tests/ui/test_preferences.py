"""The preferences: each has its effect, and is kept."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtGui import QImage
from shiboken6 import isValid

from diif_viewer.engine.messages import MemoryLimit
from diif_viewer.ui import language, theme
from diif_viewer.ui.opening import PASTED
from diif_viewer.ui.preferences import PreferencesDialog


@pytest.fixture
def dialog(stage, photo, monkeypatch):
    monkeypatch.delenv(language.VARIABLE, raising=False)
    stage.show(photo)
    stage.window.actions_by_name["preferences"].trigger()
    found = stage.window.findChild(PreferencesDialog)
    yield found
    if isValid(found):
        found.reject()


def pick(box, name):
    index = box.findData(name)
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_look_and_background_change_at_once(stage, dialog, qapp):
    pick(dialog.look, "light")
    assert stage.window.settings.text("theme") == "light"
    assert qapp.palette().window().color() == theme.LIGHT.surface
    pick(dialog.background, "grey")
    assert stage.window.canvas.backdrop == theme.backdrop("grey", "light")


def test_switches_are_those_of_the_actions(stage, dialog):
    window = stage.window
    before = window.settings.flag("fade", True)
    dialog.soft.click()
    assert window.settings.flag("fade", True) is not before
    dialog.keep.click()
    assert window.files.keep_view
    assert window.actions_by_name["keep_view"].isChecked()


def test_memory_bounds_all_that_is_kept_and_every_renderer_that_follows(stage, dialog, photo):
    window = stage.window
    stage.qtbot.keyClicks(window.canvas, "6")
    stage.sharp()
    limits = lambda: [message.bytes >> 20 for message in stage.fake.of_kind(MemoryLimit)]  # noqa: E731
    stage.until(lambda: limits() == [1280])
    stage.controller.looks.guests.put(0, stage.state.picture)
    pick(dialog.memory, "512")
    assert window.settings.number("memory") == 512
    kept = [stage.controller.scene.cache.budget, *(g.scene.cache.budget for g in stage.controller.looks.guests)]
    assert kept == [64 << 20, (512 << 20) // 24]
    assert window.loader.room == 64 << 20
    stage.until(lambda: limits() == [1280, 320])
    assert kept[0] + 3 * kept[1] + window.loader.room + (320 << 20) <= 512 << 20, "with a guest in every other pane"
    stage.controller.looks.guests.clear()
    stage.controller.renew()
    stage.until(lambda: limits() == [320])


def test_what_is_read_ahead_leaves_when_there_is_less_room(stage, photo, tmp_path):
    loader = stage.viewer.loader
    loader.room = 0
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()  # of their own: pictures beside the one on screen would be read ahead as well
        shutil.copy(photo, tmp_path / name / f"{name}.png")
        stage.window.open_path(tmp_path / name / f"{name}.png")
        stage.until(lambda name=name: stage.state.picture is not None and stage.state.picture.name == f"{name}.png")
    assert [sheet.path.name for sheet in loader._kept] == ["c.png"], "the one on screen only"


def test_who_prefers_to_begin_without_the_last_picture_does(stage, dialog, photo):
    window = stage.window
    window.session.save(window)
    assert window.begin_with(None) == [photo]
    dialog.restore.click()
    assert window.begin_with(None) == []
    assert window.begin_with(None, always=True) == [photo], "the window is opened anew in another language"


def test_another_language_opens_the_window_anew(stage, dialog):
    assert not dialog.reopen.isVisible()
    pick(dialog.language, "de")
    assert dialog.reopen.isVisible()
    assert dialog.language.nextInFocusChain() is dialog.reopen, "Tab leads to it"
    assert stage.window.settings.text("language") == "de"
    with stage.qtbot.waitSignal(stage.window.closed):
        dialog.reopen.click()
    assert stage.window.reopening


def test_the_window_asks_before_it_opens_anew_during_an_export(stage, dialog, tmp_path):
    stage.sharp()
    stage.window.actions_by_name["export"].trigger()
    stage.gate.clear()
    stage.window.exporter.dialog.name_file(tmp_path / "one.png")
    stage.window.exporter.dialog.go.click()
    dialog.reopen.click()
    assert stage.window.isVisible()
    assert not stage.window.reopening
    assert "under way" in stage.window.notice.text
    stage.window._reopen()
    assert stage.window.reopening
    assert not stage.window.isVisible()


def test_the_window_asks_before_it_loses_a_picture_without_a_file(stage, dialog):
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    stage.window.opening.open_image(image)
    stage.until(lambda: stage.state.picture.path == PASTED)
    dialog.reopen.click()
    assert stage.window.isVisible()
    assert "would be lost" in stage.window.notice.text
    stage.window.notice._action.click()
    assert stage.window.reopening
    assert not stage.window.isVisible()
