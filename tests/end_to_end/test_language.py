"""Another language, chosen with real keys: the window opens anew in it, with the same picture, view and layout."""

from __future__ import annotations

import pytest

from tests.end_to_end.test_comparing import focus, opened
from tests.end_to_end.test_program import Start, display, pytestmark, start

__all__ = ["display", "pytestmark", "start"]


@pytest.mark.timeout(600)
def test_the_window_opens_anew_in_german(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIIF_VIEWER_LANGUAGE", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    program = opened(start)
    program.input("key", "F4")
    program.input("key", "4")
    before = program.wait_for(lambda s: s["layout"] == "two" and s["scale"] == 4 and s["sharp"])
    program.input("key", "ctrl+comma")
    focus(program, "Preferences")
    program.input("key", "Down", "Down", "Tab", "space")  # as the system, English, Deutsch; the button below it
    program.wait_for(lambda s: not s["device"])
    after = program.wait_for(lambda s: s["device"] and s.get("scale") == 4 and s["sharp"])
    assert {name: after[name] for name in ("picture", "layout", "methods")} == {
        name: before[name] for name in ("picture", "layout", "methods")
    }
    focus(program, "DIIF Viewer")
    program.input("key", "ctrl+comma")
    focus(program, "Einstellungen")
