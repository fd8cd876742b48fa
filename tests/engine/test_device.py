"""The device's fast dtype is measured, remembered for this machine and this torch only, and can be overridden."""

import errno
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from diif_viewer.engine import device
from diif_viewer.engine.layers import has_onednn
from diif_viewer.engine.model import Model
from diif_viewer.engine.native.library import Form
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import DeviceError
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part
from diif_viewer.paths import cache_directory
from tests.engine.native import HERE, by


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.delenv("DIIF_VIEWER_DTYPE", raising=False)
    for cached in (device.fast_compute, device.torch_has_bfloat16):
        cached.cache_clear()
    yield tmp_path / "diif-viewer" / "calibration.json"
    for cached in (device.fast_compute, device.torch_has_bfloat16):
        cached.cache_clear()


def test_the_fastest_measured_pair_is_taken_and_remembered(own_cache, monkeypatch) -> None:
    rates = {"float32": {(64, 128): 5.0, (64, 64): 9.0}, "bfloat16": {(64, 128): 20.0, (64, 64): 7.0}}
    monkeypatch.setattr(device, "calibrate", lambda: rates)
    compute = device.fast_compute("cpu")
    assert (compute.dtype, compute.chunk) == (torch.bfloat16, (64, 128))
    assert json.loads(own_cache.read_text())["dtype"] == "bfloat16"
    monkeypatch.setattr(device, "calibrate", lambda: pytest.fail("measured twice"))
    device.fast_compute.cache_clear()
    assert device.fast_compute("cpu") == compute


def test_another_machine_or_a_broken_file_is_measured_anew(own_cache, monkeypatch) -> None:
    monkeypatch.setattr(device, "calibrate", lambda: {"float32": {(64, 64): 9.0}})
    for text in ("", "{", "[]", json.dumps({"machine": "another", "dtype": "bfloat16", "chunk": [64, 64]})):
        own_cache.parent.mkdir(exist_ok=True)
        own_cache.write_text(text)
        device.fast_compute.cache_clear()
        assert device.fast_compute("cpu").dtype == torch.float32


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch) -> None:
    (tmp_path / "diif-viewer").write_text("a file where the folder should be")
    assert device.fast_compute("cpu").chunk[0] > 0


def refuse_bfloat16(monkeypatch) -> None:
    """As oneDNN does without AVX-512."""
    rate = device._layer_rate

    def refusing(dtype: torch.dtype) -> float:
        if dtype == torch.bfloat16:
            raise RuntimeError("bf16 path needs the cpu support avx512bw")
        return rate(dtype)

    monkeypatch.setattr(device, "_layer_rate", refusing)


def test_a_dtype_that_torch_refuses_is_left_out_unless_there_are_kernels(monkeypatch) -> None:
    refuse_bfloat16(monkeypatch)
    with by(None):
        assert set(device.calibrate()) == {"float32"}
    for form in HERE:
        if form.dtype == torch.bfloat16:
            with by(form):
                assert set(device.calibrate()) == {"float32", "bfloat16"}


def test_a_model_without_kernels_is_computed_in_float32_where_they_alone_are_fast(monkeypatch) -> None:
    refuse_bfloat16(monkeypatch)
    compute = device.Compute("cpu", torch.bfloat16, (64, 64))
    small = ImplicitModel(ModelSpec(Part("edsr", {"n_feats": 16, "n_resblocks": 1}), Part("diif-s", {"hidden": 32})))
    assert Model("small", small, compute).compute.dtype == torch.float32
    monkeypatch.undo()
    device.torch_has_bfloat16.cache_clear()
    expected = torch.bfloat16 if device.torch_has_bfloat16() else torch.float32
    assert Model("small", small, compute).compute.dtype == expected


FORMS_WITHOUT_AVX_512 = [form for form in HERE if form.lanes == 8]


@pytest.mark.skipif(not has_onednn() or platform.machine() not in ("x86_64", "AMD64"), reason="oneDNN on x86 alone")
@pytest.mark.parametrize("form", [None, *FORMS_WITHOUT_AVX_512], ids=lambda form: form.name if form else "torch")
def test_a_processor_without_avx_512_renders(form: Form | None) -> None:
    """As in most laptops: oneDNN, told that this is such a one, refuses bfloat16 where it is slow elsewhere."""
    code = (
        "import numpy as np, diif_viewer as dv;"
        "picture = np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8);"
        "models = [dv.load_model(name, 'cpu') for name in ('diif-s-lite', 'diif-lite', 'liif-lite')];"
        "print(*(m.compute.dtype_name for m in models), *(dv.encode(picture, m).render(3.0).shape for m in models))"
    )
    kernels = form.name if form else "0"
    like = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "DIIF_VIEWER_NATIVE": kernels}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **like},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    dtype = str(form.dtype if form else torch.float32).removeprefix("torch.")
    assert done.stdout.split("\n")[0] == " ".join([dtype] * 3 + ["(60, 90, 3)"] * 3), done.stderr


def test_calibration_measures_chunks_that_divide_a_tile() -> None:
    rates = device.calibrate()
    assert rates["float32"]
    for by_chunk in rates.values():
        for (rows, columns), rate in by_chunk.items():
            assert TILE % rows == TILE % columns == 0
            assert rate > 0


def test_the_dtype_can_be_forced(monkeypatch) -> None:
    monkeypatch.setenv("DIIF_VIEWER_DTYPE", "float32")
    assert device.fast_compute("cpu").dtype == torch.float32
    monkeypatch.setenv("DIIF_VIEWER_DTYPE", "float8")
    device.fast_compute.cache_clear()
    with pytest.raises(DeviceError, match="float8"):
        device.fast_compute("cpu")


def test_devices_that_are_not_there_are_named() -> None:
    assert device.resolve("cpu") == "cpu"
    assert device.resolve("auto") in ("cpu", "cuda", "mps")
    with pytest.raises(DeviceError, match="abacus"):
        device.resolve("abacus")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="CUDA"):
            device.resolve("cuda")


def test_memory_figures_are_sane() -> None:
    assert 1 << 26 <= device.cache_budget() <= device.CPU_BUDGET
    assert device.available_memory() > 1 << 26


def test_a_large_picture_leaves_less_for_what_is_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice its bytes: with what the window makes of it, all that is held stays under one limit."""
    monkeypatch.setattr(device, "available_memory", lambda: 64 << 30)
    assert device.cache_budget() == device.CPU_BUDGET
    assert device.cache_budget(pictures=286 << 20) == device.CPU_BUDGET - (572 << 20)
    assert device.cache_budget(pictures=2 << 30) == device.CPU_BUDGET // 4


@pytest.mark.skipif(not device._sees_short_times(), reason="there is the clock on the wall alone")
def test_a_machine_that_is_busy_at_the_first_start_does_not_lose_a_dtype(monkeypatch):
    """The system stops the program in the middle of a trial; that must not be remembered as a slow format."""
    alone = device._layer_rate(torch.float32)
    stops = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(stops) * 10.0)
    assert device._layer_rate(torch.float32) > 0.2 * alone


def test_a_full_disk_leaves_nothing_half_written(own_cache, monkeypatch) -> None:
    def full(path, text):
        path.write_bytes(text[:5].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    monkeypatch.setattr(device, "calibrate", lambda: {"float32": {(64, 128): 5.0}})
    assert device.fast_compute().dtype == torch.float32
    assert not list(own_cache.parent.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows names the folder")
@pytest.mark.parametrize("named", ["", "here"])
def test_a_cache_folder_that_is_no_whole_path_is_not_one_of_the_present_folder(named: str, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    assert cache_directory() == Path.home() / ".cache" / "diif-viewer"
