"""Photograph the real program for the documents: `make screenshots`, or `python -m tests.end_to_end.screenshots`.

Named pictures only: `python -m tests.end_to_end.screenshots ways` (docs/ways-of-looking.md), `readme` (its two), or the
name of any picture of the page, such as `figure`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.end_to_end.desktop import ROOT, WHEEL_UP, Program, virtual_screen

IMAGES = ROOT / "docs" / "images"
WAYS = IMAGES / "ways"
SAMPLE = str(ROOT / "resources" / "sample.png")
EYESPOT, STAR = (824, 595), (699, 635)  # on the screen, while the sample is shown at x1
MIDDLE = (640, 447)


class Photographer:
    """One running program, what is done to it, and pictures of it. folder: for files that it opens."""

    def __init__(self, display: str, folder: Path, picture: str) -> None:
        self.folder = folder
        self.program = Program(display, folder, picture)
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

    def shoot(self) -> Image.Image:
        """What the screen shows where the main window is."""
        window = self.program.input("search", "--onlyvisible", "--name", "DIIF Viewer$").split()[0]
        lines = self.program.input("getwindowgeometry", "--shell", window).splitlines()
        facts = {name: int(value) for name, value in (line.split("=") for line in lines)}
        left, top = max(0, facts["X"]), max(0, facts["Y"])
        return Image.fromarray(self.program.screenshot()).crop(
            (left, top, facts["X"] + facts["WIDTH"], facts["Y"] + facts["HEIGHT"])
        )


# ---- the ways of looking ---------------------------------------------------------------------------------


def split(here: Photographer) -> Image.Image:
    """Two methods and a divider."""
    here.zoom(STAR, 12)
    here.keys("F3")
    here.settle()
    return here.shoot()


def panes(here: Photographer) -> Image.Image:
    """Four panes in step."""
    here.keys("F2")
    here.zoom(EYESPOT, 11)
    here.keys("F6")
    here.settle()
    return here.shoot()


def lens(here: Photographer) -> Image.Image:
    """The lens about the eyespot."""
    here.keys("F2")
    here.zoom(EYESPOT, 8)
    here.keys("F7")
    here.program.input("mousemove", 590, 380)
    here.settle()
    return here.shoot()


def difference(here: Photographer) -> Image.Image:
    """Where bicubic and DIIF-S differ."""
    here.keys("F8")
    here.settle()
    return here.shoot()


def flip(here: Photographer) -> Image.Image:
    """The same place before a key is held, and while it is."""
    here.keys("F2")
    here.zoom(STAR, 12)
    here.drag(MIDDLE, (320, 447))
    here.settle()
    before = here.shoot()
    here.program.input("keydown", "space")
    time.sleep(1.5)
    held = here.shoot()
    here.program.input("keyup", "space")
    half = before.width // 2
    both = Image.new("RGB", (2 * half + 8, before.height), "white")
    for place, taken in ((0, before), (half + 8, held)):
        both.paste(taken.crop((0, 0, half, before.height)), (place, 0))
    return both


def inspector(here: Photographer) -> Image.Image:
    """Overview, pixel grid, histogram, and what is under the cursor."""
    here.keys("F2")
    here.zoom(EYESPOT, 16)
    here.keys("m", "ctrl+g", "h")
    here.program.input("mousemove", 700, 420)
    here.settle()
    taken = here.shoot()
    here.keys("m", "ctrl+g", "h")
    return taken


def reduce(here: Photographer) -> None:
    """Reduce the picture by x4, in a single view of the whole of it."""
    here.keys("F2", "0", "ctrl+t")
    here.focus("Compare with the truth")
    here.keys("Return")
    here.program.wait_for(lambda s: s.get("scale") == 4 and "psnr" in s["panes"][0])
    here.focus("DIIF Viewer$")


def bring_back(here: Photographer) -> None:
    """The whole picture again, by the method that starts it."""
    here.keys("F2", "s", "ctrl+t")
    here.program.wait_for(lambda s: s["scale"] == 1)
    here.settle()


def truth(here: Photographer) -> Image.Image:
    """Reduced by x4, rebuilt by three methods, measured; the truth beside them."""
    reduce(here)
    here.keys("F6", "t")
    here.drag((504, 400), (320, 251))  # the eyespot, within the first pane
    time.sleep(8)  # until the notice has gone
    here.program.wait_for(lambda s: s["sharp"] and all(p.get("ssim") for p in s["panes"][:3]))
    here.settle()
    taken = here.shoot()
    bring_back(here)
    return taken


def figure(here: Photographer) -> Image.Image:
    """The dialog of a comparison figure, while the truth is known."""
    reduce(here)
    here.keys("c")
    here.drag((760, 540), (890, 650))
    here.focus("Comparison figure")
    time.sleep(9)
    taken = here.shoot()
    here.keys("Escape")
    here.focus("DIIF Viewer$")
    bring_back(here)
    return taken


def export(here: Photographer) -> Image.Image:
    """The export dialog."""
    here.keys("F2")
    here.zoom(EYESPOT, 8)
    here.keys("e")
    here.focus("^Export")
    time.sleep(3)
    taken = here.shoot()
    here.keys("Escape")
    here.focus("DIIF Viewer$")
    return taken


def film(here: Photographer) -> Image.Image:
    """The dialog of a film."""
    here.keys("F2")
    here.zoom(EYESPOT, 8)
    here.keys("ctrl+e")
    here.focus("Zoom animation")
    time.sleep(5)
    taken = here.shoot()
    here.keys("Escape")
    here.focus("DIIF Viewer$")
    return taken


def dialog(here: Photographer, key: str, name: str) -> Image.Image:
    """What a key opens."""
    here.keys("F2", "0", key)
    here.focus(name)
    time.sleep(2)
    taken = here.shoot()
    here.keys("Escape")
    here.focus("DIIF Viewer$")
    return taken


def keys(here: Photographer) -> Image.Image:
    """Every key."""
    return dialog(here, "F1", "Keys and gestures")


def models(here: Photographer) -> Image.Image:
    """What there is to know of each model."""
    return dialog(here, "ctrl+m", "^Models")


def preferences(here: Photographer) -> Image.Image:
    """All of them."""
    return dialog(here, "ctrl+comma", "^Preferences")


def open_dialog(here: Photographer) -> Image.Image:
    """Previews while a picture is chosen."""
    here.keys("F2", "0", "o")
    here.focus("Open pictures")
    time.sleep(1)
    here.program.input("type", "saved small.jpg")
    here.program.input("mousemove", 321, 251, "click", 1)
    time.sleep(2)
    taken = here.shoot()
    here.keys("Escape")
    here.focus("DIIF Viewer$")
    return taken


def pictures(here: Photographer) -> Image.Image:
    """Two files of one scene, with different numbers of pixels, at the same place."""
    here.keys("F2", "0")
    here.zoom(EYESPOT, 6)
    here.keys("F4", "p")
    here.keys("shift+o")
    here.focus("Open in this pane")
    here.program.input("type", str(here.folder / "saved small.jpg"))
    here.keys("Return")
    here.focus("DIIF Viewer$")
    here.program.wait_for(lambda s: s["panes"][0].get("picture") == "saved small.jpg")
    here.keys("s")
    here.settle()
    taken = here.shoot()
    here.keys("shift+p")
    return taken


def pages(here: Photographer) -> Image.Image:
    """The third page of five."""
    here.keys("F2", "ctrl+o")
    here.focus("Open pictures")
    here.program.input("type", str(here.folder / "pages.tif"))
    here.keys("Return")
    here.focus("DIIF Viewer")
    here.program.wait_for(lambda s: s["picture"] == "pages.tif")
    here.keys("0", "shift+Next", "shift+Next")
    here.program.wait_for(lambda s: s["page"] == [3, 5])
    here.settle()
    return here.shoot()


PICTURES: tuple[Callable[[Photographer], Image.Image], ...] = (
    *(
        split,
        panes,
        lens,
        difference,
        flip,
        inspector,
        truth,
        figure,
        export,
        film,
        models,
        preferences,
        keys,
        open_dialog,
        pictures,
        pages,
    ),
)
"""In this order: each begins where the one before it ended, or goes to its own place first."""


def ways(display: str, names: list[str]) -> None:
    """Write those of PICTURES that are in `names`, all where that is empty."""
    WAYS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        make_files(folder)
        here = Photographer(display, folder, str(folder / "butterfly.png"))
        try:
            for way in PICTURES:
                if not names or way.__name__ in names:
                    way(here).save(WAYS / f"{way.__name__}.webp", quality=84, method=6)
                    print(WAYS / f"{way.__name__}.webp", flush=True)
        finally:
            here.program.end()


def make_files(folder: Path) -> None:
    """The sample, a smaller JPEG of it, and one of five pages."""
    with Image.open(SAMPLE) as image:
        whole = image.convert("RGB")
    whole.save(folder / "butterfly.png")
    small = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.BICUBIC)
    small.save(folder / "saved small.jpg", quality=70)
    turned = [small.rotate(4 * number, Image.Resampling.BICUBIC) for number in range(5)]
    turned[0].save(folder / "pages.tif", save_all=True, append_images=turned[1:])


# ---- the README ------------------------------------------------------------------------------------------


def readme(display: str) -> None:
    """Write window.png (three panes) and split.png (the split view)."""
    for point, scale, layout, name in ((EYESPOT, 11, "F5", "window.png"), (STAR, 12, "F3", "split.png")):
        with tempfile.TemporaryDirectory() as folder:
            here = Photographer(display, Path(folder), SAMPLE)
            try:
                here.zoom(point, scale)
                here.keys(layout)
                here.settle()
                here.shoot().save(IMAGES / name, optimize=True)
            finally:
                here.program.end()


def main(names: list[str]) -> None:
    """Everything, or what is named."""
    with virtual_screen() as display:
        if not names or names == ["readme"]:
            readme(display)
        if names != ["readme"]:
            ways(display, [name for name in names if name != "ways"])


if __name__ == "__main__":
    main(sys.argv[1:])
