"""The renderer's housekeeping: the cache follows the memory that is really free, and freed memory goes back in time."""

from __future__ import annotations

import time

from diif_viewer.engine import heap
from diif_viewer.engine.device import CPU_BUDGET, cache_budget
from diif_viewer.engine.planes import BlockCache

PACE = 0.25
"""Seconds between two looks at the memory: each takes some 0.1 ms."""

HOARD = 160 << 20
"""Bytes that are kept freed for the next tiles (`engine.heap`), beside what the process holds anyway."""


class Thrift:
    """Looks after one cache. share: of its budget that it may take now, while something else needs room.

    most: bytes of main memory for it and the open pictures.
    """

    def __init__(self, cache: BlockCache, device: str, most: int = CPU_BUDGET) -> None:
        self.share, self.most = 1.0, most
        self._cache, self._device = cache, device
        self._looked = 0.0
        self._least: int | None = None  # private bytes without the cache, as low as they were seen

    def tend(self, pictures: int, *, now: bool = False) -> None:
        """Shrink or widen the cache, give back what is hoarded. pictures: bytes of those that are open.

        Does nothing within `PACE` of the last time, unless `now`.
        """
        moment = time.monotonic()
        if not now and moment - self._looked < PACE:
            return
        self._looked = moment
        budget = cache_budget(self._device, held=self._cache.bytes, pictures=pictures, most=self.most)
        self._cache.resize(int(self.share * budget))
        self._give_back()

    def _give_back(self) -> None:
        held = self._cache.bytes if self._device == "cpu" else 0
        private = heap.private()
        if private is None:
            return
        if self._least is None or private - held < self._least:
            self._least = private - held
        if private - held - self._least > HOARD:
            heap.give_back()
            private = heap.private() or private
            self._least = max(self._least, private - held - HOARD // 2)  # weights and code that came meanwhile
