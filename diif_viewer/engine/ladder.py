"""What to do when memory runs out: free, work in smaller pieces, leave the GPU for the processor, give up on one view.

Rungs, from the top: everything side by side; pieces of half the size, three times over, down to one chunk at a time;
the same on the CPU where a GPU was at work; the classic picture. Chunks and blocks stay those of the fixed grid, only
fewer of them are in work at once, so that no rung of one device changes a pixel.

On the CPU an allocation rarely fails: the system ends a process instead. There a rung demands that some memory is free
before it begins a step, and running below that counts as a failure.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TypeVar

from diif_viewer.engine import messages as m
from diif_viewer.engine import threads
from diif_viewer.engine.device import available_memory
from diif_viewer.engine.gpu.runtime import is_lost
from diif_viewer.engine.shortage import is_memory_error
from diif_viewer.errors import DiifViewerError
from diif_viewer.geometry import Window

Item = TypeVar("Item")

HALVINGS = 3
"""How often the pieces of work are halved."""

RESERVE = 192 << 20
"""Bytes of main memory that must be free before a step of full size; half of it for each halving."""

LOOK = 0.05
"""Seconds between two looks at what is free."""

PATIENCE = 30.0
"""Seconds without a failure after which pieces become twice as large again."""

SMALLER = "Memory is short: rendering goes on in smaller pieces."
PROCESSOR = "The memory of the GPU is full: rendering goes on on the processor."
BICUBIC = "There is not enough memory to render this; the bicubic picture stays."

Steps = Iterator[m.FromRenderer | None]
"""Work in steps: each `next` does a few milliseconds and yields what to send, or None."""

TOLD_ANEW = 60.0
"""Seconds after which the same notice is worth telling again."""

_log = logging.getLogger(__name__)


class ShortOfMemoryError(MemoryError):
    """Less is free than the next step should have."""


class Ladder:
    """Where the renderer stands on it. halvings: of the pieces of work, 0 .. HALVINGS.

    elsewhere: work is done in a GPU's memory, whose allocator says when it is full; main memory is not looked at.
    """

    def __init__(self, *, elsewhere: bool = False) -> None:
        self.halvings, self.elsewhere = 0, elsewhere
        self._failed = self._looked = 0.0
        self._told: dict[str, float] = {}

    def check(self) -> None:
        """Raise ShortOfMemoryError where the next step might not get what it needs; climb after a good while."""
        self.climb()
        if self.is_short():
            self._looked = 0.0  # the next step looks again, whatever was freed
            raise ShortOfMemoryError("too little memory is free")

    def climb(self) -> None:
        """After a good while without a failure, one rung up."""
        if self.halvings and time.monotonic() - self._failed > PATIENCE:
            self._stand(self.halvings - 1)

    def is_short(self) -> bool:
        """Is less main memory free than the next step should have? Looks only now and then."""
        now = time.monotonic()
        if self.elsewhere or now - self._looked <= LOOK:
            return False
        self._looked = now
        return available_memory() < RESERVE >> self.halvings

    def down(self) -> bool:
        """A step failed: halve the pieces. False where they are as small as they get."""
        self._failed = time.monotonic()
        if self.halvings == HALVINGS:
            return False
        self._stand(self.halvings + 1)
        return True

    def top(self) -> None:
        """Begin anew, as on another device."""
        self._stand(0)

    def _stand(self, halvings: int) -> None:
        self.halvings, self._failed = halvings, time.monotonic()
        threads.limit(None if halvings == 0 else max(1, threads.cores() >> (halvings - 1)))

    def told(self, sentence: str) -> Iterator[m.FromRenderer]:
        """The notice, unless people have just read it."""
        now = time.monotonic()
        if now - self._told.get(sentence, -TOLD_ANEW) >= TOLD_ANEW:
            self._told[sentence] = now
            yield m.Notice(sentence)

    def unhurried(self, steps: Steps) -> Steps:
        """Steps that nobody waits for: where memory is short, or anything fails, they end."""
        try:
            for message in steps:
                yield message
                self.check()
        except Exception as error:  # whoever asks for the same will be told; ending the process would help nobody
            _log.log(logging.INFO if is_memory_error(error) else logging.WARNING, "given up in idle time: %r", error)

    def groups(self, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """What is done at once, in the halves, quarters … that the rung allows."""
        size = max(1, len(items) >> self.halvings)
        for start in range(0, len(items), size):
            yield items[start : start + size]

    def parts(self, windows: Iterable[Window], block: int) -> Iterator[Window]:
        """Windows of whole blocks, each cut to the part of its sides that the rung allows."""
        for window in windows:
            side = max(window.height, window.width) >> self.halvings
            if self.halvings == 0 or side >= max(window.height, window.width):
                yield window
            else:
                for cell in window.split(max(block, side // block * block)):
                    if common := cell.intersected(window):
                        yield common


def guarded(
    work: Callable[[], Steps],
    failed: Callable[[str], m.FromRenderer],
    device: Callable[[], str],
    step_down: Callable[[str], Generator[m.FromRenderer, None, bool]],
) -> Steps:
    """The steps of `work`, begun anew a rung lower whenever memory runs out; other errors become one message.

    failed: makes it of a sentence. device: names the one that works now. step_down: given the device at which memory
    ran out, yields what to tell and returns whether to try again. An error after which the device is lost to this
    process is raised: it ends, and the window begins another.
    """
    while True:
        began = device()
        try:
            yield from work()
            return
        except DiifViewerError as error:
            yield failed(str(error))
            return
        except Exception as error:
            if not is_memory_error(error):
                if is_lost(began):
                    raise
                yield failed(f"Rendering failed unexpectedly: {type(error).__name__}: {error}")
                return
            _log.info("memory ran out: %s", error)
        # by now the error is gone, and with it whatever its frames held
        if not (yield from step_down(began)):
            yield failed(BICUBIC)
            return
