"""What the window and the rendering process say to each other: frozen values, nothing shared but the picture.

Rendering lives in a process of its own (`engine.service`), so that importing torch, a long matrix product
or running out of memory can never stall the window. Both ends send these dataclasses through a
`multiprocessing` connection; a picture's pixels travel once, in shared memory.

Order of work in the renderer: the newest request of each pane first (a newer one replaces an older one between
two tiles), then the newest probe, then exports and crops in theirs, then background encoding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diif_viewer.engine.jobs import (
    CancelExport,
    CropDone,
    CropRequest,
    ExportDone,
    ExportFailed,
    ExportProgress,
    ExportRequest,
    FilmFrame,
    FilmProbe,
    FilmProbed,
    FilmRequest,
    OwnColours,
    ProbeDone,
    ProbeFailed,
    ProbeRequest,
)
from diif_viewer.engine.tiles import TileKey
from diif_viewer.geometry import Window

__all__ = [
    "Alive",
    "CancelExport",
    "CancelView",
    "CloseImage",
    "CropDone",
    "CropRequest",
    "ExportDone",
    "ExportFailed",
    "ExportProgress",
    "ExportRequest",
    "FilmFrame",
    "FilmProbe",
    "FilmProbed",
    "FilmRequest",
    "FromRenderer",
    "MemoryLimit",
    "Notice",
    "OpenImage",
    "OwnColours",
    "PrepareView",
    "ProbeDone",
    "ProbeFailed",
    "ProbeRequest",
    "Quit",
    "Ready",
    "RendererFailed",
    "TileDone",
    "ToRenderer",
    "ViewDone",
    "ViewFailed",
    "ViewRequest",
]

# ---- window -> renderer ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenImage:
    """A picture to render from: HWC pixels in the shared memory block `block`; 1, 2, 3 or 4 channels."""

    image: int
    block: str
    shape: tuple[int, int, int]
    dtype: str  # "uint8" or "uint16"


@dataclass(frozen=True, slots=True)
class CloseImage:
    """Forget a picture, its features and its pending requests."""

    image: int


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """Render the tiles of `window` that are not in `held`; replaces the pane's older request.

    model: a shipped name or a path, never a classic method. scale: > 1. window: outputs on the
    lattice of that scale. serial: grows with every request of the pane.
    """

    pane: int
    serial: int
    image: int
    model: str
    scale: float
    window: Window
    held: frozenset[TileKey] = frozenset()


@dataclass(frozen=True, slots=True)
class CancelView:
    """The pane wants nothing sharp now (it moves, or shows a classic method)."""

    pane: int


@dataclass(frozen=True, slots=True)
class PrepareView:
    """A zoom is on its way: encode what `window` of the lattice of `scale` reads, as long as nothing is wanted."""

    image: int
    model: str
    scale: float
    window: Window


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """Keep at most `bytes` of features and maps in main memory from now on, open pictures included."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Quit:
    """Finish the current tile and end."""


# ---- renderer -> window ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The renderer has torch loaded and its device measured."""

    device: str  # "cpu", "cuda", ...
    dtype: str  # "bfloat16", "float16" or "float32"
    description: str  # for people: "CPU, 2 threads, bfloat16"
    devices: tuple[tuple[str, str], ...] = ()  # all there are: ("cuda:0", what it is called)


@dataclass(frozen=True, slots=True)
class TileDone:
    """A finished tile: uint8 HWC pixels, clipped to the picture's lattice; 1, 2, 3 or 4 channels as the picture.

    milliseconds: of work, with its share of what had to be encoded for it; other panes' work in between is not counted.
    """

    key: TileKey
    pixels: npt.NDArray[np.uint8]
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ViewDone:
    """Every tile of the pane's request has been sent. milliseconds: from its receipt to now."""

    pane: int
    serial: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class ViewFailed:
    """The pane's request cannot be rendered; one sentence says why. The fallback stays on screen."""

    pane: int
    serial: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Work goes on, but not as before (for example with less memory): one sentence that people should read."""

    sentence: str


@dataclass(frozen=True, slots=True)
class RendererFailed:
    """The renderer cannot go on (for example torch does not load): one sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The process runs and has work: once a second, see `engine.heartbeat`.

    steps: begun so far. seconds: of processor time that all its threads have spent.
    """

    steps: int
    seconds: float


ToRenderer = (
    OpenImage
    | CloseImage
    | ViewRequest
    | PrepareView
    | CancelView
    | ExportRequest
    | FilmRequest
    | CropRequest
    | CancelExport
    | ProbeRequest
    | MemoryLimit
    | FilmProbe
    | Quit
)
FromRenderer = (
    Ready
    | TileDone
    | ViewDone
    | ViewFailed
    | ExportProgress
    | ExportDone
    | ExportFailed
    | ProbeDone
    | ProbeFailed
    | FilmFrame
    | FilmProbed
    | CropDone
    | Notice
    | Alive
    | RendererFailed
)
