"""Several processes: two of them, started by torchrun, learn what one learns from the same batches."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from diif_viewer.errors import TrainingError
from diif_viewer.training.loop import train
from diif_viewer.training.schedule import Budget, Rhythm
from diif_viewer.training.team import Team
from tests.training.tiny import NAMES, picture_folder, pictures, silent, tiny_preset

ROOT = Path(__file__).resolve().parents[2]


SETTINGS = ("precision=float32", "batch=4", "scale_of=patch", "samples=points")


def two_processes(folder: Path, run: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The real command under torchrun, on the tiny preset in float32."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    return subprocess.run(
        [
            *(*start, "diif_viewer", "train", str(folder / "pictures"), "--preset", str(folder / "tiny.toml")),
            *("--run", str(folder / run), "--threads", "1", "--report", "1", "--validate", "4", *words),
            *(word for setting in SETTINGS for word in ("--set", setting)),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def losses(run: Path) -> list[list[float]]:
    with (run / "curve.csv").open() as file:
        return [[float(row[f"loss {name}"]) for name in NAMES] for row in csv.DictReader(file)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_preset(tmp_path)
    picture_folder(tmp_path / "pictures")
    return tmp_path


def test_two_processes_learn_what_one_learns(folder: Path) -> None:
    """The same loss at every step with the same global batch, and the same weights, up to float32 sums."""
    (folder / "valid").mkdir()
    Image.fromarray(np.tile(pictures()[0], (2, 2, 1))).save(folder / "valid" / "a.png")
    valid = ("--valid", str(folder / "valid"))
    two = two_processes(folder, "two", "--steps", "6", *valid)
    assert two.returncode == 0, two.stderr
    assert two.stdout.count("step 6 ") == 1  # one of them reports
    preset, rhythm = tiny_preset(folder, *SETTINGS), Rhythm(report=1)
    train(preset, pictures(), folder / "one", Budget(steps=6), rhythm=rhythm, report=silent)
    alone, shared = losses(folder / "one"), losses(folder / "two")
    assert len(alone) == 6
    for a, b in zip(alone, shared, strict=True):
        assert b == pytest.approx(a, rel=2e-4)
    for name in NAMES:
        a, b = (load_file(folder / run / f"{name}-tiny.safetensors") for run in ("one", "two"))
        for key in a:
            assert torch.allclose(a[key], b[key], atol=2e-3), key

    further = two_processes(folder, "two", "--steps", "8")  # both take over what the leader reads
    assert further.returncode == 0, further.stderr
    assert further.stdout.count("going on at step 6 ") == 1
    train(preset, pictures(), folder / "one", Budget(steps=8), rhythm=rhythm, report=silent)
    assert losses(folder / "two")[-1] == pytest.approx(losses(folder / "one")[-1], rel=2e-3)


def test_a_refused_run_ends_all_processes_with_its_sentence(folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "state.pt").write_bytes(b"half")
    done = two_processes(folder, "run", "--steps", "2")
    assert done.returncode != 0
    assert "state.pt: the saved state cannot be read" in done.stderr
    assert "defect" not in done.stderr


def test_a_leader_that_fails_on_its_way_takes_the_others_along(folder: Path) -> None:
    (folder / "run" / "state.pt").mkdir(parents=True)  # no file can be put there
    done = two_processes(folder, "run", "--steps", "200", "--save", "0")
    assert done.returncode != 0
    assert "The run cannot write into" in done.stderr
    assert "defect" not in done.stderr


def test_a_batch_must_be_divisible(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="batch of 2 cannot be shared equally by 3 processes"):
        train(tiny_preset(tmp_path), pictures(), tmp_path / "run", Budget(steps=1), report=silent, team=Team(1, 3))


def test_one_process_needs_no_others() -> None:
    team, values = Team(), torch.arange(3.0)
    assert team.leads
    assert torch.equal(team.mean(values), values)
    assert team.of_leader(2.5, "cpu") == 2.5
    assert team.by_leader(lambda: 7) == 7
    assert team.in_turns(lambda: 8) == 8
