"""How much memory is free, and how much of it processes hold: numbers from the system, nothing heavy is imported."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

UNKNOWN = 4 << 30
"""Bytes that are taken to be free where the system does not tell."""

_NO_LIMIT = 1 << 60
_SYSTEM = Path("/")


def free_memory(root: Path = _SYSTEM) -> int:
    """Bytes that this process can still take without swapping; `UNKNOWN` where the system does not tell.

    The least of what the machine has left and what every control group above the process (a container, a service, a
    batch job) has left. Files that the system keeps in memory count as free in both. root: where /proc and /sys are.
    """
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        machine = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        machine = _unused_pages()
    return max(0, min([machine, *_group_room(root)]))


def _unused_pages() -> int:
    """Elsewhere than on Linux."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return UNKNOWN


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
