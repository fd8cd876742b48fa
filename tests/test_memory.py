"""What is free and what is held, as the system tells it: a made-up one for the rules, the real one for sanity."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from diif_viewer.memory import UNKNOWN, free_memory, of_macos, of_windows, resident

GIB = 1 << 30


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


MACHINE = {"proc/meminfo": f"MemTotal: 99999999 kB\nMemAvailable: {8 * GIB // 1024} kB\n"}


def test_the_machine_is_the_limit_without_groups(tmp_path):
    assert free_memory(write(tmp_path, MACHINE)) == 8 * GIB


def test_a_group_of_version_2_and_those_above_it_limit(tmp_path):
    root = write(
        tmp_path,
        {
            **MACHINE,
            "proc/self/cgroup": "0::/jobs/mine\n",
            "sys/fs/cgroup/jobs/mine/memory.max": "max\n",
            "sys/fs/cgroup/jobs/mine/memory.current": f"{GIB}\n",
            "sys/fs/cgroup/jobs/mine/memory.stat": "anon 5\ninactive_file 0\n",
            "sys/fs/cgroup/jobs/memory.max": f"{3 * GIB}\n",
            "sys/fs/cgroup/jobs/memory.current": f"{2 * GIB}\n",
            "sys/fs/cgroup/jobs/memory.stat": f"anon 5\ninactive_file {GIB // 2}\n",
        },
    )
    assert free_memory(root) == 3 * GIB // 2  # what the group above has left, files that can go counted as free


def test_a_container_sees_its_group_at_the_top(tmp_path):
    root = write(
        tmp_path,
        {
            **MACHINE,
            "proc/self/cgroup": "0::/outside/names/it/so\n",
            "sys/fs/cgroup/memory.max": f"{GIB}\n",
            "sys/fs/cgroup/memory.current": f"{GIB // 4}\n",
            "sys/fs/cgroup/memory.stat": "inactive_file 0\n",
        },
    )
    assert free_memory(root) == 3 * GIB // 4


@pytest.mark.parametrize(("limit", "expected"), [(2 * GIB, GIB), (9223372036854771712, 8 * GIB)])
def test_version_1_limits_too_and_its_largest_number_is_none(tmp_path, limit, expected):
    root = write(
        tmp_path,
        {
            **MACHINE,
            "proc/self/cgroup": "5:cpu:/\n4:memory:/box\n",
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": f"{limit}\n",
            "sys/fs/cgroup/memory/box/memory.usage_in_bytes": f"{GIB}\n",
            "sys/fs/cgroup/memory/box/memory.stat": "total_inactive_file 0\n",
        },
    )
    assert free_memory(root) == expected


def test_a_group_beyond_its_limit_has_nothing_left(tmp_path):
    group = {"memory.max": "1000", "memory.current": "5000", "memory.stat": ""}
    files = {f"sys/fs/cgroup/{name}": text for name, text in group.items()}
    assert free_memory(write(tmp_path, {**MACHINE, "proc/self/cgroup": "0::/\n", **files})) == 0


def test_a_system_that_tells_nothing_gets_a_guess(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: (_ for _ in ()).throw(ValueError(name)))
    assert free_memory(tmp_path) == UNKNOWN


class Kernel:
    """kernel32 of a Windows that has 6 GiB left and may promise 5; or one that fails."""

    def __init__(self, answer: int) -> None:
        self.answer = answer

    def GlobalMemoryStatusEx(self, status: Any) -> int:  # noqa: N802
        (length,) = struct.unpack("<I", ctypes.string_at(status, 4))
        assert length == 64, "Windows looks at it"
        ctypes.memmove(status, struct.pack("<2I7Q", 64, 25, 8 * GIB, 6 * GIB, 9 * GIB, 5 * GIB, 1, 1, 0), 64)
        return self.answer


def test_windows_tells_what_is_left_of_its_memory_and_of_its_promises():
    assert of_windows(Kernel(1)) == 5 * GIB
    with pytest.raises(OSError, match="failed"):
        of_windows(Kernel(0))


class System:
    """libSystem of a macOS with pages free, active, inactive and wired; or one that fails."""

    def __init__(self, answer: int) -> None:
        self.answer = answer

    def host_statistics64(self, host: int, flavour: int, counts: Any, length: Any) -> int:
        assert (host, flavour) == (515, 4)
        assert struct.unpack("<I", ctypes.string_at(length, 4)) == (38,)
        ctypes.memmove(counts, struct.pack("<4I", 1000, 70_000, 2000, 5000), 16)
        return self.answer


def test_macos_tells_of_pages_that_are_free_or_can_be_taken_again():
    assert of_macos(System(0), 515, 16384) == 3000 * 16384
    with pytest.raises(OSError, match="failed"):
        of_macos(System(5), 515, 16384)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells it")
def test_shared_memory_counts_once():
    size = 64 << 20
    before = resident([os.getpid()])
    block = mmap.mmap(-1, size)  # anonymous and shared: a child that inherits it maps the same pages
    block.write(b"x" * size)
    code = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
        alone = resident([os.getpid()])
        both = resident([os.getpid(), child.pid])
        child.communicate()
    block.close()
    assert alone - before > 0.9 * size
    assert 0 < both - alone < size
    assert resident([child.pid]) == 0  # it has ended
