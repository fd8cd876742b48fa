"""How what is missing of a plane is cut into parts: few, even, of whole blocks, the middle in the first of them."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable

from diif_viewer.geometry import Window


def rectangles(blocks: Iterable[Window]) -> list[Window]:
    """Blocks, row by row, merged into rectangles that hold them and nothing else."""
    runs: list[Window] = []
    for block in blocks:
        last = runs[-1] if runs else None
        if last is not None and (last.top, last.bottom, last.right) == (block.top, block.bottom, block.left):
            runs[-1] = Window(last.top, last.left, last.bottom, block.right)
        else:
            runs.append(block)
    made: dict[tuple[int, int, int], Window] = {}  # by what would continue a rectangle: its bottom and its sides
    for run in runs:
        above = made.pop((run.top, run.left, run.right), None)
        top = run.top if above is None else above.top
        made[run.bottom, run.left, run.right] = Window(top, run.left, run.bottom, run.right)
    return list(made.values())


def even_parts(whole: Window, block: int, reach: int, halo: int, workers: int) -> list[Window]:
    """`whole` (whole blocks) in even parts of whole blocks, of at most about reach * reach positions each."""
    down, across = _best_cut((whole.height, whole.width), block, reach, halo, workers)
    rows, columns = _cuts(whole.top, whole.bottom, block, down), _cuts(whole.left, whole.right, block, across)
    return [
        Window(top, left, bottom, right)
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(columns)
    ]


@functools.lru_cache(maxsize=256)
def _best_cut(size: tuple[int, int], block: int, reach: int, halo: int, workers: int) -> tuple[int, int]:
    """Into how many parts, down and across, a window of whole blocks is best cut when `workers` work side by side.

    The cost is what is computed in all rounds, halos included. Not more parts meet in the middle than workers: it is
    what people look at, and comes with the first round.
    """
    rows, columns = size
    best = (math.inf, rows // block, columns // block)
    for down in range(1, rows // block + 1):
        height = -(-rows // block // down) * block
        least = max(-(-height * columns // reach**2), -(-columns // (2 * reach)))
        for across in range(least, min(least + 2, columns // block) + 1):
            width = -(-columns // block // across) * block
            around = (2 - down % 2) * (2 - across % 2)  # parts that meet in the middle
            if height * width <= reach**2 and max(height, width) <= 2 * reach and around <= workers:
                cost = -(-down * across // workers) * (height + 2 * halo) * (width + 2 * halo)
                best = min(best, (cost, down, across))
    return best[1], best[2]


def _cuts(start: int, stop: int, block: int, number: int) -> list[int]:
    """`number` + 1 borders between whole blocks, evenly spaced."""
    return [start + round(i * (stop - start) / block / number) * block for i in range(number + 1)]


def halves(part: Window, block: int) -> list[Window]:
    """A part of several blocks, cut across its longer side between two blocks."""
    if part.height >= part.width:
        middle = part.top + part.height // (2 * block) * block
        return [Window(part.top, part.left, middle, part.right), Window(middle, part.left, part.bottom, part.right)]
    middle = part.left + part.width // (2 * block) * block
    return [Window(part.top, part.left, part.bottom, middle), Window(part.top, middle, part.bottom, part.right)]
