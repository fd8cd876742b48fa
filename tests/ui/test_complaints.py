"""A mistake in the program, in whatever thread, is one line in the bar and some to copy; the window lives."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from diif_viewer.ui.complaints import telling


@pytest.fixture
def quiet(monkeypatch):
    """What the hooks of before would have printed."""
    seen: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: seen.append(kind.__name__))
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type.__name__))
    return seen


def mistake() -> None:
    raise KeyError(str(Path.home() / "private" / "holiday.jpg"))


def uncaught() -> None:
    """As Qt does it with what a slot raises."""
    try:
        mistake()
    except KeyError:
        sys.excepthook(*sys.exc_info())


def in_a_thread() -> None:
    thread = threading.Thread(target=mistake)
    thread.start()
    thread.join()


@pytest.mark.parametrize("fail", [uncaught, in_a_thread])
def test_it_is_told_and_copied_without_names(stage, photo, quiet, fail):
    stage.show(photo)
    notice = stage.window.notice
    with telling(stage.window.complain):
        fail()
        stage.until(lambda: "KeyError" in notice.text)
    assert quiet == ["KeyError"], "the terminal is told as ever"
    assert notice.text.endswith("the program goes on.")
    QTest.mouseClick(notice._action, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "Last mistake: KeyError" in copied
    assert "test_complaints.py:" in copied
    assert "in mistake" in copied
    assert "holiday" not in copied
    assert str(Path.home()) not in copied
    stage.window.navigator.zoom_to(4.0)
    stage.sharp()


def test_what_fails_at_every_frame_is_told_once(stage, photo, quiet):
    stage.show(photo)
    told, tell = [], stage.window.notice.tell
    stage.window.notice.tell = lambda *words, **more: told.append(words) or tell(*words, **more)
    with telling(stage.window.complain):
        for _ in range(5):
            uncaught()
        stage.until(lambda: bool(told))
        stage.qtbot.wait(50)
    assert len(quiet) == 5
    assert len(told) == 1


def test_the_hooks_of_before_are_back_afterwards(qapp, quiet):
    before = sys.excepthook, threading.excepthook
    with telling(lambda *_: None):
        assert sys.excepthook is not before[0]
    assert (sys.excepthook, threading.excepthook) == before
