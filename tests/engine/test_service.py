"""The rendering process: what the window asks for arrives, newest first, and nothing it does can hang the window."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import diif_viewer as dv
from diif_viewer.engine import messages as m
from diif_viewer.engine.device import fast_compute
from diif_viewer.engine.service import Outbox, RendererProcess
from diif_viewer.geometry import Lattice, Window
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import ZoomPath
from tests.engine.conftest import picture
from tests.slowness import slowness

PIXELS = picture(200, 300)


@pytest.fixture(scope="module")
def renderer() -> Iterator[RendererProcess]:
    fast_compute("cpu")  # measured and remembered here first: both processes then use the same dtype and chunks
    process = RendererProcess("cpu")
    ready = receive(process, m.Ready)
    assert ready.device == "cpu"
    yield process
    process.close()
    assert not process.alive


@pytest.fixture
def opened(renderer: RendererProcess) -> Iterator[RendererProcess]:
    block = SharedMemory(create=True, size=PIXELS.nbytes)
    np.ndarray(PIXELS.shape, PIXELS.dtype, block.buf)[:] = PIXELS
    renderer.connection.send(m.OpenImage(1, block.name, PIXELS.shape, "uint8"))
    yield renderer
    renderer.connection.send(m.CloseImage(1))
    block.close()
    block.unlink()


def receive(process: RendererProcess, kind: type, seconds: float = 60.0, others: list | None = None):
    """The next message of `kind`; those before it, signs of life aside, are put into `others`."""
    end = time.monotonic() + seconds
    while process.connection.poll(max(0.0, end - time.monotonic())):
        message = process.connection.recv()
        if isinstance(message, kind):
            return message
        if others is not None and not isinstance(message, m.Alive):
            others.append(message)
    pytest.fail(f"no {kind.__name__} within {seconds} s")


def test_tiles_are_the_field_and_come_centre_first(opened, weights) -> None:
    path = weights("diif-s")
    window = Window(300, 400, 800, 1100)
    opened.connection.send(m.ViewRequest(0, 1, 1, path, 5.5, window))
    tiles: list[m.TileDone] = []
    done = receive(opened, m.ViewDone, others=tiles)
    assert (done.pane, done.serial) == (0, 1)
    work = sum(tile.milliseconds for tile in tiles)
    assert work <= done.milliseconds
    assert min(tile.milliseconds for tile in tiles) > 0
    whole = dv.encode(PIXELS, dv.load_model(path, device="cpu")).render(5.5)
    seen = np.zeros((1100, 1650), bool)
    for tile in tiles:
        place = tile.key.window.intersected(Window(0, 0, 1100, 1650))
        expected = whole[place.top : place.bottom, place.left : place.right]
        assert np.array_equal(tile.pixels, expected)
        seen[place.top : place.bottom, place.left : place.right] = True
    assert seen[300:800, 400:1100].all()
    middle = tiles[0].key.window
    assert abs((middle.top + middle.bottom) / 2 - 550) <= 128
    assert abs((middle.left + middle.right) / 2 - 750) <= 128


def test_held_tiles_are_not_sent_again(opened, weights) -> None:
    path = weights("diif-s")
    window = Window(0, 0, 256, 256)
    tiles: list[m.TileDone] = []
    opened.connection.send(m.ViewRequest(0, 1, 1, path, 3.0, window))
    receive(opened, m.ViewDone, others=tiles)
    held = frozenset(t.key for t in tiles[:3])
    again: list[m.TileDone] = []
    opened.connection.send(m.ViewRequest(0, 2, 1, path, 3.0, window, held))
    receive(opened, m.ViewDone, others=again)
    assert {t.key for t in again} == {t.key for t in tiles} - held


def test_a_newer_request_replaces_the_older(opened, weights) -> None:
    path = weights("liif")
    opened.connection.send(m.ViewRequest(0, 1, 1, path, 30.0, Window(0, 0, 6000, 9000)))
    receive(opened, m.TileDone)
    opened.connection.send(m.ViewRequest(0, 2, 1, path, 2.0, Window(0, 0, 200, 200)))
    late: list[m.TileDone] = []
    done = receive(opened, m.ViewDone, others=late)
    assert done.serial == 2
    assert sum(t.key.scale == 30.0 for t in late) < 40  # of more than three thousand


def test_panes_are_served_in_turn(opened, weights) -> None:
    window = Window(0, 0, 700, 700)
    opened.connection.send(m.ViewRequest(0, 1, 1, weights("liif"), 6.0, window))
    opened.connection.send(m.ViewRequest(1, 1, 1, weights("diif-s"), 6.0, window))
    order: list[m.TileDone] = []
    receive(opened, m.ViewDone, others=order)
    models = [Path(t.key.model).stem for t in order[:12]]
    assert set(models[2:]) == {"liif", "diif-s"}
    receive(opened, m.ViewDone)


def test_an_export_is_the_view_and_reports_progress(opened, weights, tmp_path) -> None:
    path, out = weights("diif-s"), tmp_path / "view.png"
    window = Window(100, 90, 500, 777)
    opened.connection.send(m.ExportRequest(5, 1, path, 4.25, window, str(out)))
    progress: list[m.ExportProgress] = []
    done = receive(opened, m.ExportDone, others=progress)
    assert done.path == str(out)
    fractions = [p.fraction for p in progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    model = dv.load_model(path, device="cpu")
    expected = dv.encode(PIXELS, model).render(4.25, window=window)
    assert np.array_equal(np.asarray(Image.open(out)), expected)


def test_a_classic_export(opened, tmp_path) -> None:
    out = tmp_path / "bicubic.png"
    opened.connection.send(m.ExportRequest(6, 1, "bicubic", 2.0, Window(0, 0, 400, 600), str(out)))
    receive(opened, m.ExportDone)
    expected = Image.fromarray(PIXELS).resize((600, 400), Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(Image.open(out)).astype(int) - np.asarray(expected)).max() <= 1


def zoom(path: str, file: Path, frames: int) -> m.FilmRequest:
    plain = Viewport(*PIXELS.shape[:2], 90, 120)
    start, end = (plain.at_scale(s).centred_on((100, 80)).rested() for s in (2.0, 9.0))
    return m.FilmRequest(21, 1, path, ZoomPath(start, end, frames / 10, Fraction(10)), str(file))


def test_a_film_begins_and_ends_with_the_views_and_reports_progress(opened, weights, tmp_path) -> None:
    path, out = weights("diif-s"), tmp_path / "zoom.png"
    order = zoom(path, out, 5)
    opened.connection.send(order)
    progress: list[m.ExportProgress] = []
    assert receive(opened, m.ExportDone, others=progress).path == str(out)
    assert [p.fraction for p in progress] == [pytest.approx(n / 5) for n in range(1, 6)]
    field = dv.encode(PIXELS, dv.load_model(path, device="cpu"))
    with Image.open(out) as film:
        assert film.n_frames == 5
        for number, view in ((0, order.path.start), (4, order.path.end)):
            film.seek(number)
            assert np.array_equal(np.asarray(film.convert("RGB")), field.render(view.scale, window=view.window))


def test_a_view_goes_before_a_film_and_cancel_leaves_nothing(opened, weights, tmp_path) -> None:
    path, out = weights("liif"), tmp_path / "long.webp"
    opened.connection.send(zoom(path, out, 3000))
    receive(opened, m.ExportProgress)
    opened.connection.send(m.ViewRequest(1, 77, 1, path, 3.5, Window(0, 0, 100, 100)))
    others: list[object] = []
    receive(opened, m.ViewDone, others=others)
    assert not any(isinstance(other, m.ExportDone) for other in others)
    opened.connection.send(m.CancelExport(21))
    started = time.perf_counter()
    assert receive(opened, m.ExportFailed, others=others).cancelled
    assert time.perf_counter() - started < 2.0 * slowness()  # 0.1 s where nothing else runs
    end = time.monotonic() + 60
    while (
        any("webp" in name for name in os.listdir(tmp_path)) and time.monotonic() < end
    ):  # the encoder is let go of, and clears away after itself
        time.sleep(0.05)
    assert [name for name in os.listdir(tmp_path) if "webp" in name] == []


def test_a_view_goes_before_an_export_and_cancel_leaves_nothing(opened, weights, tmp_path) -> None:
    path, out = weights("liif"), tmp_path / "large.png"
    opened.connection.send(m.ExportRequest(7, 1, path, 30.0, Window(0, 0, 6000, 9000), str(out)))
    receive(opened, m.ExportProgress)
    opened.connection.send(m.ViewRequest(0, 9, 1, path, 2.0, Window(0, 0, 300, 300)))
    before: list[object] = []
    receive(opened, m.ViewDone, others=before)
    assert sum(isinstance(b, m.ExportProgress) for b in before) <= 3
    opened.connection.send(m.CancelExport(7))
    failed = receive(opened, m.ExportFailed)
    assert failed.cancelled
    assert list(tmp_path.glob("*.png*")) == []


def test_what_cannot_be_done_is_said_in_a_sentence(opened, weights, tmp_path) -> None:
    opened.connection.send(m.ViewRequest(0, 3, 1, "no-such-model", 3.0, Window(0, 0, 99, 99)))
    assert "no-such-model" in receive(opened, m.ViewFailed).sentence
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights")
    opened.connection.send(m.ViewRequest(0, 4, 1, str(broken), 3.0, Window(0, 0, 99, 99)))
    assert receive(opened, m.ViewFailed).sentence
    nowhere = str(tmp_path / "missing" / "x.png")
    opened.connection.send(m.ExportRequest(8, 1, weights("diif-s"), 2.0, Window(0, 0, 99, 99), nowhere))
    assert "folder" in receive(opened, m.ExportFailed).sentence
    opened.connection.send(m.ViewRequest(0, 5, 1, weights("diif-s"), 3.0, Window(0, 0, 99, 99)))
    assert receive(opened, m.ViewDone).serial == 5  # still at work


def test_a_picture_that_is_gone_before_it_was_opened_harms_nobody(opened, tmp_path) -> None:
    opened.connection.send(m.OpenImage(2, "psm_closed_again", PIXELS.shape, "uint8"))
    opened.connection.send(m.CloseImage(2))
    path = tmp_path / "still.png"
    opened.connection.send(m.ExportRequest(9, 1, "nearest", 2.0, Window(0, 0, 20, 30), str(path)))
    assert receive(opened, m.ExportDone).job == 9
    assert path.is_file()


def test_whatever_is_asked_of_a_picture_that_is_not_there_is_answered(opened, tmp_path) -> None:
    """Its memory may not have been had: an export that is never answered would stay in the window's list for good."""
    whole, path = Window(0, 0, 20, 30), str(tmp_path / "never.png")
    view = Viewport(20, 30, 20, 30, 2.0)
    export = m.ExportRequest(20, 99, "nearest", 2.0, whole, path)
    film = m.FilmRequest(21, 99, "nearest", ZoomPath(view, view), str(tmp_path / "never.gif"))
    crop = m.CropRequest(22, 99, "nearest", Lattice.of_scale(20, 30, 2.0), whole)
    for request in (export, film, crop):
        opened.connection.send(request)
        failed = receive(opened, m.ExportFailed)
        assert (failed.job, failed.cancelled) == (request.job, False)
        assert "picture" in failed.sentence
    opened.connection.send(m.ProbeRequest(5, export, whole))
    assert receive(opened, m.ProbeFailed).serial == 5
    opened.connection.send(m.ViewRequest(0, 6, 99, "diif-s-lite", 2.0, whole))
    assert receive(opened, m.ViewFailed).serial == 6


def test_crops_are_the_field_and_wait_their_turn(opened, weights) -> None:
    path = weights("diif-s")
    lattice = Lattice.of_size(200, 300, 950, 1333)
    window = Window(301, 402, 640, 777)
    opened.connection.send(m.CropRequest(-1, 1, path, lattice, window))
    opened.connection.send(m.CropRequest(-2, 1, "bicubic", lattice, window))
    first, second = receive(opened, m.CropDone), receive(opened, m.CropDone)
    assert (first.job, second.job) == (-1, -2)
    field = dv.encode(PIXELS, dv.load_model(path, device="cpu"))
    whole = field.render(size=(950, 1333), window=(301, 402, 640, 777))
    np.testing.assert_array_equal(first.pixels, whole)
    assert second.pixels.shape == (339, 375, 3)
    opened.connection.send(m.CropRequest(-3, 1, path, lattice, Window(5, 5, 5, 9)))
    assert "region" in receive(opened, m.ExportFailed).sentence


@pytest.mark.skipif(sys.platform != "linux", reason="scheduling policies of Linux")
def test_every_thread_of_it_waits_for_the_window(opened, weights) -> None:
    """Whatever computes was started after the process had stepped back."""
    opened.connection.send(m.ViewRequest(3, 1, 1, weights("diif-s"), 4.0, Window(0, 0, 256, 256)))
    receive(opened, m.ViewDone)
    threads = [int(name) for name in os.listdir(f"/proc/{opened._process.pid}/task")]
    assert len(threads) > 2
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_BATCH}
    behind = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    assert {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads} == {behind}


def test_it_ends_when_the_window_is_gone() -> None:
    process = RendererProcess("cpu")
    receive(process, m.Ready)
    process.connection.close()
    process._process.join(10)
    assert not process.alive


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_while_it_starts_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if '--multiprocessing-fork' in sys.orig_argv:\n"
        "    os.killpg(0, signal.SIGINT)  # what a terminal does\n"
    )
    script = (
        "import signal\n"
        "from diif_viewer.engine import messages, service\n"
        "came = []\n"
        "signal.signal(signal.SIGINT, lambda *_: came.append(1))\n"
        "process = service.RendererProcess('cpu')\n"
        "while not isinstance(process.connection.recv(), messages.Ready):\n"
        "    pass\n"
        "process.close()\n"
        "assert came\n"
    )
    root = Path(dv.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(root)))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_how_it_ended_is_told() -> None:
    process = RendererProcess("cpu")
    assert process.exit_code(0.0) is None
    process._process.kill()
    assert process.exit_code(20.0) not in (None, 0)
    process.close()
    assert not process.alive


def test_a_message_that_cannot_be_sent_ends_the_process_and_not_only_its_voice(monkeypatch):
    ended = threading.Event()

    class Full:
        def send(self, message: object) -> None:
            raise MemoryError

    monkeypatch.setattr(os, "_exit", lambda status: ended.set())
    outbox = Outbox(Full())
    outbox.send("a tile")
    assert ended.wait(10)


def test_a_window_that_is_gone_is_no_fault(monkeypatch):
    class Gone:
        def send(self, message: object) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(os, "_exit", lambda status: pytest.fail("nothing was wrong"))
    outbox = Outbox(Gone())
    outbox.send("a tile")
    outbox.close()
