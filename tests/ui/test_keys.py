"""Keys that somebody chooses: kept, heard, said, never for two actions at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QPushButton, QScrollArea

from diif_viewer.ui import language
from diif_viewer.ui.actions import DEFAULT_KEYS, ROWS
from diif_viewer.ui.keys import Keys, portable, readable
from diif_viewer.ui.keys_dialog import KeysDialog
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.shortcut_list import shortcut_lines
from diif_viewer.ui.shortcuts import ShortcutsDialog


@pytest.fixture
def owner(qapp):
    return QObject()


def keys_in(path, owner) -> Keys:
    return Keys(Settings(QSettings(str(path), QSettings.Format.IniFormat)), DEFAULT_KEYS, owner)


def test_every_key_of_the_table_is_a_key_and_stands_for_one_action(qapp):
    held = [key for keys in DEFAULT_KEYS.values() for key in keys]
    assert [portable(key) for key in held] == held
    assert len(set(held)) == len(held)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Shift+?", "?"), ("Shift+F3", "Shift+F3"), ("Shift+A", "Shift+A"), ("Num+5", "5"), ("x y", "")],
)
def test_a_sign_is_one_key_whatever_must_be_held_to_type_it(qapp, typed, meant):
    assert portable(typed) == meant


def test_chosen_keys_come_back_with_the_next_start(tmp_path, owner):
    keys = keys_in(tmp_path / "a.ini", owner)
    keys.choose("open", ("G", "Ctrl+G"))
    keys.choose("reload", ())
    keys._settings.sync()
    again = keys_in(tmp_path / "a.ini", owner)
    assert again.of("open") == ("G", "Ctrl+G")
    assert again.of("reload") == ()
    assert again.of("grid") == ()  # Ctrl+G was its own
    assert again.of("export") == DEFAULT_KEYS["export"]


def test_a_key_taken_from_an_action_comes_back_to_it(owner):
    keys = Keys(Settings(), DEFAULT_KEYS, owner)
    keys.choose("open", ("M",))
    assert keys.holder("M") == "open"
    assert keys.of("overview") == ()
    keys.choose("export", ("M",))
    assert keys.of("open") == ()
    keys.reset("overview")
    assert keys.of("overview") == ("M",)
    assert keys.of("export") == ()
    keys.reset()
    assert {name: keys.of(name) for name in DEFAULT_KEYS} == DEFAULT_KEYS
    assert not keys.is_changed()


def test_damaged_settings_leave_usable_keys(tmp_path, owner):
    settings = Settings(QSettings(str(tmp_path / "a.ini"), QSettings.Format.IniFormat))
    settings.put("keys/open", ["§§ not a key", "G"])
    settings.put("keys/export", ["G"])
    settings.put("keys/reload", ["%%%"])
    keys = Keys(settings, DEFAULT_KEYS, owner)
    assert keys.of("open") == ("G",)
    assert keys.of("export") == DEFAULT_KEYS["export"]
    assert keys.of("reload") == DEFAULT_KEYS["reload"]


def test_the_window_hears_the_new_key_and_names_it(stage, photo):
    stage.show(photo)
    window = stage.window
    window.keys.choose("overview", ("G",))
    before = window.overview.wanted
    QTest.keyClick(window.canvas, Qt.Key.Key_M)
    assert window.overview.wanted is before
    QTest.keyClick(window.canvas, Qt.Key.Key_G)
    assert window.overview.wanted is not before
    assert window.actions_by_name["overview"].toolTip().endswith("(G)")
    assert window.overview.toolTip() == "Drag the frame to move the view (G hides the overview)"
    window.keys.choose("split", ())
    assert window.hint.accessibleName() == "Scroll to zoom"
    assert (
        dict(line for _, lines in shortcut_lines(window.keys) for line in [(w, k) for k, w in lines])["Overview"] == "G"
    )


def test_the_dialog_records_a_key(stage, qtbot):
    keys = stage.window.keys
    dialog = KeysDialog(keys, stage.window)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.search.setText("read again")
    shown = [item for item in dialog.items() if not item.isHidden()]
    assert [item.text(0) for item in shown] == ["Read again"]
    dialog.tree.setCurrentItem(shown[0])
    QTest.keyClick(dialog.fields[1], Qt.Key.Key_U)
    stage.until(lambda: keys.of("reload") == ("Ctrl+R", "U"))
    assert shown[0].text(1) == "Ctrl+R, U"
    assert shown[0].font(1).bold()
    dialog.fields[0].clear()
    stage.until(lambda: keys.of("reload") == ("U",))
    dialog.back.click()
    assert keys.of("reload") == ("Ctrl+R",)
    assert not dialog.all_back.isEnabled()


def test_the_dialog_says_whose_key_it_is_before_it_is_taken(stage, qtbot):
    keys = stage.window.keys
    dialog = KeysDialog(keys, stage.window)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.tree.setCurrentItem(next(item for item in dialog.items() if item.text(0) == "Read again"))
    assert not dialog.take.isVisible()
    QTest.keyClick(dialog.fields[0], Qt.Key.Key_M)
    stage.until(lambda: dialog.words.text() == "M belongs to “Overview”.")
    assert keys.of("reload") == ("Ctrl+R",)
    dialog.take.click()
    assert keys.of("reload") == ("M",)
    assert keys.of("overview") == ()
    assert not dialog.take.isVisible()
    dialog.all_back.click()
    assert keys.of("overview") == ("M",)
    QTest.keyClick(dialog.fields[0], Qt.Key.Key_U)
    stage.until(lambda: keys.of("reload") == ("U",))
    QTest.keyClick(dialog.fields[0], Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_every_action_can_be_found_in_the_dialog(stage, qtbot):
    dialog = KeysDialog(stage.window.keys, stage.window)
    qtbot.addWidget(dialog)
    assert len(dialog.items()) == len(ROWS)
    dialog.search.setText(readable("F3"))
    assert [item.text(0) for item in dialog.items() if not item.isHidden()] == ["Split"]


@pytest.fixture(params=["en", "de"])
def in_language(request):
    language.use(request.param)
    yield
    language.use("en")


@pytest.mark.usefixtures("in_language")
def test_the_list_of_keys_is_never_wider_than_the_screen(stage, qtbot):
    listed = ShortcutsDialog(stage.window.keys, stage.window)  # this screen has no room for three columns
    qtbot.addWidget(listed)
    listed.show()
    qtbot.waitExposed(listed)
    area = listed.findChild(QScrollArea)
    assert listed.width() <= listed.screen().availableSize().width()
    assert not area.horizontalScrollBar().isVisible()
    assert area.verticalScrollBar().isVisible()
    listed.close()


def test_the_list_of_keys_leads_to_the_dialog(stage, qtbot):
    listed = ShortcutsDialog(stage.window.keys, stage.window)
    qtbot.addWidget(listed)
    listed.open()
    role = QDialogButtonBox.ButtonRole.ActionRole
    box = listed.findChild(QDialogButtonBox)
    (change,) = [b for b in box.buttons() if box.buttonRole(b) is role]
    assert isinstance(change, QPushButton)
    change.click()
    assert not listed.isVisible()
    dialog = stage.window.findChild(KeysDialog)
    assert dialog.isVisible()
    dialog.reject()
