"""Work side by side on the CPU's cores: one torch thread per piece of work, instead of many threads per operation.

Small matrix products that all cores share must meet at the end of each; when another program takes a core for a few
milliseconds, all of them wait (measured: ten times slower beside one busy process). Pieces that never meet do not.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

_inside = threading.local()
_limit: int | None = None


def cores() -> int:
    """Pieces that run at the same time: torch's thread count (OMP_NUM_THREADS limits it)."""
    return torch.get_num_threads()


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="diif-viewer", initializer=_enter)


def _enter() -> None:
    torch.set_num_threads(1)
    _inside.pool = True


def parallel(function: Callable[[Item], Result], items: Iterable[Item], *, device: str = "cpu") -> list[Result]:
    """``[function(item) for item in items]`` without gradients, on all cores when `device` is the CPU.

    Within a piece of work it runs in the calling thread. A single item has one torch thread as well, so that its
    result is the same to the bit as among others. The first error is raised, after the pieces that began have ended.
    """
    work = list(items)
    if not work or device != "cpu" or getattr(_inside, "pool", False) or cores() < 2:
        with torch.inference_mode():
            return [function(item) for item in work]
    at_once = len(work) if _limit is None else _limit
    results: list[Result] = []
    for start in range(0, len(work), at_once):
        results += _side_by_side(function, work[start : start + at_once])
    return results


def limit(pieces: int | None) -> None:
    """Have at most this many pieces in work at once from now on, where memory is short; None for no limit.

    They run in the same threads as ever, so that results stay the same to the bit.
    """
    global _limit  # noqa: PLW0603
    _limit = pieces


def _side_by_side(function: Callable[[Item], Result], work: list[Item]) -> list[Result]:
    pool = _pool(cores())
    pending = [pool.submit(_without_gradients, function, item) for item in work]
    try:
        return [future.result() for future in pending]
    finally:
        for future in pending:
            future.cancel()


def _without_gradients(function: Callable[[Item], Result], item: Item) -> Result:
    with torch.inference_mode():
        return function(item)
