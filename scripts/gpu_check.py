#!/usr/bin/env python3
"""Everything that needs a GPU, in one go: `gpu_check.py [FOLDER] [--minutes M] [--only STEP,STEP]`.

Called by `make gpu-check`, with a Python (3.11 or later) that has torch for CUDA, NumPy, Pillow, safetensors and
tifffile; the tests also want pytest, hypothesis and pytest-timeout. No window, no network, no installation.

Writes to FOLDER (default: gpu-check), each at once when it is known: report.txt (all that is printed), figures.json
(every figure), and summary.json (what each step came to). What is most worth knowing comes first. Whatever fails, hangs
or takes the device down with it keeps nothing else from running: steps are processes with a time each, figures and
tests that did not come to an end are passed over, or tried again alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent
KEY_FIGURES = 5
"""Pieces of the figures that are measured before anything else."""

LONGEST_PIECE, LONGEST_TEST = 100, 120
"""Seconds."""

PIECES_FAILED = 3
"""Exit status of a process that measured all that it was to, with failures among it that ended nothing else."""

FACTS = (
    "import sys, torch; assert sys.version_info >= (3, 11), f'Python 3.11 is needed, this is {sys.version}';"
    "assert torch.cuda.is_available(), 'torch finds no CUDA device';"
    "p = torch.cuda.get_device_properties(0); print(torch.__version__, torch.version.cuda, p.name, p.total_memory, p);"
    "import importlib.metadata as m; print('triton', *(d.version for d in m.distributions(name='triton')))"
)


@dataclass
class Check:
    """One run. left: seconds."""

    folder: Path
    report: TextIO
    left: float
    summary: list[dict[str, Any]]

    def run(self, name: str, command: list[str], seconds: float, **more: str) -> tuple[str, str]:
        """The outcome of a command, "ok" if all went well, and what it printed; it is stopped after `seconds`.

        more: for its environment.
        """
        seconds, started = min(seconds, self.left), time.monotonic()
        self.tell(f"==== {name}")
        from_here = (self.folder / "report.txt").stat().st_size
        if seconds < 5:
            status = "no time left"
        else:
            status = execute(command, seconds, self.report, dict(os.environ, PYTHONPATH=str(ROOT)) | more)
        spent = time.monotonic() - started
        self.left -= spent
        with (self.folder / "report.txt").open("rb") as file:
            file.seek(from_here)
            text = file.read().decode("utf-8", "replace")
        self.summary.append({"step": name, "status": status, "seconds": round(spent, 1), "end": text[-1500:]})
        (self.folder / "summary.json").write_text(json.dumps(self.summary, indent=1) + "\n", encoding="utf-8")
        print(text[-2500:], flush=True)
        self.tell(f"==== {name}: {status}, {spent:.0f} s")
        return status, text

    def tell(self, line: str) -> None:
        """Print and write a line."""
        print(line, flush=True)
        self.report.write(line + "\n")
        self.report.flush()


def execute(command: list[str], seconds: float, out: TextIO, environment: dict[str, str]) -> str:
    """Run a command whose output goes to a file as it comes, for so long at most; "ok", or what became of it."""
    environment |= {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"stopped after {seconds:.0f} s"
    return "ok" if status == 0 else f"exit status {status}"


# ---- the steps -----------------------------------------------------------------------------------------------------


def device(check: Check) -> None:
    """What there is."""
    check.run("device", [sys.executable, "-c", FACTS], 60)


def key_figures(check: Check) -> None:
    """What times were wanted for, and the same by plain torch."""
    figures(check, KEY_FIGURES, 200)


def all_figures(check: Check) -> None:
    """Every scale, width and method, and each way of compiling the kernel."""
    figures(check, None, 420)


def figures(check: Check, most: int | None, seconds: float) -> None:
    """Measure pieces of figures, in a process that is begun anew, without the one it was at, when it comes to harm."""
    end, held = time.monotonic() + seconds, check.folder / "figures.json"
    command = [sys.executable, __file__, "--measure", str(held), "--most", str(most or 0)]
    for _ in range(6):
        status, _text = check.run("figures", command, end - time.monotonic())
        if status in ("ok", "no time left", f"exit status {PIECES_FAILED}"):
            return
        if held.exists():
            known = json.loads(held.read_text(encoding="utf-8"))
            known["failures"].append({"piece": known["begun"][-1], "error": status})
            held.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def measure(held: Path, most: int) -> int:
    """The process of `figures`: pieces that were not begun before, until there are `most` (0: all).

    Returns 0, or `PIECES_FAILED` where some failed, or plain torch had to do what the kernels should.
    """
    import torch

    from diif_viewer.engine.device import fast_compute
    from diif_viewer.evaluation.gpu_speed import Plan, gpu_figures, pieces
    from diif_viewer.evaluation.speed_tables import tables

    known: dict[str, Any] | None = json.loads(held.read_text(encoding="utf-8")) if held.exists() else None
    begun, failed = (known["begun"], len(known["failures"])) if known else ([], 0)
    names = [name for name in pieces(Plan()) if name not in begun]

    def keep(result: dict[str, Any]) -> None:
        if hasattr(signal, "alarm"):
            signal.alarm(LONGEST_PIECE)  # ends this process, wherever it hangs
        partial = held.with_suffix(".part")
        partial.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        partial.replace(held)
        if result["failures"] and result["failures"][-1]["piece"] == result["begun"][-1]:
            torch.cuda.synchronize()  # raises where the failure has made the device useless for this process

    names = names[: max(0, most - len(begun))] if most else names
    result = gpu_figures(fast_compute("cuda"), Plan(), print, wanted=names, keep=keep, known=known)
    about = {"processor": "", "device": "", "torch": torch.__version__, "busy": None}
    print(tables({"machine": about, "gpu": result}))
    return PIECES_FAILED if len(result["failures"]) > failed or result["kernels"] not in ("yes", "no") else 0


def tests(check: Check) -> None:
    """All tests that a GPU can run; those that have not passed once more, each alone and with launches that wait."""
    paths = ["tests/engine/gpu/test_cuda.py", "tests/engine/gpu"]
    flags = ["-W", "default", "-p", "no:cacheprovider", "-vv", "--durations=10", f"--timeout={LONGEST_TEST}"]
    pytest = [sys.executable, "-m", "pytest", *flags]
    status, text = check.run("tests", [*pytest, *paths, "--deselect", "tests/engine/gpu/test_compiling.py"], 400)
    if status == "ok":
        return
    outcomes = dict(re.findall(r"^(tests/\S+::.+?) (PASSED|SKIPPED|FAILED|ERROR)", text, re.MULTILINE))
    begun = re.findall(r"^(tests/\S+::\S+)", text, re.MULTILINE)
    again = [name for name in dict.fromkeys(begun) if outcomes.get(name) not in ("PASSED", "SKIPPED")]
    for name in again[:8]:
        check.run(f"again alone: {name}", [*pytest, name], LONGEST_TEST, CUDA_LAUNCH_BLOCKING="1")


def training(check: Check) -> None:
    """Steps per second of training, on noise."""
    with tempfile.TemporaryDirectory() as folder:
        made = (
            "import sys, numpy as np; from PIL import Image; rng = np.random.default_rng(0);"
            "[Image.fromarray(rng.integers(0, 256, (700, 900, 3), np.uint8)).save(f'{sys.argv[1]}/{k}.png')"
            " for k in range(12)]"
        )
        check.run("pictures to train on", [sys.executable, "-c", made, folder], 60)
        train = [sys.executable, "-m", "diif_viewer", "train", folder, "--preset", "edsr-baseline", "--device", "cuda"]
        for batch, more in ((16, []), (64, []), (64, ["--compile"])):
            run = ["--run", f"{folder}/run-{batch}-{len(more)}", "--set", f"batch={batch}", "--report", "100"]
            check.run(f"training {batch} {' '.join(more)}".strip(), [*train, *run, "--steps", "500", *more], 120)


def beside(check: Check) -> None:
    """Decoding beside LIIF's public code."""
    bench = [sys.executable, "-m", "diif_viewer", "bench", "--device", "cuda", "--quick"]
    check.run("bench --quick", [*bench, "--json", str(check.folder / "bench.json")], 150)


def doctor(check: Check) -> None:
    """What the program says of the machine."""
    check.run("doctor", [sys.executable, "-m", "diif_viewer", "doctor"], 60)


STEPS: dict[str, Callable[[Check], None]] = {
    "device": device,
    "key-figures": key_figures,
    "tests": tests,
    "figures": all_figures,
    "training": training,
    "doctor": doctor,
    "bench": beside,
}


def main() -> int:
    """Run the steps; 0 when all succeeded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", default="gpu-check", type=Path)
    parser.add_argument("--minutes", type=float, default=24.0, help="in all, at most (default: 24)")
    parser.add_argument("--only", default=",".join(STEPS), help=f"of {', '.join(STEPS)}")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--most", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure is not None:
        return measure(args.measure, args.most)
    wanted = args.only.split(",")
    if unknown := sorted(set(wanted) - set(STEPS)):
        parser.error(f"there is no step {unknown[0]}; there are {', '.join(STEPS)}")
    folder = args.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if "key-figures" in wanted:
        (folder / "figures.json").unlink(missing_ok=True)  # of an earlier run; `figures` alone goes on with them
    with (folder / "report.txt").open("a", encoding="utf-8") as report:
        check = Check(folder, report, 60 * args.minutes, [])
        for name, step in STEPS.items():
            if name in wanted or name == "device":
                step(check)
            if name == "device" and check.summary[-1]["status"] != "ok":
                return 1
    return 0 if all(step["status"] == "ok" for step in check.summary) else 1


if __name__ == "__main__":
    sys.exit(main())
