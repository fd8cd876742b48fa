"""What is asked for once and written or sent as a whole: exports, films and crops, and probes that tell what they take.

Orders and answers between window and rendering process, as those of `engine.messages`, which has views and the rest. A
job has a number (`job`) until it is done, has failed or was cancelled; of probes only the newest counts (`serial`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.turns import UPRIGHT, Turn
from diif_viewer.zoom_path import ZoomPath


@dataclass(frozen=True, slots=True)
class OwnColours:
    """A picture's pixels as they are in its file, whose profile is not sRGB's: what an export may be made of.

    file, page: where they are read again. stamp: of the file when it was opened (`paths.stamp_of`); another one is
    refused. profile: ICC. bits: per channel. turn: how the picture lies that was opened.
    """

    file: str
    page: int
    stamp: object
    profile: bytes
    bits: int
    turn: Turn = UPRIGHT


# ---- window -> renderer ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Write `window` of the lattice of `scale` to the file `path`, in the format of its suffix (`imaging.formats`).

    float32: compute in float32 whatever the screen uses; otherwise the same pixels as on screen.
    model: a model, or a classic method (nearest, bilinear, bicubic, lanczos). icc_profile, exif, dpi: embedded in the
    file (`imaging.metadata.export_metadata` makes them). bits: 8, or 16 from a float32 result. quality: 1 .. 100 for
    formats that lose something, None for their default. best: the mean of eight flips and rotations, in float32.
    own: the pixels to read instead of those of `image`, which are the same picture in sRGB; None for those.
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
    own: OwnColours | None = None


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
class FilmProbe:
    """Paint a small one of `film`, frames of at most `side` pixels a side, and tell what all of it would take.

    Answered by FilmFrame for some of its frames and FilmProbed, or by ProbeFailed. Replaces an older one. serial: one
    that no ProbeRequest has.
    """

    serial: int
    film: FilmRequest
    side: int


# ---- renderer -> window ----------------------------------------------------------------------------------


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
class CropDone:
    """The pixels of a CropRequest: uint8 HWC, channels as the picture."""

    job: int
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an export or a film takes, from measurements of just now.

    seconds: of the whole when nothing else is wanted. file_bytes: of the file. memory: bytes that the renderer takes
    for it at most.
    """

    serial: int
    seconds: float
    file_bytes: int
    memory: int


@dataclass(frozen=True, slots=True)
class ProbeDone(Estimate):
    """The detail of a probe, and an estimate of its export.

    pixels: HWC uint8 as the file will hold them, losses of its format included.
    """

    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """What frame `number` of a film will show, small: (height, width, 3) uint8."""

    serial: int
    number: int
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FilmProbed(Estimate):
    """The estimate of a film, behind the last of its frames."""


@dataclass(frozen=True, slots=True)
class ProbeFailed:
    """The probe cannot be made; one sentence says why."""

    serial: int
    sentence: str
