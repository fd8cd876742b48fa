"""A kill at any moment of writing: the old file or the whole new one, in every format.

The child kills itself at a given line of the code that writes, so that no moment depends on luck: all of the last
lines, among them those around the replacement, and lines spread over the rest.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from diif_viewer.imaging import save
from diif_viewer.imaging.film import Film, film_form_of, write_film
from diif_viewer.imaging.formats import SUFFIXES, format_of
from diif_viewer.imaging.metadata import Metadata

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

CODE = str(Path(save.__file__).parent)
PIXELS = np.random.default_rng(1).integers(0, 255, (48, 40, 3), dtype=np.uint8)
FILM = Film(24, 32, 3, Fraction(10))


def write_picture(path: Path) -> None:
    with save.atomic_path(path) as temporary:
        strips = [PIXELS[:16], PIXELS[16:]]
        form, kind = format_of(path), PIXELS.dtype
        save.write_strips(temporary, form, strips, shape=PIXELS.shape, dtype=kind, about=Metadata(), large=True)


def write_a_film(path: Path) -> None:
    frames = (np.ascontiguousarray(PIXELS[n : n + 24, :32]) for n in range(FILM.count))
    with save.atomic_path(path) as temporary:
        write_film(temporary, film_form_of(path), frames, FILM)


def lines_of(work: Callable[[], None], last: int = -1) -> int:
    """Run `work` in a child that is killed at its line `last` in the package's imaging; lines that it came to."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        def trace(frame: FrameType, event: str, argument: object) -> object:
            nonlocal count
            if not frame.f_code.co_filename.startswith(CODE):
                return None
            if event == "line":
                count += 1
                if count == last:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            sys.settrace(trace)
            work()
            sys.settrace(None)
            os.write(write, str(count).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) == (last > 0), "the child was not killed where it should have been"
    return int(told or b"0")


@pytest.mark.parametrize("suffix", [*sorted({format_of(Path(f"a{s}")).suffixes[0] for s in SUFFIXES}), "film.gif"])
def test_a_kill_at_any_line_leaves_the_old_file_or_the_whole_new_one(suffix: str, tmp_path: Path) -> None:
    write = write_a_film if suffix.startswith("film") else write_picture
    path = tmp_path / f"a{suffix.removeprefix('film')}"
    write(path)
    new = path.read_bytes()
    path.write_bytes(b"old")
    total = lines_of(lambda: write(path))
    assert total > 20
    assert path.read_bytes() == new
    found = set()
    for last in sorted({*range(max(1, total - 25), total), *np.linspace(1, total - 1, 15).astype(int).tolist()}):
        path.write_bytes(b"old")
        lines_of(lambda: write(path), last)
        found.add(path.read_bytes())
        for left in set(tmp_path.iterdir()) - {path}:
            assert left.name.startswith(".")  # out of sight, and of no name that anybody asks for
            left.unlink()
    assert found == {b"old", new}
