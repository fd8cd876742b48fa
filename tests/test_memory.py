"""What is free and what is held, as the system tells it: a made-up one for the rules, the real one for sanity."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diif_viewer.memory import UNKNOWN, free_memory, resident

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
