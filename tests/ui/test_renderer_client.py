"""The window's end of the renderer: facts arrive in the GUI thread, nothing is left behind."""

from __future__ import annotations

import threading
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest
from PySide6.QtCore import QThread

from diif_viewer.engine.messages import CloseImage, ExportRequest, OpenImage, ViewRequest
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.leftovers import temporary_of
from diif_viewer.ui.endings import OFTEN, SHORT, Endings, words
from diif_viewer.ui.renderer_client import RendererClient
from tests.ui.fake_renderer import FakeRenderer, expected


@pytest.fixture
def gate():
    event = threading.Event()
    event.set()
    return event


@pytest.fixture
def clients(gate):
    made = []

    def make(spawn=None):
        fakes = []

        def spawn_fake(_):
            fakes.append(FakeRenderer(gate))
            return fakes[-1]

        client = RendererClient(spawn or spawn_fake)
        made.append(client)
        return client, fakes

    yield make
    gate.set()
    for client in made:
        client.shutdown()


PIXELS = np.random.default_rng(3).integers(0, 255, (20, 30, 3), dtype=np.uint8)


def test_a_view_comes_back_tile_by_tile_in_the_gui_thread(qtbot, clients):
    client, fakes = clients()
    client.open_image(1, PIXELS)
    tiles, threads = [], []
    client.tile_done.connect(tiles.append)
    client.tile_done.connect(lambda _: threads.append(QThread.currentThread()))
    main = QThread.currentThread()
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    window = Lattice.of_scale(20, 30, 9.0).window
    with qtbot.waitSignal(client.view_done, timeout=10_000):
        client.send(ViewRequest(0, 1, 1, "diif-s-lite", 9.0, window))
    assert len(tiles) == 2 * 3
    for tile in tiles:
        part = tile.key.window.intersected(window)
        np.testing.assert_array_equal(tile.pixels, expected(PIXELS, "diif-s-lite", 9.0, part))
    assert set(threads) == {main}
    block = fakes[0].of_kind(OpenImage)[0].block
    client.shutdown()
    with pytest.raises(FileNotFoundError):
        SharedMemory(block)


def test_pictures_are_opened_anew_after_a_death(qtbot, clients):
    client, fakes = clients()
    client.open_image(5, PIXELS)
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    qtbot.waitUntil(lambda: bool(fakes[0].of_kind(OpenImage)), timeout=10_000)
    with qtbot.waitSignals([client.restarted, client.ready], timeout=10_000):
        fakes[0].die()
    qtbot.waitUntil(lambda: bool(fakes[1].of_kind(OpenImage)), timeout=10_000)
    assert fakes[1].of_kind(OpenImage)[0].image == 5


def test_an_export_under_way_fails_when_the_renderer_dies(qtbot, clients, gate, tmp_path):
    client, fakes = clients()
    client.open_image(1, PIXELS)
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    gate.clear()
    with qtbot.waitSignal(client.export_progress, timeout=10_000):
        client.send(ExportRequest(4, 1, "diif-lite", 3.0, Window(0, 0, 9, 9), str(tmp_path / "x.png")))
    begun, another = temporary_of(tmp_path / "x.png"), temporary_of(tmp_path / "y.png")
    begun.write_bytes(b"what a killed renderer has written so far")
    another.write_bytes(b"of somebody else")
    with qtbot.waitSignal(client.export_failed, timeout=10_000) as failed:
        fakes[0].die()
    assert failed.args[0].job == 4
    qtbot.waitUntil(lambda: not begun.exists(), timeout=10_000)
    assert another.exists()


def test_a_picture_that_comes_back_during_an_export_of_it_stays(qtbot, clients, gate, tmp_path):
    """As a frame does when playing begins and is stopped at once."""
    client, fakes = clients()
    client.open_image(1, PIXELS)
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    gate.clear()
    client.send(ExportRequest(4, 1, "diif-lite", 3.0, Window(0, 0, 9, 9), str(tmp_path / "x.png")))
    client.close_image(1)
    assert not client.knows(1)
    client.open_image(1, PIXELS)
    assert client.knows(1)
    with qtbot.waitSignal(client.export_done, timeout=10_000):
        gate.set()
    assert client.knows(1)
    with qtbot.waitSignal(client.view_done, timeout=10_000):
        client.send(ViewRequest(0, 1, 1, "diif-s-lite", 3.0, Window(0, 0, 9, 9)))
    assert len(fakes[0].of_kind(OpenImage)) == 1, "a second block of memory would never be let go"
    assert not fakes[0].of_kind(CloseImage)
    client.close_image(1)
    qtbot.waitUntil(lambda: bool(fakes[0].of_kind(CloseImage)), timeout=10_000)


def test_a_process_that_cannot_start_is_one_sentence(qtbot, clients):
    def spawn(_):
        raise OSError("no processes left")

    client, _ = clients(spawn)
    with qtbot.waitSignal(client.stopped, timeout=10_000) as stopped:
        client.start()
    assert "no processes left" in stopped.args[0]
    assert not client.running


def test_shutdown_at_once_is_clean(qtbot, clients):
    client, _ = clients()
    client.start()
    client.shutdown()
    client.shutdown()
    assert not client.running


def test_orders_before_the_start_are_not_needed(qtbot, clients):
    client, fakes = clients()
    client.open_image(1, PIXELS)
    client.close_image(1)
    client.open_image(2, PIXELS)
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    qtbot.waitUntil(lambda: bool(fakes[0].of_kind(OpenImage)), timeout=10_000)
    assert [m.image for m in fakes[0].of_kind(OpenImage)] == [2]


def test_an_export_that_is_asked_for_while_nothing_runs_fails_at_once(qtbot, clients):
    """The dialog may be open when the renderer stops: its row must not wait for good, nor the picture stay."""
    client, _ = clients()
    failures = []
    client.export_failed.connect(failures.append)
    client.open_image(5, PIXELS)
    client.send(ExportRequest(7, 5, "bicubic", 2.0, Window(0, 0, 4, 4), "/nowhere.png"))
    assert [failure.job for failure in failures] == [7]
    assert "not running" in failures[0].sentence
    client.close_image(5)
    assert not client._images


def dead_again(qtbot, client, fakes) -> None:
    """Let the newest renderer die once it is ready."""
    qtbot.waitUntil(lambda: bool(client.description) and bool(fakes), timeout=10_000)
    fakes[-1].code = -9
    fakes[-1].die()


def test_it_is_not_started_a_second_time_before_a_view_was_finished(qtbot, clients):
    client, fakes = clients()
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    with qtbot.waitSignal(client.restarted, timeout=10_000):
        dead_again(qtbot, client, fakes)
    qtbot.waitUntil(lambda: len(fakes) == 2, timeout=10_000)
    with qtbot.waitSignal(client.stopped, timeout=10_000) as stopped:
        dead_again(qtbot, client, fakes)
    assert "system ended the renderer" in stopped.args[0]
    assert client.endings.codes == [-9, -9]
    with qtbot.waitSignals([client.restarted, client.ready], timeout=10_000):
        client.restart()


def test_a_view_that_always_ends_it_does_not_do_so_for_ever(qtbot, clients):
    """Another pane's view is finished each time, so that it seems to work."""
    client, fakes = clients()
    client.open_image(1, PIXELS)
    stopped = []
    client.stopped.connect(stopped.append)
    with qtbot.waitSignal(client.ready, timeout=10_000):
        client.start()
    window = Lattice.of_scale(20, 30, 9.0).window
    for number in range(1, 4):
        with qtbot.waitSignal(client.view_done, timeout=10_000):
            client.send(ViewRequest(0, number, 1, "diif-s-lite", 9.0, window))
        assert not stopped
        with qtbot.waitSignal(client.restarted if number < 3 else client.stopped, timeout=10_000):
            fakes[-1].die()
        if number < 3:
            qtbot.waitUntil(lambda made=number: len(fakes) == made + 1, timeout=10_000)
    assert len(fakes) == 3
    assert not client.running


def test_often_is_within_a_short_time():
    now = [0.0]
    endings = Endings(lambda: now[0])
    for _ in range(10):
        assert endings.again(-9)
        endings.worked()
        now[0] += SHORT / (OFTEN - 1)
    assert len(endings.codes) == 10


@pytest.mark.parametrize(
    ("code", "said"),
    [(None, "stopped working"), (0, "stopped working"), (-9, "memory runs out"), (-11, "SIGSEGV"), (1, "status 1")],
)
def test_how_it_ended_is_one_sentence(code, said):
    assert said in words(code)
    assert words(code).endswith(".")


class Deaf:
    """A renderer that reads nothing any more: who writes to it waits, until it is killed."""

    def __init__(self) -> None:
        self.connection = self
        self.writing, self.killed = threading.Event(), threading.Event()

    def send(self, order: object) -> None:
        self.writing.set()
        self.killed.wait()
        raise BrokenPipeError

    def recv(self) -> object:
        self.killed.wait()
        raise EOFError

    def exit_code(self) -> int | None:
        return -9

    def kill(self) -> None:
        self.killed.set()

    def close(self, timeout: float) -> None:
        self.killed.set()


def test_a_renderer_that_reads_nothing_does_not_hold_up_the_end(qtbot, clients):
    made = []
    client, _ = clients(lambda _: made.append(Deaf()) or made[-1])
    client.start()
    client.limit_memory(5)
    qtbot.waitUntil(lambda: bool(made) and made[0].writing.is_set(), timeout=10_000)
    client.shutdown()
    assert made[0].killed.is_set()


def test_one_that_reads_nothing_can_be_replaced(qtbot, clients, gate):
    made = []

    def spawn(_):
        made.append(FakeRenderer(gate) if made else Deaf())
        return made[-1]

    client, _ = clients(spawn)
    client.start()
    client.limit_memory(5)
    qtbot.waitUntil(lambda: bool(made) and made[0].writing.is_set(), timeout=10_000)
    with qtbot.waitSignals([client.restarted, client.ready], timeout=10_000):
        client.revive()
