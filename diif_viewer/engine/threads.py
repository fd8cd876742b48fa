"""Work side by side on the CPU's cores: one torch thread per piece of work, instead of many threads per operation.

Small matrix products that all cores share must meet at the end of each; when another program takes a core for a few
milliseconds, all of them wait (measured: ten times slower beside one busy process). Pieces that never meet do not.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar, cast

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

LIFETIME = 1000
"""Pieces of work after which the threads make room for new ones, which takes 5 ms.

In each thread oneDNN's bindings keep a description of each of the last 1,024 kinds of convolution, product and layer:
33 KB for a convolution, 260 KB for a product in bfloat16. Every zoom brings kinds of its own, so that it comes to
hundreds of megabytes, and nothing empties it but the thread's end.
"""

_inside = threading.local()
_limit: int | None = None


def cores() -> int:
    """Pieces that run at the same time: torch's thread count (OMP_NUM_THREADS limits it)."""
    return torch.get_num_threads()


class _Crew:
    """As many threads as `cores()` tells, replaced after `LIFETIME` pieces of work. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._workers = self._pieces = 0

    def submit(self, work: Callable[[], None], pieces: int) -> list[Future[None]]:
        """Begin `work`, which takes pieces until there are none, in as many threads as have something to do."""
        with self._lock:
            if self._pool is None or self._workers != cores() or self._pieces >= LIFETIME:
                self._replace()
            assert self._pool is not None
            self._pieces += pieces
            return [self._pool.submit(work) for _ in range(min(self._workers, pieces))]

    def _replace(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()  # waits for what is in hand: new threads take over the heaps of those that ended
        self._workers, self._pieces = cores(), 0
        begun = threading.Barrier(self._workers + 1)
        self._pool = ThreadPoolExecutor(self._workers, "diif-viewer", initializer=_enter, initargs=(begun,))
        try:
            for _ in range(self._workers):  # none is idle before all have begun, so each makes a thread
                self._pool.submit(bool)
            begun.wait()
        except BaseException:  # no memory for another thread: the others must not wait for it
            begun.abort()
            self._pool = None
            raise
        torch.set_num_threads(self._workers)  # for threads to come, which have what was set last in any thread


_crew = _Crew()


def _after_fork() -> None:
    """Threads stay behind in the process that forked: the new one has a crew of its own, and does not wait for them."""
    global _crew  # noqa: PLW0603
    _crew = _Crew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _enter(begun: threading.Barrier) -> None:
    torch.get_num_threads()  # a thread takes what was set last when it is asked first, be that later than this
    torch.set_num_threads(1)
    _inside.pool = True
    begun.wait()


def parallel(function: Callable[[Item], Result], items: Iterable[Item], *, device: str = "cpu") -> list[Result]:
    """``[function(item) for item in items]`` without gradients, on all cores when `device` is the CPU.

    Within a piece of work it runs in the calling thread. A single item has one torch thread as well, so that its
    result is the same to the bit as among others. The first error is raised, after the pieces that began have ended.
    """
    work = list(items)
    if not work or device != "cpu" or getattr(_inside, "pool", False):
        with torch.inference_mode():
            return [function(item) for item in work]
    at_once = len(work) if _limit is None else _limit
    results: list[Result] = []
    for start in range(0, len(work), at_once):
        results += _side_by_side(function, work[start : start + at_once])
    return results


@contextmanager
def alone() -> Iterator[None]:
    """Within this, the calling thread does all pieces itself, one after the other."""
    before = getattr(_inside, "pool", False)
    _inside.pool = True
    try:
        yield
    finally:
        _inside.pool = before


def limit(pieces: int | None) -> None:
    """Have at most this many pieces in work at once from now on, where memory is short; None for no limit.

    They run in the same threads as ever, so that results stay the same to the bit.
    """
    global _limit  # noqa: PLW0603
    _limit = pieces


def _side_by_side(function: Callable[[Item], Result], work: list[Item]) -> list[Result]:
    """Each thread takes the next piece when it is done with one: nobody is woken but by the last."""
    results: list[Result | None] = [None] * len(work)
    left = iter(enumerate(work))  # taking from it is one step to all threads

    def take() -> None:
        try:
            with torch.inference_mode():
                for place, item in left:
                    results[place] = function(item)
        except BaseException:
            deque(left, maxlen=0)  # nothing begins any more
            raise

    pending = _crew.submit(take, len(work))
    try:
        wait(pending)
    except BaseException:
        deque(left, maxlen=0)
        raise
    for future in pending:
        future.result()
    return cast("list[Result]", results)
