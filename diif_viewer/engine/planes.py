"""Planes: per-picture data (features, first-layer maps, coarse maps) computed by region, each block once.

A plane is a grid of (rows, columns, channels) that is filled lazily in blocks of one fixed grid, so that a value
does not depend on who asked for it first. Blocks of all planes share one cache bounded by bytes.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from diif_viewer.engine.threads import cores, parallel
from diif_viewer.geometry import Window

BLOCK = 32
"""Side of a block in plane positions, where a plane does not choose its own."""

GPU_BLOCK = 128
"""Least side of a block on a GPU, for which many small steps take longer than a large one."""

Key = tuple[int, int, int]
_serial = itertools.count()


class BlockCache:
    """Blocks of any number of planes, kept by recency within a budget of bytes. Thread-safe."""

    def __init__(self, budget: int) -> None:
        """budget: most bytes to hold, > 0."""
        self.budget = budget
        self._bytes = 0
        self._blocks: OrderedDict[Key, Tensor] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Bytes held now; never above the budget."""
        return self._bytes

    def get(self, key: Key) -> Tensor | None:
        """A block, marked as used just now; None when it is not held."""
        with self._lock:
            block = self._blocks.get(key)
            if block is not None:
                self._blocks.move_to_end(key)
            return block

    def __contains__(self, key: Key) -> bool:
        return key in self._blocks

    def put(self, key: Key, block: Tensor) -> None:
        """Hold a block; the longest unused ones leave."""
        with self._lock:
            old = self._blocks.pop(key, None)
            if old is not None:
                self._bytes -= old.nbytes
            self._blocks[key] = block
            self._bytes += block.nbytes
            self._fit()

    def resize(self, budget: int) -> None:
        """Hold at most `budget` bytes from now on."""
        with self._lock:
            self.budget = budget
            self._fit()

    def _fit(self) -> None:
        while self._bytes > self.budget:
            _, dropped = self._blocks.popitem(last=False)
            self._bytes -= dropped.nbytes

    def drop_plane(self, plane: int) -> None:
        """Forget all blocks of one plane."""
        with self._lock:
            for key in [k for k in self._blocks if k[0] == plane]:
                self._bytes -= self._blocks.pop(key).nbytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._blocks.clear()
            self._bytes = 0


class Plane:
    """A lazily filled (height, width, channels * density^2) grid with zeros outside its limits.

    limits: where values exist. density: values per position and axis (2 for DIIF-S knots, else 1). block: side of a
    block. reach, halo: one `fill` has about reach * reach positions at most, and computes `halo` more on every side.
    device: where `fill` computes.
    fill: called with a window of whole blocks that are not held; returns ``(window.height * density, window.width *
    density, channels)``. What lies outside the limits may hold anything if it is never asked for.

    On a GPU a block is as large as the reach and is filled by itself, whatever else is wanted or held: its libraries
    choose among their kernels by the size of the work, and only equal sizes give results that are equal to the bit.
    """

    def __init__(
        self,
        cache: BlockCache,
        limits: Window,
        fill: Callable[[Window], Tensor],
        *,
        density: int = 1,
        block: int = BLOCK,
        reach: int = 0,
        halo: int = 0,
        device: str = "cpu",
    ) -> None:
        self.device = device
        self.limits = limits
        self.block = block if device == "cpu" else max(block, reach, GPU_BLOCK)
        self._cache = cache
        self._fill = fill
        self._density = density
        self._reach = max(reach, block)
        self._halo = halo
        self._serial = next(_serial)

    def missing(self, window: Window) -> list[Window]:
        """The parts of `window` that are not held, as windows of whole blocks that one `fill` each computes.

        The middle of what is missing lies in the parts that are nearest to it: as many as there are cores.
        """
        lacking = self._lacking(window)
        if not lacking or self.device != "cpu":
            return lacking
        whole = hull(lacking)
        tops, lefts = _cuts(whole, self.block, self._reach, self._halo)
        cells: dict[tuple[int, int], list[Window]] = {}
        for block in lacking:
            cell = bisect.bisect(tops, block.top), bisect.bisect(lefts, block.left)
            cells.setdefault(cell, []).append(block)
        return [hull(blocks) for blocks in cells.values()]

    def _lacking(self, window: Window) -> list[Window]:
        wanted = window.intersected(self.limits)
        return [b for b in wanted.split(self.block) if self._key(b) not in self._cache] if wanted else []

    def ensure(self, window: Window) -> None:
        """Compute what is missing of `window`, parts side by side on the CPU's cores."""
        self.compute(self.missing(window))

    def compute(self, parts: Iterable[Window]) -> None:
        """Compute parts, as `missing` names them, side by side on the CPU's cores."""
        work = list(dict.fromkeys(parts))
        while (
            self.device == "cpu"
            and work
            and len(work) < cores()
            and max(max(p.height, p.width) for p in work) > self.block
        ):
            largest = max(work, key=lambda p: p.area)
            work.remove(largest)
            work += _halves(largest, self.block)
        parallel(self._compute, work, device=self.device)

    def region(self, window: Window, out: Tensor | None = None) -> Tensor:
        """Values of `window`, computing what is missing; zeros outside the limits.

        -> (window.height * density, window.width * density, channels): `out`, or a new contiguous tensor; never a view
        of what is held.
        """
        wanted = window.intersected(self.limits)
        held: dict[Key, Tensor] = {}
        for part in self.missing(window):
            held.update(self._compute(part))
        d = self._density
        for block in wanted.split(self.block) if wanted else ():
            key = self._key(block)
            found = held.get(key)
            values = found if found is not None else self._cache.get(key)
            if values is None:  # pushed out while its neighbours were computed: the budget is tiny
                values = self._compute(block)[key]
            common = block.intersected(window)
            if out is None:
                if common == window and not self._leaves_limits(window):
                    piece = _cut(values, common.moved(-block.top, -block.left), d)
                    return piece.clone(memory_format=torch.contiguous_format)
                out = values.new_zeros(window.height * d, window.width * d, values.shape[-1])
            target = _cut(out, common.moved(-window.top, -window.left), d)
            target.copy_(_cut(values, common.moved(-block.top, -block.left), d))
        if out is None:
            raise AssertionError("a region wholly outside its plane was asked for")
        if self._leaves_limits(window):
            self._blank_outside(out, window)
        return out

    def drop(self) -> None:
        """Forget all blocks."""
        self._cache.drop_plane(self._serial)

    def _leaves_limits(self, window: Window) -> bool:
        return not self.limits.contains(window)

    def _blank_outside(self, out: Tensor, window: Window) -> None:
        d, inside = self._density, window.intersected(self.limits).moved(-window.top, -window.left)
        out[: inside.top * d] = 0
        out[inside.bottom * d :] = 0
        out[:, : inside.left * d] = 0
        out[:, inside.right * d :] = 0

    def _key(self, block: Window) -> Key:
        return (self._serial, block.top // self.block, block.left // self.block)

    def _compute(self, part: Window) -> dict[Key, Tensor]:
        values, d, made = self._fill(part), self._density, {}
        whole = part.height == part.width == self.block and values.is_contiguous()
        for block in part.split(self.block):
            piece = _cut(values, block.moved(-part.top, -part.left), d)
            made[self._key(block)] = values if whole else piece.clone(memory_format=torch.contiguous_format)
            self._cache.put(self._key(block), made[self._key(block)])
        return made


def hull(blocks: Iterable[Window]) -> Window:
    """The smallest window that holds all of some windows (at least one)."""
    tops, lefts, bottoms, rights = zip(*((b.top, b.left, b.bottom, b.right) for b in blocks), strict=True)
    return Window(min(tops), min(lefts), max(bottoms), max(rights))


@functools.lru_cache(maxsize=64)
def _best_cut(size: tuple[int, int], block: int, reach: int, halo: int, workers: int) -> tuple[int, int]:
    """Into how many parts, down and across, a window of whole blocks is best cut when `workers` work side by side.

    The cost is what is computed in all rounds, halos included. Not more parts meet in the middle than workers: it is
    what people look at, and comes with the first round.
    """
    rows, columns = size
    best = (math.inf, rows // block, columns // block)
    for down in range(1, rows // block + 1):
        height = -(-rows // block // down) * block
        least = -(-height * columns // reach**2)
        for across in range(least, least + 3):
            width = -(-columns // block // across) * block
            around = (2 - down % 2) * (2 - across % 2)  # parts that meet in the middle
            if height * width <= reach**2 and max(height, width) <= 2 * reach and around <= workers:
                cost = -(-down * across // workers) * (height + 2 * halo) * (width + 2 * halo)
                best = min(best, (cost, down, across))
    return best[1], best[2]


def _cuts(whole: Window, block: int, reach: int, halo: int) -> tuple[list[int], list[int]]:
    """Where parts of `whole` (whole blocks) end that have about reach * reach positions at most: rows, columns."""
    numbers = _best_cut((whole.height, whole.width), block, reach, halo, cores())
    ends = []
    for start, side, number in zip((whole.top, whole.left), (whole.height, whole.width), numbers, strict=True):
        ends.append([start + round(i * side / block / number) * block for i in range(1, number)])
    return ends[0], ends[1]


def _halves(part: Window, block: int) -> list[Window]:
    """A part of several blocks, cut across its longer side between two blocks."""
    if part.height >= part.width:
        middle = part.top + part.height // (2 * block) * block
        return [Window(part.top, part.left, middle, part.right), Window(middle, part.left, part.bottom, part.right)]
    middle = part.left + part.width // (2 * block) * block
    return [Window(part.top, part.left, part.bottom, middle), Window(part.top, middle, part.bottom, part.right)]


def _cut(values: Tensor, window: Window, density: int) -> Tensor:
    rows = slice(window.top * density, window.bottom * density)
    return values[rows, window.left * density : window.right * density]
