"""Everything can be named, reached and read: by keyboard, by a screen reader, in every language."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QSlider,
    QTextBrowser,
    QToolBar,
    QToolButton,
    QWidget,
)

from diif_viewer.models import shelf
from diif_viewer.paths import shipped
from diif_viewer.ui import language
from diif_viewer.ui.actions import ROWS
from diif_viewer.ui.keys_dialog import KeysDialog
from diif_viewer.ui.language import LANGUAGES, tr

CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView, QSlider, QTextBrowser)

DIALOGS = ("shortcuts", "models", "preferences", "ground_truth", "export", "film")
"""Actions that open one."""


@pytest.fixture(params=sorted(LANGUAGES))
def spoken(request):
    language.use(request.param)
    yield request.param
    language.use("en")


@pytest.fixture
def window(spoken, request):
    """The real window in each language; made after the language was chosen."""
    stage = request.getfixturevalue("stage")
    stage.window.resize(1280, 860)
    stage.show(request.getfixturevalue("photo"))
    stage.sharp()
    return stage.window


def dialogs(window) -> Iterator[QDialog]:
    """Every dialog of the window in turn, open."""
    shelf.folder().mkdir(parents=True, exist_ok=True)
    shutil.copy(shipped("weights") / "diif-lite.safetensors", shelf.folder() / "one-of-my-own.safetensors")
    for name in DIALOGS:
        window.actions_by_name[name].trigger()
        yield from opened(window)
    window.actions_by_name["figure"].trigger()
    window.canvas.export_region_asked.emit((200.0, 200.0), (420.0, 340.0))
    yield from opened(window)
    dialog = KeysDialog(window.keys, window)
    dialog.open()
    yield from opened(window)
    dialog.deleteLater()


def opened(window) -> Iterator[QDialog]:
    (dialog,) = [found for found in window.findChildren(QDialog) if found.isVisible()]
    QApplication.processEvents()
    yield dialog
    dialog.reject()


def name_of(widget: QWidget) -> str:
    """What a screen reader says of a control."""
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


def controls(root: QWidget) -> list[QWidget]:
    """Those a person uses; parts that Qt makes inside of others are not counted."""
    found = [widget for kind in CONTROLS for widget in root.findChildren(kind) if widget.isVisibleTo(root)]
    return [w for w in dict.fromkeys(found) if not isinstance(w.parent(), CONTROLS) and "qt_" not in w.objectName()]


def test_every_action_has_a_name_a_key_and_a_tooltip_that_names_it(window):
    for row in ROWS:
        action = window.actions_by_name[row.name]
        assert action.text(), row.name
        assert action.toolTip(), row.name
        assert action.objectName() == row.name
        assert action.shortcuts(), row.name
        assert window.keys.shown(row.name) in action.toolTip(), row.name
        assert action in window.actions() or action in window.canvas.actions()


def test_every_control_of_the_window_and_its_dialogs_has_a_name(window):
    nameless = [f"{type(w).__name__} in the window" for w in controls(window) if not name_of(w)]
    for dialog in dialogs(window):
        assert dialog.windowTitle()
        nameless += [f"{type(w).__name__} in {dialog.windowTitle()}" for w in controls(dialog) if not name_of(w)]
    assert nameless == []


def test_every_button_that_shows_no_words_has_a_tooltip(window):
    bare = [w for w in window.findChildren(QAbstractButton) if w.isVisibleTo(window) and not w.toolTip()]
    assert [name_of(w) for w in bare if not w.text() or w.text() == "✕"] == []


def test_every_button_of_the_toolbar_is_an_action_with_a_key_or_opens_a_menu_of_them(window):
    bar = window.findChild(QToolBar)
    for action in bar.actions():
        widget = bar.widgetForAction(action)
        if action.isSeparator() or widget is None or not isinstance(widget, QAbstractButton):
            continue
        inside = widget.menu().actions() if getattr(widget, "menu", None) and widget.menu() else [action]
        for held in inside:
            assert held.isSeparator() or held.menu() or held.shortcuts(), held.text()


def test_tab_reaches_every_control_of_a_dialog_and_escape_closes_it(window):
    for dialog in dialogs(window):
        wanted = {w for w in controls(dialog) if w.isEnabled() and w.focusPolicy() & Qt.FocusPolicy.TabFocus}
        walked, widget = set(), dialog.nextInFocusChain()
        while widget is not dialog:
            walked.add(widget)
            widget = widget.nextInFocusChain()
        assert wanted
        assert not {name_of(w) for w in wanted - walked}
        unreachable = [name_of(w) for w in controls(dialog) if not w.focusPolicy() & Qt.FocusPolicy.TabFocus]
        assert unreachable == []
        QApplication.sendEvent(
            dialog, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
        )
        assert not dialog.isVisible()
        dialog.show()


def test_screen_readers_are_told_what_is_on_screen(window, photo):
    words = window.accessibleDescription()
    assert photo.name in words
    assert words.endswith(tr("sharp"))
    assert window.canvas.accessibleName() == tr("Picture")


def clipped(root: QWidget) -> list[str]:
    """Words that do not fit where they stand."""
    found = []
    for widget in root.findChildren(QWidget):
        words = widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""
        if not words or not widget.isVisibleTo(root) or (isinstance(widget, QLabel) and widget.wordWrap()):
            continue
        if widget.sizeHint().width() > widget.width() + 1 or widget.sizeHint().height() > widget.height() + 1:
            found.append(f"{words!r}: {widget.sizeHint().toTuple()} in {widget.size().toTuple()}")
    return found


def test_no_words_are_clipped(window):
    assert clipped(window) == []
    for dialog in dialogs(window):
        assert clipped(dialog) == [], dialog.windowTitle()
        room = dialog.screen().availableSize()
        assert dialog.height() <= max(room.height(), 860), dialog.windowTitle()


def test_the_search_for_clipped_words_finds_them(qtbot):
    box = QWidget()
    qtbot.addWidget(box)
    label = QLabel("A label with many words", box)
    box.show()
    label.setFixedWidth(20)
    assert len(clipped(box)) == 1
    label.setFixedWidth(label.sizeHint().width())
    assert clipped(box) == []


def test_every_entry_of_the_menu_has_words_and_a_key(window):
    entries = [action for action in window.menu.actions() if not action.isSeparator()]
    assert len(entries) > 10
    for action in entries:
        assert action.text()
        assert action.menu() is not None or action.shortcuts(), action.text()


def test_keys_go_to_the_picture_when_what_had_them_is_gone(stage, photo):
    """Qt would give them to the zoom box, where letters mean nothing."""
    stage.show(photo)
    stage.sharp()
    window = stage.window
    window.activateWindow()
    stage.until(window.isActiveWindow)
    window.actions_by_name["four"].trigger()
    for hide in (
        (window.badge_row.badges[2], window.actions_by_name["single"].trigger),
        (window.notice._action, lambda: stage.qtbot.keyClick(window.notice._action, Qt.Key.Key_Space)),
    ):
        window.notice.tell("Something.", "Do it", lambda: None)
        widget, gone = hide
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        assert QApplication.focusWidget() is widget
        gone()
        assert not widget.isVisible()
        assert QApplication.focusWidget() is window.canvas
    stage.qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_N)
    assert stage.state.methods == ("nearest",)


def test_a_button_of_the_toolbar_shows_that_it_has_the_keys(stage, photo):
    window = stage.window
    window.resize(1280, 860)
    stage.show(photo)
    window.activateWindow()
    stage.until(window.isActiveWindow)
    buttons = [b for b in window.tools.findChildren(QToolButton) if b.focusPolicy() & Qt.FocusPolicy.TabFocus]
    shown = [b for b in buttons if b.isVisible()]
    assert len(shown) >= 2, "the other ways of comparing, and the menu"
    for button in shown:
        size = button.size()
        without = button.grab().toImage()
        button.setFocus(Qt.FocusReason.TabFocusReason)
        rim = button.grab().toImage().pixelColor(0, size.height() // 2)
        assert rim.blue() > 180 > rim.red()
        assert without.pixelColor(0, size.height() // 2) != rim
        assert button.size() == size
