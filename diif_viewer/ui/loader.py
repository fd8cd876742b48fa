"""Opening pictures off the GUI thread: the newest path wins, and what comes next is read while nothing else is.

What a picture's profile says is applied here: from now on its pixels are sRGB, on screen, in exports and on the
clipboard.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColorSpace, QImage

from diif_viewer.errors import DiifViewerError
from diif_viewer.ui.images import opaque
from diif_viewer.ui.language import tr
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.state import Picture

if TYPE_CHECKING:
    from diif_viewer.imaging.metadata import Metadata

PREVIEW_PIXELS = 2**22
"""The preview has at most about this many pixels; smaller pictures are their own preview."""

THUMBNAIL = 400
"""Pixels of a thumbnail's longer side, at most."""

AHEAD_PIXELS = 50_000_000
"""Larger pictures are not read ahead: somebody who asks for another one meanwhile would have to wait."""

KEPT_BYTES = 512 * 2**20
"""Pictures kept for the way back and read ahead, in bytes of pixels."""

Decoded = tuple[npt.NDArray[Any], Any, "Metadata | None"]
"""(HWC pixels in sRGB, what the classic methods take, what exports carry)."""

Load = Callable[[Path], Decoded]
"""Reads a path. Raises DiifViewerError with one sentence."""


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """`path` cannot be shown; one sentence says why."""

    path: Path
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Pasted:
    """A picture without a file. path: the name it goes by."""

    path: Path
    image: QImage


@dataclass(frozen=True, slots=True)
class Ahead:
    """Pictures that may be asked for next: named in the thread, since folders can be slow."""

    paths: Callable[[], list[Path]]


class Loader(QObject):
    """Reads pictures in a thread of its own.

    loaded: a Picture. failed: a NotLoaded. read_ahead: a Path that is kept ready now. All arrive in the thread that
    this object lives in.
    """

    loaded = Signal(object)
    failed = Signal(object)
    read_ahead = Signal(object)
    _finished = Signal(object)

    def __init__(self, load: Load | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._load = load or _load
        self._numbers = itertools.count(1)
        self._newest: Path | None = None
        self._kept: OrderedDict[Path, tuple[object, Picture]] = OrderedDict()  # the thread's own
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._mailbox: Mailbox[Path | Pasted | Ahead] = Mailbox("loader", self._work)

    @property
    def busy(self) -> bool:
        """True while a picture is on its way."""
        return self._newest is not None

    def number(self) -> int:
        """A number for a picture that is made of another one; never given again. Any thread."""
        return next(self._numbers)

    def load(self, path: Path) -> None:
        """Open `path` next; an older wish is dropped."""
        self._newest = path
        self._mailbox.post(path)

    def take(self, pasted: Pasted) -> None:
        """Open a picture that is in memory next; an older wish is dropped."""
        self._newest = pasted.path
        self._mailbox.post(pasted)

    def look_ahead(self, paths: Callable[[], list[Path]]) -> None:
        """Read `paths` while nothing else is wanted."""
        if self._newest is None:
            self._mailbox.post(Ahead(paths))

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._mailbox.close()

    # ---- the thread ----

    def _work(self, job: Path | Pasted | Ahead) -> None:
        if isinstance(job, Ahead):
            self._read_ahead(job)
            return
        path = job if isinstance(job, Path) else job.path
        try:
            picture = self._read(path) if isinstance(job, Path) else self._made(path, _unpacked(job.image))
        except DiifViewerError as error:
            self._finished.emit(NotLoaded(path, str(error)))
        except MemoryError:
            self._kept.clear()
            sentence = tr("{name}: there is not enough memory to open this picture.", name=path.name)
            self._finished.emit(NotLoaded(path, sentence))
        except Exception:  # a mistake of ours must not leave the window waiting for ever
            self._finished.emit(NotLoaded(path, tr("{name}: this picture cannot be opened.", name=path.name)))
            raise
        else:
            self._finished.emit(replace(picture, image=next(self._numbers)))

    def _read(self, path: Path) -> Picture:
        """The picture at `path`, from what is kept if the file is still the same."""
        stamp = _stamp(path)
        kept = self._kept.get(path)
        if kept is None or stamp is None or kept[0] != stamp:
            self._kept.pop(path, None)
            self._kept[path] = stamp, self._made(path, self._load(path))
        self._kept.move_to_end(path)
        while len(self._kept) > 1 and sum(p.pixels.nbytes for _, p in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return self._kept[path][1]

    def _made(self, path: Path, decoded: Decoded) -> Picture:
        pixels, source, about = decoded
        preview = preview_of(pixels)
        side = min(THUMBNAIL, max(preview.width(), preview.height()))
        thumbnail = preview.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        return Picture(0, path, pixels, source, preview, about, thumbnail)

    def _read_ahead(self, job: Ahead) -> None:
        from diif_viewer.imaging.load import peek

        with contextlib.suppress(DiifViewerError, MemoryError, OSError):  # whoever asks for it will be told
            for path in job.paths():
                header = peek(path)
                if self._mailbox.overtaken or header.height * header.width > AHEAD_PIXELS:
                    return
                self._read(path)
                self._finished.emit(path)

    # ---- the thread of this object ----

    @Slot(object)
    def _deliver(self, result: Picture | NotLoaded | Path) -> None:
        if isinstance(result, Path):
            self.read_ahead.emit(result)
            return
        if result.path != self._newest:
            return  # overtaken
        self._newest = None
        if isinstance(result, Picture):
            self.loaded.emit(result)
        else:
            self.failed.emit(result)


def _load(path: Path) -> Decoded:
    from diif_viewer.imaging.colour import srgb_profile, to_srgb
    from diif_viewer.imaging.load import load_picture
    from diif_viewer.imaging.metadata import Metadata
    from diif_viewer.imaging.pyramid import Pyramid

    picture = load_picture(path)
    pixels, profile = to_srgb(picture).pixels, picture.icc_profile
    if pixels is not picture.pixels:
        # grey without a profile means sRGB's grey; sRGB's own profile would be one for RGB
        profile = srgb_profile() if pixels.shape[2] >= 3 else None
    return pixels, Pyramid(pixels), Metadata(profile, picture.exif, picture.dpi)


def _unpacked(image: QImage) -> Decoded:
    """A QImage, brought to sRGB, as 8 bits of grey, RGB or RGBA."""
    from diif_viewer.imaging.pyramid import Pyramid

    if image.colorSpace().isValid():
        image = image.convertedToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    kind, channels = QImage.Format.Format_RGB888, 3
    if image.hasAlphaChannel():
        kind, channels = QImage.Format.Format_RGBA8888, 4
    elif image.isGrayscale():
        kind, channels = QImage.Format.Format_Grayscale8, 1
    image = image.convertToFormat(kind)
    height, width = image.height(), image.width()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    pixels = rows[:, : channels * width].reshape(height, width, channels).copy()
    return pixels, Pyramid(pixels), None


def _stamp(path: Path) -> object:
    """Something that changes with the file; None when it cannot be told."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def preview_of(pixels: npt.NDArray[Any]) -> QImage:
    """Opaque, and of about `PREVIEW_PIXELS` pixels at most: every n-th of HWC pixels."""
    step = max(1, math.ceil(math.sqrt(pixels.shape[0] * pixels.shape[1] / PREVIEW_PIXELS)))
    return opaque(pixels[::step, ::step])
