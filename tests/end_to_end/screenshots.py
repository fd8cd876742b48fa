"""Photograph the real program for the README: `python -m tests.end_to_end.screenshots` writes docs/images/."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.end_to_end.desktop import ROOT, WHEEL_UP, Program, virtual_screen

IMAGES = ROOT / "docs" / "images"
SAMPLE = ROOT / "resources" / "sample.png"
EYESPOT, STAR = (824, 595), (699, 635)  # on the screen, while the sample is shown at x1


def main() -> None:
    """Write window.png (three panes), split.png (the split view) and export.png (the export dialog)."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, virtual_screen() as display:
        os.environ["HOME"] = home  # the dialog shows where it saves to
        sample = Path(home, "Pictures", "sample.png")
        sample.parent.mkdir()
        shutil.copyfile(SAMPLE, sample)
        photograph(display, EYESPOT, 11, "F5", IMAGES / "window.png")
        photograph(display, STAR, 12, "F3", IMAGES / "split.png")
        photograph(display, EYESPOT, 7, "F2", IMAGES / "export.png", before=open_export, picture=sample)


def photograph(
    display: str,
    point: tuple[int, int],
    scale: float,
    layout: str,
    target: Path,
    *,
    before: Callable[[Program, str], None] | None = None,
    picture: Path = SAMPLE,
) -> None:
    """Open the sample, zoom about `point` to at least `scale`, choose a layout by its key, wait for sharp, shoot.

    before: what else to do then, with the program and its window. picture: the sample, or a copy of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = Program(display, Path(folder), str(picture))
        try:
            program.wait_for(lambda s: s.get("picture") and s["device"])
            window = program.input("search", "--onlyvisible", "--name", "DIIF Viewer").split()[0]
            program.input("windowfocus", "--sync", window)
            program.input("mousemove", *point)
            while program.wait_for(lambda s: "scale" in s)["scale"] < scale:
                program.input("click", WHEEL_UP)
                time.sleep(0.1)
            centre(program, point)
            program.input("key", layout)
            time.sleep(1)
            program.wait_for(lambda s: s["sharp"])
            time.sleep(0.5)
            if before is not None:
                before(program, window)
            width, height = (int(word.split("=")[1]) for word in geometry(program, window))
            Image.fromarray(program.screenshot()[:height, :width]).save(target, optimize=True)
        finally:
            program.end()


def open_export(program: Program, window: str) -> None:
    """Open the export dialog, choose a region, move it beside the dialog, wait for the detail."""
    program.input("mousemove", 640, 120)
    program.input("key", "e")
    dialog = program.input("search", "--sync", "--onlyvisible", "--name", "^Export$").split()[0]
    program.input("windowfocus", "--sync", dialog)
    program.input("key", "alt+r")
    time.sleep(1)
    program.input("mousemove", 600, 450, "mousedown", 1)
    program.input("mousemove", 304, 350)
    time.sleep(0.3)
    program.input("mouseup", 1)
    program.input("windowfocus", "--sync", dialog)
    time.sleep(8)


def centre(program: Program, point: tuple[int, int]) -> None:
    """Drag what is under `point` to the middle of the view."""
    program.input("mousedown", 1)
    for step in range(1, 11):
        x = point[0] + (640 - point[0]) * step // 10
        y = point[1] + (447 - point[1]) * step // 10
        program.input("mousemove", x, y)
        time.sleep(0.02)
    time.sleep(0.3)  # at rest: no throw
    program.input("mouseup", 1)


def geometry(program: Program, window: str) -> list[str]:
    """xdotool's WIDTH= and HEIGHT= lines."""
    lines = program.input("getwindowgeometry", "--shell", window).splitlines()
    return [line for line in lines if line.startswith(("WIDTH", "HEIGHT"))]


if __name__ == "__main__":
    main()
