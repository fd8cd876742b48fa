"""A file that is written while its strips are still being made, in a thread, so that nobody waits for compression."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy.typing as npt

from diif_viewer.errors import ExportError
from diif_viewer.imaging.formats import format_of
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.imaging.save import atomic_path, write_strips

Pixels = npt.NDArray[Any]

_STOP_WAIT = 0.15
"""Seconds that leaving early waits for the thread to take away what it wrote."""


class _StoppedError(Exception):
    """The strips will not come."""


class BackgroundFile:
    """Use as a context; `offer` every strip until it is taken, then ask `finished` until it is so.

    The file is at its path, whole, once `finished` says so. Leaving the context earlier leaves the old file or none.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        shape: tuple[int, int, int],
        dtype: npt.DTypeLike,
        about: Metadata,
        quality: int | None = None,
    ) -> None:
        """As `save.write_strips`; the format by the path's suffix. Raises ExportError for an unknown one."""
        self._path, self._form = Path(path), format_of(Path(path))
        self._options: dict[str, Any] = {"shape": shape, "dtype": dtype, "about": about, "quality": quality}
        self._left = shape[0]
        self._strips: queue.Queue[Pixels] = queue.Queue(1)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name="diif-viewer export")

    def __enter__(self) -> BackgroundFile:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(_STOP_WAIT)

    def offer(self, strip: Pixels, seconds: float = 0.01) -> bool:
        """Hand over the next (rows, width, channels), top to bottom; False when it was not taken within `seconds`.

        A strip that was taken must not be changed. Raises ExportError when the file cannot be written.
        """
        self._raise()
        try:
            self._strips.put(strip, timeout=seconds)
        except queue.Full:
            return False
        return True

    def finished(self, seconds: float = 0.01) -> bool:
        """True when the whole file is in place, waiting at most `seconds`. Raises ExportError when it cannot be."""
        self._thread.join(seconds)
        self._raise()
        return not self._thread.is_alive()

    def _raise(self) -> None:
        if isinstance(self._error, ExportError | MemoryError):
            raise self._error
        if self._error is not None:
            raise ExportError(f"{self._path} cannot be written: {self._error}") from self._error

    def _write(self) -> None:
        try:
            with contextlib.suppress(_StoppedError), atomic_path(self._path) as temporary:
                write_strips(temporary, self._form, self._arriving(), **self._options)
                self._check()  # told to stop during the last strip, or while a whole picture was encoded
        except BaseException as error:
            self._error = error

    def _arriving(self) -> Iterator[Pixels]:
        while self._left:
            self._check()
            with contextlib.suppress(queue.Empty):
                strip = self._strips.get(timeout=0.02)
                self._left -= len(strip)
                yield strip

    def _check(self) -> None:
        if self._stopped.is_set() or not threading.main_thread().is_alive():
            raise _StoppedError
