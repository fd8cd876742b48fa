"""The real program on a virtual screen: open a picture, scroll to x30, see it sharp, leave."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.end_to_end.desktop import ROOT, WHEEL_DOWN, WHEEL_UP, Program, place_of, quits_cleanly, virtual_screen

MISSING = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or bool(MISSING),
    reason=f"needs Linux with a virtual screen; not installed: {', '.join(MISSING) or 'nothing'}",
)

SAMPLE = ROOT / "resources" / "sample.png"
Start = Callable[..., Program]


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with virtual_screen() as name:
        yield name


@pytest.fixture
def start(display: str, tmp_path: Path) -> Iterator[Start]:
    programs: list[Program] = []

    def begin(*words: str) -> Program:
        programs.append(Program(display, tmp_path, *words))
        return programs[-1]

    yield begin
    for program in programs:
        program.end()


def scroll_to(program: Program, scale: float, point: tuple[int, int]) -> None:
    """Wheel notches at `point` of the screen until the zoom reaches `scale`."""
    program.input("mousemove", *point)
    for _ in range(40):
        program.input("click", WHEEL_UP)
        time.sleep(0.03)  # as fast as a hand does it
        if program.status()["scale"] >= scale:
            return
    raise AssertionError(f"40 notches lead to x{program.status()['scale']:.1f}")


@pytest.mark.timeout(600)
def test_open_scroll_to_x30_and_see_what_render_gives(start: Start, tmp_path: Path) -> None:
    program = start(str(SAMPLE))
    before = program.wait_for(lambda s: s.get("picture") == "sample.png" and "scale" in s)
    scroll_to(program, 30, (790, 500))
    after = program.wait_for(lambda s: s["sharp"] and s["scale"] >= 30)
    assert after["method"] == "diif-s-lite"
    assert after["message"] == ""
    top, left, bottom, right = after["window"]
    assert (bottom - top, right - left) == tuple(after["size"])
    words = ["render", str(SAMPLE), "--scale", repr(after["scale"]), "--window", f"{top},{left},{bottom},{right}"]
    out = tmp_path / "rendered.png"
    subprocess.run([sys.executable, "main.py", *words, "-o", str(out)], cwd=ROOT, check=True, timeout=300)
    screen = program.screenshot()  # now: the last frame has come through the X server meanwhile
    with Image.open(out) as image:
        rendered = np.asarray(image)
    assert rendered.std() > 10, "a place with something to see"

    y, x = place_of(rendered, screen)
    shown = screen[y : y + rendered.shape[0], x : x + rendered.shape[1]]
    difference = np.abs(shown.astype(int) - rendered).max(axis=-1)
    difference[:64, :420] = 0  # the badge lies over this corner
    difference[-140:, -200:] = 0  # and the overview over that one
    assert difference.max() <= 2

    # the point under the cursor stayed where it was
    for axis, (cursor, corner) in enumerate([(500, y), (790, x)]):
        was = (before["origin"][axis] + cursor - corner) / before["scale"]
        now = (after["origin"][axis] + cursor - corner) / after["scale"]
        assert abs(was - now) < 1 / before["scale"]


@pytest.mark.timeout(600)
def test_closing_in_mid_render_ends_at_once_and_leaves_nobody(start: Start) -> None:
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture") and s["device"])
    scroll_to(program, 8, (640, 400))
    assert not program.status()["sharp"]
    family = program.processes()
    assert len(family) >= 2, "the window and its renderer"
    window = program.input("search", "--onlyvisible", "--name", "DIIF Viewer").split()[0]
    program.input("windowfocus", "--sync", window)
    quits_cleanly(program, seconds=5)


def renderer_of(program: Program) -> int:
    """The number of its rendering process."""
    (renderer,) = (p for p in program.processes() if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes())
    return renderer


@pytest.mark.timeout(600)
def test_a_killed_renderer_comes_back_and_the_view_stays(start: Start) -> None:
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture") and s["device"] and s["sharp"])
    scroll_to(program, 8, (640, 400))
    before = program.status()
    assert not before["sharp"]
    os.kill(renderer_of(program), signal.SIGKILL)
    program.wait_for(lambda s: s["message"] == "The renderer stopped and was started again.")
    after = program.wait_for(lambda s: s["sharp"])
    assert (after["scale"], after["origin"]) == (before["scale"], before["origin"])
    assert after["panes"][0]["sentence"] is None


@pytest.mark.timeout(600)
def test_a_renderer_that_stands_still_is_told_of_and_does_not_keep_the_window_open(start: Start) -> None:
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture") and s["device"] and s["sharp"])
    renderer = renderer_of(program)
    os.kill(renderer, signal.SIGSTOP)
    scroll_to(program, 8, (640, 400))
    program.wait_for(lambda s: "no sign of life" in s["message"])
    os.kill(renderer, signal.SIGCONT)
    program.wait_for(lambda s: s["sharp"] and s["message"] == "")
    os.kill(renderer, signal.SIGSTOP)
    for _ in range(200):  # more than fits between two processes, of which one does not read
        program.input("click", WHEEL_DOWN, "click", WHEEL_UP)
    window = program.input("search", "--onlyvisible", "--name", "DIIF Viewer").split()[0]
    program.input("windowfocus", "--sync", window)
    quits_cleanly(program, seconds=8)


@pytest.mark.timeout(600)
def test_ctrl_c_in_the_terminal_ends_it_cleanly(start: Start) -> None:
    program = start(str(SAMPLE))
    program.wait_for(lambda s: s.get("picture"))
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(20) in (0, 130)
    assert "Traceback" not in program.log_file.read_text()


@pytest.mark.timeout(600)
def test_an_unreadable_picture_is_a_sentence_and_the_window_stays(start: Start, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"this is no picture")
    program = start(str(broken))
    facts = program.wait_for(lambda s: "broken.jpg" in s["message"])
    assert facts["picture"] is None
    assert program.process.poll() is None
