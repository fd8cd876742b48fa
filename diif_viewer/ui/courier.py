"""The way to one rendering process and back: a thread that starts it and writes orders, another that reads answers.

Not even the start costs the GUI thread anything. The threads end with the process, or it with them.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from diif_viewer.engine.messages import CloseImage, FromRenderer, Notice, OpenImage, Quit, RendererFailed, ToRenderer
from diif_viewer.ui.language import mark, tr
from diif_viewer.ui.shared import name_of, new_block, release

CLOSE_TIMEOUT = 1.0
"""Seconds that the process gets to end by itself; it may be in the middle of loading torch, and is killed then."""

NO_ROOM = mark("There is not enough shared memory for this picture: it is shown bicubic.")


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

    def exit_code(self) -> int | None:
        """How it ended, once its end of the connection is closed: see `ui.endings.words`."""

    def kill(self) -> None:
        """End it at once, from any thread; `connection` is closed at its end then."""

    def close(self, timeout: float) -> None:
        """End it, by force after `timeout` seconds; no process and no file descriptor is left."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture that the process is to know: HWC pixels, uint8 or uint16, which must not change."""

    image: int
    pixels: npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Gone:
    """The process has ended, or never began; nothing comes after this. code: as `ui.endings.words` takes it."""

    code: int | None = None


class Courier:
    """Carries orders to a process that it starts, and what comes back to `received`, which threads call."""

    def __init__(self, spawn: Callable[[], Renderer], received: Callable[[FromRenderer | Gone], None]) -> None:
        self._spawn, self._received = spawn, received
        self._orders: queue.SimpleQueue[ToRenderer | Opened | None] = queue.SimpleQueue()
        self._patience = CLOSE_TIMEOUT
        self._renderer: Renderer | None = None
        self._sender = threading.Thread(target=self._serve, name="renderer-sender", daemon=True)
        self._sender.start()

    def post(self, order: ToRenderer | Opened) -> None:
        """Hand an order over; never waits."""
        self._orders.put(order)

    def end(self, patience: float) -> None:
        """End the process, by force after `patience` seconds, and both threads; returns when they have ended."""
        self._patience = patience
        self._orders.put(None)
        self._sender.join(patience + CLOSE_TIMEOUT)
        if self._sender.is_alive():  # it writes to a process that does not read, or that does not end
            self.kill()
            self._sender.join()

    def kill(self) -> None:
        """End the process at once; `received` is told that it has gone."""
        if self._renderer is not None:
            self._renderer.kill()

    # ---- the threads ----

    def _serve(self) -> None:
        try:
            renderer = self._renderer = self._spawn()
        except Exception as error:  # whatever keeps a process from starting, the window lives on
            self._received(RendererFailed(tr("The renderer does not start: {error}", error=error)))
            self._received(Gone())
            return
        reader = threading.Thread(target=self._read, args=(renderer,), name="renderer-reader", daemon=True)
        reader.start()
        blocks: dict[int, SharedMemory] = {}
        try:
            while (order := self._orders.get()) is not None:
                try:
                    _write(renderer.connection, order, blocks)
                except (BrokenPipeError, ConnectionResetError, EOFError):
                    pass  # the reader sees the end as well
                except MemoryError:  # its views will be answered as those of a picture that is not there
                    self._received(Notice(tr(NO_ROOM)))
                del order  # a picture that was closed must not stay until the next order
            with contextlib.suppress(OSError, EOFError):
                renderer.connection.send(Quit())
            reader.join(self._patience)  # the process ends, the reader sees the end: nobody reads what is closed below
        finally:
            renderer.close(0.2 if reader.is_alive() else CLOSE_TIMEOUT)
            reader.join()
            for block in blocks.values():
                release(block)

    def _read(self, renderer: Renderer) -> None:
        while True:
            try:
                message = renderer.connection.recv()
            except (EOFError, OSError, TypeError):  # TypeError: closed under our hands, the process had to be killed
                self._received(Gone(renderer.exit_code()))
                return
            self._received(message)


def _write(connection: Connection, order: ToRenderer | Opened, blocks: dict[int, SharedMemory]) -> None:
    """Send an order; of a picture its place in shared memory, where it lies already or is put, into `blocks`."""
    if isinstance(order, Opened):
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
