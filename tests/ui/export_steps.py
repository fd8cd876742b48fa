"""The steps of somebody who exports, for the tests of the dialog and of the list."""

from __future__ import annotations

from pathlib import Path

from tests.ui.conftest import Stage


def opened(stage: Stage, photo: Path, key: str = "5"):
    """The dialog over the photo at x6, as somebody finds it who presses E."""
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, key)
    stage.sharp()
    return again(stage)


def again(stage: Stage):
    stage.window.actions_by_name["export"].trigger()
    dialog = stage.window.exporter.dialog
    assert dialog is not None
    stage.until(lambda: not dialog.preview.image.isNull() and not dialog.preview.busy)
    return dialog


def objects(dialog, words: str) -> None:
    assert words in dialog.words.text()
    assert not dialog.go.isEnabled()
