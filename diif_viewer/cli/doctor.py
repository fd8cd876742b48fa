"""`diif-viewer doctor`: what this machine offers to the program, measured, with advice where something is amiss."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from diif_viewer import __version__
from diif_viewer.models.registry import SHIPPED
from diif_viewer.paths import cache_directory, shipped

HELP = "Report versions, device, measured speed, memory and display of this machine, with advice."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="facts and advice as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 when the program can run here, 1 when something it needs is missing."""
    advice: list[str] = []
    if args.json:
        facts = dict(_facts(advice))
        print(json.dumps({"facts": facts, "advice": advice}, indent=2))
        return 1 if advice else 0
    for name, value in _facts(advice):
        print(f"{name + ':':<12} {value}", flush=True)
    for sentence in advice:
        print(f"! {sentence}")
    return 1 if advice else 0


def _facts(advice: list[str]) -> Iterator[tuple[str, str]]:
    yield "program", f"diif-viewer {__version__}, Python {platform.python_version()}"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores"
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
    for package, purpose in (("av", "films as MP4 and WebM"), ("matplotlib", "figures")):
        try:
            yield f"{package} {version(package)} ({purpose})"
        except PackageNotFoundError:
            yield f"no {package} ({purpose})"


def _window(advice: list[str]) -> str:
    """The platform that Qt would use, tried in a process of its own: Qt aborts where its libraries are missing."""
    import subprocess

    from diif_viewer.cli.display import has_display, missing_library

    if not has_display(os.environ, sys.platform):
        return "no display: `view` writes a picture file instead"
    if missing := missing_library(os.environ, sys.platform):
        advice.append("Qt cannot open a window here; the README lists the system's libraries that it needs.")
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

        from diif_viewer.engine.device import available_memory, cache_budget, fast_compute, measured_rates, resolve
    except (ImportError, OSError) as error:
        advice.append("torch does not load; the README says how to install it for this machine.")
        yield "device", f"none ({error})"
        return
    compute = fast_compute(resolve())
    yield "device", f"{compute.description}, {compute.chunk[0]}x{compute.chunk[1]} outputs a step"
    if compute.device == "cpu":
        rates = [f"{name} {rate}" for name, rate in sorted(measured_rates().items(), key=lambda item: -item[1])]
        yield "measured", f"{', '.join(rates)} megapixels per second of decoding"
    yield "memory", f"{available_memory() / 2**30:.1f} GiB free, {cache_budget() / 2**30:.1f} GiB for features"
    if compute.device.startswith("cuda"):
        from diif_viewer.engine.gpu.painter import has_triton

        budget, kernels = cache_budget(compute.device) / 2**30, has_triton()
        yield "GPU memory", f"{budget:.1f} GiB for features, half of what is free"
        yield "kernels", "compiled by Triton" if kernels else "none: without Triton plain torch does all, more slowly"
    if compute.device == "cpu" and compute.dtype == torch.float32:
        yield "note", "this processor has no fast bfloat16, so float32 is used: right, and a few times slower"
