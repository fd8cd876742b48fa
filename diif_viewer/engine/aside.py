"""Painting and encoding in a thread, so that whoever runs the steps can look up between them however long one takes.

What a step takes depends on the model and the machine: a block of a large encoder may be seconds in float32. One that
nobody waits for any more is done to its end all the same, and what it made is dropped.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import TypeVar

from diif_viewer.engine.strips import Array, Painter
from diif_viewer.geometry import Lattice, Window

Result = TypeVar("Result")

LOOK = 0.01
"""Seconds between two looks at whether a step is done."""


@functools.cache
def _worker() -> ThreadPoolExecutor:
    """One for all: no two exports are in work at once."""
    return ThreadPoolExecutor(1, thread_name_prefix="diif-viewer")


def elsewhere(work: Callable[[], Result]) -> Generator[None, None, Result]:
    """What `work` returns or raises, done in the thread; None every `LOOK` seconds until then."""
    done = _worker().submit(work)
    try:
        while not wait_for([done], LOOK).done:
            yield None
    finally:
        done.cancel()  # what has not begun is not begun for nobody
    return done.result()


def aside(paint: Painter) -> Painter:
    """`paint`, with None every `LOOK` seconds while a step of it takes longer; errors come out where they would."""

    def painted(lattice: Lattice, window: Window) -> Iterator[Array | None]:
        steps = paint(lattice, window)
        while True:
            value = yield from elsewhere(functools.partial(next, steps, _END))
            if isinstance(value, _End):
                return
            yield value

    return painted


class _End:
    """No step is left."""


_END = _End()
