"""What a run keeps: best and milestones, the strip, and the last good state when the disk refuses to take more."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from diif_viewer.errors import TrainingError
from diif_viewer.models.checkpoint import training_summary
from diif_viewer.models.model import ImplicitModel
from diif_viewer.training import loop
from diif_viewer.training.curve import Curve
from diif_viewer.training.data import open_pictures
from diif_viewer.training.files import write_whole
from diif_viewer.training.loop import train
from diif_viewer.training.networks import Networks
from diif_viewer.training.preset import Preset
from diif_viewer.training.schedule import Budget, Rhythm
from diif_viewer.training.strip import Strip, chosen
from diif_viewer.training.validation import look
from tests.training.tiny import NAMES, picture_folder, pictures, silent, tiny_preset


@pytest.fixture
def tiny(tmp_path: Path) -> Preset:
    return tiny_preset(tmp_path)


# ---- best, milestones ------------------------------------------------------------------------------------


def test_the_best_by_validation_and_the_milestones_are_kept(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qualities = iter([30.0, 31.0, 30.5])
    monkeypatch.setattr(loop, "validate", lambda *_: {"bicubic x2": 40.0, "diif x2": next(qualities)})
    run, rhythm = tmp_path / "run", Rhythm(report=2, validate=4, milestone=5)
    train(tiny, pictures(), run, Budget(steps=12), valid=pictures(), rhythm=rhythm, report=silent)
    for name in NAMES:
        file = f"{name}-tiny.safetensors"
        assert training_summary(run / file)["steps"] == "12"
        assert training_summary(run / "best" / file)["steps"] == "8"
        assert {f.name for f in (run / "milestones").iterdir()} == {"step-5", "step-10"}
        assert training_summary(run / "milestones" / "step-5" / file)["steps"] == "5"
    best, last = (load_file(folder / "diif-tiny.safetensors") for folder in (run / "best", run))
    assert any(not torch.equal(best[key], last[key]) for key in best)


def test_best_counts_the_mean_of_the_models_and_not_bicubic(tmp_path: Path) -> None:
    curve = Curve(tmp_path)
    for step, (bicubic, liif, diif) in enumerate([(30, 31, 35), (99, 32, 33), (30, 33, 34)]):
        curve.add_quality(step, {"bicubic x2": bicubic, "liif x2": liif, "diif x2": diif})
        assert curve.last_is_best() == (step != 1)  # means 33, 32.5, 33.5


# ---- strip -----------------------------------------------------------------------------------------------


def strip_pixels(run: Path) -> np.ndarray:
    with Image.open(run / "strip.png") as picture:
        return np.asarray(picture.convert("RGB"))


def strip_width(run: Path) -> int:
    return int(strip_pixels(run).shape[1])


def test_the_strip_shows_bicubic_the_course_and_the_truth(tmp_path: Path) -> None:
    strip, rng = Strip(tmp_path), np.random.default_rng(0)
    crops = {name: rng.integers(0, 256, (20, 24, 3), dtype=np.uint8) for name in ("bicubic", "liif", "diif", "truth")}
    strip.add(100, crops)
    one = strip_pixels(tmp_path)
    for step in (200, 300):
        strip.add(step, crops | {"diif": np.full((20, 24, 3), step % 251, np.uint8)})
    three = strip_pixels(tmp_path)
    assert three.shape[1] == one.shape[1] + 2 * 30  # two more columns
    assert any((three[y : y + 20, x : x + 24] == 300 % 251).all() for y in (18, 44) for x in range(60, 250))
    for expected in (crops["bicubic"], crops["truth"], crops["liif"], crops["diif"]):
        windows = np.lib.stride_tricks.sliding_window_view(three, (20, 24, 3))
        assert (windows == expected).all(axis=(-1, -2, -3)).any()


def test_a_resumed_strip_leaves_out_what_came_after(tmp_path: Path) -> None:
    strip = Strip(tmp_path)
    crops = {name: np.zeros((20, 24, 3), np.uint8) for name in ("bicubic", "diif", "truth")}
    widths = []
    for step in (100, 200, 100):  # killed after 200, with the state of step 50
        strip.add(step, crops)
        widths.append(strip_width(tmp_path))
    assert widths[0] == widths[2] < widths[1]


def test_long_runs_show_few_points_in_time() -> None:
    steps = [2000 * k for k in range(1, 51)]
    found = chosen(steps)
    assert len(found) <= 7
    assert (found[0], found[-1]) == (2000, 100_000)
    assert found == sorted(found)
    assert found[1] - found[0] < found[-1] - found[-2]
    assert chosen(steps[:5]) == steps[:5]


def test_a_look_shows_the_detailed_part_of_a_picture(tiny: Preset) -> None:
    picture = np.full((300, 260, 3), 90, np.uint8)
    picture[180:300, 60:180] = np.random.default_rng(1).integers(0, 256, (120, 120, 3))
    networks = Networks(tiny)
    crops = look(networks.encoder, networks.decoders, picture, "cpu")
    assert list(crops) == ["bicubic", *NAMES, "truth"]
    np.testing.assert_array_equal(crops["truth"], picture[180:300, 60:180])
    np.testing.assert_array_equal(crops["diif-s"], crops["bicubic"])  # untrained: no detail yet
    low = Image.fromarray(crops["truth"]).resize((30, 30), Image.Resampling.BICUBIC)
    expected = np.asarray(low.resize((120, 120), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(crops["bicubic"] - expected).max() <= 1


def test_a_run_draws_its_strip(tiny: Preset, tmp_path: Path) -> None:
    train(
        tiny,
        pictures(),
        tmp_path / "run",
        Budget(steps=6),
        valid=pictures(),
        rhythm=Rhythm(validate=2),
        report=silent,
    )
    assert strip_width(tmp_path / "run") > 60
    assert len(list((tmp_path / "run" / "strip").iterdir())) == 3 * len(NAMES)


# ---- a full disk -----------------------------------------------------------------------------------------


def test_a_refused_file_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "a", b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "a", b"new")
    assert {f.name: f.read_bytes() for f in tmp_path.iterdir()} == {"a": b"old"}


def test_a_full_disk_is_one_sentence_and_the_last_good_state_stays(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    train(tiny, pictures(), run, Budget(steps=3), report=silent)
    before = (run / "state.pt").read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError, match=r"No space left on device; the last saved state is whole, in .*state\.pt"):
        train(tiny, pictures(), run, Budget(steps=6), rhythm=Rhythm(save=0), report=silent)
    assert (run / "state.pt").read_bytes() == before
    assert not list(run.glob("*.part"))


def test_the_real_command_where_files_cannot_grow(tmp_path: Path) -> None:
    """The system itself refuses: no file may be larger than 60 kB, and a state is."""
    tiny_preset(tmp_path)
    run = tmp_path / "run"
    command = [sys.executable, "-m", "diif_viewer", "train", str(picture_folder(tmp_path / "pictures"))]
    command += ["--preset", str(tmp_path / "tiny.toml"), "--run", str(run), "--threads", "1", "--steps", "4"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: The run cannot write into ")
    assert done.stderr.count("\n") == 1
    assert "there is no saved state yet" in done.stderr
    assert not list(run.glob("state*"))


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = picture_folder(tmp_path / "pictures")
    with pytest.raises(TrainingError, match="decoded pictures cannot be kept"):
        open_pictures(folder, tmp_path / "file" / "cache", 8, silent)


@pytest.mark.parametrize("save", [0.0, 1000.0])
def test_weights_that_are_no_numbers_replace_none_that_are(save: float, tmp_path: Path) -> None:
    """The loss is told before the step that spoils the weights; everything is due at every step."""
    preset = tiny_preset(tmp_path, "learning_rate=1e30", "clip=0", "warm_up=0", "precision=float32")
    rhythm = Rhythm(report=1000, validate=1, save=save, milestone=1)
    with pytest.raises(TrainingError, match="no longer a number"):
        train(preset, pictures(), tmp_path / "run", Budget(steps=40), valid=pictures(), rhythm=rhythm, report=silent)
    for file in (tmp_path / "run").rglob("*.safetensors"):
        assert all(bool(value.isfinite().all()) for value in load_file(file).values()), file
    if (state := tmp_path / "run" / "state.pt").is_file():
        held = torch.load(state, weights_only=True)
        assert all(bool(value.isfinite().all()) for value in held["networks"].values())


def test_of_several_encoders_to_begin_with_the_last_counts_and_that_is_said(tmp_path: Path) -> None:
    preset, models = tiny_preset(tmp_path), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        models.append(ImplicitModel(preset.spec(NAMES[seed])))
    lines: list[str] = []
    run = tmp_path / "run"
    frozen = tiny_preset(tmp_path, 'frozen=["encoder"]')
    train(frozen, pictures(), run, Budget(steps=1), report=lines.append, start=models)
    assert any("that of the last of them" in line for line in lines)
    kept = load_file(run / f"{NAMES[1]}-tiny.safetensors")
    for name, value in models[1].encoder.state_dict().items():
        assert torch.equal(kept[f"encoder.{name}"], value)
    lines.clear()
    train(frozen, pictures(), tmp_path / "one", Budget(steps=1), report=lines.append, start=models[1:])
    assert not any("different encoders" in line for line in lines)
