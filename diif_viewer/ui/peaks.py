"""What the window's process and its renderer hold and work, each of them, looked at all the time."""

from __future__ import annotations

import multiprocessing
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from diif_viewer.errors import DiifViewerError
from diif_viewer.memory import resident

EVERY = 0.02
"""Seconds between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes that the window's process and its renderer hold. tiles: the part of the window's that is finished tiles."""

    window: int
    renderer: int
    tiles: int = 0

    @property
    def together(self) -> int:
        """Bytes of both."""
        return self.window + self.renderer

    def __str__(self) -> str:
        """In MiB, for people."""
        parts = f"window {self.window / 2**20:.0f}, of which tiles {self.tiles / 2**20:.0f}"
        return f"{self.together / 2**20:.0f} MiB ({parts}; renderer {self.renderer / 2**20:.0f})"


@dataclass(frozen=True, slots=True)
class Stage:
    """Bytes that both processes held at the most in a stage, and when it was over; `at_end` says which held what."""

    stage: str
    peak: int
    after: int
    at_end: Held


class Peaks:
    """Looks at the memory of this process and its children all the time, in a thread of its own."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(EVERY):
            self._peak = max(self._peak, held().together)

    def end_stage(self, name: str, tiles: int = 0) -> Stage:
        """Note the stage that is over, and begin the next one. tiles: bytes of finished tiles in the window."""
        now = held(tiles=tiles)
        self.stages.append(Stage(name, max(self._peak, now.together), now.together, now))
        self._peak = 0
        return self.stages[-1]


def held(*, files: bool = True, tiles: int = 0) -> Held:
    """What this process and its children hold. files: as for `resident`. tiles: handed on.

    Raises DiifViewerError where the system does not tell.
    """
    window, renderer = resident([os.getpid()], files=files), resident(_children(), files=files)
    if window is None or renderer is None:
        raise DiifViewerError("This system does not tell how much memory processes share; Linux does.")
    return Held(window, renderer, tiles)


def worked() -> float:
    """Seconds of processor time that this process and its children have taken; 0 where the system does not tell."""
    return sum(_worked(process) for process in (os.getpid(), *_children()))


def _worked(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc(5)
    except (OSError, ValueError, IndexError):
        return 0.0


def _children() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid]
