"""The dtype of a CUDA device is the measured one, and its memory decides how much is kept there."""

import pytest
import torch

from diif_viewer.engine import device
from diif_viewer.engine.gpu import calibration
from diif_viewer.engine.gpu.runtime import Plain
from diif_viewer.errors import DeviceError


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


@pytest.fixture
def rates(monkeypatch):
    """GFLOP/s of each dtype, or the error that its products raise; and in which order they are measured."""
    found: dict[str, float | Exception] = {"float16": 60.0, "bfloat16": 6.0, "float32": 12.0}
    measured: list[str] = []

    def rate(dtype, runtime):
        measured.append(str(dtype).removeprefix("torch."))
        value = found[measured[-1]]
        if isinstance(value, Exception):
            raise value
        return value

    monkeypatch.setattr(calibration, "matrix_rate", rate)
    monkeypatch.setattr(calibration, "runtime_for", lambda name: Plain("cpu"))
    calibration.fast_dtype.cache_clear()
    yield found, measured
    calibration.fast_dtype.cache_clear()


def test_a_format_that_a_chip_has_no_products_for_is_passed_over(rates) -> None:
    """A P100 and bfloat16, as pytorch's issue 57773 has it."""
    found, measured = rates
    found["bfloat16"] = RuntimeError("CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling `cublasGemmEx(handle)`")
    assert calibration.fast_dtype("cuda") == "float16"
    assert measured == ["float32", "bfloat16", "float16"], "the clock of a chip at rest is low at first"
    assert calibration.fault("cuda") is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            RuntimeError(
                "CUDA error: no kernel image is available for execution on the device\nFor debugging consider"
            ),
            "CUDA error: no kernel image is available for execution on the device",
        ),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 64.00 MiB. GPU 0 has"), "CUDA out of memory"),
        (torch.cuda.DeferredCudaCallError("CUDA call failed lazily at initialization"), "CUDA call failed lazily"),
    ],
    ids=["old", "full", "driver"],
)
def test_a_gpu_that_cannot_be_used_is_no_choice_of_ours(rates, monkeypatch, caplog, error, words) -> None:
    """torch says that it is there: a chip older than its kernels, or one whose memory another program has taken."""
    found, _ = rates
    found.update(dict.fromkeys(found, error))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    device._tell.cache_clear()
    device.fast_compute.cache_clear()
    assert [device.resolve("auto"), device.resolve("auto")] == ["cpu", "cpu"]
    assert caplog.text.count(f"The GPU is not used: {words}") == 1
    assert device.resolve("cuda") == "cuda"
    with pytest.raises(DeviceError, match=f"cuda cannot be used: {words}.*Choose --device cpu"):
        device.fast_compute("cuda")
    found.update(dict.fromkeys(found, 1.0))
    assert device.resolve("auto") == "cuda", "as soon as it can"


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
    monkeypatch.setattr(device, "fault", lambda name: None)
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
