"""The ways of looking, each done to the running program and photographed."""

from __future__ import annotations

import time

from PIL import Image

from tests.end_to_end.photographer import EYESPOT, MIDDLE, STAR, Photographer


def split(here: Photographer) -> Image.Image:
    """Two methods and a divider."""
    here.zoom(STAR, 12)
    here.keys("F3")
    here.settle()
    return here.shoot()


def stacked(here: Photographer) -> Image.Image:
    """The same, one above the other."""
    here.keys("shift+F3")
    here.settle()
    taken = here.shoot()
    here.keys("F3")
    return taken


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
    here.rest()
    return here.shoot()


def signed(here: Photographer) -> Image.Image:
    """Which way they differ."""
    here.keys("shift+F8")
    here.settle()
    here.rest()
    taken = here.shoot()
    here.keys("shift+F8")
    return taken


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


def line(here: Photographer) -> Image.Image:
    """A line across an eyespot in three panes, and its profile."""
    here.keys("F2")
    here.zoom(EYESPOT, 16)
    here.keys("F5", "shift+m")
    here.settle()
    here.rest(1.5)
    taken = here.shoot()
    here.keys("shift+m", "F2")
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


def opened(here: Photographer, name: str) -> None:
    """Open one of the files, by the dialog."""
    here.keys("F2", "ctrl+o")
    here.focus("Open pictures")
    here.program.input("type", str(here.folder / name))
    here.keys("Return")
    here.focus("DIIF Viewer")
    here.program.wait_for(lambda s: s["picture"] == name)


def pages(here: Photographer) -> Image.Image:
    """The third page of five."""
    opened(here, "pages.tif")
    here.keys("0", "shift+Next", "shift+Next")
    here.program.wait_for(lambda s: s["page"] == [3, 5])
    here.settle()
    return here.shoot()


def playing(here: Photographer) -> Image.Image:
    """A picture that moves, under way."""
    opened(here, "swinging.webp")
    here.program.wait_for(lambda s: s["playing"] and s["page"] == [4, 5])
    time.sleep(0.2)
    return here.shoot()


def transparent(here: Photographer) -> Image.Image:
    """Transparency, over the checkerboard."""
    opened(here, "vignette.png")
    here.keys("0")
    here.settle()
    return here.shoot()
