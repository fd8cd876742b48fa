"""`diif-viewer doctor`: what this machine offers to the program, measured, with advice where something is amiss."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from diif_viewer import __version__
from diif_viewer.models.registry import SHIPPED
from diif_viewer.paths import cache_directory, shipped, without_home

if TYPE_CHECKING:
    import torch

SHARED, ENOUGH = "/dev/shm", 64 << 20
"""Where Linux keeps memory that processes share, and what the window needs of it for a picture of 16 megapixels."""

HELP = "Report versions, device, measured speed, memory and display of this machine, with advice."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="facts and advice as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 when the program can run here, 1 when something it needs is missing."""
    advice: list[str] = []
    if args.json:
        facts = {name: without_home(value) for name, value in _facts(advice)}
        print(json.dumps({"facts": facts, "advice": [without_home(sentence) for sentence in advice]}, indent=2))
        return 1 if advice else 0
    for name, value in _facts(advice):
        print(f"{name + ':':<12} {without_home(value)}", flush=True)
    for sentence in advice:
        print(f"! {without_home(sentence)}")
    return 1 if advice else 0


def _facts(advice: list[str]) -> Iterator[tuple[str, str]]:
    yield "program", f"diif-viewer {__version__}, Python {platform.python_version()}"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores"
    yield "processor", _processor()
    yield "packages", ", ".join(_versions(advice))
    yield "optional", ", ".join(_optional())
    yield "window", _window(advice)
    yield from _compute(advice)
    missing = [method.name for method in SHIPPED if not (shipped("weights") / (method.file or "")).is_file()]
    if missing:
        advice.append(
            f"The weights of {', '.join(missing)} are not in {shipped('weights')}; install the program again."
        )
    yield "weights", ", ".join(method.name for method in SHIPPED if method.name not in missing) or "none"
    yield "cache", str(cache_directory())


def _versions(advice: list[str]) -> Iterator[str]:
    for package in ("torch", "PySide6_Essentials", "numpy", "pillow", "safetensors", "tifffile", "qtawesome"):
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            advice.append(
                f"{package} is not installed; `pip install .` in the source tree installs all that is needed."
            )


def _optional() -> Iterator[str]:
    """Packages that are asked for by name, and what they are for."""
    for package, purpose in (("av", "films as MP4 and WebM"), ("matplotlib", "plots")):
        try:
            yield f"{package} {version(package)} ({purpose})"
        except PackageNotFoundError:
            yield f"no {package} ({purpose}: pip install {package})"


def _processor() -> str:
    """Its name, and those of its instructions that decide about speed."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            told = dict(line.partition(":")[::2] for line in file if ":" in line)
    except OSError:
        return platform.processor() or platform.machine()
    known = {name.strip(): value.split() for name, value in told.items()}
    flags = [
        flag
        for flag in ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
        if flag in known.get("flags", ())
    ]
    return ", ".join([" ".join(known.get("model name", [platform.machine()])), *flags])


def _window(advice: list[str]) -> str:
    """The platform that Qt would use, tried in a process of its own: Qt aborts where its libraries are missing."""
    import subprocess

    from diif_viewer.cli.display import has_display, missing_library
    from diif_viewer.cli.libraries import remedy

    if not has_display(os.environ, sys.platform):
        return "no display: `view` writes a picture file instead"
    if missing := missing_library(os.environ, sys.platform):
        advice.append(f"Qt cannot open a window here: {missing}. {remedy()}".strip())
        return f"Qt lacks {missing}"
    script = "from PySide6.QtWidgets import QApplication as A; print(A(['doctor']).platformName())"
    tried = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    if tried.returncode:
        lines = [line for line in tried.stderr.splitlines() if line.strip()]
        advice.append("Qt cannot open a window here; its own words are above.")
        return f"Qt fails: {lines[-1] if lines else 'without a word'}"
    return f"Qt platform {tried.stdout.strip()}"


def _compute(advice: list[str]) -> Iterator[tuple[str, str]]:
    try:
        import torch

        from diif_viewer.engine import device
    except (ImportError, OSError) as error:
        advice.append("torch does not load; the README says how to install it for this machine.")
        yield "device", f"none ({error})"
        return
    compute = device.fast_compute(device.resolve())
    yield "devices", ", ".join(f"{name} ({label})" if name != "cpu" else name for name, label in device.present())
    yield "device", f"{compute.description}, {compute.chunk[0]}x{compute.chunk[1]} outputs a step"
    if forced := os.environ.get("DIIF_VIEWER_DTYPE"):
        yield "dtype", f"{forced}, because DIIF_VIEWER_DTYPE says so"
    if compute.device == "cpu":
        rates = [f"{name} {rate}" for name, rate in sorted(device.measured_rates().items(), key=lambda item: -item[1])]
        yield "measured", f"{', '.join(rates)} megapixels per second of decoding"
        yield "compiled", _compiled(compute.dtype)
    free, features = device.available_memory(), device.cache_budget()
    yield "memory", f"{free / 2**30:.1f} GiB free, {features / 2**30:.1f} GiB for features"
    _advise_on_memory(free, advice)
    if compute.device.startswith("cuda"):
        budget = device.cache_budget(compute.device) / 2**30
        yield "GPU memory", f"{budget:.1f} GiB for features, half of what is free"
        yield "kernels", _compiled_for_gpu(compute.device)
    if compute.device == "cpu" and compute.dtype == torch.float32:
        yield "note", "float32 is the fastest here: right, and a few times slower than products of bytes or bfloat16"


def _compiled(dtype: torch.dtype) -> str:
    from diif_viewer.engine.native.library import FORMS, kernels, library

    made = kernels(dtype)
    if made is not None:
        return f"encoder and decoders, with {made.form.needs}"
    reason = library(FORMS[-1])[1]  # of the form that asks least of a processor
    return f"none: {reason}; plain torch does the same"


def _compiled_for_gpu(name: str) -> str:
    from diif_viewer.engine.gpu.painter import hindrance

    reason = hindrance(name)
    if reason is None and not (os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")):
        reason = "Triton finds neither gcc nor clang, which it calls with what it has compiled"
    return "compiled by Triton" if reason is None else f"none: {reason}; plain torch does all, more slowly"


def _advise_on_memory(free: int, advice: list[str]) -> None:
    """A model and a window take some 800 MB; a large picture is shared with the renderer through SHARED."""
    if free < 1 << 30:
        advice.append(
            f"Only {free / 2**30:.1f} GiB of memory are free; close other programs, or pictures stay bicubic."
        )
    with contextlib.suppress(OSError):
        if sys.platform.startswith("linux") and (room := shutil.disk_usage(SHARED).free) < ENOUGH:
            advice.append(
                f"{SHARED} has {room >> 20} MB free, so large pictures stay bicubic; a container takes --shm-size=1g."
            )
