"""Photograph the real program for the documents: `make screenshots`, or `python -m tests.end_to_end.screenshots`.

All pictures that docs/ and the README show of the window come from here, in one go. Named ones only: ``ways``
(docs/ways-of-looking.md), ``readme`` (its two), or the name of any picture, such as ``figure``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.end_to_end import dialogs, ways
from tests.end_to_end.desktop import ROOT, virtual_screen
from tests.end_to_end.photographer import EYESPOT, SAMPLE, STAR, Photographer, make_files

IMAGES = ROOT / "docs" / "images"

PICTURES: tuple[Callable[[Photographer], Image.Image], ...] = (
    *(ways.split, ways.stacked, ways.panes, ways.lens, ways.difference, ways.signed, ways.flip, ways.inspector),
    *(ways.line, ways.truth, dialogs.figure, dialogs.export, dialogs.region, dialogs.film),
    *(dialogs.models, dialogs.preferences, dialogs.keys, dialogs.open_dialog, dialogs.light),
    *(ways.pictures, ways.pages, ways.playing, ways.transparent, dialogs.broken),
)
"""In this order: each begins where the one before it ended, or goes to its own place first."""


def photograph(display: str, names: list[str]) -> None:
    """Write those of PICTURES that are in `names`, all where that is empty."""
    folder = IMAGES / "ways"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        held = Path(home, "me", "Pictures")
        held.mkdir(parents=True)
        make_files(held)
        here = Photographer(display, held, str(held / "butterfly.png"))
        try:
            for picture in PICTURES:
                if not names or picture.__name__ in names:
                    file = folder / f"{picture.__name__}.webp"
                    picture(here).save(file, quality=84, method=6)
                    print(file, flush=True)
        finally:
            here.program.end()


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
                print(IMAGES / name, flush=True)
            finally:
                here.program.end()


def main(names: list[str]) -> None:
    """Everything, or what is named."""
    known = {picture.__name__ for picture in PICTURES} | {"ways", "readme"}
    if unknown := sorted(set(names) - known):
        sys.exit(f"There is no picture {', '.join(unknown)}; there are {', '.join(sorted(known))}.")
    with virtual_screen() as display:
        if not names or "readme" in names:
            readme(display)
        if names != ["readme"]:
            photograph(display, [name for name in names if name not in ("ways", "readme")])


if __name__ == "__main__":
    main(sys.argv[1:])
