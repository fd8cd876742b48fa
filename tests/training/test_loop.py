"""Training end to end on a tiny synthetic set: it learns, resumes exactly, and stops before it ruins its state."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diif_viewer.errors import TrainingError
from diif_viewer.geometry import Lattice
from diif_viewer.models.checkpoint import encoder_fingerprint, load_checkpoint, training_summary
from diif_viewer.training import loop
from diif_viewer.training.loop import train
from diif_viewer.training.preset import Preset
from diif_viewer.training.schedule import Budget, Rhythm
from tests.training.tiny import NAMES, picture_folder, pictures, silent, tiny_preset


@pytest.fixture
def tiny(tmp_path: Path) -> Preset:
    return tiny_preset(tmp_path)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return {f"{n}: {k}": v for n in NAMES for k, v in load_file(run / f"{n}-tiny.safetensors").items()}


def losses(run: Path, name: str) -> list[float]:
    with (run / "curve.csv").open() as file:
        return [float(row[f"loss {name}"]) for row in csv.DictReader(file) if row[f"loss {name}"]]


def last_quality(run: Path) -> dict[str, float]:
    with (run / "curve.csv").open() as file:
        *_, last = (row for row in csv.DictReader(file) if row["psnr bicubic x2"])
    return {name: float(value) for name, value in last.items() if name.startswith("psnr")}


def test_training_learns_and_leaves_loadable_weights_that_share_an_encoder(tiny: Preset, tmp_path: Path) -> None:
    lines: list[str] = []
    train(
        tiny,
        pictures(),
        tmp_path / "run",
        Budget(steps=120),
        valid=pictures(),
        rhythm=Rhythm(report=20, validate=60),
        report=lines.append,
        summary={"data": "colour waves"},
    )
    for name in NAMES:
        course = losses(tmp_path / "run", name)
        assert len(course) == 6
        assert course[-1] < 0.75 * course[0]
    quality = last_quality(tmp_path / "run")
    assert quality["psnr diif-s x2"] > quality["psnr bicubic x2"] + 2  # more than the base that it starts from
    models = [load_checkpoint(tmp_path / "run" / f"{name}-tiny.safetensors") for name in NAMES]
    assert len({encoder_fingerprint(model) for model in models}) == 1
    about = training_summary(tmp_path / "run" / "liif-tiny.safetensors")
    assert (about["steps"], about["data"], about["preset"]) == ("120", "colour waves", "tiny")
    assert any("min left" in line and "steps/s" in line for line in lines)
    assert any(line.startswith("valid bicubic x2") for line in lines)
    assert json.loads(about["recipe"])["recipe"]["learning_rate"] == 1e-2
    assert (tmp_path / "run" / "curve.png").read_bytes().startswith(b"\x89PNG")
    lattice = Lattice.of_scale(6, 6, 2.0)
    assert torch.isfinite(models[2](torch.zeros(1, 3, 6, 6), lattice, lattice.window)).all()


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_frozen_parts_keep_their_weights_while_the_others_learn(optimiser: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    train(tiny_preset(tmp_path), pictures(), first, Budget(steps=30), report=silent)
    preset = tiny_preset(tmp_path, f"optimiser={optimiser}", 'frozen=["encoder", "diif-s"]')
    models = [load_checkpoint(first / f"{name}-tiny.safetensors") for name in NAMES]
    train(preset, pictures(), second, Budget(steps=60), report=silent, start=models, rhythm=Rhythm(report=15))
    after = weights(second)
    for key, value in weights(first).items():
        name, part = key.split(": ")
        frozen = part.startswith("encoder") or name == "diif-s"
        assert torch.equal(value, after[key]) == frozen, key
    for name in ("liif", "diif"):
        assert losses(second, name)[-1] < losses(second, name)[0], name
    assert losses(second, "diif-s")[0] > 0


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_a_killed_run_goes_on_exactly_where_it_was_saved(
    optimiser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = tiny_preset(tmp_path, f"optimiser={optimiser}")
    rhythm, budget = Rhythm(report=5, validate=10, save=0.0), Budget(steps=33)
    train(tiny, pictures(), tmp_path / "whole", budget, valid=pictures(), rhythm=rhythm, report=silent)

    real, calls = loop.batch_losses, iter(range(100))

    def dying(*args: object) -> dict[str, torch.Tensor]:
        if next(calls) == 17:  # between two reports, with sums pending
            raise Killed
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "batch_losses", dying)
    with pytest.raises(Killed):
        train(tiny, pictures(), tmp_path / "cut", budget, valid=pictures(), rhythm=rhythm, report=silent)
    monkeypatch.undo()
    torch.manual_seed(999)  # the state of the process that goes on must not matter
    lines: list[str] = []
    train(tiny, pictures(), tmp_path / "cut", budget, valid=pictures(), rhythm=rhythm, report=lines.append)

    assert lines[0].startswith("going on at step 17 ")
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert losses(tmp_path / "whole", "diif") == losses(tmp_path / "cut", "diif")


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rhythm = Rhythm(report=5, validate=100, save=0.0)
    real, calls = loop.batch_losses, iter(range(100))

    def poisoned(*args: object) -> dict[str, torch.Tensor]:
        found = real(*args)  # type: ignore[arg-type]
        return (
            {k: v * (torch.nan if next_call else 1.0) for k, v in found.items()}
            if (next_call := next(calls) >= 8)
            else found
        )

    monkeypatch.setattr(loop, "batch_losses", poisoned)
    with pytest.raises(TrainingError, match="no longer a number at step 9"):
        train(tiny, pictures(), tmp_path / "run", Budget(steps=30), rhythm=rhythm, report=silent)
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    assert state["step"] == 8
    assert all(torch.isfinite(v).all() for v in state["networks"].values())


def test_a_loss_that_is_no_number_before_anything_was_saved_promises_no_state(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = loop.batch_losses
    monkeypatch.setattr(loop, "batch_losses", lambda *args: {k: v * torch.nan for k, v in real(*args).items()})
    rhythm = Rhythm(report=1, validate=100, save=100.0)
    with pytest.raises(TrainingError, match=r"at step 1; no state had been saved yet\."):
        train(tiny, pictures(), tmp_path / "run", Budget(steps=30), rhythm=rhythm, report=silent)


def test_a_compiled_encoder_learns_the_same_and_leaves_the_same_files(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    real = torch.nn.Module.compile

    def by_tracing_alone(module: torch.nn.Module) -> None:  # what a compiler does to the code is not ours to test
        compiled.append(type(module).__name__)
        real(module, backend="eager")

    monkeypatch.setattr(torch.nn.Module, "compile", by_tracing_alone)
    for run, flag in (("plain", False), ("compiled", True)):
        train(tiny, pictures(), tmp_path / run, Budget(steps=3), report=silent, compiled=flag)
    train(tiny, pictures(), tmp_path / "compiled", Budget(steps=4), report=silent)  # goes on without it
    train(tiny, pictures(), tmp_path / "plain", Budget(steps=4), report=silent)
    assert compiled == ["Edsr"]
    plain, other = weights(tmp_path / "plain"), weights(tmp_path / "compiled")
    assert plain.keys() == other.keys()
    assert all(torch.allclose(plain[name], other[name], atol=1e-4) for name in plain)


def test_another_preset_does_not_continue_a_run(tiny: Preset, tmp_path: Path) -> None:
    train(tiny, pictures(), tmp_path / "run", Budget(steps=2), report=silent)
    with pytest.raises(TrainingError, match="another preset"):
        train(tiny_preset(tmp_path, "seed=5"), pictures(), tmp_path / "run", Budget(steps=4), report=silent)


def test_an_unreadable_state_is_named(tiny: Preset, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.pt").write_bytes(b"half a fil")
    with pytest.raises(TrainingError, match=r"state\.pt: the saved state cannot be read"):
        train(tiny, pictures(), tmp_path / "run", Budget(steps=2), report=silent)


def test_the_budget_in_minutes_counts_resumed_time() -> None:
    budget = Budget(minutes=2)
    assert [budget.progress(0, seconds) for seconds in (0, 30, 120, 500)] == [0, 0.25, 1, 1]


def test_the_command_survives_sigkill(tmp_path: Path) -> None:
    """The real command, really killed: the same command line goes on and ends."""
    tiny_preset(tmp_path)
    command = [sys.executable, "-m", "diif_viewer", "train", str(picture_folder(tmp_path / "pictures"))]
    command += ["--preset", str(tmp_path / "tiny.toml")]
    command += ["--run", str(tmp_path / "run"), "--threads", "1", "--report", "5", "--save", "0", "--steps"]
    with subprocess.Popen([*command, "100000"], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        for line in first.stdout:
            if line.startswith("step 10 "):
                break
        first.send_signal(signal.SIGKILL)
    second = subprocess.run([*command, "40"], capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 0, second.stderr
    assert "going on at step" in second.stdout
    assert (tmp_path / "run" / "diif-s-tiny.safetensors").is_file()
