"""How much matrix arithmetic a piece of code really executes, and how fast this machine can do such arithmetic."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from diif_viewer.engine.device import Compute, torch_has_bfloat16
from diif_viewer.engine.gpu.runtime import finish
from diif_viewer.engine.layers import Conv, Linear
from diif_viewer.engine.native import library
from diif_viewer.engine.native.products import Work
from diif_viewer.engine.threads import alone, cores, parallel

_PRODUCTS = {"mm", "matmul", "bmm", "linear", "_linear_pointwise"}
_SUMS_OF_PRODUCTS = {"addmm", "addbmm", "baddbmm"}
_CONVOLUTIONS = {"conv2d", "convolution", "_convolution_pointwise"}


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the multiply-accumulates of what passes through this thread."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in _PRODUCTS:
            self.macs += result.numel() * args[0].shape[-1]
        elif name in _SUMS_OF_PRODUCTS:
            self.macs += result.numel() * args[1].shape[-1]
        elif name in _CONVOLUTIONS:
            weight = args[2] if "binary" in str(func) else args[1]  # a fused sum comes before the weights
            self.macs += result.numel() * math.prod(weight.shape[1:])
        return result


def executed_macs(function: Callable[[], object]) -> int:
    """Multiply-accumulates of all matrix products and convolutions that `function` executes, on one thread.

    Counted as they are carried out: the zeros of blending matrices and the pixels of whole chunks included; what the
    engine's own kernel computes counts itself.
    """
    threads, counter, before = cores(), _Counter(), Work.macs
    torch.set_num_threads(1)
    try:
        with alone(), torch.inference_mode(), counter:  # in this thread it can be counted
            function()
    finally:
        torch.set_num_threads(threads)
    return counter.macs + Work.macs - before


def matmul_rate(width: int, compute: Compute, *, rows: int = 4096, seconds: float = 0.3) -> float:
    """GFLOP/s of a `width` x `width` layer on chunks of `rows`, all cores at work, as the compute multiplies; the best.

    Where its kernels multiply bytes, so does torch here: an instruction has twice as many of them as of bfloat16.
    """
    layer: Callable[[torch.Tensor], object]
    if compute.device == "cpu" and (found := library.kernels(compute.dtype)) is not None and found.form.bytes:
        whole = torch.randint(-127, 128, (width, width), dtype=torch.int8)
        chunks = [torch.randint(0, 128, (rows, width), dtype=torch.int8) for _ in range(2 * cores())]
        layer = functools.partial(_times, whole)
    else:
        weight = torch.randn(width, width, device=compute.device) / width**0.5
        layer = Linear(weight, torch.zeros(width, device=compute.device), compute.dtype, relu=True, rows=rows)
        chunks = [torch.randn(rows, width, device=compute.device).to(compute.dtype) for _ in range(2 * cores())]

    def work(chunk: torch.Tensor) -> None:
        for _ in range(10):
            layer(chunk)

    return 2e-6 * rows * width * width * 10 * len(chunks) / _best_time(work, chunks, compute.device, seconds)


def convolution_rate(channels: int, compute: Compute, *, side: int = 160, seconds: float = 0.3) -> float:
    """GFLOP/s of torch's 3x3 convolution on pictures of `side` x `side`, as `matmul_rate` in the compute's dtype.

    In float32 where torch is slow with that dtype.
    """
    plain = compute.dtype != torch.bfloat16 or compute.device != "cpu" or torch_has_bfloat16()
    dtype = compute.dtype if plain else torch.float32
    weight = torch.randn(channels, channels, 3, 3, device=compute.device) / (3 * channels**0.5)
    layer = Conv(weight, torch.zeros(channels, device=compute.device), dtype, padding=1, relu=True)
    pictures = [torch.randn(1, channels, side, side, device=compute.device).to(dtype) for _ in range(2 * cores())]
    held = [picture.contiguous(memory_format=torch.channels_last) for picture in pictures]
    return 18e-6 * channels**2 * side**2 * len(held) / _best_time(layer, held, compute.device, seconds)


def _best_time(layer: Callable[[torch.Tensor], object], held: list[torch.Tensor], device: str, seconds: float) -> float:
    """Milliseconds of a layer on all of them, all cores at work."""

    def once() -> None:
        parallel(layer, held, device=device)

    once()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        best = min(best, timed(once, device))
    return best


def _times(matrix: torch.Tensor, chunk: torch.Tensor) -> torch.Tensor:
    return torch._int_mm(chunk, matrix)


def timed(function: Callable[[], object], device: str = "cpu") -> float:
    """Milliseconds of one call, until `device` has finished."""
    finish(device)
    start = time.perf_counter()
    function()
    finish(device)
    return (time.perf_counter() - start) * 1000
