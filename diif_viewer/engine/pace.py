"""How much a step of the renderer takes on: little enough to be interrupted soon, enough to keep the device busy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from diif_viewer.engine.threads import cores

Item = TypeVar("Item")

LARGEST_BATCH = 8
"""Tiles that are rendered in one step; some 15 ms on two cores."""

GPU_STEP = 0.006
"""Seconds that a step on a GPU is meant to take."""

GPU_LARGEST_BATCH = 512
"""Tiles of its largest step: a window of 3840 x 2160 is 510."""


class Pace:
    """Tiles per step, of one model on one device: what a step takes on a GPU is learnt from the steps before.

    parts: to be encoded in a step.
    """

    def __init__(self, device: str) -> None:
        self._learns = device != "cpu"
        self._fitting = 16
        self.parts = 1 if self._learns else cores()

    def batches(self, tiles: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """Tiles in their order, step by step.

        On the CPU one for each core at first, then more: cores wait for each other at the end of a batch only. On a GPU
        as many as fit into `GPU_STEP` by what is known then.
        """
        start, size = 0, cores()
        while start < len(tiles):
            size = self._fitting if self._learns else size
            yield tiles[start : start + size]
            start, size = start + size, min(2 * size, LARGEST_BATCH)

    def took(self, tiles: int, seconds: float) -> None:
        """Learn from a step that rendered some tiles; the next has at most four times as many."""
        if tiles:
            self._fitting = max(1, min(int(tiles * GPU_STEP / max(seconds, 1e-6)), 4 * tiles, GPU_LARGEST_BATCH))
