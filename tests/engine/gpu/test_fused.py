"""Launches are recorded once for views of one size, settings that do not fit are passed over, failures fall back."""

import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from diif_viewer.engine.gpu import painter as painting
from diif_viewer.engine.gpu import runtime
from diif_viewer.engine.gpu.fused import BYTES, Fused, Setting, Sizes, first_working
from diif_viewer.engine.gpu.painter import Painter, painter_on
from diif_viewer.engine.gpu.runtime import Plain, Work
from diif_viewer.engine.gpu.tables import Batch
from diif_viewer.engine.gpu.weights import stage_of
from diif_viewer.engine.gpu.workspace import Workspace
from diif_viewer.geometry import Window
from tests.engine.gpu.conftest import DEVICE, SIDE
from tests.engine.gpu.test_kernels import EXACT, field_of, plain
from tests.engine.models import decoder

ONE, TWO = Setting(64, 8, 2), Setting(32, 4, 1)


class Counting(Plain):
    """A device that counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__(DEVICE)
        self.recordings, self.uploads, self.downloads = 0, list[str](), 0

    def upload(self, values, into) -> None:
        self.uploads.append(str(values.dtype))
        super().upload(values, into)

    def download(self, values):
        self.downloads += 1
        return super().download(values)

    def recorded(self, work: Work) -> Work:
        self.recordings += 1
        return work


@pytest.mark.usefixtures("painter")
def test_one_recording_one_table_and_one_copy_for_each_of_many_views() -> None:
    device = Counting()
    painter, field = Painter(device, kernels=True, side=SIDE), field_of("diif-s")
    for top, scale in ((90, 6.0), (94, 6.0), (93, 5.9)):  # of four tiles each, inside of what the first one brought
        window = Window(top, 110, 98, 114)
        painter.window(field, field.lattice(scale), window, EXACT, as_float=False)
        assert painter.failure is None
    assert device.recordings == 1
    assert device.uploads == ["float32", "int32", "int32", "int32"]  # the source once, a table for each view
    assert device.downloads == 3
    painter.release()
    painter.window(field, field.lattice(6.0), Window(95, 110, 97, 114), EXACT, as_float=False)
    assert device.recordings == 2


def test_sizes_are_few() -> None:
    def sizes(tiles: int, single: bool, pairs: int) -> Sizes:
        return Sizes.of(Batch(np.zeros(1, np.int32), tiles, single, pairs), BYTES, True)

    assert sizes(130, False, 17) == sizes(256, False, 24)
    assert sizes(130, True, 0) != sizes(130, False, 0)
    assert sizes(1, True, 0).tiles == 1
    assert sizes(510, True, 0).tiles == 512


@pytest.mark.usefixtures("painter")
@pytest.mark.parametrize("name", ["coarse", "push"])
def test_kernels_of_slices_are_compiled_once_for_all_scales(monkeypatch, name) -> None:
    """Triton compiles anew for every other constant: what a scale changes must lie in the grid or the table."""
    launched: list[tuple[tuple[int, ...], list[object]]] = []

    class Kernel:
        def __getitem__(self, grid: tuple[int, ...]):
            return lambda *values, **_: launched.append((grid, [v for v in values if not torch.is_tensor(v)]))

    monkeypatch.setattr(f"diif_viewer.engine.gpu.kernels.{name}_stage", Kernel())
    stage = stage_of(decoder("diif"), torch.float32)
    assert stage is not None
    fused = Fused(stage, Plain(DEVICE), Workspace(DEVICE), SIDE)
    for pairs in (16, 136):
        getattr(fused, f"_{name}")(Sizes(4, False, pairs, BYTES, True))(ONE)
    (small, constants), (large, others) = launched
    assert constants == others
    assert np.prod(large) == np.prod(small) * 136 / 16


def test_the_first_setting_that_fits_is_taken() -> None:
    def launch(setting: Setting) -> None:
        if setting == ONE:
            raise RuntimeError("out of resource: shared memory")

    assert first_working([ONE, TWO], launch) == TWO
    with pytest.raises(RuntimeError, match="shared memory"):
        first_working([ONE], launch)


def test_running_out_of_memory_is_no_matter_of_settings() -> None:
    def launch(setting: Setting) -> None:
        raise torch.OutOfMemoryError

    with pytest.raises(torch.OutOfMemoryError):
        first_working([ONE, TWO], launch)


def test_kernels_that_fail_give_way_to_plain_torch_for_good(monkeypatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise RuntimeError("no compiler")

    monkeypatch.setattr(Fused, "run", run)
    painter, field = Painter(Plain(DEVICE), kernels=True, side=SIDE), field_of("diif-s")
    lattice, window = field.lattice(5.3), Window(90, 100, 101, 120)
    assert np.array_equal(painter.window(field, lattice, window, EXACT, as_float=False), plain(field, lattice, window))
    assert painter.failure == "RuntimeError: no compiler"
    assert not painter.uses_kernels(field.model, EXACT)


def test_chips_without_matrix_instructions_of_triton_s_are_left_to_plain_torch(monkeypatch) -> None:
    """A T4: Triton 3.7 compiles a kernel for it in two minutes, to 1.8 MB of products of single numbers."""
    found = {"cuda:0": (7, 5), "cuda:1": (8, 0)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", found.__getitem__)
    monkeypatch.setattr(painting, "runtime_for", Plain)
    monkeypatch.setattr(painting, "free_memory", lambda device: 8 << 30)
    monkeypatch.setitem(sys.modules, "triton", ModuleType("triton"))
    painter_on.cache_clear()
    try:
        assert [painter_on(device)._kernels for device in found] == [False, True]
    finally:
        painter_on.cache_clear()


def test_a_workspace_keeps_its_tensors_until_they_must_grow() -> None:
    space = Workspace("cpu")
    first = space.take("a", 100, torch.float32)
    address, generation = first.data_ptr(), space.generation
    assert space.take("a", 50, torch.float32).data_ptr() == address
    assert space.take("a", 50, torch.int32).data_ptr() != address
    assert space.take("a", 101, torch.float32).numel() == 125
    assert space.generation > generation + 1
    assert space.bytes == 125 * 4 + 50 * 4
    generation = space.generation
    space.clear()
    assert space.bytes == 0
    assert space.generation > generation


def test_when_memory_runs_out_all_is_given_back_and_the_next_try_takes_on_less(monkeypatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: out of memory")

    painter, field = Painter(Plain(DEVICE), kernels=True, side=SIDE, room=64 << 20), field_of("diif-s")
    lattice, window = field.lattice(5.3), Window(90, 100, 92, 104)
    with monkeypatch.context() as patched:
        patched.setattr(Fused, "run", run)
        with pytest.raises(RuntimeError, match="out of memory"):
            painter.window(field, lattice, window, EXACT, as_float=False)
    assert painter._workspace.bytes == 0
    assert painter._room == 32 << 20
    assert painter.failure is None, "it was no fault of the kernels"
    assert painter.uses_kernels(field.model, EXACT)


@pytest.mark.parametrize(
    "words", ["operation failed due to a previous error during capture", "CUDA error: out of memory"]
)
def test_what_cannot_be_recorded_is_launched_and_a_shortage_is_told(monkeypatch, words) -> None:
    """A driver that records nothing, stood in for: no device is needed to see what becomes of it."""

    class Capture:
        def __init__(self, graph: object, *, stream: object, capture_error_mode: str) -> None:
            assert capture_error_mode == "thread_local"  # the thread that sends tiles frees pinned memory meanwhile

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            raise RuntimeError(words)

    stream = SimpleNamespace(wait_stream=lambda other: None)
    cuda = SimpleNamespace(
        device=lambda name: nullcontext(),
        Stream=lambda: stream,
        current_stream=lambda: stream,
        stream=lambda given: nullcontext(),
        CUDAGraph=object,
        graph=Capture,
    )
    monkeypatch.setattr(runtime.torch, "cuda", cuda)
    done: list[int] = []
    if "memory" in words:
        with pytest.raises(RuntimeError, match="memory"):
            runtime.Cuda("cuda").recorded(lambda: done.append(1))
    else:
        runtime.Cuda("cuda").recorded(lambda: done.append(1))()
        assert len(done) == 3, "to warm up, in the recording that failed, and as asked"
