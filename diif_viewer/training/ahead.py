"""Batches made ahead of the steps that need them: by a thread, or by processes where one core would be too slow."""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from diif_viewer.errors import TrainingError
from diif_viewer.training.batches import Batch, Bytes, Sampler
from diif_viewer.training.team import Team

MOST_WORKERS = 12
"""Processes that keep up with any one device."""

AHEAD = 3
"""Batches that are made in advance for each process."""

Maker = Callable[[int], Batch]
_maker: Maker | None = None  # of a worker


def fitting_workers(device: str, team: Team) -> int:
    """How many processes are worth having: none beside a processor that trains, nor where none can be forked."""
    if not device.startswith("cuda") or not sys.platform.startswith("linux"):
        return 0
    return max(0, min(MOST_WORKERS, (os.cpu_count() or 1) // team.size - 2))


@contextmanager
def made_ahead(
    sampler: Sampler, pictures: list[Bytes], first: int, part: tuple[int, int], workers: int
) -> Iterator[Iterator[Batch]]:
    """The batches of steps `first`, `first` + 1, … without end; the same whoever makes them.

    part: as for `Sampler.batch_of`. workers: processes that make them; 0: a thread of this one does. Raises
    TrainingError when one of the processes ends.
    """
    make = functools.partial(_batch, sampler, pictures, part)
    pool: Executor
    if workers == 0:
        pool = ThreadPoolExecutor(1, "batches")
    else:  # forked, so that the pictures are mapped and not copied
        pool = ProcessPoolExecutor(workers, get_context("fork"), initializer=_enter, initargs=(make,))
    try:
        yield _ahead(pool, make if workers == 0 else _in_worker, first, max(1, AHEAD * workers))
    finally:
        pool.shutdown(cancel_futures=True)


def _ahead(pool: Executor, make: Maker, first: int, most: int) -> Iterator[Batch]:
    """Batches in their order; the next `most` are being made meanwhile."""
    upcoming: deque[Future[Batch]] = deque(pool.submit(make, first + k) for k in range(most))
    for step in itertools.count(first + most):
        try:
            batch = upcoming.popleft().result()
        except BrokenExecutor as error:
            raise TrainingError("A process that makes batches has ended; try fewer of them with --workers.") from error
        upcoming.append(pool.submit(make, step))
        yield batch


def _batch(sampler: Sampler, pictures: list[Bytes], part: tuple[int, int], step: int) -> Batch:
    return sampler.batch_of(pictures, step, part)


def _enter(make: Maker) -> None:
    global _maker  # noqa: PLW0603
    _maker = make
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains


def _in_worker(step: int) -> Batch:
    assert _maker is not None
    return _maker(step)
