"""The machine that a figure was measured on, and whether it had anything else to do."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import torch

from diif_viewer.engine.device import fast_compute, resolve


def about_machine(device: str = "auto") -> dict[str, Any]:
    """Who measures: processor, device, torch; busy: cores that other programs use just now, or None if not known."""
    compute = fast_compute(resolve(device))
    about = {"processor": _processor(), "device": compute.description, "torch": torch.__version__}
    return {**about, "busy": _busy_cores()}


def _busy_cores(seconds: float = 0.5) -> float | None:
    """How many cores were at work while this process slept."""

    def spent() -> tuple[float, float]:
        with open("/proc/stat", encoding="utf-8") as file:
            ticks = [float(text) for text in file.readline().split()[1:9]]
        return sum(ticks), ticks[3] + ticks[4]  # all; idle and waiting for a disk

    try:
        whole, idle = spent()
        time.sleep(seconds)
        whole, idle = spent()[0] - whole, spent()[1] - idle
        return (1 - idle / whole) * (os.cpu_count() or 1)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(text.partition(":")[2].strip() for text in file if text.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
