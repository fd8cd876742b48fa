"""The kernels as a shared library: compiled once per machine by its own C compiler, kept in the cache directory.

There is nothing to install and nothing to ship for each system: where the CPU lacks the instructions, where there is no
compiler, or where anything goes wrong, there is no library, and plain torch does the same.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch

from diif_viewer.paths import cache_directory

SWITCH = "DIIF_VIEWER_NATIVE"
"""Environment variable: 0 leaves the kernel out."""

_FOLDER = Path(__file__).parent
_SOURCES = ("fine.c", "slices.c", "knots.c", "edsr.c")
_HEADERS = ("tile.h", "fine.h")
_FLAGS = ("-O3", "-std=gnu11", "-shared", "-fPIC")
_SECONDS = 60
_log = logging.getLogger(__name__)


@functools.cache
def library() -> tuple[ctypes.CDLL | None, str]:
    """The kernels of this machine and "", or None and why there are none. The first time compiles them, in 2 s."""
    if os.environ.get(SWITCH, "") == "0":
        return None, f"switched off by {SWITCH}"
    if not _may_run():
        return None, "this processor has no bfloat16 products of AVX-512"
    try:
        return _loaded(_path()), ""
    except (OSError, AttributeError, subprocess.SubprocessError, _MissingError) as error:
        _log.info("no compiled kernel: %s", error)
        return None, str(error)


class _MissingError(Exception):
    """Why there is no library."""


def _may_run() -> bool:
    """False where compiling would be in vain."""
    if platform.machine().lower() not in ("x86_64", "amd64") or os.name == "nt":
        return False
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return known is None or bool(known())


def _path() -> Path:
    text = b"".join((_FOLDER / name).read_bytes() for name in (*_HEADERS, *_SOURCES)) + " ".join(_FLAGS).encode()
    return cache_directory() / f"native-{hashlib.sha256(text).hexdigest()[:16]}.so"


def _loaded(path: Path) -> ctypes.CDLL:
    if not path.exists():
        compile_to(path)
    try:
        made = ctypes.CDLL(str(path))
    except OSError:  # damaged, or of another system that shares this home
        compile_to(path)
        made = ctypes.CDLL(str(path))
    if not made.diif_viewer_supported():
        raise _MissingError("this processor has no bfloat16 products of AVX-512")
    return made


def compile_to(path: Path) -> None:
    """Compile the source to `path`, which is there whole or not at all; libraries of other sources beside it go."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise _MissingError("no C compiler (cc, gcc or clang) was found")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        command = [compiler, *_FLAGS, "-o", str(made), *(str(_FOLDER / name) for name in _SOURCES)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            raise _MissingError(f"{compiler} failed: {done.stderr.strip()}")
        made.replace(path)
    for old in path.parent.glob("native-*.so"):
        if old != path:
            old.unlink(missing_ok=True)
