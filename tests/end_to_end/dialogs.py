"""The dialogs, each opened in the running program and photographed."""

from __future__ import annotations

import time

from PIL import Image

from tests.end_to_end.photographer import EYESPOT, Photographer
from tests.end_to_end.ways import bring_back, reduce


def shot_and_closed(here: Photographer, name: str = "DIIF Viewer$") -> Image.Image:
    """The dialog in front, which Escape closes then: what is seen of the window, or of the one of this name."""
    taken = here.shoot(name)
    here.keys("Escape")
    here.focus("DIIF Viewer$")
    return taken


def figure(here: Photographer) -> Image.Image:
    """The dialog of a comparison figure, while the truth is known."""
    reduce(here)
    here.keys("c")
    here.drag((760, 540), (890, 650))
    here.focus("Comparison figure")
    here.rest(8)
    taken = shot_and_closed(here)
    bring_back(here)
    return taken


def export(here: Photographer) -> Image.Image:
    """The export dialog."""
    here.keys("F2")
    here.zoom(EYESPOT, 8)
    here.keys("e")
    here.focus("^Export")
    here.rest(10)
    return shot_and_closed(here)


def region(here: Photographer) -> Image.Image:
    """The export dialog beside the frame of a region."""
    here.keys("F2")
    here.zoom(EYESPOT, 7)
    here.keys("r")
    here.drag((30, 120), (670, 520))
    here.focus("^Export")
    here.rest(10)
    return shot_and_closed(here)


def film(here: Photographer) -> Image.Image:
    """The dialog of a film."""
    here.keys("F2")
    here.zoom(EYESPOT, 8)
    here.keys("ctrl+e")
    here.focus("Zoom animation")
    here.rest(6)
    return shot_and_closed(here)


def dialog(here: Photographer, key: str, name: str) -> Image.Image:
    """What a key opens."""
    here.keys("F2", "0", key)
    here.focus(name)
    time.sleep(2)
    return shot_and_closed(here)


def keys(here: Photographer) -> Image.Image:
    """Every key, in a dialog that may be wider than the window."""
    here.keys("F2", "0", "F1")
    here.focus("Keys and gestures")
    time.sleep(2)
    return shot_and_closed(here, "Keys and gestures")


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
    return shot_and_closed(here)


def light(here: Photographer) -> Image.Image:
    """The light look, and the menu."""
    here.keys("F2")
    here.zoom(EYESPOT, 8)
    here.keys("ctrl+d")
    time.sleep(6)  # until the notice has gone
    here.keys("F10")
    time.sleep(1)
    taken = here.shoot()
    here.keys("Escape", "ctrl+d", "ctrl+d")
    return taken


def broken(here: Photographer) -> Image.Image:
    """The page that says why there is no picture."""
    here.keys("F2", "ctrl+o")
    here.focus("Open pictures")
    here.program.input("type", str(here.folder / "half a picture.png"))
    here.keys("Return")
    here.focus("DIIF Viewer")
    here.program.wait_for(lambda s: s["picture"] is None and s["message"])
    time.sleep(1)
    return here.shoot()
