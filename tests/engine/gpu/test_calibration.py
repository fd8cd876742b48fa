"""The dtype of a CUDA device is the measured one, and its memory decides how much is kept there."""

import pytest
import torch

from diif_viewer.engine import device
from diif_viewer.engine.gpu import calibration
from diif_viewer.engine.gpu.runtime import Plain


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({"float16": 700.0, "bfloat16": 720.0, "float32": 50.0}, "float16"),  # equal: the more exact one
        ({"float16": 60.0, "bfloat16": 6.0, "float32": 12.0}, "float16"),  # Turing
        ({"float16": 0.2, "bfloat16": 0.1, "float32": 11.0}, "float32"),  # Pascal
        ({"float16": 10.0, "bfloat16": 90.0, "float32": 12.0}, "bfloat16"),
    ],
)
def test_the_clearly_fastest_dtype_is_preferred(rates, best) -> None:
    assert calibration.preferred(rates) == best


def test_rates_are_measured_with_the_device_s_clock() -> None:
    class Slow(Plain):
        def seconds(self, work, repeats=3):
            work()
            return 0.5

    assert calibration.matrix_rate(torch.float32, Slow("cpu"), width=16, rows=64, times=3) == pytest.approx(
        2e-9 * 64 * 16 * 16 * 3 / 0.5
    )
    assert calibration.copy_rate(Slow("cpu"), size=1000) == pytest.approx(2e-9 * 1000 / 0.5)


def test_the_fast_dtype_of_a_cuda_device_is_the_measured_one(monkeypatch) -> None:
    monkeypatch.delenv("DIIF_VIEWER_DTYPE", raising=False)
    monkeypatch.setattr(device, "fast_dtype", lambda name: "bfloat16")
    device.fast_compute.cache_clear()
    try:
        assert device.fast_compute("cuda:3") == device.Compute("cuda:3", torch.bfloat16, (128, 128))
    finally:
        device.fast_compute.cache_clear()


def test_half_of_the_free_device_memory_is_for_features(monkeypatch) -> None:
    monkeypatch.setattr(device, "free_memory", lambda name: 6 << 30)
    assert device.cache_budget("cuda") == 3 << 30
    monkeypatch.setattr(device, "free_memory", lambda name: 140 << 30)
    assert device.cache_budget("cuda") == 16 << 30
    monkeypatch.setattr(device, "free_memory", lambda name: 0)
    assert device.cache_budget("cuda") == 64 << 20


def test_memory_that_torch_holds_unused_counts_as_free(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda name: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda name: 50)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda name: 20)
    assert calibration.free_memory("cuda") == 130
