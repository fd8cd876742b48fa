"""What glibc does with freed memory; elsewhere nothing happens."""

from __future__ import annotations

import contextlib
import ctypes
import os

_ABSENT = (OSError, AttributeError, TypeError)  # what asking for a C library without these functions raises


def keep() -> None:
    """Keep freed blocks of up to 32 MB for the next tile instead of returning them to the system.

    A first view otherwise spends more time on fresh pages than on arithmetic.
    """
    with contextlib.suppress(*_ABSENT):
        mallopt = ctypes.CDLL(None).mallopt
        trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # malloc.h
        mallopt(trim_threshold, 512 << 20)
        mallopt(top_pad, 16 << 20)
        mallopt(mmap_threshold, 32 << 20)


def give_back() -> None:
    """Return what was kept and is free now, holes between used blocks included; takes some milliseconds."""
    with contextlib.suppress(*_ABSENT):
        ctypes.CDLL(None).malloc_trim(0)


def private() -> int | None:
    """Bytes of memory of this process alone, in use or kept; None where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            _, resident, shared, *_ = (int(pages) for pages in file.read().split())
    except (OSError, ValueError):
        return None
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
