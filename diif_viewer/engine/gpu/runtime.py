"""What the GPU path asks of a device: copies that do not wait, recorded launches, timings.

`Cuda` does it with pinned memory, graphs and events; `Plain` with nothing but torch, on any device: MPS uses it, and
tests on the CPU.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy.typing as npt
import torch
from torch import Tensor

from diif_viewer.engine.shortage import is_memory_error

Work = Callable[[], None]

_log = logging.getLogger(__name__)


class Runtime(Protocol):
    """See the module."""

    device: str

    def active(self) -> AbstractContextManager[Any]:
        """Within it kernels are launched on the device."""
        ...

    def upload(self, values: npt.NDArray[Any], into: Tensor) -> None:
        """Begin to copy host values into the front of a flat device tensor of the same element type.

        `values` may be changed at once.
        """
        ...

    def download(self, values: Tensor) -> Callable[[], npt.NDArray[Any]]:
        """Begin to copy a contiguous device tensor to the host; calling the result waits, and gives a new array."""
        ...

    def recorded(self, work: Work) -> Work:
        """`work`, which only launches kernels on tensors that stay, in a form that is cheap to run again and again."""
        ...

    def seconds(self, work: Work, repeats: int = 3) -> float:
        """Time that `work` takes on the device once it is warm, the best of some."""
        ...


class Plain:
    """Nothing but torch. See `Runtime`."""

    def __init__(self, device: str) -> None:
        self.device = device

    def active(self) -> AbstractContextManager[Any]:
        """See `Runtime`."""
        return contextlib.nullcontext()

    def upload(self, values: npt.NDArray[Any], into: Tensor) -> None:
        """See `Runtime`."""
        into[: values.size].copy_(torch.from_numpy(values.reshape(-1)))

    def download(self, values: Tensor) -> Callable[[], npt.NDArray[Any]]:
        """See `Runtime`."""
        copied: npt.NDArray[Any] = values.cpu().numpy().copy()
        return lambda: copied

    def recorded(self, work: Work) -> Work:
        """As it is."""
        return work

    def seconds(self, work: Work, repeats: int = 3) -> float:
        """See `Runtime`; only where the device works while the caller waits, as the CPU does."""
        work()
        return min(_elapsed(work) for _ in range(repeats))


class Cuda:
    """Pinned memory, CUDA graphs, events; everything on the device's current stream. See `Runtime`."""

    def __init__(self, device: str) -> None:
        self.device = device
        make_exact()

    def active(self) -> AbstractContextManager[Any]:
        """See `Runtime`."""
        return torch.cuda.device(self.device)

    def upload(self, values: npt.NDArray[Any], into: Tensor) -> None:
        """Through pinned memory of torch's cache, which takes it back when the copy is done."""
        pinned = torch.from_numpy(values.reshape(-1)).pin_memory()
        into[: values.size].copy_(pinned, non_blocking=True)

    def download(self, values: Tensor) -> Callable[[], npt.NDArray[Any]]:
        """Into pinned memory that the array then owns: there is no second copy."""
        pinned = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
        with self.active():
            pinned.copy_(values, non_blocking=True)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record()

        def finished() -> npt.NDArray[Any]:
            copied.synchronize()
            array: npt.NDArray[Any] = pinned.numpy()
            return array

        return finished

    def recorded(self, work: Work) -> Work:
        """A CUDA graph. `work` runs once before it is recorded, so that what is compiled or allocated once is.

        Other threads may free pinned memory meanwhile, as that one does which sends tiles: only what this thread does
        counts. Where a driver cannot record it, `work` as it is: still the kernels, at some microseconds a launch.
        """
        with self.active():
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                work()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            try:  # torch's own stream for it would stay on the first device
                with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                    work()
            except RuntimeError as error:
                if is_memory_error(error):
                    raise
                _log.warning("The launches of the kernels are not recorded: %s", error)
                return work

        def replay() -> None:
            graph.replay()

        return replay

    def seconds(self, work: Work, repeats: int = 3) -> float:
        """See `Runtime`."""
        with self.active():
            work()
            best = float("inf")
            for _ in range(repeats):
                begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
                begin.record()
                work()
                end.record()
                end.synchronize()
                best = min(best, begin.elapsed_time(end) / 1000)
        return best


def finish(device: str) -> None:
    """Return when `device` has done all that it was given; the processor has, always.

    A call that launches work on a GPU returns long before it is done: a clock that is read then shows the launch alone.
    """
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def is_lost(device: str) -> bool:
    """Whether a CUDA device answers this process no more, as after a wrong access or a computer's sleep.

    No call succeeds from then on, whatever is freed; another process may use it.
    """
    try:
        if device.startswith("cuda"):
            finish(device)
    except RuntimeError:
        return True
    return False


def make_exact() -> None:
    """Keep CUDA's libraries from rounding sums to fewer bits, and from choosing kernels that add up in any order."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False


def runtime_for(device: str) -> Runtime:
    """The runtime of a device as `engine.device.resolve` names it."""
    return Cuda(device) if device.startswith("cuda") else Plain(device)


def _elapsed(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
