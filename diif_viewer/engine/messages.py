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

from diif_viewer.engine.tiles import TileKey
from diif_viewer.geometry import Lattice, Window
from diif_viewer.zoom_path import ZoomPath

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
class ExportRequest:
    """Write `window` of the lattice of `scale` to the file `path`, in the format of its suffix (`imaging.formats`).

    float32: compute in float32 whatever the screen uses; otherwise the same pixels as on screen.
    model: a model, or a classic method (nearest, bilinear, bicubic, lanczos). icc_profile, exif, dpi: embedded in the
    file (`imaging.metadata.export_metadata` makes them). bits: 8, or 16 from a float32 result. quality: 1 .. 100 for
    formats that lose something, None for their default. best: the mean of eight flips and rotations, in float32.
    """

    job: int
    image: int
    model: str
    scale: float
    window: Window
    path: str
    float32: bool = False
    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    bits: int = 8
    quality: int | None = None
    best: bool = False


@dataclass(frozen=True, slots=True)
class FilmRequest:
    """Write the film of a zoom to `file`, in the format of its suffix (`imaging.film`); answered as an export is.

    model, float32, quality: as for ExportRequest. background: RGB, seen around the picture and through it.
    """

    job: int
    image: int
    model: str
    path: ZoomPath
    file: str
    background: tuple[int, int, int] = (0, 0, 0)
    quality: int | None = None
    lossless: bool = False
    float32: bool = False


@dataclass(frozen=True, slots=True)
class CropRequest:
    """Send `window` of `lattice`, as on screen: answered by ExportProgress and CropDone, or by ExportFailed.

    job: a number that no export has. model: a model, or a classic method.
    """

    job: int
    image: int
    model: str
    lattice: Lattice
    window: Window


@dataclass(frozen=True, slots=True)
class CancelExport:
    """Stop an export, a film or a crop; nothing is left behind. Answered by ExportFailed with ``cancelled`` set."""

    job: int


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """Paint `detail`, a window on the lattice of `export`, as that export would, and tell what all of it would take.

    Replaces an older probe. Nothing is written to the export's path. serial: grows with every probe.
    """

    serial: int
    export: ExportRequest
    detail: Window


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """Keep at most `bytes` of features and maps in main memory from now on, open pictures included."""

    bytes: int


@dataclass(frozen=True, slots=True)
class FilmProbe:
    """Paint a small one of `film`, frames of at most `side` pixels a side, and tell what all of it would take.

    Answered by FilmFrame for some of its frames and FilmProbed, or by ProbeFailed. Replaces an older one. serial: one
    that no ProbeRequest has.
    """

    serial: int
    film: FilmRequest
    side: int


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
    """A finished tile: uint8 HWC pixels, clipped to the picture's lattice; 1, 2, 3 or 4 channels as the picture."""

    key: TileKey
    pixels: npt.NDArray[np.uint8]


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
class ExportProgress:
    """fraction in [0, 1]; seconds_left is an estimate from the work done so far, None before the first tile."""

    job: int
    fraction: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class ExportDone:
    """The whole file is at `path`."""

    job: int
    path: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class ExportFailed:
    """Nothing was written; one sentence says why, or it was cancelled."""

    job: int
    sentence: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class ProbeDone:
    """The detail of a probe, and estimates of the export from measurements of just now.

    pixels: HWC uint8 as the file will hold them, losses of its format included. seconds: of the whole export when
    nothing else is wanted. file_bytes: of the file. memory: bytes that the renderer takes for it at most.
    """

    serial: int
    pixels: npt.NDArray[np.uint8]
    seconds: float
    file_bytes: int
    memory: int


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """What frame `number` of a film will show, small: (height, width, 3) uint8."""

    serial: int
    number: int
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FilmProbed:
    """Estimates of a film, as those of ProbeDone."""

    serial: int
    seconds: float
    file_bytes: int
    memory: int


@dataclass(frozen=True, slots=True)
class ProbeFailed:
    """The probe cannot be made; one sentence says why."""

    serial: int
    sentence: str


@dataclass(frozen=True, slots=True)
class CropDone:
    """The pixels of a CropRequest: uint8 HWC, channels as the picture."""

    job: int
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Notice:
    """Work goes on, but not as before (for example with less memory): one sentence that people should read."""

    sentence: str


@dataclass(frozen=True, slots=True)
class RendererFailed:
    """The renderer cannot go on (for example torch does not load): one sentence."""

    sentence: str


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
    | RendererFailed
)
