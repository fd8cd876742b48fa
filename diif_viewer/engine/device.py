"""Devices: which one, which dtype and chunk it is fast with (measured, not guessed), and how much memory is free."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from diif_viewer import memory as main_memory
from diif_viewer.engine.gpu.calibration import fast_dtype, fault, free_memory
from diif_viewer.engine.gpu.runtime import make_exact
from diif_viewer.engine.layers import Linear, has_onednn
from diif_viewer.engine.native import library
from diif_viewer.engine.threads import cores, parallel
from diif_viewer.errors import DeviceError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.paths import cache_directory

_log = logging.getLogger(__name__)

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_CHUNKS = ((64, 64), (64, 128), (128, 128))  # outputs per decoding step; they divide engine.tiles.TILE

CLOSE = 0.85
"""Share of the best rate that is good enough for a larger chunk: fewer steps leave more to the other threads."""


@dataclass(frozen=True, slots=True)
class Compute:
    """How a device computes: its dtype, and the outputs (rows, columns) that one decoding step handles."""

    device: str
    dtype: torch.dtype
    chunk: tuple[int, int]

    @property
    def dtype_name(self) -> str:
        """ "bfloat16", "float16" or "float32"."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def description(self) -> str:
        """For people: "CPU, 2 threads, bfloat16"."""
        if self.device.startswith("cuda"):
            return f"{torch.cuda.get_device_name(self.device)}, {self.dtype_name}"
        if self.device == "mps":
            return f"Apple GPU, {self.dtype_name}"
        threads = torch.get_num_threads()
        return f"CPU, {threads} thread{'s' if threads > 1 else ''}, {self.dtype_name}"

    def in_float32(self) -> Compute:
        """The same device and chunks in float32."""
        return Compute(self.device, torch.float32, self.chunk)


def resolve(device: str = "auto") -> str:
    """The device's name as torch knows it. device: "auto" (the fastest that works), "cpu", "cuda", "cuda:1", "mps".

    Raises DeviceError when it is not there.
    """
    has_mps = torch.backends.mps.is_available()
    if device == "auto":
        return "cuda" if torch.cuda.is_available() and _is_usable("cuda") else "mps" if has_mps else "cpu"
    kind, _, index = device.partition(":")
    if kind == "cuda":
        if not torch.cuda.is_available():
            raise DeviceError("There is no CUDA device that this torch can use; choose --device cpu.")
        if index and not (index.isdigit() and int(index) < torch.cuda.device_count()):
            raise DeviceError(f"There is no device {device}; this machine has {torch.cuda.device_count()}.")
        return device
    if kind == "mps" and not has_mps:
        raise DeviceError("There is no Apple GPU that this torch can use; choose --device cpu.")
    if device not in ("cpu", "mps"):
        raise DeviceError(f"Unknown device {device!r}; choose auto, cpu, cuda or mps.")
    return device


def _is_usable(device: str) -> bool:
    found = fault(device)
    if found is not None:
        _tell(found)
    return found is None


@functools.cache  # once is enough
def _tell(found: str) -> None:
    _log.warning("The GPU is not used: %s", found)


def present() -> tuple[tuple[str, str], ...]:
    """The devices that torch can use here, by the names `resolve` takes, with what people call them."""
    found = [("cpu", "CPU")]
    if torch.cuda.is_available():
        found += [(f"cuda:{i}", torch.cuda.get_device_name(i)) for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(("mps", "Apple GPU"))
    return tuple(found)


@functools.cache
def fast_compute(device: str = "cpu") -> Compute:
    """The dtype and chunk that `device` (as `resolve` names it) is fastest with; measured once per machine and torch.

    The environment variable DIIF_VIEWER_DTYPE (float32, bfloat16, float16) overrides the dtype. Raises DeviceError
    where the device cannot be used.
    """
    forced = os.environ.get("DIIF_VIEWER_DTYPE", "")
    if forced and forced not in _DTYPES:
        raise DeviceError(f"DIIF_VIEWER_DTYPE must be one of {', '.join(_DTYPES)}, not {forced!r}.")
    if device.startswith("cuda"):
        make_exact()
        if found := fault(device):
            raise DeviceError(f"The device {device} cannot be used: {found}. Choose --device cpu.")
        return Compute(device, _DTYPES[forced or fast_dtype(device)], (128, 128))
    if device == "mps":
        return Compute(device, _DTYPES.get(forced, torch.float32), (128, 128))
    measured = _measured_cpu()
    dtype = _DTYPES[forced or str(measured["dtype"])]
    rows, columns = measured["chunk"]
    return Compute("cpu", dtype, (rows, columns))


def measured_rates() -> dict[str, int]:
    """Megapixels per second that the CPU decodes in each dtype that was tried, as `fast_compute` measured them."""
    return {str(name): int(rate) for name, rate in _measured_cpu()["megapixels"].items()}


def _measured_cpu() -> dict[str, Any]:
    path, machine = cache_directory() / "calibration.json", _machine()
    try:
        known = json.loads(path.read_text())
        if known["machine"] == machine and known["dtype"] in _DTYPES and tuple(known["chunk"]) in _CHUNKS:
            _log.debug("measured on an earlier start (%s): %s", path, known["megapixels"])
            return dict(known)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not measured yet, or a file of another version: measure
    rates = calibrate()
    dtype = max(rates, key=lambda name: max(rates[name].values()))
    best = max(rates[dtype].values())
    chunk = max(chunk for chunk, rate in rates[dtype].items() if rate >= CLOSE * best)
    found: dict[str, Any] = {"machine": machine, "dtype": dtype, "chunk": list(chunk)}
    found["megapixels"] = {name: round(max(by_chunk.values())) for name, by_chunk in rates.items()}
    _remember(path, found)
    _log.info("measured, in megapixels per second: %s", found["megapixels"])
    return found


LAYERS = 5
"""Times that a layer is run at least, to see whether a dtype is worth a trial."""


def calibrate() -> dict[str, dict[tuple[int, int], float]]:
    """Rate of decoding in megapixels per second by dtype and chunk, with all cores at work; takes some 0.3 s.

    bfloat16 is tried where there are compiled kernels for it, or torch is fast with it: without the instructions it is
    an error, or hundreds of times slower than float32. What is read is the time that the cores spend on it, the best
    of several: on a machine that is busy at the first start the clock on the wall chose float32, and it was remembered.
    """
    tried = ["float32", *(["bfloat16"] if library.kernels(torch.bfloat16) or torch_has_bfloat16() else [])]
    return {name: {chunk: _decoding_rate(_DTYPES[name], chunk) for chunk in _CHUNKS} for name in tried}


@functools.cache
def torch_has_bfloat16() -> bool:
    """Whether torch is about as fast with bfloat16 as with float32 on this processor, or faster."""
    try:
        return _layer_rate(torch.bfloat16) >= 0.2 * _layer_rate(torch.float32)
    except RuntimeError as error:  # oneDNN refuses where neither AVX-512 nor conversions of AVX2 are there
        _log.debug("no bfloat16: %s", error)
        return False


def _layer_rate(dtype: torch.dtype, width: int = 128, rows: int = 64, seconds: float = 0.004) -> float:
    """GFLOP/s of a packed layer, one thread, best of `seconds` and of `LAYERS` at least, in time that it really ran."""
    clock = time.thread_time if _sees_short_times() else time.perf_counter

    def measured(_: None) -> float:
        layer = Linear(torch.zeros(width, width), torch.zeros(width), dtype, relu=True, rows=rows)
        x, end = torch.zeros(rows, width, dtype=dtype), clock() + seconds
        taken: list[float] = []
        layer(x)
        while len(taken) < LAYERS or clock() < end:
            start = clock()
            layer(x)
            taken.append(max(clock() - start, 1e-9))
        return 2e-9 * rows * width * width / min(taken)

    return parallel(measured, [None])[0]


def _decoding_rate(dtype: torch.dtype, chunk: tuple[int, int], scale: float = 8.0, rounds: int = 3) -> float:
    """Megapixels per second of DIIF-S at the width of the lite models, on a window of 256 x 256 outputs."""
    from diif_viewer.engine.decoders.diif_s import DiifSDecoder
    from diif_viewer.engine.planes import BlockCache, Plane
    from diif_viewer.models.diif_s import DiifS

    decoder = DiifSDecoder(DiifS(16, 128).requires_grad_(False), dtype)
    lattice = Lattice.of_size(32, 32, 256, 256)
    limits = Window(0, 0, 32, 32)
    features = Plane(BlockCache(1 << 24), limits, lambda w: torch.zeros(w.height, w.width, 16, dtype=dtype))
    maps = decoder.plane(BlockCache(1 << 26), features)
    maps.ensure(maps.limits)
    pieces = [
        Window(top, left, top + chunk[0], left + chunk[1])
        for top in range(0, 256, chunk[0])
        for left in range(0, 256, chunk[1])
    ]
    spent, at_once = (time.process_time, cores()) if _sees_short_times() else (time.perf_counter, 1)
    best = float("inf")
    for _ in range(rounds):
        start = spent()
        parallel(functools.partial(decoder.render, maps, lattice), pieces)
        best = min(best, (spent() - start) / at_once)
    return 256 * 256 / best / 1e6


def _sees_short_times() -> bool:
    """Whether the processor's time is counted finely enough for some milliseconds; on Windows it is not."""
    return time.get_clock_info("process_time").resolution < 1e-4


def _machine() -> str:
    parts = [
        "5",  # what is measured, and how it is chosen
        platform.machine(),
        platform.processor(),
        torch.__version__,
        str(torch.get_num_threads()),
        str(has_onednn()),
        ",".join(form.name for form in library.forms_in_use()),
    ]
    try:
        cpu = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
        parts += [line.partition(":")[2].strip() for line in cpu if line.startswith(("model", "stepping", "flags"))]
    except OSError:
        pass  # not Linux: the names above must do
    return "|".join(parts)


def _remember(path: Path, found: dict[str, Any]) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):  # a read-only home, or a full disk, costs 0.1 s per start, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(json.dumps(found))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


CPU_BUDGET = 19 << 26
"""Most bytes that features and maps take of main memory, open pictures included.

A view of 1280x720 at x1.2 needs 0.86 GB of them; with less, a strip at its edge is encoded again and again. With more,
window and renderer pass 2 GB together when a picture of 100 megapixels is open and the cache of finished tiles is full.
"""

LEAST_BUDGET = 64 << 20


def available_memory() -> int:
    """Bytes of main memory that this process can still take without swapping: see `diif_viewer.memory`."""
    return main_memory.free_memory()


def cache_budget(device: str = "cpu", *, held: int = 0, pictures: int = 0, most: int = CPU_BUDGET) -> int:
    """Bytes that features and maps of all pictures may take on a device, as things are now.

    held: bytes that they take already. pictures: bytes of the pictures themselves, which count twice: the window makes
    smaller copies and tiles of them. A quarter of what is free or held, and at most `most` bytes with the pictures; on
    a CUDA device, which has memory of its own, half of what is free there, at most 16 GiB.
    """
    if device.startswith("cuda"):
        return max(LEAST_BUDGET, min(16 << 30, (free_memory(device) + held) // 2))
    room = max(most // 4, most - 2 * pictures)
    return max(LEAST_BUDGET, min(room, (available_memory() + held) // 4))
