"""A virtual screen with the real program on it, driven by real input events and looked at from outside."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ImageGrab

from tests.slowness import slowness

ROOT = Path(__file__).resolve().parent.parent.parent
WHEEL_UP, WHEEL_DOWN = 4, 5
PATIENCE = 150.0  # seconds; generous, for machines that do other work beside

Pixels = npt.NDArray[np.uint8]


@contextlib.contextmanager
def virtual_screen() -> Iterator[str]:
    """Xvfb on a free display; yields its name."""
    reader, writer = os.pipe()
    words = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(words, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as numbers:
            yield f":{numbers.readline().strip()}"
    finally:
        server.terminate()
        server.wait(20)


def until(fact: Callable[[], Any]) -> None:
    """Wait for something that the program does not report: on the screen, in a folder."""
    end = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


class Program:
    """The running program: its status file, its input, its picture on the screen."""

    def __init__(self, display: str, folder: Path, *words: str, home: Path | None = None) -> None:
        """home: of the user; default: as it is."""
        self.display, self.status_file = display, folder / "status.json"
        self.environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "DIIF_VIEWER_STATUS": str(self.status_file),
            "DIIF_VIEWER_SETTINGS": str(folder / "settings.ini"),
            "XDG_DATA_HOME": str(folder / "data"),
        }
        self.environment.pop("WAYLAND_DISPLAY", None)
        if home is not None:  # what is kept from run to run stays where it is
            self.environment.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
            self.environment["HOME"] = str(home)
        (folder / "settings.ini").write_text("[General]\nhint_done=true\noverview=false\n")  # nothing over the picture
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "main.py", *words], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        self.log_file = folder / "log"

    def status(self) -> dict[str, Any]:
        """The facts the window reports; empty before the first."""
        try:
            facts: dict[str, Any] = json.loads(self.status_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return facts

    def wait_for(self, wanted: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The first status for which `wanted` is true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            facts = self.status()
            if facts and wanted(facts):
                return facts
            assert self.process.poll() is None, f"the program ended: {self.log_file.read_text()}"
            time.sleep(0.02)
        raise AssertionError(f"never came: {self.status()}")

    def input(self, *words: object) -> str:
        """Real input events by xdotool."""
        done = subprocess.run(
            ["xdotool", *(str(word) for word in words)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout.strip()

    def find(self, name: str) -> list[str]:
        """The visible windows of this name."""
        try:
            return self.input("search", "--onlyvisible", "--name", name).split()
        except subprocess.CalledProcessError:  # xdotool fails while there is none
            return []

    def screenshot(self) -> Pixels:
        """The whole screen as the X server has it: (height, width, 3) uint8."""
        return np.asarray(ImageGrab.grab(xdisplay=self.display).convert("RGB"))

    def processes(self) -> list[int]:
        """Every living process of this program, the renderer among them, by the status file in its environment."""
        mark, found = f"DIIF_VIEWER_STATUS={self.status_file}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def end(self) -> None:
        """Whatever the test did, nothing stays."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)


def quits_cleanly(program: Program, seconds: float) -> None:
    """Ctrl-Q ends it within so many seconds of an idle machine; no process is left, and nothing was complained of."""
    slow, began = slowness(), time.monotonic()
    program.input("key", "ctrl+q")
    assert program.process.wait(PATIENCE) == 0
    took = time.monotonic() - began
    assert took < seconds * max(slow, slowness())
    until(lambda: program.processes() == [])
    log = program.log_file.read_text()
    assert not [word for word in ("Traceback", "Destroyed while", "leaked", "error") if word in log], log


def place_of(view: Pixels, screen: Pixels, *, skip_top: int = 64) -> tuple[int, int]:
    """(top, left) at which `view` lies on the `screen`: the offset with the smallest difference at many points.

    skip_top: rows of the view that the badge may cover.
    """
    dice = np.random.default_rng(1)
    rows = dice.integers(skip_top, view.shape[0], 800)
    columns = dice.integers(0, view.shape[1], 800)
    points = view[rows, columns].astype(np.int16)
    offsets = [
        (top, left)
        for top in range(screen.shape[0] - view.shape[0] + 1)
        for left in range(screen.shape[1] - view.shape[1] + 1)
    ]
    misses = [np.abs(screen[rows + top, columns + left] - points).mean() for top, left in offsets]
    return offsets[int(np.argmin(misses))]
