"""Whether an error says that memory ran out: main memory or a device's, whichever library asked for it."""

from __future__ import annotations

import torch

_WORDS = (  # of those that raise a plain RuntimeError: torch on the CPU, oneDNN, cuBLAS, cuDNN, CUDA, Triton, Metal
    "defaultcpuallocator",
    "can't allocate memory",
    "not enough memory",
    "could not create a memory",
    "alloc_failed",
    "allocation_failed",
    "unable to find an engine",  # torch, when a convolution gets no room to work in
    "out of memory",
)


def is_memory_error(error: BaseException) -> bool:
    """True for errors that say that memory ran out, whoever raised them."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)
