"""The check of a GPU keeps what is known, whatever fails, hangs or ends its processes; no GPU is needed for that."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Process groups and alarms are POSIX's.")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_check", ROOT / "scripts" / "gpu_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gpu_check", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def check(script: ModuleType, tmp_path: Path) -> Iterator[Any]:
    with (tmp_path / "report.txt").open("a", encoding="utf-8") as report:
        yield script.Check(tmp_path, report, 60.0, [])


def test_a_step_is_stopped_when_its_time_is_over_and_what_it_printed_is_kept(check: Any, tmp_path: Path) -> None:
    hangs = "import subprocess, sys, time; print('begun', flush=True); subprocess.run(['sleep', '60'])"
    status, text = check.run("hangs", [sys.executable, "-c", hangs], 5)
    assert status == "stopped after 5 s"
    assert "begun" in text
    status, _ = check.run("fails", [sys.executable, "-c", "raise SystemExit(3)"], 30)
    assert status == "exit status 3"
    check.left = 1.0
    assert check.run("late", [sys.executable, "-c", ""], 30)[0] == "no time left"
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert [step["step"] for step in summary] == ["hangs", "fails", "late"]
    assert "begun" in (tmp_path / "report.txt").read_text()


def test_figures_go_on_after_a_piece_that_ended_their_process(script, check, tmp_path, monkeypatch) -> None:
    held = tmp_path / "figures.json"
    outcomes = iter([("exit status -14", "view a"), ("ok", "view b")])

    def run(name: str, command: list[str], seconds: float) -> tuple[str, str]:
        status, piece = next(outcomes)
        known = json.loads(held.read_text()) if held.exists() else {"begun": [], "failures": []}
        known["begun"].append(piece)
        held.write_text(json.dumps(known))
        return status, ""

    monkeypatch.setattr(check, "run", run)
    script.all_figures(check)
    known = json.loads(held.read_text())
    assert known["begun"] == ["view a", "view b"]
    assert known["failures"] == [{"piece": "view a", "error": "exit status -14"}]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ({"failures": [], "kernels": "yes"}, 0),
        ({"failures": [{"piece": "view a", "error": "no room"}], "kernels": "yes"}, 3),
        ({"failures": [], "kernels": "OutOfResources: registers"}, 3),
    ],
)
def test_pieces_that_failed_are_a_failure_and_are_not_tried_again(script, check, monkeypatch, outcome, status) -> None:
    monkeypatch.setattr("diif_viewer.engine.device.fast_compute", lambda device: None)
    monkeypatch.setattr("diif_viewer.evaluation.speed_tables.tables", lambda figures: "")
    monkeypatch.setattr("diif_viewer.evaluation.gpu_speed.gpu_figures", lambda *_, **__: outcome)
    assert script.measure(check.folder / "figures.json", 0) == status
    python = check.folder / "python"
    python.write_text(f"#!/bin/sh\nexit {status}\n")
    python.chmod(0o755)
    monkeypatch.setattr(script.sys, "executable", str(python))
    script.all_figures(check)
    assert [step["status"] for step in check.summary] == ["exit status 3" if status else "ok"]


def test_tests_that_did_not_pass_are_run_again_alone(script, check, monkeypatch) -> None:
    """Also those that took the process down with them, and those after it."""
    printed = (
        "tests/engine/gpu/test_cuda.py::test_a[x-y] PASSED [ 10%]\n"
        "tests/engine/gpu/test_cuda.py::test_b FAILED [ 20%]\n"
        "tests/engine/gpu/test_cuda.py::test_c SKIPPED (no) [ 30%]\n"
        "tests/engine/gpu/test_cuda.py::test_d Fatal Python error: Aborted\n"
    )
    asked: list[list[str]] = []

    def run(name: str, command: list[str], seconds: float, **more: str) -> tuple[str, str]:
        asked.append([*command, *more])
        return "exit status 1", printed

    monkeypatch.setattr(check, "run", run)
    script.tests(check)
    assert [(command[-2].rpartition("::")[2], command[-1]) for command in asked[1:]] == [
        ("test_b", "CUDA_LAUNCH_BLOCKING"),
        ("test_d", "CUDA_LAUNCH_BLOCKING"),
    ]


def test_without_a_device_it_says_so_and_ends(script, tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.setattr(script, "FACTS", "raise SystemExit('torch finds no CUDA device')")
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", str(tmp_path / "out")])
    assert script.main() == 1
    assert "torch finds no CUDA device" in capfd.readouterr().out
    assert [step["step"] for step in json.loads((tmp_path / "out/summary.json").read_text())] == ["device"]
