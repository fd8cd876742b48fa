"""Looking and saving in the real program with real hands: out again, the divider, figures, the clipboard, a folder."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.end_to_end.desktop import ROOT, WHEEL_DOWN, Program, quits_cleanly, until
from tests.end_to_end.test_comparing import focus
from tests.end_to_end.test_program import SAMPLE, Start, display, pytestmark, scroll_to, start

__all__ = ["display", "pytestmark", "start"]

SIZE = (120, 80)


def pictures(folder: Path) -> list[Path]:
    """Three small pictures in the order in which people count."""
    folder.mkdir()
    made = []
    for number, grey in ((2, 60), (10, 120), (11, 180)):
        made.append(folder / f"picture-{number}.png")
        Image.fromarray(np.full((*SIZE[::-1], 3), grey, np.uint8)).save(made[-1])
    return made


def drag(program: Program, start: tuple[int, int], end: tuple[int, int]) -> None:
    program.input("mousemove", *start, "mousedown", 1)
    for step in range(1, 6):
        program.input("mousemove", *(a + (b - a) * step // 5 for a, b in zip(start, end, strict=True)))
        time.sleep(0.03)
    program.input("mouseup", 1)


def bright_column(program: Program, first: int, last: int) -> int:
    """The column of the screen between two whose pixels are all nearly white: the divider's line."""
    part = program.screenshot()[150:380, first:last].min(axis=(0, 2))
    return first + int(part.argmax()) if part.max() > 190 else -1


@pytest.mark.timeout(600)
def test_out_again_and_the_divider_dragged(start: Start) -> None:
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture") and s["device"] and s["sharp"])
    focus(program, "DIIF Viewer")
    before = program.status()
    scroll_to(program, 30, (790, 500))
    for _ in range(60):
        program.input("click", WHEEL_DOWN)
        time.sleep(0.02)
        if program.status()["scale"] <= 1:
            break
    after = program.wait_for(lambda s: s["sharp"] and s["scale"] == before["scale"])
    assert after["origin"] == before["origin"]
    program.input("key", "F3")
    program.wait_for(lambda s: s["layout"] == "split" and s["sharp"])
    until(lambda: bright_column(program, 600, 680) > 0)
    drag(program, (640, 300), (320, 300))
    until(lambda: abs(bright_column(program, 280, 360) - 320) <= 2)
    assert bright_column(program, 600, 680) == -1


@pytest.mark.timeout(600)
def test_a_figure_is_dragged_and_saved(start: Start, tmp_path: Path) -> None:
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture") and s["device"] and s["sharp"])
    focus(program, "DIIF Viewer")
    program.input("key", "c")
    drag(program, (770, 550), (850, 620))
    focus(program, "Comparison figure")
    target = tmp_path / "figure.pdf"

    def saving() -> list[str]:
        program.input("key", "Return")  # Save is what Enter means, once all crops are there
        time.sleep(0.5)
        return program.find("Save the figure")

    until(saving)
    focus(program, "Save the figure")
    program.input("key", "ctrl+a")
    program.input("type", str(target))
    program.input("key", "Return")
    until(target.exists)  # as a whole, or not at all
    document = target.read_bytes()
    assert document.startswith(b"%PDF-")
    assert document.count(b"/Subtype /Image") == 5  # the picture, and the region by four methods
    assert list(tmp_path.glob(".figure*")) == []


@pytest.mark.timeout(600)
def test_a_folder_is_walked_and_a_copied_view_pasted(start: Start, tmp_path: Path) -> None:
    files = pictures(tmp_path / "folder")
    program = start(str(files[0]))
    program.wait_for(lambda s: s["picture"] == "picture-2.png" and s["device"] and s["sharp"])
    focus(program, "DIIF Viewer")
    for key, number in (("Next", 10), ("Next", 11), ("Next", 2), ("Prior", 11)):
        program.input("key", key)
        program.wait_for(lambda s, number=number: s["picture"] == f"picture-{number}.png" and s["sharp"])
    program.input("key", "1")
    program.wait_for(lambda s: s["scale"] == 1 and s["sharp"])
    program.input("key", "ctrl+c")

    def pasted() -> bool:
        program.input("key", "ctrl+v")  # nothing comes of it before the copy is there
        time.sleep(0.5)
        return bool(program.status()["picture"] == "Pasted picture")

    until(pasted)
    program.wait_for(lambda s: s["picture"] == "Pasted picture" and s["sharp"])
    until(lambda: program.screenshot()[440, 640].tolist() == [180, 180, 180])


@pytest.mark.timeout(600)
def test_closing_in_mid_encoding_leaves_nobody(start: Start, tmp_path: Path) -> None:
    """A picture of eight megapixels, four panes, and away while the first features are made."""
    dice = np.random.default_rng(5)
    Image.fromarray(dice.integers(0, 255, (2400, 3400, 3), dtype=np.uint8)).save(tmp_path / "noise.bmp")
    program = start(str(tmp_path / "noise.bmp"))
    program.wait_for(lambda s: s.get("picture") and s["device"] and s["sharp"])
    focus(program, "DIIF Viewer")
    program.input("key", "F6", "key", "2")
    program.wait_for(lambda s: s["scale"] == 2 and not s["sharp"])
    family = program.processes()
    assert len(family) >= 2, "the window and its renderer"
    assert all(pane["milliseconds"] is None for pane in program.status()["panes"])
    quits_cleanly(program, seconds=6)


@pytest.mark.timeout(600)
def test_a_model_is_added_and_seen(start: Start, tmp_path: Path) -> None:
    shutil.copy(ROOT / "weights" / "diif-lite.safetensors", tmp_path / "my-own.safetensors")
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture") and s["device"] and s["sharp"])
    focus(program, "DIIF Viewer")
    program.input("key", "4")
    program.wait_for(lambda s: s["scale"] == 4 and s["sharp"])
    program.input("key", "ctrl+m")
    focus(program, "^Models")
    press(program, "^Models", 86, 445)  # Add…
    focus(program, "Add models")
    program.input("type", str(tmp_path / "my-own.safetensors"))
    program.input("key", "Return")
    program.wait_for(lambda s: "my-own was added" in s["message"])
    time.sleep(0.5)
    focus(program, "^Models")
    press(program, "^Models", 785, 487)  # Show in the pane
    program.wait_for(lambda s: "my-own" in s["methods"][0] and s["sharp"] and s["panes"][0]["sentence"] is None)


def press(program: Program, window: str, right: int, down: int) -> None:
    """Press the left button at a place of a window."""
    lines = program.input("getwindowgeometry", "--shell", program.find(window)[-1]).splitlines()
    facts = {name: int(value) for name, value in (line.split("=") for line in lines)}
    program.input("mousemove", facts["X"] + right, facts["Y"] + down, "click", 1)
