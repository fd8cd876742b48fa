"""The window's end of the rendering process: orders go out, facts come back as signals.

Story: `start` sends out a `Courier`, whose threads spawn the process, write what `send` and `open_image` hand over, and
turn what arrives into one queued signal; `_deliver`, back in the GUI thread, names the fact. When the process dies, it
is started again by itself, as long as that helps (`ui.endings`), and open pictures are sent anew; after that only
`restart` does so.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal, Slot

from diif_viewer.engine.messages import (
    CloseImage,
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
    FromRenderer,
    MemoryLimit,
    Notice,
    PrepareView,
    ProbeDone,
    ProbeFailed,
    ProbeRequest,
    Ready,
    RendererFailed,
    TileDone,
    ToRenderer,
    ViewDone,
    ViewFailed,
    ViewRequest,
)
from diif_viewer.imaging.leftovers import sweep
from diif_viewer.ui.courier import CLOSE_TIMEOUT, Courier, Gone, Opened, Renderer
from diif_viewer.ui.endings import Endings, words
from diif_viewer.ui.language import tr
from diif_viewer.ui.pulse import Pulse

EXPORT_TIMEOUT = 5.0
"""Seconds that it gets while it is writing a file: what it has written so far is cleared away by itself only."""


def spawn_renderer(device: str = "auto") -> Renderer:
    """Start the real renderer on a device, as `engine.device.resolve` names it."""
    from diif_viewer.engine.service import RendererProcess

    return RendererProcess(device)


def _file_of(order: ExportRequest | FilmRequest | CropRequest) -> Path | None:
    match order:
        case ExportRequest():
            return Path(order.path)
        case FilmRequest():
            return Path(order.file)
        case CropRequest():
            return None


def _model_of(order: ToRenderer) -> str | None:
    match order:
        case ViewRequest() | PrepareView() | ExportRequest() | FilmRequest() | CropRequest():
            return order.model
        case ProbeRequest():
            return order.export.model
        case FilmProbe():
            return order.film.model
        case _:
            return None


class RendererClient(QObject):
    """Talks to the renderer. All signals arrive in the GUI thread.

    ready (Ready), tile_done (TileDone), view_done (ViewDone), view_failed (ViewFailed), export_progress
    (ExportProgress), export_done (ExportDone), export_failed (ExportFailed), probe_done (ProbeDone), probe_failed
    (ProbeFailed), film_frame (FilmFrame), film_probed (FilmProbed), crop_done (CropDone): the messages. noticed
    (sentence): something to know of. restarted (no payload): it died and runs again; ask anew for what is wanted.
    renewed (no payload): the same, but somebody wanted it so. stopped (sentence): it cannot go on, or died again; only
    `restart` brings it back. pulse: whether it lives.
    """

    ready = Signal(object)
    tile_done = Signal(object)
    view_done = Signal(object)
    view_failed = Signal(object)
    export_progress = Signal(object)
    export_done = Signal(object)
    export_failed = Signal(object)
    probe_done = Signal(object)
    probe_failed = Signal(object)
    film_frame = Signal(object)
    film_probed = Signal(object)
    crop_done = Signal(object)
    noticed = Signal(str)
    restarted = Signal()
    renewed = Signal()
    stopped = Signal(str)
    _received = Signal(object, object)

    def __init__(self, spawn: Callable[[str], Renderer] = spawn_renderer, parent: QObject | None = None) -> None:
        """spawn: starts a renderer on the device of a name. device: that of the next one to be started.

        devices, description: what the last one said of itself, see `engine.messages.Ready`. endings: of all so far.
        asked: the models and methods that were asked for since the last `renew`.
        """
        super().__init__(parent)
        self._spawn = spawn
        self.device = "auto"
        self.devices: tuple[tuple[str, str], ...] = ()
        self.description = ""
        self._limit: MemoryLimit | None = None
        self._images: dict[int, npt.NDArray[Any]] = {}
        self._courier: Courier | None = None
        self._numbers = itertools.count(1)
        self._number = 0  # of the courier whose news are for us
        self.endings = Endings()
        self.pulse = Pulse(self)
        self._exports: dict[int, ExportRequest | FilmRequest | CropRequest] = {}  # by job
        self._leaving: set[int] = set()
        self.asked: set[str] = set()
        self._jobs = itertools.count(1)
        self._received.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """True from `start` until it died or was shut down."""
        return self._courier is not None

    def start(self) -> None:
        """Start the process, without waiting for it."""
        if self._courier is None:
            self._number = next(self._numbers)
            received = functools.partial(self._received.emit, self._number)
            self._courier = Courier(functools.partial(self._spawn, self.device), received)
            self.pulse.begin()
            if self._limit is not None:
                self._courier.post(self._limit)
            for image, pixels in self._images.items():
                self._courier.post(Opened(image, pixels))

    def restart(self) -> None:
        """Start anew after `stopped`."""
        self.endings.forgive()
        self.start()
        self.restarted.emit()

    def revive(self) -> None:
        """End a process that gives no sign of life; another takes its place, as if it had died by itself."""
        if self._courier is not None:
            self.endings.forgive()
            self._courier.kill()

    def renew(self) -> None:
        """End the process and start another, on `device`; exports under way fail. Ask anew for what is wanted."""
        self.endings.forgive()
        self._end(None)
        self.asked.clear()
        self.start()
        self.renewed.emit()

    def send(self, order: ToRenderer) -> None:
        """Hand an order over; never waits. While the process does not run, exports fail and all else is dropped."""
        if self._courier is not None:
            if isinstance(order, ExportRequest | FilmRequest | CropRequest):
                self._exports[order.job] = order
            if (model := _model_of(order)) is not None:
                self.asked.add(model)
            self._courier.post(order)
            self.pulse.asked(order)
        elif isinstance(order, ExportRequest | FilmRequest | CropRequest):
            self.export_failed.emit(ExportFailed(order.job, tr("Export needs the renderer, which is not running.")))

    def limit_memory(self, size: int) -> None:
        """Have this renderer, and each one that follows it, keep at most `size` bytes for later."""
        self._limit = MemoryLimit(size)
        self.send(self._limit)

    def job(self) -> int:
        """A number for an export or a film; never given again."""
        return next(self._jobs)

    def open_image(self, image: int, pixels: npt.NDArray[Any]) -> None:
        """Make a picture known, unless it still is: HWC pixels, uint8 or uint16; they must not change."""
        self._leaving.discard(image)
        if image in self._images:
            return
        self._images[image] = pixels
        if self._courier is not None:
            self._courier.post(Opened(image, pixels))

    def knows(self, image: int) -> bool:
        """Whether a picture was opened and not closed since."""
        return image in self._images and image not in self._leaving

    def close_image(self, image: int) -> None:
        """Forget a picture, once the exports of it are done."""
        if any(order.image == image for order in self._exports.values()):
            self._leaving.add(image)
            return
        self._leaving.discard(image)
        if self._images.pop(image, None) is not None:
            self.send(CloseImage(image))

    def _ended(self, job: int) -> None:
        order = self._exports.pop(job, None)
        if order is not None and order.image in self._leaving:
            self.close_image(order.image)

    def shutdown(self) -> None:
        """End the process and both threads; returns when they have ended."""
        courier, self._courier = self._courier, None
        self._number = 0  # whatever is still on its way is not for us
        self.pulse.end()
        if courier is not None:
            courier.end(EXPORT_TIMEOUT if self._exports else CLOSE_TIMEOUT)

    # ---- GUI thread ----

    @Slot(object, object)
    def _deliver(self, number: int, message: FromRenderer | Gone) -> None:
        if number != self._number:
            return
        if not isinstance(message, Gone):
            self.pulse.heard(message)
        match message:
            case TileDone():
                self.tile_done.emit(message)
            case ViewDone():
                self.endings.worked()
                self.view_done.emit(message)
            case ViewFailed():
                self.view_failed.emit(message)
            case Ready():
                self.devices, self.description = message.devices, message.description
                self.ready.emit(message)
            case ExportProgress():
                self.endings.worked()
                self.export_progress.emit(message)
            case ExportDone():
                self._ended(message.job)
                self.export_done.emit(message)
            case ExportFailed():
                self._ended(message.job)
                self.export_failed.emit(message)
            case ProbeDone():
                self.endings.worked()
                self.probe_done.emit(message)
            case ProbeFailed():
                self.probe_failed.emit(message)
            case FilmFrame():
                self.film_frame.emit(message)
            case FilmProbed():
                self.endings.worked()
                self.film_probed.emit(message)
            case CropDone():
                self._ended(message.job)
                self.crop_done.emit(message)
            case Notice():
                self.noticed.emit(message.sentence)
            case RendererFailed():
                self._end(message.sentence)
            case Gone() if self.endings.again(message.code):
                self._end(None)
                self.start()
                self.restarted.emit()
            case Gone():
                self._end(words(message.code))

    def _end(self, sentence: str | None) -> None:
        self.shutdown()
        begun = [target for order in self._exports.values() if (target := _file_of(order)) is not None]
        if begun:  # whoever was killed has not cleared away what it had written so far
            threading.Thread(target=sweep, args=(begun,), kwargs={"settled": 0.0}, name="sweep", daemon=True).start()
        for job in sorted(self._exports):
            self._ended(job)
            self.export_failed.emit(ExportFailed(job, tr("The renderer stopped while the picture was being written.")))
        if sentence is not None:
            self.stopped.emit(sentence)
