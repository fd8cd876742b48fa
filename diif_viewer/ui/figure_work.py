"""Making a figure: crops from the renderer, scores and painting in a thread; what is there already is not made again.

Story: methods and scales are asked for -> a thread finds what each scale is rendered from -> crops that are missing are
asked of the renderer -> with each one that comes the thread paints the figure as far as it is -> the complete one can
be saved, in the thread too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from diif_viewer.engine.jobs import CancelExport, CropDone, CropRequest, ExportFailed, ExportProgress
from diif_viewer.errors import DiifViewerError
from diif_viewer.ui.figure import Crop, Figure, Row, footer
from diif_viewer.ui.figure_file import drawn, write_figure
from diif_viewer.ui.figure_subject import Source, Subject
from diif_viewer.ui.images import opaque
from diif_viewer.ui.language import tr
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.reduced import TRUTH, label_of
from diif_viewer.ui.renderer_client import RendererClient

Bytes = npt.NDArray[np.uint8]
Key = tuple[str, float]
"""(method, scale) of a crop."""

_JOBS = itertools.count(-1, -1)  # exports count upwards


@dataclass(frozen=True, slots=True)
class Wish:
    """What the figure shows. whole: the picture too."""

    methods: tuple[str, ...]
    scales: tuple[float, ...]
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Painting:
    wish: Wish
    crops: dict[Key, Bytes]


@dataclass(frozen=True, slots=True, eq=False)
class _Saving:
    figure: Figure
    path: Path


class FigureWork(QObject):
    """One figure. All signals arrive in the thread that this object lives in.

    painted: (Figure, QImage) as far as it is. progressed: fraction in [0, 1] of the crops. failed: one sentence.
    saved: the Path.
    """

    painted = Signal(object, object)
    progressed = Signal(float)
    failed = Signal(str)
    saved = Signal(object)
    _found = Signal(object, object)

    def __init__(
        self, subject: Subject, client: RendererClient, number: Callable[[], int], parent: QObject | None = None
    ) -> None:
        """number: gives numbers for pictures of our own."""
        super().__init__(parent)
        self.subject, self._client, self._number = subject, client, number
        self._wish: Wish | None = None
        self._ready: Wish | None = None  # the thread has found what it is rendered from
        self._sources: dict[float, Source] = {}  # written by the thread, read by both
        self._images: dict[float, int] = {}
        self._crops: dict[Key, Bytes] = {}
        self._asked: dict[int, tuple[Key, float]] = {}  # job -> what for, and how far it is
        self._scores: dict[Key, tuple[float, float]] = {}  # the thread's own
        self._mailbox: Mailbox[Wish | _Painting | _Saving] = Mailbox("figure", self._work)
        self._found.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        client.crop_done.connect(self._crop_done)
        client.export_progress.connect(self._crop_progressed)
        client.export_failed.connect(self._crop_failed)
        client.restarted.connect(self._ask_anew)
        client.renewed.connect(self._ask_anew)

    def ask(self, wish: Wish) -> None:
        """Make this figure; what only the one before needed is not made any more."""
        self._wish = wish
        for job, (key, _) in list(self._asked.items()):
            if key[0] not in wish.methods or key[1] not in wish.scales:
                self._client.send(CancelExport(job))
                del self._asked[job]
        self._mailbox.post(wish)

    def save(self, figure: Figure, path: Path) -> None:
        """Write a complete figure; `saved` or `failed` tells."""
        self._mailbox.post(_Saving(figure, path))

    def shutdown(self) -> None:
        """Stop whatever is under way and end the thread; returns when it has ended. What is being written gets done."""
        for job in self._asked:
            self._client.send(CancelExport(job))
        self._asked.clear()
        self._mailbox.close()
        for image in self._images.values():
            self._client.close_image(image)
        self._images.clear()

    # ---- the renderer ----

    def _request_missing(self, wish: Wish) -> None:
        under_way = {key for key, _ in self._asked.values()}
        for scale in wish.scales:
            source = self._sources[scale]
            for method in wish.methods:
                key = (method, scale)
                if key not in self._crops and key not in under_way:
                    job = next(_JOBS)
                    self._asked[job] = key, 0.0
                    self._client.send(CropRequest(job, self._image(source), method, source.lattice, source.window))
        self._tell_progress()

    def _image(self, source: Source) -> int:
        """The number that the renderer knows these pixels by."""
        if source.pixels is None:
            return self.subject.picture.image
        if source.scale not in self._images:
            self._images[source.scale] = self._number()
            self._client.open_image(self._images[source.scale], source.pixels)
        return self._images[source.scale]

    @Slot(object)
    def _crop_done(self, message: CropDone) -> None:
        if message.job in self._asked:
            key, _ = self._asked.pop(message.job)
            self._crops[key] = message.pixels
            self._tell_progress()
            if self._ready is not None and self._ready == self._wish:  # else the thread has something better to do
                self._mailbox.post(_Painting(self._ready, dict(self._crops)))

    @Slot(object)
    def _crop_progressed(self, message: ExportProgress) -> None:
        if message.job in self._asked:
            self._asked[message.job] = self._asked[message.job][0], message.fraction
            self._tell_progress()

    @Slot(object)
    def _crop_failed(self, message: ExportFailed) -> None:
        if self._asked.pop(message.job, None) is not None:
            self.failed.emit(message.sentence)

    @Slot()
    def _ask_anew(self) -> None:
        """The renderer that was asked is gone, and another is there."""
        if self._ready is not None and self._ready == self._wish:
            self._request_missing(self._ready)

    def _tell_progress(self) -> None:
        if self._wish is not None:
            keys = [(method, scale) for method in self._wish.methods for scale in self._wish.scales]
            there = sum(key in self._crops for key in keys) + sum(done for _, done in self._asked.values())
            self.progressed.emit(min(1.0, there / len(keys)))

    # ---- the thread ----

    def _work(self, job: Wish | _Painting | _Saving) -> None:
        try:
            match job:
                case Wish():
                    for scale in job.scales:
                        if scale not in self._sources:
                            self._sources[scale] = self.subject.source(scale)
                    self._found.emit(job, None)
                case _Painting():
                    figure = self._figure(job.wish, job.crops)
                    self._found.emit(figure, drawn(figure))
                case _Saving():
                    write_figure(job.figure, job.path)
                    self._found.emit(job.path, None)
        except DiifViewerError as error:
            self._found.emit(str(error), None)
        except MemoryError:
            self._found.emit(tr("There is not enough memory for this figure."), None)

    def _figure(self, wish: Wish, crops: dict[Key, Bytes]) -> Figure:
        rows = []
        for scale in wish.scales:
            source = self._sources[scale]
            made = [self._crop(method, source, crops.get((method, scale))) for method in wish.methods]
            if source.truth is not None:
                made.append(Crop(label_of(TRUTH), opaque(source.truth), math.inf))
            rows.append(Row(scale, (source.window.height, source.window.width), tuple(made)))
        reduced = self.subject.picture.reduced
        shown = self.subject.picture.preview if reduced is None else reduced.original.preview
        small_print = footer(self.subject.picture.name, self.subject.box, measured=self.subject.has_truth)
        return Figure(shown if wish.whole else None, self.subject.parts, tuple(rows), small_print)

    def _crop(self, method: str, source: Source, pixels: Bytes | None) -> Crop:
        if pixels is None:
            return Crop(label_of(method), None, None if source.truth is None else math.inf)
        image = opaque(pixels, source.window.top, source.window.left)
        if source.truth is None:
            return Crop(label_of(method), image)
        key = (method, source.scale)
        if key not in self._scores:
            self._scores[key] = measured(pixels, source.truth)
        return Crop(label_of(method), image, *self._scores[key])

    # ---- the thread of this object ----

    @Slot(object, object)
    def _deliver(self, result: Wish | Figure | Path | str, image: QImage | None) -> None:
        match result:
            case Wish() if result == self._wish:
                self._ready = result
                self._request_missing(result)
                self._mailbox.post(_Painting(result, dict(self._crops)))
            case Figure():
                self.painted.emit(result, image)
            case Path():
                self.saved.emit(result)
            case str():
                self.failed.emit(result)


def measured(pixels: Bytes, truth: Bytes) -> tuple[float, float]:
    """(PSNR in dB, SSIM) of the luminance, as `evaluation.comparison` has it; not a number below 11 x 11 pixels."""
    from diif_viewer.imaging.colour import rgb_to_y
    from diif_viewer.imaging.metrics import psnr, ssim

    guess, wanted = rgb_to_y(pixels / 255.0), rgb_to_y(truth / 255.0)
    return psnr(guess, wanted), ssim(guess, wanted)
