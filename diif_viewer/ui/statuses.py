"""What a pane shows, in words and numbers: told on its badge, in the status line and to screen readers."""

from __future__ import annotations

from dataclasses import dataclass

from diif_viewer.engine.tiles import TileKey, keys_for
from diif_viewer.ui.compare import Area
from diif_viewer.ui.language import mark
from diif_viewer.ui.looks import Looks
from diif_viewer.ui.state import screen_method

PLAYING = mark("It is playing; it becomes sharp when it is stopped.")
"""Why a pane stays bicubic meanwhile."""


@dataclass(frozen=True, slots=True)
class PaneStatus:
    """What a pane shows.

    method: its name in ON_SCREEN. scale: of the target view. sharp: the final pixels of the target are there.
    milliseconds: of the renderer's work for them, whenever that was; None when unknown. sentence: why it stays a
    preview. name: of its picture, where the panes show different ones.
    """

    method: str
    scale: float
    sharp: bool
    milliseconds: float | None = None
    sentence: str | None = None
    name: str = ""


def status_of(looks: Looks, area: Area, method: str, model: str | None) -> PaneStatus:
    """Of the pane of `area`. model: the one that makes its tiles, None where a frame is the final picture."""
    view, picture, scene = looks.view(area.pane), looks.picture(area.pane), looks.scene(area.pane)
    assert view is not None
    assert picture is not None
    seen, name = area.seen(view), picture.name if looks.guests else ""
    if model is None:
        sharp = not seen or scene.has_frame(screen_method(method, view.scale), view.scale, seen)
    else:
        sharp = not scene.missing(area.pane, tiles_of(looks, area, model))
    return PaneStatus(method, view.scale, sharp, name=name)


def tiles_of(looks: Looks, area: Area, model: str) -> list[TileKey]:
    """Those that the pane of `area` shows by `model`, at rest."""
    view, picture = looks.view(area.pane), looks.picture(area.pane)
    assert view is not None
    assert picture is not None
    return keys_for(picture.image, model, view.scale, area.seen(view), view.lattice.window)
