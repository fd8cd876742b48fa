"""What the scheduler does and does not do again, step by step, with mail put in between by hand."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

from diif_viewer.engine import aside
from diif_viewer.engine import messages as m
from diif_viewer.engine.planes import Plane
from diif_viewer.engine.scheduler import Scheduler
from diif_viewer.engine.tiles import TileKey
from diif_viewer.geometry import Window
from tests.engine.conftest import picture

PIXELS = picture(200, 300)
SCALE = 6.0


class ByHand:
    """A scheduler that takes a step when it is told to, with one picture."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self._mail: deque[m.ToRenderer] = deque()
        self.scheduler = Scheduler(self, "cpu")
        self.scheduler._idle = None
        self._block = SharedMemory(create=True, size=PIXELS.nbytes)
        np.ndarray(PIXELS.shape, PIXELS.dtype, self._block.buf)[:] = PIXELS
        self.order(m.OpenImage(1, self._block.name, PIXELS.shape, "uint8"))

    def send(self, message: object) -> None:
        self.sent.append(message)

    def recv(self) -> m.ToRenderer:
        return self._mail.popleft()

    def poll(self, timeout: float) -> bool:
        return bool(self._mail)

    def order(self, order: m.ToRenderer) -> None:
        self.scheduler._receive(order)

    def work(self) -> None:
        while self.scheduler._busy:
            self.scheduler.step()

    @property
    def tiles(self) -> list[TileKey]:
        return [message.key for message in self.sent if isinstance(message, m.TileDone)]

    def close(self) -> None:
        self.order(m.CloseImage(1))
        self._block.close()
        self._block.unlink()


@pytest.fixture
def by_hand() -> Iterator[ByHand]:
    made = ByHand()
    yield made
    made.close()


def test_tiles_that_wait_to_be_sent_are_not_rendered_again_for_a_newer_view(by_hand: ByHand, weights) -> None:
    """A pan asks every 50 ms; what was rendered meanwhile is among what it asks for, and on its way."""
    model = weights("diif-s")
    for number in range(6):
        window = Window(0, 20 * number, 500, 900 + 20 * number)
        by_hand.order(m.ViewRequest(0, number, 1, model, SCALE, window, frozenset(by_hand.tiles)))
        while not by_hand.scheduler._finished and by_hand.scheduler._views:
            by_hand.scheduler.step()
    by_hand.work()
    assert isinstance(by_hand.sent[-1], m.ViewDone)
    assert set(Counter(by_hand.tiles).values()) == {1}
    assert len(by_hand.tiles) == 4 * 8


def test_an_export_that_is_given_up_leaves_nothing_of_a_closed_picture(
    by_hand: ByHand, weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, compute = threading.Event(), Plane._compute

    def slowly(plane: Plane, part: Window) -> object:
        begun.set()
        time.sleep(0.05)
        return compute(plane, part)

    monkeypatch.setattr(Plane, "_compute", slowly)
    by_hand.order(m.ExportRequest(1, 1, weights("diif-s"), 3.0, Window(0, 0, 600, 900), str(tmp_path / "a.png")))
    while not begun.is_set():
        by_hand.scheduler.step()
    by_hand.order(m.CancelExport(1))
    by_hand.order(m.CloseImage(1))
    aside._worker().submit(int).result()  # by then the step that was in hand is done
    assert by_hand.scheduler._cache.bytes == 0
