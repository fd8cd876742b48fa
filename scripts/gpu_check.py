#!/usr/bin/env python3
"""Everything that needs a GPU, in one go: `gpu_check.py [FOLDER]` checks and measures, in under eight minutes.

Called by `make gpu-check`, with a Python that has torch for CUDA, NumPy, Pillow, safetensors and tifffile; the tests
also want pytest, hypothesis and pytest-timeout. No window, no network, no installation.

Writes to FOLDER (default: gpu-check): report.txt (all that was printed), bench.json (every figure), and summary.json:
what each step came to. A step that fails or takes too long does not keep the others from running.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FACTS = (
    "import torch; assert torch.cuda.is_available(), 'torch finds no CUDA device';"
    "p = torch.cuda.get_device_properties(0); print(torch.__version__, torch.version.cuda, p.name, p.total_memory, p);"
    "import triton; print('triton', triton.__version__)"
)


def steps(folder: Path) -> list[tuple[str, list[str], int]]:
    """Name, command and most seconds of each step: what matters most comes first."""
    python, program = sys.executable, [sys.executable, "-m", "diif_viewer"]
    tests = ["tests/engine/gpu", "-W", "default", "-p", "no:cacheprovider", "-v", "--durations=10"]
    return [
        ("device", [python, "-c", FACTS], 60),
        ("bench quick", [*program, "bench", "--device", "cuda", "--quick", "--json", str(folder / "quick.json")], 110),
        ("tests", [python, "-m", "pytest", *tests, "--deselect", "tests/engine/gpu/test_compiling.py"], 200),
        (
            "bench",
            [*program, "bench", "--device", "cuda", "--scales", "8,16,30", "--json", str(folder / "bench.json")],
            240,
        ),
        ("doctor", [*program, "doctor"], 40),
    ]


def main() -> int:
    """Run the steps; 0 when all succeeded."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "gpu-check").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    summary: list[dict[str, object]] = []
    left = 470.0
    with (folder / "report.txt").open("w", encoding="utf-8") as report:
        for name, command, seconds in steps(folder):
            started = time.monotonic()
            status, text = run(command, min(float(seconds), left))
            spent = time.monotonic() - started
            left = max(10.0, left - spent)
            report.write(f"==== {name}: {status}, {spent:.0f} s\n{text}\n")
            report.flush()
            summary.append({"step": name, "status": status, "seconds": round(spent, 1), "end": text[-1500:]})
            (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
            print(f"{name}: {status}, {spent:.0f} s\n{text[-3000:]}", flush=True)
            if name == "device" and status != "ok":
                return 1
    return 0 if all(step["status"] == "ok" for step in summary) else 1


def run(command: list[str], seconds: float) -> tuple[str, str]:
    """The outcome of a command, and what it printed."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1")
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            text, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            text, _ = process.communicate()
            return f"stopped after {seconds:.0f} s", text
    return "ok" if process.returncode == 0 else f"exit status {process.returncode}", text


if __name__ == "__main__":
    sys.exit(main())
