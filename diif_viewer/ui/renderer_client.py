"""The window's end of the rendering process: orders go out, facts come back as signals.

Story: `start` begins a sender thread, which spawns the process (so that not even that costs the GUI thread
anything) and writes what `send` and `open_image` hand it. A reader thread turns what arrives into one queued
signal; `_deliver`, back in the GUI thread, names the fact. When the process dies, it is started again once by
itself and open pictures are sent anew; after that only `restart` does so.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Protocol

import numpy as np
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
    FilmProbed,
    FilmRequest,
    FromRenderer,
    MemoryLimit,
    Notice,
    OpenImage,
    ProbeDone,
    ProbeFailed,
    Quit,
    Ready,
    RendererFailed,
    TileDone,
    ToRenderer,
    ViewDone,
    ViewFailed,
)
from diif_viewer.ui.language import mark, tr
from diif_viewer.ui.shared import name_of, new_block, release

CLOSE_TIMEOUT = 1.0
"""Seconds that the process gets to end by itself; it may be in the middle of loading torch, and is killed then."""

NO_ROOM = mark("There is not enough shared memory for this picture: it is shown bicubic.")

EXPORT_TIMEOUT = 5.0
"""Seconds that it gets while it is writing a file: what it has written so far is cleared away by itself only."""


class Connection(Protocol):
    """What is used of a `multiprocessing` connection."""

    def send(self, obj: Any, /) -> None:
        """Write a message."""

    def recv(self) -> Any:
        """Wait for a message; EOFError when the other end is gone."""


class Renderer(Protocol):
    """A running renderer: `engine.service.RendererProcess`, or a stand-in for tests."""

    @property
    def connection(self) -> Connection:
        """Both directions of messages."""

    def close(self, timeout: float) -> None:
        """End it, by force after `timeout` seconds; no process and no file descriptor is left."""


@dataclass(frozen=True, slots=True)
class _Opened:
    image: int
    pixels: npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Gone:
    generation: int


def spawn_renderer(device: str = "auto") -> Renderer:
    """Start the real renderer on a device, as `engine.device.resolve` names it."""
    from diif_viewer.engine.service import RendererProcess

    return RendererProcess(device)


class RendererClient(QObject):
    """Talks to the renderer. All signals arrive in the GUI thread.

    ready (Ready), tile_done (TileDone), view_done (ViewDone), view_failed (ViewFailed), export_progress
    (ExportProgress), export_done (ExportDone), export_failed (ExportFailed), probe_done (ProbeDone), probe_failed
    (ProbeFailed), film_frame (FilmFrame), film_probed (FilmProbed), crop_done (CropDone): the messages. noticed
    (sentence): something to know of. restarted (no payload): it died and runs again; ask anew for what is wanted.
    stopped (sentence): it cannot go on, or died again;
    only `restart` brings it back.
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
    stopped = Signal(str)
    _received = Signal(object)

    def __init__(self, spawn: Callable[[str], Renderer] = spawn_renderer, parent: QObject | None = None) -> None:
        """spawn: starts a renderer on the device of a name. device: that of the next one to be started.

        devices, description: what the last one said of itself, see `engine.messages.Ready`.
        """
        super().__init__(parent)
        self._spawn = spawn
        self.device = "auto"
        self.devices: tuple[tuple[str, str], ...] = ()
        self.description = ""
        self._limit: MemoryLimit | None = None
        self._orders: queue.SimpleQueue[ToRenderer | _Opened | None] = queue.SimpleQueue()
        self._images: dict[int, npt.NDArray[Any]] = {}
        self._sender: threading.Thread | None = None
        self._generation = 0
        self._restarts_left = 1
        self._exports: dict[int, int] = {}  # job -> image
        self._leaving: set[int] = set()
        self._jobs = itertools.count(1)
        self._received.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """True from `start` until it died or was shut down."""
        return self._sender is not None

    def start(self) -> None:
        """Start the process, without waiting for it."""
        if self._sender is None:
            self._generation += 1
            self._orders = queue.SimpleQueue()
            if self._limit is not None:
                self._orders.put(self._limit)
            for image, pixels in self._images.items():
                self._orders.put(_Opened(image, pixels))
            self._sender = threading.Thread(
                target=self._serve, args=(self._generation, self._orders), name="renderer-sender", daemon=True
            )
            self._sender.start()

    def restart(self) -> None:
        """Start anew after `stopped`."""
        self._restarts_left = 1
        self.start()
        self.restarted.emit()

    def renew(self) -> None:
        """End the process and start another, on `device`; exports under way fail. Ask anew for what is wanted."""
        self._restarts_left = 1
        self._end(None)
        self.start()

    def send(self, order: ToRenderer) -> None:
        """Hand an order over; never waits. While the process does not run, exports fail and all else is dropped."""
        if self._sender is not None:
            if isinstance(order, ExportRequest | FilmRequest | CropRequest):
                self._exports[order.job] = order.image
            self._orders.put(order)
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
        """Make a picture known, once: HWC pixels, uint8 or uint16; they must not change."""
        self._images[image] = pixels
        if self._sender is not None:
            self._orders.put(_Opened(image, pixels))

    def close_image(self, image: int) -> None:
        """Forget a picture, once the exports of it are done."""
        if image in self._exports.values():
            self._leaving.add(image)
            return
        self._leaving.discard(image)
        if self._images.pop(image, None) is not None:
            self.send(CloseImage(image))

    def _ended(self, job: int) -> None:
        image = self._exports.pop(job, None)
        if image in self._leaving:
            self.close_image(image)

    def shutdown(self) -> None:
        """End the process and both threads; returns when they have ended."""
        sender, self._sender = self._sender, None
        self._generation += 1  # whatever is still on its way is not for us
        if sender is not None:
            self._orders.put(None)
            sender.join()

    # ---- sender and reader threads ----

    def _serve(self, generation: int, orders: queue.SimpleQueue[ToRenderer | _Opened | None]) -> None:
        try:
            renderer = self._spawn(self.device)
        except Exception as error:  # whatever keeps a process from starting, the window lives on
            self._received.emit((generation, RendererFailed(tr("The renderer does not start: {error}", error=error))))
            self._received.emit((generation, _Gone(generation)))
            return
        reader = threading.Thread(
            target=self._read, args=(generation, renderer.connection), name="renderer-reader", daemon=True
        )
        reader.start()
        blocks: dict[int, SharedMemory] = {}
        try:
            while (order := orders.get()) is not None:
                try:
                    self._write(renderer.connection, order, blocks)
                except (BrokenPipeError, ConnectionResetError, EOFError):
                    pass  # the reader sees the end as well
                except MemoryError:  # its views will be answered as those of a picture that is not there
                    self._received.emit((generation, Notice(tr(NO_ROOM))))
                del order  # a picture that was closed must not stay until the next order
            with contextlib.suppress(OSError, EOFError):
                renderer.connection.send(Quit())
            reader.join(
                EXPORT_TIMEOUT if self._exports else CLOSE_TIMEOUT
            )  # the process ends, the reader sees the end: nobody reads what is closed below
        finally:
            renderer.close(0.2 if reader.is_alive() else CLOSE_TIMEOUT)
            reader.join()
            for block in blocks.values():
                release(block)

    def _write(self, connection: Connection, order: ToRenderer | _Opened, blocks: dict[int, SharedMemory]) -> None:
        if isinstance(order, _Opened):
            name = name_of(order.pixels)
            if name is None:
                block = new_block(order.pixels.nbytes)
                blocks[order.image] = block
                np.ndarray(order.pixels.shape, order.pixels.dtype, buffer=block.buf)[...] = order.pixels
                name = block.name
            height, width, channels = order.pixels.shape
            connection.send(OpenImage(order.image, name, (height, width, channels), order.pixels.dtype.name))
            return
        connection.send(order)
        if isinstance(order, CloseImage) and order.image in blocks:
            release(blocks.pop(order.image))

    def _read(self, generation: int, connection: Connection) -> None:
        while True:
            try:
                message = connection.recv()
            except (EOFError, OSError, TypeError):  # TypeError: closed under our hands, the process had to be killed
                self._received.emit((generation, _Gone(generation)))
                return
            self._received.emit((generation, message))

    # ---- GUI thread ----

    @Slot(object)
    def _deliver(self, packet: tuple[int, FromRenderer | _Gone]) -> None:
        generation, message = packet
        if generation != self._generation:
            return
        match message:
            case TileDone():
                self.tile_done.emit(message)
            case ViewDone():
                self._restarts_left = 1  # it works: a later death deserves another try
                self.view_done.emit(message)
            case ViewFailed():
                self.view_failed.emit(message)
            case Ready():
                self.devices, self.description = message.devices, message.description
                self.ready.emit(message)
            case ExportProgress():
                self.export_progress.emit(message)
            case ExportDone():
                self._ended(message.job)
                self.export_done.emit(message)
            case ExportFailed():
                self._ended(message.job)
                self.export_failed.emit(message)
            case ProbeDone():
                self.probe_done.emit(message)
            case ProbeFailed():
                self.probe_failed.emit(message)
            case FilmFrame():
                self.film_frame.emit(message)
            case FilmProbed():
                self.film_probed.emit(message)
            case CropDone():
                self._ended(message.job)
                self.crop_done.emit(message)
            case Notice():
                self.noticed.emit(message.sentence)
            case RendererFailed():
                self._end(message.sentence)
            case _Gone() if self._restarts_left > 0:
                self._restarts_left -= 1
                self._end(None)
                self.start()
                self.restarted.emit()
            case _Gone():
                self._end(tr("The renderer stopped working; pictures are shown bicubic."))

    def _end(self, sentence: str | None) -> None:
        self.shutdown()
        for job in sorted(self._exports):
            self._ended(job)
            self.export_failed.emit(ExportFailed(job, tr("The renderer stopped while the picture was being written.")))
        if sentence is not None:
            self.stopped.emit(sentence)
