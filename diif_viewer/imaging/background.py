"""A file that is written while its strips are still being made, in a thread, so that nobody waits for compression."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from diif_viewer.errors import ExportError
from diif_viewer.imaging.film import Film, film_form_of, write_film
from diif_viewer.imaging.formats import format_of
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.imaging.save import atomic_path, write_strips

Pixels = npt.NDArray[Any]

_STOP_WAIT = 0.1
"""Seconds that leaving early waits for the thread to take away what it wrote."""

_PIECE = 1 << 22
"""Bytes of a strip that are written between two looks at whether anybody still wants them."""


class _StoppedError(Exception):
    """The strips will not come."""


class BackgroundWriter:
    """Use as a context; `offer` every strip until it is taken, then ask `finished` until it is so.

    The file is at its path, whole, once `finished` says so. Leaving the context earlier leaves the old file or none.
    """

    def __init__(self, path: str | Path, length: int, write: Callable[[Path, Iterator[Pixels]], None]) -> None:
        """length: of all strips together. write: puts them into the file that it is given, in the thread."""
        self._path, self._put = Path(path), write
        self._left = length
        self._strips: queue.Queue[Pixels] = queue.Queue(1)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name="diif-viewer export")

    def __enter__(self) -> Self:
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
        over = not self._thread.is_alive()  # before the look at how it ended
        self._raise()
        return over

    def _raise(self) -> None:
        if isinstance(self._error, ExportError | MemoryError):
            raise self._error
        if self._error is not None:
            raise ExportError(f"{self._path} cannot be written: {self._error}") from self._error

    def _write(self) -> None:
        try:
            with contextlib.suppress(_StoppedError), atomic_path(self._path) as temporary:
                self._put(temporary, self._arriving())
                self._check()  # told to stop during the last strip, or while a whole picture was encoded
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())  # takes seconds after gigabytes
                self._check()
        except BaseException as error:
            self._error = error

    def _arriving(self) -> Iterator[Pixels]:
        while self._left:
            self._check()
            with contextlib.suppress(queue.Empty):
                strip = self._strips.get(timeout=0.02)
                self._left -= len(strip)
                rows = max(1, _PIECE // max(1, strip[:1].nbytes))
                for top in range(0, len(strip), rows):
                    yield strip[top : top + rows]
                    self._check()

    def _check(self) -> None:
        if self._stopped.is_set() or not threading.main_thread().is_alive():
            raise _StoppedError


class BackgroundFile(BackgroundWriter):
    """A picture from strips, each (rows, width, channels)."""

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
        form = format_of(Path(path))

        def write(temporary: Path, strips: Iterator[Pixels]) -> None:
            write_strips(temporary, form, strips, shape=shape, dtype=dtype, about=about, quality=quality)

        super().__init__(path, shape[0], write)


class BackgroundFilm(BackgroundWriter):
    """A film from its frames, each offered as (1, height, width, 3) uint8."""

    def __init__(self, path: str | Path, film: Film, *, quality: int | None = None, lossless: bool = False) -> None:
        """As `film.write_film`; the format by the path's suffix. Raises ExportError for an unknown one."""
        form = film_form_of(Path(path))

        def write(temporary: Path, frames: Iterator[Pixels]) -> None:
            write_film(temporary, form, (f[0] for f in frames), film, quality=quality, lossless=lossless)

        super().__init__(path, film.count, write)
