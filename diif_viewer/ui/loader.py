"""Opening pictures off the GUI thread: the newest path wins, and what comes next is read while nothing else is.

What a picture's profile says is applied here: from now on its pixels are sRGB, on screen and on the clipboard.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColorSpace, QImage

from diif_viewer.engine.jobs import OwnColours
from diif_viewer.errors import DiifViewerError
from diif_viewer.imaging.turns import UPRIGHT, Turn
from diif_viewer.paths import stamp_of
from diif_viewer.ui.images import opaque
from diif_viewer.ui.language import tr
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.screen_colour import SCREEN
from diif_viewer.ui.shared import moved
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
"""Pictures kept for the way back and read ahead, in bytes of pixels, where nobody says otherwise."""


class Decoded(NamedTuple):
    """pixels: HWC, in sRGB. source: what the classic methods take. The others: as of a `Picture`."""

    pixels: npt.NDArray[Any]
    source: Any
    about: Metadata | None
    pages: int
    lack: str
    own: OwnColours | None = None
    span: tuple[float, float] | None = None


Load = Callable[[Path, int], Decoded]
"""Reads a page of a file, from 0. Raises DiifViewerError with one sentence."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, or a frame, of a file; from 0. turn: how it is laid."""

    path: Path
    page: int = 0
    turn: Turn = UPRIGHT


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """`path` cannot be shown; one sentence says why."""

    path: Path
    sentence: str
    page: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Pasted:
    """A picture without a file. path: the name it goes by."""

    path: Path
    image: QImage


@dataclass(frozen=True, slots=True)
class Piped:
    """A picture that came through a pipe. path: the name it goes by. file: where it lies, for now."""

    path: Path
    file: Path


@dataclass(frozen=True, slots=True, eq=False)
class Relaid:
    """A picture that is there, laid as `turn` says of what its file has. path: the name it goes by."""

    path: Path
    picture: Picture
    turn: Turn


Given = Pasted | Piped | Relaid


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for; serial: tells it from another wish for the same, which may be another picture by then."""

    serial: int
    job: Sheet | Given


@dataclass(frozen=True, slots=True)
class Ahead:
    """Pictures that may be asked for next: named in the thread, since folders can be slow."""

    sheets: Callable[[], list[Sheet]]


class Loader(QObject):
    """Reads pictures in a thread of its own.

    room: bytes of pictures that are kept for the way back or read ahead. loaded: a Picture. failed: a NotLoaded.
    read_ahead: a Sheet that is kept ready now. All arrive in the thread that this object lives in.
    """

    loaded = Signal(object)
    failed = Signal(object)
    read_ahead = Signal(object)
    _finished = Signal(int, object)

    def __init__(self, load: Load | None = None, numbers: Loader | None = None, parent: QObject | None = None) -> None:
        """numbers: another loader that gives the numbers of pictures, for both."""
        super().__init__(parent)
        self._load = load or _load
        self._numbers: Iterator[int] = itertools.count(1) if numbers is None else numbers._numbers
        self.room = KEPT_BYTES
        self._serials = itertools.count(1)
        self._newest: int | None = None  # the serial of the wish that counts
        self._kept: OrderedDict[Sheet, tuple[object, Picture]] = OrderedDict()  # the thread's own
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._mailbox: Mailbox[_Wish | Ahead] = Mailbox("loader", self._work)

    @property
    def busy(self) -> bool:
        """True while a picture is on its way."""
        return self._newest is not None

    def number(self) -> int:
        """A number for a picture that is made of another one; never given again. Any thread."""
        return next(self._numbers)

    def load(self, path: Path, page: int = 0, turn: Turn = UPRIGHT) -> None:
        """Open a page of `path` next, or its last where it has fewer; an older wish is dropped."""
        self._wish(Sheet(path, page, turn))

    def take(self, given: Given) -> None:
        """Open a picture that is not read from a file of its own next; an older wish is dropped."""
        self._wish(given)

    def refuse(self, path: Path, sentence: str) -> None:
        """Say instead of a picture why there is none; an older wish is dropped."""
        self._newest = next(self._serials)
        self._finished.emit(self._newest, NotLoaded(path, sentence))

    def look_ahead(self, sheets: Callable[[], list[Sheet]]) -> None:
        """Read `sheets` while nothing else is wanted."""
        if self._newest is None:
            self._mailbox.post(Ahead(sheets))

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._mailbox.close()

    def _wish(self, job: Sheet | Given) -> None:
        self._newest = next(self._serials)
        self._mailbox.post(_Wish(self._newest, job))

    # ---- the thread ----

    def _work(self, wish: _Wish | Ahead) -> None:
        if isinstance(wish, Ahead):
            self._read_ahead(wish)
            return
        serial, job = wish.serial, wish.job
        path, page = job.path, job.page if isinstance(job, Sheet) else 0
        try:
            picture = self._there(job) if isinstance(job, Sheet) else self._given(job)
        except DiifViewerError as error:
            self._finished.emit(serial, NotLoaded(path, str(error), page))
        except MemoryError:
            self._kept.clear()
            sentence = tr("{name}: there is not enough memory to open this picture.", name=path.name)
            self._finished.emit(serial, NotLoaded(path, sentence, page))
        except Exception:  # a mistake of ours must not leave the window waiting for ever
            sentence = tr("{name}: this picture cannot be opened.", name=path.name)
            self._finished.emit(serial, NotLoaded(path, sentence, page))
            raise
        else:
            self._finished.emit(serial, replace(picture, image=next(self._numbers)))

    def _there(self, sheet: Sheet) -> Picture:
        """The picture on `sheet`, or on the last one that its file has now."""
        try:
            return self._read(sheet)
        except DiifViewerError:
            last = _last_page(sheet.path) if sheet.page else 0
            if sheet.page <= last:
                raise
        return self._read(Sheet(sheet.path, last, sheet.turn))

    def _read(self, sheet: Sheet) -> Picture:
        """The picture on `sheet`, from what is kept if the file is still the same."""
        stamp = stamp_of(sheet.path)
        kept = self._kept.get(sheet)
        if kept is None or stamp is None or kept[0] != stamp:
            self._kept.pop(sheet, None)
            if sheet.turn == UPRIGHT:
                made = self._made(sheet, self._load(sheet.path, sheet.page))
            else:
                made = self._laid(self._read(Sheet(sheet.path, sheet.page)), sheet.turn)
            self._kept[sheet] = stamp, made
        self._kept.move_to_end(sheet)
        while len(self._kept) > 1 and sum(p.pixels.nbytes for _, p in self._kept.values()) > self.room:
            self._kept.popitem(last=False)
        return self._kept[sheet][1]

    def _given(self, job: Given) -> Picture:
        if isinstance(job, Relaid):
            return self._laid(job.picture, job.turn)
        decoded = _unpacked(job.image) if isinstance(job, Pasted) else self._load(job.file, 0)._replace(own=None)
        return self._made(Sheet(job.path), decoded)

    def _laid(self, picture: Picture, turn: Turn) -> Picture:
        """`picture` as `turn` says of what its file has, however it lies now."""
        from diif_viewer.imaging.pyramid import Pyramid

        step = picture.turn.inverse.then(turn)
        pixels = np.ascontiguousarray(moved(step.of_pixels(picture.pixels)))
        about, own = picture.about, picture.own
        if about is not None and about.dpi is not None and step.is_sideways:
            about = replace(about, dpi=about.dpi[::-1])
        own = own if own is None else replace(own, turn=turn)
        decoded = Decoded(pixels, Pyramid(pixels), about, picture.pages, picture.lack, own, picture.span)
        return self._made(Sheet(picture.path, picture.page, turn), decoded)

    def _made(self, sheet: Sheet, decoded: Decoded) -> Picture:
        pixels, source, about, pages, lack, own, span = decoded
        preview = preview_of(pixels)
        side = min(THUMBNAIL, max(preview.width(), preview.height()))
        thumbnail = preview.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        rest = sheet.page, pages, lack, own, span, sheet.turn
        return Picture(0, sheet.path, pixels, source, preview, about, thumbnail, *rest)

    def _read_ahead(self, job: Ahead) -> None:
        from diif_viewer.imaging.load import peek

        with contextlib.suppress(DiifViewerError, MemoryError, OSError):  # whoever asks for it will be told
            for sheet in job.sheets():
                header = peek(sheet.path, page=sheet.page)
                if self._mailbox.overtaken or header.height * header.width > AHEAD_PIXELS:
                    return
                self._read(sheet)
                self._finished.emit(0, sheet)

    # ---- the thread of this object ----

    @Slot(int, object)
    def _deliver(self, serial: int, result: Picture | NotLoaded | Sheet) -> None:
        if isinstance(result, Sheet):
            self.read_ahead.emit(result)
            return
        if serial != self._newest:
            return  # overtaken
        self._newest = None
        if isinstance(result, Picture):
            self.loaded.emit(result)
        else:
            self.failed.emit(result)


def _last_page(path: Path) -> int:
    from diif_viewer.imaging.load import page_count

    return page_count(path) - 1


def _load(path: Path, page: int) -> Decoded:
    from diif_viewer.imaging.colour import srgb_profile, to_srgb
    from diif_viewer.imaging.load import load_picture
    from diif_viewer.imaging.metadata import Metadata
    from diif_viewer.imaging.pyramid import Pyramid

    stamp, own = stamp_of(path), None
    picture = load_picture(path, page=page, partly=True)
    pixels, profile, span = to_srgb(picture).pixels, picture.icc_profile, picture.span
    if profile is not None and pixels is not picture.pixels:
        own = OwnColours(os.path.abspath(path), page, stamp, profile, 8 * picture.pixels.dtype.itemsize)
        # grey without a profile means sRGB's grey; sRGB's own profile would be one for RGB
        profile = srgb_profile() if pixels.shape[2] >= 3 else None
        span = None  # no straight line leads from its values to these colours
    about = Metadata(profile, picture.exif, picture.dpi)
    pixels = moved(pixels)
    return Decoded(pixels, Pyramid(pixels), about, picture.pages, picture.lack, own, span)


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
    return Decoded(pixels, Pyramid(pixels), None, 1, "")


def preview_of(pixels: npt.NDArray[Any]) -> QImage:
    """Opaque, and of about `PREVIEW_PIXELS` pixels at most: every n-th of HWC pixels."""
    step = max(1, math.ceil(math.sqrt(pixels.shape[0] * pixels.shape[1] / PREVIEW_PIXELS)))
    return SCREEN.prepare(opaque(pixels[::step, ::step]))
