"""A model of one's own, added, shown and removed in the real program with real keys."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from diif_viewer.paths import shipped
from tests.end_to_end.desktop import until
from tests.end_to_end.test_comparing import focus, opened
from tests.end_to_end.test_program import Start, display, pytestmark, start

__all__ = ["display", "pytestmark", "start"]


def until_there_are(files: list[str], folder: Path) -> None:
    until(lambda: sorted(path.name for path in folder.glob("*")) == files)


@pytest.mark.timeout(600)
def test_a_model_is_added_shown_and_removed(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "data" / "diif-viewer" / "models"
    shutil.copy(shipped("weights") / "diif-lite.safetensors", tmp_path / "mine.safetensors")
    program = opened(start)
    program.input("key", "4")
    program.input("key", "ctrl+m")
    focus(program, "Models")
    program.input("key", "Tab", "Tab")  # from the list over the card to the button
    program.input("key", "space")
    focus(program, "Add models")
    program.input("type", str(tmp_path / "mine.safetensors"))
    program.input("key", "Return")
    until_there_are(["mine.safetensors"], folder)
    program.wait_for(lambda s: s["message"].startswith("mine was added"))
    focus(program, "Models")
    program.input("key", "shift+Tab", "shift+Tab")
    program.input("key", "Return")
    program.wait_for(lambda s: s["methods"] == ["mine"] and s["sharp"] and s["panes"][0]["milliseconds"])
    focus(program, "DIIF Viewer")
    program.input("key", "ctrl+m")
    focus(program, "Models")
    program.input("key", "Tab", "Tab", "Tab")
    program.input("key", "space")
    until_there_are([], folder)
    program.wait_for(lambda s: s["methods"] == ["diif-s-lite"] and s["sharp"])
