"""One copy of a large picture: it lives in shared memory as long as anyone looks at it, and no longer."""

from __future__ import annotations

import gc
import os
from multiprocessing.shared_memory import SharedMemory
from types import SimpleNamespace

import numpy as np
import pytest

from diif_viewer.engine.messages import OpenImage
from diif_viewer.ui import shared
from diif_viewer.ui.courier import NO_ROOM
from diif_viewer.ui.renderer_client import RendererClient
from tests.ui.fake_renderer import FakeRenderer

PIXELS = np.random.default_rng(5).integers(0, 255, (40, 60, 3), dtype=np.uint8)


@pytest.fixture
def worth_it(monkeypatch):
    monkeypatch.setattr(shared, "WORTH", 1)


def test_a_small_picture_stays_where_it_is():
    assert shared.moved(PIXELS) is PIXELS
    assert shared.name_of(PIXELS) is None


def test_a_large_one_is_there_under_its_name_until_nobody_looks(worth_it):
    moved = shared.moved(PIXELS)
    name = shared.name_of(moved)
    other = SharedMemory(name)
    np.testing.assert_array_equal(np.ndarray(PIXELS.shape, np.uint8, other.buf), PIXELS)
    other.close()
    part = moved[3:5]
    del moved
    gc.collect()
    np.testing.assert_array_equal(part, PIXELS[3:5])
    del part
    gc.collect()
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)


def no_room(path):
    return SimpleNamespace(f_bavail=1, f_frsize=100)


def test_without_room_it_is_not_moved(worth_it, monkeypatch):
    monkeypatch.setattr(os, "statvfs", no_room)
    assert shared.moved(PIXELS) is PIXELS


def test_the_renderer_gets_the_very_block(qtbot, worth_it, gate_open, clients):
    client, fakes = clients()
    moved = shared.moved(PIXELS)
    client.open_image(1, moved)
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    qtbot.waitUntil(lambda: bool(fakes[0].of_kind(OpenImage)), timeout=10_000)
    assert fakes[0].of_kind(OpenImage)[0].block == shared.name_of(moved)
    np.testing.assert_array_equal(fakes[0]._images[1], PIXELS)


def test_no_room_for_a_picture_is_a_notice_and_orders_go_on(qtbot, monkeypatch, gate_open, clients):
    monkeypatch.setattr(os, "statvfs", no_room)
    client, fakes = clients()
    client.open_image(1, PIXELS)
    with qtbot.waitSignals([client.ready, client.noticed], timeout=10_000):
        told: list[str] = []
        client.noticed.connect(told.append)
        client.start()
    assert told == [NO_ROOM]
    monkeypatch.undo()
    client.open_image(2, PIXELS)
    qtbot.waitUntil(lambda: bool(fakes[0].of_kind(OpenImage)), timeout=10_000)
    assert [m.image for m in fakes[0].of_kind(OpenImage)] == [2]


@pytest.fixture
def gate_open():
    import threading

    event = threading.Event()
    event.set()
    return event


@pytest.fixture
def clients(gate_open):
    made = []

    def make():
        fakes = []

        def spawn(_):
            fakes.append(FakeRenderer(gate_open))
            return fakes[-1]

        made.append(RendererClient(spawn))
        return made[-1], fakes

    yield make
    for client in made:
        client.shutdown()
