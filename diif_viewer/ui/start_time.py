"""How long the program takes to show a picture: the real one, in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from diif_viewer.errors import DiifViewerError
from diif_viewer.ui import report, settings
from diif_viewer.ui.hands import PATIENCE, heed


def start_times(path: Path, repeats: int = 3) -> dict[str, float]:
    """Milliseconds from starting the program on `path` until the window has the picture, and the renderer is ready.

    -> {"picture", "renderer"}, medians. Raises DiifViewerError when it does not get there.
    """
    found = [_start(path) for _ in range(repeats)]
    return {name: statistics.median(times[name] for times in found) for name in found[0]}


def _start(path: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        status, times = Path(folder) / "status.json", dict[str, float]()
        began = time.perf_counter()
        program = subprocess.Popen(
            [sys.executable, "-m", "diif_viewer", "view", str(path)],
            env=os.environ | {report.VARIABLE: str(status), settings.VARIABLE: str(Path(folder) / "settings.ini")},
            stderr=subprocess.DEVNULL,
        )
        try:
            while len(times) < 2:
                facts = json.loads(status.read_text(encoding="utf-8")) if status.exists() else {}
                for name, fact in (("picture", "picture"), ("renderer", "device")):
                    if facts.get(fact) and name not in times:
                        times[name] = 1000 * (time.perf_counter() - began)
                if program.poll() is not None or time.perf_counter() > began + PATIENCE:
                    raise DiifViewerError(f"The window did not open with {path.name}.")
                heed()
                time.sleep(0.002)
        finally:
            program.terminate()
            program.wait()
        return times
