"""How much memory is free, and how much of it processes hold: numbers from the system, nothing heavy is imported."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

UNKNOWN = 4 << 30
"""Bytes that are taken to be free where the system does not tell."""

_NO_LIMIT = 1 << 60
_SYSTEM = Path("/")


def free_memory(root: Path = _SYSTEM) -> int:
    """Bytes that this process can still take without swapping; `UNKNOWN` where the system does not tell.

    On Linux the least of what the machine has left and what every control group above the process (a container, a
    service, a batch job) has left. Files that the system keeps in memory count as free in both. root: where /proc and
    /sys are.
    """
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        machine = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        machine = _free_elsewhere()
    return max(0, min([machine, *_group_room(root)]))


def _free_elsewhere() -> int:
    """Elsewhere than on Linux."""
    try:
        if sys.platform == "win32":
            return of_windows(ctypes.WinDLL("kernel32"))
        if sys.platform == "darwin":
            return of_macos(*_macos(), os.sysconf("SC_PAGE_SIZE"))
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return UNKNOWN


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of Windows: sysinfoapi.h."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("physical", "physical_left", "committed", "commit_left")),
        *((name, ctypes.c_uint64) for name in ("virtual", "virtual_left", "extended_left")),
    )


def of_windows(kernel: Any) -> int:
    """Bytes that Windows has left, in memory and of what it may promise. kernel: kernel32. Raises OSError."""
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    if not kernel.GlobalMemoryStatusEx(ctypes.byref(status)):
        raise OSError("GlobalMemoryStatusEx failed")
    return int(min(status.physical_left, status.commit_left))


_HOST_VM_INFO64 = 4
_VM_COUNTS = 38
"""Of macOS's mach/host_info.h: what to ask for, and of how many 32-bit numbers the answer is at most."""


@cache
def _macos() -> tuple[Any, int]:
    """libSystem, and the machine's port, of which each call would take another share."""
    system = ctypes.CDLL(None)
    system.mach_host_self.restype = ctypes.c_uint32
    system.host_statistics64.argtypes = (ctypes.c_uint32, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    return system, system.mach_host_self()


def of_macos(system: Any, host: int, page: int) -> int:
    """Bytes that are free on macOS or can be taken again. system: libSystem. page: bytes of one. Raises OSError."""
    counts, length = (ctypes.c_uint32 * _VM_COUNTS)(), ctypes.c_uint32(_VM_COUNTS)
    if system.host_statistics64(host, _HOST_VM_INFO64, ctypes.byref(counts), ctypes.byref(length)):
        raise OSError("host_statistics64 failed")
    free, _, inactive = counts[:3]  # then wired, as vm_statistics64 begins
    return int(free + inactive) * page


def _group_room(root: Path) -> Iterator[int]:
    """Bytes left in each control group that limits this process, of version 2 and of version 1."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        kinds, _, name = rest.partition(":")
        if not kinds:
            top, files = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in kinds.split(","):
            top = root / "sys/fs/cgroup/memory"
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / name.strip("/")
        for folder in (group, *group.parents):  # inside a container the path may be that of the machine outside
            room = _room(folder, *files)
            if room is not None:
                yield room
            if folder == top:
                break


def _room(folder: Path, limit: str, used: str, unused_files: str) -> int | None:
    """Bytes left in one group; None without a limit."""
    try:
        most = int((folder / limit).read_text(encoding="ascii"))  # "max" is none
        taken = int((folder / used).read_text(encoding="ascii"))
        stat = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    cached = next((int(text.split()[1]) for text in stat if text.startswith(unused_files + " ")), 0)
    return None if most >= _NO_LIMIT else most - taken + cached


def resident(processes: Iterable[int], *, files: bool = True) -> int | None:
    """Bytes of memory that processes hold together, what they share counted once; None where it cannot be told.

    It is the sum of Linux's proportional set sizes, in which each page counts as its part among all that map it; a
    process that has ended holds none. files: with the pages of files, such as libraries, a part of which falls to these
    processes when other programs that use them end.
    """
    kinds = ("Pss:",) if files else ("Pss_Anon:", "Pss_Shmem:")
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
            found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(kinds)]
            if len(found) != len(kinds):
                return None
            total += sum(found)
        except (FileNotFoundError, ProcessLookupError):
            if not Path("/proc/self/smaps_rollup").exists():
                return None
        except (OSError, ValueError):
            return None
    return total
