"""The kernels as shared libraries: compiled once per machine by a C compiler, kept in the cache directory.

There is nothing to install and nothing to ship for each system: where the CPU lacks the instructions, where there is no
compiler, or where anything goes wrong, there is no library, and plain torch does the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import torch

from diif_viewer.paths import cache_directory

SWITCH = "DIIF_VIEWER_NATIVE"
"""Environment variable: 0 leaves the kernels out, the name of a form allows that one only."""


KEPT = 4
"""Libraries of a form that are kept: versions of the program that are used by turns do not take away each other's."""


class Form(NamedTuple):
    """One way in which the kernels are compiled: see vector.h."""

    name: str
    dtype: torch.dtype
    """Of features and maps."""
    lanes: int
    """Results in a register."""
    tile: int
    """Vectors that are multiplied together."""
    bytes: bool
    """Whether products between hidden vectors, and those of the encoder, are of bytes."""
    needs: str
    """What the processor must have, in words."""


FORMS = (
    Form("wide8", torch.bfloat16, 16, 8, True, "byte products of AVX-512 (VNNI)"),
    Form("narrow8", torch.bfloat16, 8, 4, True, "byte products of AVX2 (AVX-VNNI)"),
    Form("wide", torch.float32, 16, 8, False, "AVX-512"),
    Form("narrow", torch.float32, 8, 4, False, "AVX2 with FMA"),
)
"""The first one of a dtype that can be had is used."""


class Kernels(NamedTuple):
    """A compiled form."""

    form: Form
    dll: ctypes.CDLL


_FOLDER = Path(__file__).parent
_UNITS = (("slices.c",), ("knots.c",), ("liif.c", "edsr.c", "edsr8.c"), ("fine.c", "first.c", "finish.c"))
"""Sources compiled together: equal work, and few of them, as parsing the compiler's own headers takes 0.3 s."""
_FLAGS = ("-O1", "-funroll-loops", "-std=gnu11", "-fPIC")  # -O3 takes twice as long and is no faster
_SECONDS = 300
_log = logging.getLogger(__name__)


def kernels(dtype: torch.dtype) -> Kernels | None:
    """The kernels of this machine that compute in `dtype`, or None where plain torch is to do it."""
    return next((Kernels(form, dll) for form in FORMS if form.dtype == dtype and (dll := library(form)[0])), None)


def forms_in_use() -> list[Form]:
    """The forms that this machine computes with. Those that must be compiled first are, side by side."""
    dtypes = dict.fromkeys(form.dtype for form in FORMS)
    with ThreadPoolExecutor(len(dtypes)) as pool:
        return [made.form for made in pool.map(kernels, dtypes) if made is not None]


@functools.cache
def library(form: Form) -> tuple[ctypes.CDLL | None, str]:
    """A form's library and "", or None and why there is none. The first time ever compiles it, in some seconds."""
    allowed = os.environ.get(SWITCH, "")
    if allowed == "0" or (allowed in {other.name for other in FORMS} and allowed != form.name):
        return None, f"switched off by {SWITCH}"
    if not _may_run(form):
        return None, f"this processor has no {form.needs}"
    try:
        return _loaded(form), ""
    except (OSError, AttributeError, subprocess.SubprocessError, _MissingError) as error:
        _log.info("no compiled kernels (%s): %s", form.name, error)
        return None, str(error)


class _MissingError(Exception):
    """Why there is no library."""


def _may_run(form: Form) -> bool:
    """False where compiling would be in vain."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    tells = {"wide8": "_is_vnni_supported", "wide": "_is_avx512_supported"}
    asked = getattr(torch.cpu, tells.get(form.name, "_is_avx2_supported"), None)
    needed = {"wide8": {"avx512_vnni"}, "narrow8": {"avx_vnni"}}
    known = _flags()
    return (asked is None or bool(asked())) and (not known or needed.get(form.name, set()) <= known)


@functools.cache
def _flags() -> frozenset[str]:
    """What Linux says that the processor has; nothing on other systems, where the compiled library says it itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


def library_path(form: Form) -> Path:
    """Where a form's library is kept. Its name tells what it was made from."""
    text = b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.[ch]"))) + " ".join(_FLAGS).encode()
    ending = ".dll" if os.name == "nt" else ".so"
    return cache_directory() / f"native-{form.name}-{hashlib.sha256(text).hexdigest()[:16]}{ending}"


def _loaded(form: Form) -> ctypes.CDLL:
    path = library_path(form)
    if not _is_whole(path):
        compile_to(path, form)
    try:
        made = ctypes.CDLL(str(path))
    except OSError:  # of another system that shares this home
        compile_to(path, form)
        made = ctypes.CDLL(str(path))
    if not made.diif_viewer_supported():
        raise _MissingError(f"this processor has no {form.needs}")
    with contextlib.suppress(OSError):
        os.utime(path)  # in use: `_sweep` takes others first
    return made


def _seal(path: Path) -> None:
    """Put a digest behind a library, where nothing that loads it looks."""
    with path.open("rb+") as file:
        file.write(hashlib.sha256(file.read()).digest())


def _is_whole(path: Path) -> bool:
    """Is a library there as it was sealed? To load one that a power cut has left cut off ends the process (SIGBUS)."""
    try:
        sealed = path.read_bytes()
    except OSError:
        return False
    return sealed[-32:] == hashlib.sha256(sealed[:-32]).digest()


class Compiler(NamedTuple):
    """A C compiler."""

    command: list[str]
    libraries: tuple[str, ...] = ()
    """What a shared library is linked with."""


def compiler() -> Compiler | None:
    """The system's own C compiler or, where there is none, that of the extra `compiler`."""
    own = None
    if os.name != "nt":  # there GCC puts vectors where they may not lie, and clang wants Microsoft's headers
        own = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if own is not None:
        return Compiler([own])
    return zig("windows" if os.name == "nt" else "") if importlib.util.find_spec("ziglang") is not None else None


def zig(system: str = "") -> Compiler:
    """The extra's compiler, for another system than this one ("windows") if it is named."""
    command = [sys.executable, "-m", "ziglang", "cc", "-fno-sanitize=undefined"]  # which it does without being asked
    if system != "windows":
        return Compiler(command)
    bare = ("-nostdlib", "-lcompiler_rt", "-lkernel32")  # it would build a C library of its own, for minutes
    return Compiler([*command, "-target", "x86_64-windows-gnu"], bare)


def compile_to(path: Path, form: Form, by: Compiler | None = None) -> None:
    """Compile a form to `path`, which is there whole or not at all; of the form's others the newest few stay.

    Sources are compiled side by side: the first start of all waits for it. by: None for `compiler()`. Raises OSError,
    subprocess.SubprocessError, or _MissingError with what the compiler says.
    """
    by = by or compiler()
    if by is None:
        raise _MissingError("no C compiler was found (cc, gcc or clang, or what `pip install ziglang` brings)")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        run = functools.partial(_run, by.command, Path(folder))

        def part(unit: tuple[str, ...]) -> str:
            made, text = str(Path(folder) / f"{unit[0]}.o"), "".join(f'#include "{source}"\n' for source in unit)
            run([*_FLAGS, f"-D{form.name.upper()}", f"-I{_FOLDER}", "-c", "-o", made, "-x", "c", "-"], text)
            return made

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            parts = list(pool.map(part, _UNITS))
        made = Path(folder) / path.name
        run(["-shared", "-o", str(made), *parts, *by.libraries])
        _seal(made)
        made.replace(path)
    _sweep(path, form)


def _sweep(path: Path, form: Form) -> None:
    """Take away the libraries of a form that were used longest ago, but not `path`."""
    used: list[tuple[float, Path]] = []
    for other in path.parent.glob(f"native-{form.name}-*{path.suffix}"):
        with contextlib.suppress(OSError):  # gone meanwhile
            used.append((other.stat().st_mtime, other))
    others = [other for _, other in sorted(used, reverse=True) if other != path]
    for old in others[KEPT - 1 :]:
        with contextlib.suppress(OSError):  # on Windows it cannot go while another program has it loaded
            old.unlink()


def _run(command: list[str], folder: Path, arguments: list[str], text: str = "") -> None:
    """Run the compiler, which may leave what it likes in a folder."""
    caches = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), str(folder))
    done = subprocess.run(
        [*command, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        env=os.environ | caches,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows a console would flash up
    )
    if done.returncode:
        raise _MissingError(f"{command[0]} failed: {done.stderr.strip()}")
