"""When memory runs out: each rung is reached by failures put in by hand, and none of them changes a pixel."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest
import torch

import diif_viewer as dv
from diif_viewer.engine import gallery, threads
from diif_viewer.engine import ladder as rungs
from diif_viewer.engine import messages as m
from diif_viewer.engine import scheduler as scheduling
from diif_viewer.engine.field import Field
from diif_viewer.engine.gpu.painter import Painter
from diif_viewer.engine.planes import BLOCK, Plane
from diif_viewer.engine.scheduler import Scheduler
from diif_viewer.geometry import Window
from tests.engine.conftest import picture

PIXELS = picture(200, 300)
WINDOW = Window(0, 0, 640, 896)
SCALE = 4.0

ERRORS = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    MemoryError(),
    RuntimeError("Triton Error [CUDA]: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),  # since cuDNN 9
    RuntimeError("GET was unable to find an engine to execute this computation"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried …"),
)


@pytest.mark.parametrize(
    "error", ERRORS, ids=["torch", "python", "triton", "cublas", "cudnn", "cudnn 9", "engine", "allocator"]
)
def test_memory_errors_are_known_and_others_are_not(error):
    assert rungs.is_memory_error(error)
    assert not rungs.is_memory_error(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not rungs.is_memory_error(ValueError("DefaultCPUAllocator"))


class Running:
    """A real scheduler in a thread of this process, where failures can be put in."""

    def __init__(self, device: str = "cpu") -> None:
        self.connection, far = multiprocessing.Pipe()
        self.scheduler = Scheduler(far, device)
        self._thread = threading.Thread(target=self.scheduler.run, name="scheduler")
        self._thread.start()
        self._block = SharedMemory(create=True, size=PIXELS.nbytes)
        np.ndarray(PIXELS.shape, PIXELS.dtype, self._block.buf)[:] = PIXELS
        self.connection.send(m.OpenImage(1, self._block.name, PIXELS.shape, "uint8"))
        self.messages: list[object] = []
        self.until(m.Ready)

    def until(self, *kinds: type) -> object:
        while self.connection.poll(60):
            message = self.connection.recv()
            self.messages.append(message)
            if isinstance(message, kinds):
                return message
        raise AssertionError(f"none of {kinds} within a minute: {[type(x).__name__ for x in self.messages]}")

    def view(self, model: str, serial: int = 1) -> object:
        self.messages.clear()
        self.connection.send(m.ViewRequest(0, serial, 1, model, SCALE, WINDOW))
        return self.until(m.ViewDone, m.ViewFailed)

    @property
    def tiles(self) -> dict[Window, np.ndarray]:
        return {t.key.window: t.pixels for t in self.messages if isinstance(t, m.TileDone)}

    @property
    def notices(self) -> list[str]:
        return [message.sentence for message in self.messages if isinstance(message, m.Notice)]

    def close(self) -> None:
        self.connection.send(m.Quit())
        self._thread.join()
        self.connection.close()
        self._block.close()
        self._block.unlink()


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.close()
    threads.limit(None)


class Failing:
    """Stands in for a method: fails where it is told to, else does what the method does."""

    def __init__(self, monkeypatch, owner: type, name: str, error: Exception, fails) -> None:
        real = getattr(owner, name)
        self.calls: list[int] = []

        def instead(this, *args, **kwargs):
            self.calls.append(len(args[1]) if name == "render_tiles" else 1)
            if fails(self):
                raise error
            return real(this, *args, **kwargs)

        monkeypatch.setattr(owner, name, instead)


def right_tiles(model: str) -> dict[Window, np.ndarray]:
    loaded = dv.load_model(model, device="cpu")
    field = dv.encode(PIXELS, loaded)
    lattice = field.lattice(SCALE)
    return {
        cell: field.render(SCALE, window=cell.intersected(lattice.window))
        for cell in WINDOW.intersected(lattice.window).split(128)
    }


def assert_right(running: Running, model: str) -> None:
    expected = right_tiles(model)
    assert running.tiles.keys() == expected.keys()
    for place, pixels in running.tiles.items():
        np.testing.assert_array_equal(pixels, expected[place])


@pytest.mark.parametrize("halvings", [1, 2, 3])
@pytest.mark.parametrize(
    "error", ERRORS, ids=["torch", "python", "triton", "cublas", "cudnn", "cudnn 9", "engine", "allocator"]
)
def test_smaller_pieces_make_the_same_pixels(running, weights, monkeypatch, error, halvings):
    model = weights("diif-s")
    failing = Failing(monkeypatch, Field, "render_tiles", error, lambda f: len(f.calls) <= halvings)
    assert isinstance(running.view(model), m.ViewDone)
    assert running.notices == [rungs.SMALLER]
    assert running.scheduler._ladder.halvings == halvings
    assert max(failing.calls[halvings:]) <= max(1, 8 >> halvings)
    assert_right(running, model)


def test_a_failure_in_the_middle_keeps_the_tiles_that_were_sent(running, weights, monkeypatch):
    model = weights("liif")
    Failing(monkeypatch, Field, "render_tiles", MemoryError(), lambda f: len(f.calls) == 3)
    running.view(model)
    sent = [t.key for t in running.messages if isinstance(t, m.TileDone)]
    assert len(sent) == len(set(sent))
    assert_right(running, model)


def test_encoding_goes_on_in_smaller_parts(running, weights, monkeypatch):
    model = weights("diif")
    Failing(monkeypatch, Plane, "compute", MemoryError(), lambda f: len(f.calls) <= 2)
    assert isinstance(running.view(model), m.ViewDone)
    assert_right(running, model)


def test_the_bottom_is_the_bicubic_picture_told_once_and_not_for_good(running, weights, monkeypatch):
    model, healthy = weights("diif-s"), []
    Failing(monkeypatch, Field, "render_tiles", MemoryError(), lambda f: not healthy)
    failed = running.view(model)
    assert isinstance(failed, m.ViewFailed)
    assert failed.sentence == rungs.BICUBIC
    assert running.notices == [rungs.SMALLER, rungs.BICUBIC]
    assert isinstance(running.view(model, 2), m.ViewFailed)
    assert running.notices == [], "the same words again would only annoy"
    healthy.append(True)
    assert isinstance(running.view(model, 3), m.ViewDone)
    assert_right(running, model)


def test_pieces_grow_again_after_a_while(running, weights, monkeypatch):
    model = weights("diif-s")
    Failing(monkeypatch, Field, "render_tiles", MemoryError(), lambda f: len(f.calls) == 1)
    running.view(model)
    assert running.scheduler._ladder.halvings == 1
    monkeypatch.setattr(rungs, "PATIENCE", 0.0)
    running.view(model, 2)
    assert running.scheduler._ladder.halvings == 0


def test_too_little_free_memory_counts_as_a_failure(running, weights, monkeypatch):
    model = weights("diif-s")
    monkeypatch.setattr(rungs, "LOOK", -1.0)
    monkeypatch.setattr(rungs, "available_memory", lambda: rungs.RESERVE // 4 + 1)
    assert isinstance(running.view(model), m.ViewDone)
    assert running.scheduler._ladder.halvings == 2
    assert_right(running, model)
    monkeypatch.setattr(rungs, "available_memory", lambda: 1 << 20)
    assert isinstance(running.view(model, 2), m.ViewFailed)


def test_a_full_gpu_is_left_for_the_processor(weights, monkeypatch):
    """No GPU is needed: a device of that name which computes where the processor does, and whose memory is full."""
    real_load, real_fast = gallery.load_model, scheduling.fast_compute
    monkeypatch.setattr(scheduling, "resolve", lambda device: "mps")
    monkeypatch.setattr(scheduling, "fast_compute", lambda device: real_fast("cpu"))
    loads: list[str] = []

    def load(name, device):
        loads.append(device)
        return real_load(name, "cpu")

    released: list[str] = []
    monkeypatch.setattr(gallery, "load_model", load)
    monkeypatch.setattr(Painter, "release", lambda self: released.append(self._runtime.device))
    running = Running("auto")
    try:
        on_gpu = lambda f: running.scheduler._device != "cpu"  # noqa: E731
        Failing(monkeypatch, Field, "render_tiles", ERRORS[0], on_gpu)
        model = weights("diif-s")
        assert isinstance(running.view(model), m.ViewDone)
        assert running.notices == [rungs.SMALLER, rungs.PROCESSOR]
        ready = [message for message in running.messages if isinstance(message, m.Ready)]
        assert [r.device for r in ready] == ["cpu"]
        assert loads[-1] == "cpu"
        assert released[-1] == "mps", "what is kept there from view to view is given back too"
        assert running.scheduler._ladder.halvings == 0
        assert_right(running, model)
    finally:
        running.close()
        threads.limit(None)


def test_an_export_begins_anew_in_smaller_pieces(running, weights, monkeypatch, tmp_path):
    model, out = weights("diif-s"), tmp_path / "out.png"
    Failing(monkeypatch, Field, "render_window", MemoryError(), lambda f: len(f.calls) == 2)
    running.messages.clear()
    running.connection.send(m.ExportRequest(5, 1, model, SCALE, WINDOW, str(out)))
    assert isinstance(running.until(m.ExportDone, m.ExportFailed), m.ExportDone)
    assert running.notices == [rungs.SMALLER]
    from PIL import Image

    field = dv.encode(PIXELS, dv.load_model(model, device="cpu"))
    window = WINDOW.intersected(field.lattice(SCALE).window)
    np.testing.assert_array_equal(np.asarray(Image.open(out)), field.render(SCALE, window=window))


def test_work_that_nobody_waits_for_ends_quietly(running, weights, monkeypatch):
    model = weights("diif-s")
    running.view(model)
    Failing(monkeypatch, Plane, "ensure", MemoryError(), lambda f: True)
    assert isinstance(running.view(model, 2), m.ViewDone)
    monkeypatch.undo()
    assert isinstance(running.view(model, 3), m.ViewDone)
    assert running.notices == []


@pytest.mark.parametrize("answers", [True, False])
def test_a_gpu_that_answers_no_more_ends_the_process(monkeypatch, answers):
    """After a wrong access or a laptop's sleep each call fails: another process gets a device that works."""
    error = RuntimeError("CUDA error: unspecified launch failure")

    def synchronize(device: str) -> None:
        if not answers:
            raise error

    def work() -> Iterator[None]:
        yield None
        raise error

    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    steps = rungs.guarded(work, rungs.m.Notice, lambda: "cuda", lambda device: pytest.fail("no memory is short"))
    assert next(steps) is None
    if answers:
        assert "unspecified launch failure" in next(steps).sentence
    else:
        with pytest.raises(RuntimeError, match="unspecified launch failure"):
            next(steps)


def until(holds: Callable[[], object]) -> None:
    """Wait for it, half a minute at most."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("error", [ERRORS[-1], RuntimeError("no kernel image is available")], ids=["memory", "other"])
def test_what_fails_before_anyone_asked_for_it_ends_quietly_too(running, weights, monkeypatch, error):
    model = weights("diif-s")
    running.view(model)
    until(lambda: running.scheduler._idle is None)
    with monkeypatch.context() as patched:
        failing = Failing(patched, Plane, "compute", error, lambda f: True)
        running.connection.send(m.PrepareView(1, weights("liif"), 3.0, Window(0, 0, 600, 900)))
        until(lambda: failing.calls)
        assert isinstance(running.view(model, 2), m.ViewDone), "all of it is encoded"
    assert isinstance(running.view(weights("liif"), 3), m.ViewDone)
    assert running.notices == []


def test_parts_and_groups_cover_everything_once():
    ladder = rungs.Ladder()
    whole = Window(64, 32, 224, 256)
    for halvings in range(rungs.HALVINGS + 1):
        parts = list(ladder.parts([whole], BLOCK))
        assert sum(part.area for part in parts) == whole.area
        assert all(part.top % BLOCK == part.left % BLOCK == 0 and whole.contains(part) for part in parts)
        assert max(max(part.height, part.width) for part in parts) <= max(BLOCK, 224 >> halvings)
        groups = list(ladder.groups(range(13)))
        assert [item for group in groups for item in group] == list(range(13))
        assert max(map(len, groups)) == max(1, 13 >> halvings)
        assert ladder.down() == (halvings < rungs.HALVINGS)
    threads.limit(None)


def test_fewer_at_once_have_the_same_results():
    def product(seed: int) -> torch.Tensor:
        matrix = torch.randn(64, 64, generator=torch.Generator().manual_seed(seed))
        return matrix @ matrix

    free = threads.parallel(product, range(9))
    for pieces in (1, 2, 4):
        threads.limit(pieces)
        try:
            assert all(torch.equal(a, b) for a, b in zip(threads.parallel(product, range(9)), free, strict=True))
        finally:
            threads.limit(None)


def test_lack_of_main_memory_is_none_of_a_gpus(monkeypatch):
    monkeypatch.setattr(rungs, "available_memory", lambda: 0)
    rungs.Ladder(elsewhere=True).check()
    with pytest.raises(MemoryError):
        rungs.Ladder().check()


def test_what_one_step_has_made_arrives_though_a_newer_view_was_asked_for(running: Running, monkeypatch):
    real, rendered = Field.render_tiles, []

    def interrupted(field, lattice, windows, compute):
        if len(windows) > 1 and not any(len(some) > 1 for some in rendered):
            known = frozenset(t.key for t in running.messages if isinstance(t, m.TileDone))
            running.connection.send(m.ViewRequest(0, 2, 1, "diif-s-lite", SCALE, WINDOW, known))
        rendered.append(list(windows))
        return real(field, lattice, windows, compute)

    monkeypatch.setattr(Field, "render_tiles", interrupted)
    running.connection.send(m.ViewRequest(0, 1, 1, "diif-s-lite", SCALE, WINDOW))
    while running.until(m.ViewDone, m.ViewFailed).serial != 2:
        pass
    first = next(number for number, some in enumerate(rendered) if len(some) > 1)
    finished = {window for some in rendered[: first + 1] for window in some}
    sent = [t.key.window for t in running.messages if isinstance(t, m.TileDone)]
    limits = WINDOW.intersected(dv.encode(PIXELS, dv.load_model("diif-s-lite", "cpu")).lattice(SCALE).window)
    assert finished <= {window.intersected(limits) for window in sent}


def test_a_long_work_goes_on_where_memory_gets_short_and_the_screen_gives_its_own(running: Running, monkeypatch):
    scheduler, calls = running.scheduler, []
    running.view("diif-s-lite")
    monkeypatch.setattr(rungs, "available_memory", lambda: 0)
    monkeypatch.setattr(rungs, "LOOK", -1.0)

    def steps() -> Iterator[None]:
        for _ in range(3):
            calls.append(scheduler._cache.bytes)
            yield None

    assert list(scheduler._frugal(steps())) == [None] * 3
    assert calls[0] > 4 * max(calls[1:])  # what is made in idle time meanwhile is little
