"""Planes: per-picture data (features, first-layer maps, coarse maps) computed by region, each block once.

A plane is a grid of (rows, columns, channels) that is filled lazily in blocks of one fixed grid, so that a value
does not depend on who asked for it first. Blocks of all planes share one cache bounded by bytes.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from diif_viewer.engine.gpu.runtime import finish
from diif_viewer.engine.parts import even_parts, halves, rectangles
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
    block. reach, halo: a part has about reach * reach positions at most, and `fill` computes `halo` more on every side.
    joint: `fill` takes all of the CPU's cores by itself, and parts that are computed at once are one to it where they
    make a rectangle. device: where `fill` computes.
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
        joint: bool = False,
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
        self._joint = joint
        self._serial = next(_serial)

    def missing(self, *windows: Window) -> list[Window]:
        """The parts of windows that are not held, as windows of whole blocks that one `fill` each computes.

        The middle of a rectangle that is missing lies in the parts nearest to it: as many as there are cores.
        """
        lacking = self._lacking(windows)
        if self.device != "cpu":
            return lacking
        return [
            part
            for rectangle in rectangles(lacking)
            for part in even_parts(rectangle, self.block, self._reach, self._halo, cores())
        ]

    def _lacking(self, windows: Iterable[Window]) -> list[Window]:
        side, wanted = self.block, [inside for window in windows if (inside := window.intersected(self.limits))]
        keys = [key for inside in wanted for key in self._keys(inside) if key not in self._cache]
        if len(wanted) > 1:
            keys = sorted(set(keys))
        return [Window(row * side, col * side, (row + 1) * side, (col + 1) * side) for _, row, col in keys]

    def ensure(self, *windows: Window) -> None:
        """Compute what is missing of windows, on all of the CPU's cores."""
        self.compute(self.missing(*windows))

    def compute(self, parts: Iterable[Window]) -> None:
        """Compute parts, as `missing` names them, on all of the CPU's cores.

        Returns when they are there, on a GPU too: work that is only launched would hold up whatever is wanted next, and
        count as its time.
        """
        work = list(dict.fromkeys(parts))
        if self._joint:
            for whole in self._together(work):
                self._compute(whole)
            return
        while (
            self.device == "cpu"
            and work
            and len(work) < cores()
            and max(max(p.height, p.width) for p in work) > self.block
        ):
            largest = max(work, key=lambda p: p.area)
            work.remove(largest)
            work += halves(largest, self.block)
        parallel(self._compute, work, device=self.device)
        finish(self.device)

    def _together(self, parts: list[Window]) -> Iterator[Window]:
        """As many parts at a time as would be in work side by side, those that make a rectangle as one."""
        for start in range(0, len(parts), cores()):
            some = sorted(parts[start : start + cores()], key=lambda part: (part.top, part.left))
            yield from rectangles(some)

    def region(self, window: Window, out: Tensor | None = None) -> Tensor:
        """Values of `window`, computing what is missing; zeros outside the limits.

        -> (window.height * density, window.width * density, channels): `out`, or a new contiguous tensor; never a view
        of what is held.
        """
        wanted = window.intersected(self.limits)
        if not wanted:
            raise AssertionError("a region wholly outside its plane was asked for")
        d, side, inside = self._density, self.block, wanted == window
        blocks = self.blocks(wanted)
        if len(blocks) == 1 and inside and out is None:
            top, left = wanted.top % side * d, wanted.left % side * d
            piece = blocks[0][top : top + wanted.height * d, left : left + wanted.width * d]
            return piece.clone(memory_format=torch.contiguous_format)
        if out is None:
            out = blocks[0].new_empty(window.height * d, window.width * d, blocks[0].shape[-1])
        if not inside:
            self._blank_outside(out, window)
        each = iter(blocks)  # plain numbers: this loop is run for every chunk of every view
        for row in range(wanted.top // side * side, wanted.bottom, side):
            y0, y1 = max(row, wanted.top), min(row + side, wanted.bottom)
            target = out[(y0 - window.top) * d : (y1 - window.top) * d]
            for column in range(wanted.left // side * side, wanted.right, side):
                x0, x1 = max(column, wanted.left), min(column + side, wanted.right)
                values = next(each)[(y0 - row) * d : (y1 - row) * d, (x0 - column) * d : (x1 - column) * d]
                target[:, (x0 - window.left) * d : (x1 - window.left) * d] = values
        return out

    def blocks(self, wanted: Window) -> list[Tensor]:
        """The blocks that meet a window within the limits, row by row; those that are missing are computed.

        To be read and let go of at once: (block * density, block * density, channels) each, contiguous on the CPU.
        """
        keys = self._keys(wanted)
        found = [self._cache.get(key) for key in keys]
        blocks = [block for block in found if block is not None]
        if len(blocks) == len(keys):
            return blocks
        made: dict[Key, Tensor] = {}
        for part in self.missing(wanted):
            made.update(self._compute(part))
        return [self._block(key, made) if block is None else block for key, block in zip(keys, found, strict=True)]

    def _block(self, key: Key, made: dict[Key, Tensor]) -> Tensor:
        """A block of those just made, or held by now, or made once more: where the budget is tiny it was pushed out."""
        block = made.get(key)
        if block is None:
            block = self._cache.get(key)
        if block is None:
            top, left = key[1] * self.block, key[2] * self.block
            block = self._compute(Window(top, left, top + self.block, left + self.block))[key]
        return block

    def drop(self) -> None:
        """Forget all blocks."""
        self._cache.drop_plane(self._serial)

    def leave(self, own: BlockCache) -> None:
        """Forget all blocks; those that some thread is still computing go to `own`."""
        shared, self._cache = self._cache, own
        shared.drop_plane(self._serial)

    def _blank_outside(self, out: Tensor, window: Window) -> None:
        d, inside = self._density, window.intersected(self.limits).moved(-window.top, -window.left)
        out[: inside.top * d] = 0
        out[inside.bottom * d :] = 0
        out[:, : inside.left * d] = 0
        out[:, inside.right * d :] = 0

    def _keys(self, window: Window) -> list[Key]:
        """Of the blocks that meet a window, row by row: plain numbers, as every chunk of every view asks for them."""
        side, serial = self.block, self._serial
        rows = range(window.top // side, -(-window.bottom // side))
        columns = range(window.left // side, -(-window.right // side))
        return [(serial, row, column) for row in rows for column in columns]

    def _key(self, block: Window) -> Key:
        return (self._serial, block.top // self.block, block.left // self.block)

    def _compute(self, part: Window) -> dict[Key, Tensor]:
        values, d = self._fill(part), self._density
        whole = part.height == part.width == self.block and values.is_contiguous()

        def store(block: Window) -> tuple[Key, Tensor]:
            piece = _cut(values, block.moved(-part.top, -part.left), d)
            key, made = self._key(block), values if whole else piece.clone(memory_format=torch.contiguous_format)
            self._cache.put(key, made)
            return key, made

        rows = [list(group) for _, group in itertools.groupby(part.split(self.block), key=lambda block: block.top)]
        stored = parallel(lambda row: [store(block) for block in row], rows, device=self.device)
        return dict(itertools.chain.from_iterable(stored))


def hull(blocks: Iterable[Window]) -> Window:
    """The smallest window that holds all of some windows (at least one)."""
    tops, lefts, bottoms, rights = zip(*((b.top, b.left, b.bottom, b.right) for b in blocks), strict=True)
    return Window(min(tops), min(lefts), max(bottoms), max(rights))


def _cut(values: Tensor, window: Window, density: int) -> Tensor:
    rows = slice(window.top * density, window.bottom * density)
    return values[rows, window.left * density : window.right * density]
