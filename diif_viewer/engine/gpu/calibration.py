"""What a CUDA device is fast with, measured by its own clock, and the memory that is free on it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import torch

from diif_viewer.engine.gpu.runtime import Runtime, runtime_for
from diif_viewer.engine.shortage import is_memory_error

PREFERRED = ("float16", "bfloat16", "float32")
"""In the order of preference at equal speed: float16 keeps three more bits than bfloat16."""

CLEARLY = 1.25
"""A dtype later in `PREFERRED` must be this much faster than those before it."""


@functools.cache
def fast_dtype(device: str) -> str:
    """The dtype that a CUDA device multiplies fastest, among those of about equal speed the most exact half one.

    Chips before Volta are slow in float16, those before Ampere in bfloat16: neither is told by a name. The preferred
    one is measured last, when the chip's clock has risen. Raises what torch raises where not even float32 is possible.
    """
    runtime = runtime_for(device)
    return preferred({name: _rate_of(name, runtime) for name in reversed(PREFERRED)})


def _rate_of(name: str, runtime: Runtime) -> float:
    """As `matrix_rate`; 0 for a half format that the chip's library has no products for."""
    try:
        return matrix_rate(getattr(torch, name), runtime)
    except RuntimeError as error:
        if name == "float32" or is_memory_error(error):
            raise
        return 0.0


def fault(device: str) -> str | None:
    """Why a CUDA device that is there cannot be used, or None: a chip too old for this torch, memory that is full."""
    try:
        fast_dtype(device)
    except Exception as error:  # what drivers and torch's own start raise has no common base
        line = (str(error).splitlines() or [type(error).__name__])[0]
        return line.partition(". ")[0].rstrip(".")
    return None


def preferred(rates: Mapping[str, float]) -> str:
    """The first of `PREFERRED` that no later one is clearly faster than. rates: by dtype."""
    best = PREFERRED[0]
    for name in PREFERRED[1:]:
        if rates[name] > CLEARLY * rates[best]:
            best = name
    return best


def matrix_rate(dtype: torch.dtype, runtime: Runtime, width: int = 256, rows: int = 1 << 16, times: int = 8) -> float:
    """GFLOP/s of products of (rows, width) with (width, width) on random data, one after the other."""
    x = torch.randn(rows, width, device=runtime.device).to(dtype)
    weight = (torch.randn(width, width, device=runtime.device) / width**0.5).to(dtype)
    out = torch.empty_like(x)

    def work() -> None:
        for _ in range(times):
            torch.mm(x, weight, out=out)

    return _rate(work, runtime, 2e-9 * rows * width * width * times)


def copy_rate(runtime: Runtime, size: int = 1 << 30) -> float:
    """GB/s of a copy of `size` bytes within the device's memory, bytes read and bytes written counted."""
    source = torch.ones(size, dtype=torch.uint8, device=runtime.device)
    target = torch.empty_like(source)

    def copied() -> None:
        target.copy_(source)

    return _rate(copied, runtime, 2e-9 * size)


def _rate(work: Callable[[], None], runtime: Runtime, amount: float) -> float:
    with torch.inference_mode():
        return amount / runtime.seconds(work)


def free_memory(device: str) -> int:
    """Bytes of a CUDA device that no program has taken, and those that this one has taken and does not use."""
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
