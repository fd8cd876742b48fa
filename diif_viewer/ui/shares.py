"""What the memory that a person allows is for: one number, shared out among all that the program keeps.

It bounds what is kept for later; what is on screen, the program itself and torch come on top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diif_viewer.ui.settings import Settings

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow

CHOICES = (512, 1024, 2048, 4096, 8192)
"""Sizes to choose from, in MiB."""

DEFAULT = 2048

TILES, PICTURES, FEATURES = 1 / 8, 1 / 8, 5 / 8
"""Shares of finished tiles, of pictures read ahead or kept for the way back, and of what models have read of pictures.

The rest is for tiles of guests in the three other panes. Features have most: a view of 1280x720 at x1.2 reads 0.86 GB.
"""

GUEST = 1 / 24
"""Share of the tiles of each guest."""


def chosen(settings: Settings) -> int:
    """Bytes that everything may take together."""
    held = int(settings.number("memory", DEFAULT))
    return (held if held in CHOICES else DEFAULT) << 20


def share_out(window: MainWindow) -> None:
    """Hold everything to what is chosen, from now on. What is too much leaves at once or with the next use."""
    total = chosen(window.settings)
    controller = window.controller
    controller.scene.cache.resize(int(TILES * total))
    controller.looks.guests.room = int(GUEST * total)
    for guest in controller.looks.guests:
        guest.scene.cache.resize(int(GUEST * total))
    window.loader.room = int(PICTURES * total)
    controller.client.limit_memory(int(FEATURES * total))
