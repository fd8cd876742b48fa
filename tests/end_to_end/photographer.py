"""Somebody who uses the real program as people do and takes pictures of it, for the documents."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.end_to_end.desktop import ROOT, WHEEL_UP, Program

SAMPLE = str(ROOT / "resources" / "sample.png")
EYESPOT, STAR = (824, 595), (699, 635)  # on the screen, while the sample is shown at x1
MIDDLE = (640, 447)


class Photographer:
    """One running program, what is done to it, and pictures of it. folder: for files that it opens."""

    def __init__(self, display: str, folder: Path, picture: str) -> None:
        """folder: lies in what is the user's home then, so that no path of this machine is in a picture."""
        self.folder = folder
        self.program = Program(display, folder, picture, home=folder.parent)
        self.program.wait_for(lambda s: s.get("picture") and s["device"])
        self.focus("DIIF Viewer")

    def focus(self, name: str) -> None:
        """Give the keyboard to the window of this name, as a window manager does, once it is there."""
        for _ in range(100):
            if found := self.program.find(name):
                self.program.input("windowfocus", "--sync", found[-1])
                return
            time.sleep(0.1)
        raise AssertionError(f"there is no window called {name}")

    def keys(self, *names: str) -> None:
        """Press one key after the other."""
        for name in names:
            self.program.input("key", name)
            time.sleep(0.3)

    def settle(self) -> None:
        """Until everything is sharp and painted."""
        time.sleep(0.6)
        self.program.wait_for(lambda s: s["sharp"])
        time.sleep(0.8)

    def rest(self, seconds: float = 4.0) -> None:
        """Until nothing on the screen has changed for so long: what is not in the status is there as well.

        At most four times as long: a cursor that blinks never rests.
        """
        begun = since = time.monotonic()
        before = self.program.screenshot()
        while time.monotonic() - since < seconds and time.monotonic() - begun < 4 * seconds:
            time.sleep(0.5)
            now = self.program.screenshot()
            if not np.array_equal(before, now):
                before, since = now, time.monotonic()

    def zoom(self, point: tuple[int, int], scale: float) -> None:
        """From the fit, scroll to at least `scale` about a point of the screen, then drag it to the middle."""
        self.keys("0")
        self.settle()
        self.program.input("mousemove", *point)
        while self.program.wait_for(lambda s: "scale" in s)["scale"] < scale:
            self.program.input("click", WHEEL_UP)
            time.sleep(0.1)
        self.settle()
        self.drag(point, MIDDLE)
        self.settle()

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """With the left button, slowly enough for no throw."""
        self.program.input("mousemove", *start, "mousedown", 1)
        for step in range(1, 11):
            self.program.input("mousemove", *(a + (b - a) * step // 10 for a, b in zip(start, end, strict=True)))
            time.sleep(0.02)
        time.sleep(0.3)
        self.program.input("mouseup", 1)

    def shoot(self, name: str = "DIIF Viewer$") -> Image.Image:
        """What the screen shows where the main window is, or the one of this name."""
        window = self.program.input("search", "--onlyvisible", "--name", name).split()[0]
        lines = self.program.input("getwindowgeometry", "--shell", window).splitlines()
        facts = {name: int(value) for name, value in (line.split("=") for line in lines)}
        left, top = max(0, facts["X"]), max(0, facts["Y"])
        return Image.fromarray(self.program.screenshot()).crop(
            (left, top, facts["X"] + facts["WIDTH"], facts["Y"] + facts["HEIGHT"])
        )


def make_files(folder: Path) -> None:
    """The sample, a smaller JPEG of it, one of five pages, one that moves, one with transparency, and a broken one."""
    with Image.open(SAMPLE) as image:
        whole = image.convert("RGB")
    whole.save(folder / "butterfly.png")
    small = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.BICUBIC)
    small.save(folder / "saved small.jpg", quality=70)
    turned = [small.rotate(4 * number, Image.Resampling.BICUBIC) for number in range(5)]
    turned[0].save(folder / "pages.tif", save_all=True, append_images=turned[1:])
    words = {"duration": 400, "loop": 0, "quality": 90}
    turned[0].save(folder / "swinging.webp", save_all=True, append_images=turned[1:], **words)
    clear = small.convert("RGBA")
    down, across = np.mgrid[0 : small.height, 0 : small.width]
    from_middle = np.hypot((across - small.width / 2) / small.width, (down - small.height / 2) / small.height)
    clear.putalpha(Image.fromarray((255 * np.clip(2.2 - 4 * from_middle, 0, 1)).astype(np.uint8)))
    clear.save(folder / "vignette.png")
    (folder / "half a picture.png").write_bytes((folder / "butterfly.png").read_bytes()[:60_000])
