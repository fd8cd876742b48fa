"""Planes: per-picture data (features, first-layer maps, coarse maps) computed by region, each block once.

A plane is a grid of (rows, columns, channels) that is filled lazily in blocks of one fixed grid, so that a value
does not depend on who asked for it first. Blocks of all planes share one cache bounded by bytes.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from diif_viewer.engine.threads import cores, parallel
from diif_viewer.geometry import Window

BLOCK = 32
"""Side of a block in plane positions."""

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

    limits: where values exist. density: values per position and axis (2 for DIIF-S knots, else 1). device: where
    `fill` computes.
    fill: called with a window of whole blocks (never more than `reach` positions a side) that are not held; returns
    ``(window.height * density, window.width * density, channels)``. What lies outside the limits may hold anything
    if it is never asked for.
    """

    def __init__(
        self,
        cache: BlockCache,
        limits: Window,
        fill: Callable[[Window], Tensor],
        *,
        density: int = 1,
        reach: int = BLOCK,
        device: str = "cpu",
    ) -> None:
        self.device = device
        self.limits = limits
        self._cache = cache
        self._fill = fill
        self._density = density
        self._reach = reach
        self._serial = next(_serial)

    def missing(self, window: Window) -> list[Window]:
        """The parts of `window` that are not held, as windows that one `fill` each computes.

        Blocks are merged into rectangles of at most `reach` positions a side (halos overlap less).
        """
        wanted = window.intersected(self.limits)
        if not wanted:
            return []
        parts = []
        for cell in wanted.split(self._reach):
            lacking = [b for b in cell.intersected(wanted).split(BLOCK) if self._key(b) not in self._cache]
            if lacking:
                parts.append(hull(lacking))
        return parts

    def ensure(self, window: Window) -> None:
        """Compute what is missing of `window`, parts side by side on the CPU's cores."""
        parts = self.missing(window)
        while parts and len(parts) < cores() and max(max(p.height, p.width) for p in parts) > BLOCK:
            largest = max(parts, key=lambda p: p.area)
            parts.remove(largest)
            parts += _halves(largest)
        parallel(self._compute, parts, device=self.device)

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
        for block in wanted.split(BLOCK) if wanted else ():
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
        return (self._serial, block.top // BLOCK, block.left // BLOCK)

    def _compute(self, part: Window) -> dict[Key, Tensor]:
        values, d, made = self._fill(part), self._density, {}
        for block in part.split(BLOCK):
            piece = _cut(values, block.moved(-part.top, -part.left), d)
            made[self._key(block)] = piece.clone(memory_format=torch.contiguous_format)
            self._cache.put(self._key(block), made[self._key(block)])
        return made


def hull(blocks: Iterable[Window]) -> Window:
    """The smallest window that holds all of some windows (at least one)."""
    tops, lefts, bottoms, rights = zip(*((b.top, b.left, b.bottom, b.right) for b in blocks), strict=True)
    return Window(min(tops), min(lefts), max(bottoms), max(rights))


def _halves(part: Window) -> list[Window]:
    """A part of several blocks, cut across its longer side between two blocks."""
    if part.height >= part.width:
        middle = part.top + part.height // (2 * BLOCK) * BLOCK
        return [Window(part.top, part.left, middle, part.right), Window(middle, part.left, part.bottom, part.right)]
    middle = part.left + part.width // (2 * BLOCK) * BLOCK
    return [Window(part.top, part.left, part.bottom, middle), Window(part.top, middle, part.bottom, part.right)]


def _cut(values: Tensor, window: Window, density: int) -> Tensor:
    rows = slice(window.top * density, window.bottom * density)
    return values[rows, window.left * density : window.right * density]
