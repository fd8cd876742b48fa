"""The preferences: each has its effect, and is kept."""

from __future__ import annotations

import pytest
from shiboken6 import isValid

from diif_viewer.ui import language, theme
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


def test_the_cache_shrinks_at_once(stage, dialog):
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    pick(dialog.cache, "128")
    assert stage.window.settings.number("cache") == 128
    assert stage.controller.scene.cache._budget == 128 << 20


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
