"""The rendering process: one scheduler that owns the device, and the handle by which the window holds it.

Why a process of its own: importing torch stalls every thread of a Python program in steps of up to 0.2 s, a matrix
product takes both cores, and memory may run out. None of that may reach the window, which must paint every 16 ms. The
process runs at a lower priority than the window, and dies with it.

Importing this module loads no torch: the window starts the process from here, torch loads over there.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from diif_viewer.engine import heap
from diif_viewer.engine.heartbeat import Heartbeat
from diif_viewer.engine.messages import Quit, RendererFailed
from diif_viewer.starting import held_back, let_in

_log = logging.getLogger(__name__)

PRIMITIVES = 256
"""Kernels that oneDNN keeps. It makes one for every shape of work, and each zoom has shapes of its own: of the 1,024 it
would keep by itself, most are never used again, and they are some 100 MB."""


class RendererProcess:
    """Starts the process; `connection` speaks `engine.messages` both ways (send and recv of dataclasses)."""

    def __init__(self, device: str = "auto") -> None:
        """device: as for `diif_viewer.load_model`. Returns at once; `messages.Ready` tells when torch is loaded."""
        context = multiprocessing.get_context("spawn")
        self.connection, far = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_main, args=(far, device), name="diif-viewer renderer", daemon=True
        )
        self._ending = threading.Lock()  # two threads that wait for one process: one of them would never be told
        with held_back():
            self._process.start()
        far.close()

    @property
    def alive(self) -> bool:
        """False once the process has ended, however that came about."""
        return self._process.is_alive()

    def exit_code(self, timeout: float = 1.0) -> int | None:
        """The status that the process ended with, or the negative number of the signal that ended it.

        None while it runs, at most `timeout` seconds from now on. Any thread.
        """
        with self._ending:
            self._process.join(timeout)
            return self._process.exitcode

    def kill(self) -> None:
        """End the process at once, whatever it does. Any thread; whoever waits for its messages sees the end."""
        with self._ending:
            self._process.kill()

    def close(self, timeout: float = 1.0) -> None:
        """End the process: ask, wait at most `timeout` seconds, then kill. Safe to call twice."""
        with contextlib.suppress(OSError, ValueError):  # it may be gone, or the connection closed, already
            self.connection.send(Quit())
        with self._ending:
            self._process.join(timeout)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self.connection.close()


class Outbox:
    """The renderer's end of the connection; `send` never waits: a busy window would hold up the cores otherwise."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._deliver, name="diif-viewer outbox", daemon=True)
        self._sender.start()

    def send(self, message: Any) -> None:
        """Hand a message over; they arrive in this order. Dropped when the window is gone, which `recv` tells."""
        self._waiting.put(message)

    def recv(self) -> Any:
        """Wait for a message; EOFError when the window is gone."""
        return self._connection.recv()

    def poll(self, timeout: float) -> bool:
        """Whether a message arrives within `timeout` seconds."""
        return self._connection.poll(timeout)

    def close(self) -> None:
        """Return when everything has been sent."""
        self._waiting.put(None)
        self._sender.join()

    def _deliver(self) -> None:
        try:
            while (message := self._waiting.get()) is not None:
                self._connection.send(message)
        except OSError:
            return  # the window is gone
        except BaseException:  # no memory for a copy: nothing would arrive any more, and nobody would know
            _log.exception("a message cannot be sent")
            os._exit(1)  # the window begins another renderer


def _behind_the_window() -> None:
    """Have this process's threads wait for the window's: it paints first. One that wakes does not take its core."""
    behind = os.nice(5) if hasattr(os, "nice") else 0
    if sys.platform == "linux":  # where both are a thread's own: those that NumPy has started already are no others
        for thread in map(int, os.listdir("/proc/self/task")):
            with contextlib.suppress(OSError):  # a sandbox may forbid it
                os.setpriority(os.PRIO_PROCESS, thread, behind)
                os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))


def _main(connection: Connection, device: str) -> None:
    """What the process runs: load torch, then schedule until told to quit or the window is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the window's to answer
    let_in()
    _behind_the_window()
    heap.keep()
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(PRIMITIVES))
    outbox = Outbox(connection)
    heartbeat = Heartbeat(outbox.send)
    try:
        from diif_viewer.engine.scheduler import Scheduler

        scheduler = Scheduler(outbox, device, heartbeat)
    except Exception as error:  # whatever keeps torch from loading: the window goes on without it
        outbox.send(RendererFailed(f"The renderer could not start: {error}"))
        outbox.close()
        return
    try:
        scheduler.run()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(0)  # the window has gone
    outbox.close()
