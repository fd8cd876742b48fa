"""`models` tells what files hold, and which of them cannot be used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

import diif_viewer as dv
from diif_viewer.cli import main
from diif_viewer.models.checkpoint import load_checkpoint, save_checkpoint, training_summary
from diif_viewer.models.registry import SHIPPED
from diif_viewer.paths import shipped
from tests.engine.conftest import reference

Shown = pytest.CaptureFixture[str]


def test_the_list_names_every_shipped_model_and_marks_the_default(capsys: Shown) -> None:
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0].rstrip("*") for line in lines[1:-1]] == [method.name for method in SHIPPED]
    assert sum("lite*" in line for line in lines) == 1


def test_json_holds_spec_parameters_licence_and_training(capsys: Shown) -> None:
    assert main(["models", "diif-s-lite", "--json"]) == 0
    (known,) = json.loads(capsys.readouterr().out)
    file = shipped("weights") / "diif-s-lite.safetensors"
    assert known["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert known["licence"] == "MIT"
    assert known["training"]
    assert (known["encoder"]["name"], known["decoder"]["name"]) == ("edsr", "diif-s")
    counts = known["parameters"]
    assert counts["encoder"] + counts["decoder"] == counts["total"] > 100_000
    assert known["default"] is known["shipped"] is True


def test_models_that_share_features_say_so(capsys: Shown) -> None:
    assert main(["models", "--json"]) == 0
    features = {known["name"]: known["features"] for known in json.loads(capsys.readouterr().out)}
    assert len({features[name] for name in ("liif-lite", "diif-lite", "diif-s-lite")}) == 1
    assert features["diif-s-lite-photo"] != features["diif-s-lite"]


def test_a_card_of_a_file(tmp_path: Path, capsys: Shown) -> None:
    path = tmp_path / "mine.safetensors"
    save_checkpoint(reference("liif"), path, {"summary": "a test", "steps": "7", "licence": "CC0"})
    assert main(["models", str(path)]) == 0
    shown = capsys.readouterr().out
    for words in ("mine.safetensors", "liif (hidden", "training steps:    7", "CC0", "parameters"):
        assert words in shown


def test_verify_tells_the_whole_from_the_broken(tmp_path: Path, capsys: Shown) -> None:
    whole, broken = tmp_path / "whole.safetensors", tmp_path / "broken.safetensors"
    save_checkpoint(reference("diif"), whole, {"summary": "a test"})
    broken.write_bytes(whole.read_bytes()[:-100])
    assert main(["models", "--verify", str(whole)]) == 0
    capsys.readouterr()
    assert main(["models", "--verify", str(broken), str(whole), str(tmp_path / "missing.pth")]) == 1
    shown = capsys.readouterr()
    assert "whole.safetensors: whole, " in shown.out
    assert shown.err.count("error: ") == 2
    assert "broken.safetensors: " in shown.err


# ---- models of the user ----------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, which does not exist yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "diif-viewer" / "models"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    save_checkpoint(reference("diif-s"), tmp_path / "mine.safetensors", {"summary": "a test"})
    return tmp_path / "mine.safetensors"


def public(path: Path) -> Path:
    """The same as a public checkpoint has it: a pickle of names, arguments and weights."""
    made = reference("liif")
    encoder = {"name": "edsr-baseline", "args": {"no_upsampling": True, "n_feats": 8, "n_resblocks": 2}}
    imnet = {"name": "mlp", "args": {"out_dim": 3, "hidden_list": [32, 32, 32]}}
    weights = {name.removeprefix("decoder."): value for name, value in made.state_dict().items()}
    model = {"name": "liif", "args": {"encoder_spec": encoder, "imnet_spec": imnet}, "sd": weights}
    torch.save({"model": model, "optimizer": {}, "epoch": 1}, path)
    return path


def test_an_added_model_is_found_by_its_name(shelf: Path, mine: Path, tmp_path: Path, capsys: Shown) -> None:
    assert main(["models", "add", str(mine), str(public(tmp_path / "public.pth"))]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["added mine", "added public"]
    assert (shelf / "mine.safetensors").read_bytes() == mine.read_bytes()
    assert sorted(path.name for path in shelf.iterdir()) == ["mine.safetensors", "public.pth"]
    for name in ("mine", "public"):
        assert dv.load_model(name, "cpu").name == name
        picture, out = tmp_path / "in.png", tmp_path / f"{name}.png"
        Image.new("RGB", (9, 7), "red").save(picture)
        assert main(["render", str(picture), "--scale", "2", "--model", name, "-o", str(out)]) == 0
    capsys.readouterr()
    assert main(["models"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[-3:-1]] == ["mine+", "public+"]
    assert main(["models", "verify"]) == 0
    assert "public: whole" in capsys.readouterr().out


def test_a_removed_model_is_gone_and_the_others_stay(shelf: Path, mine: Path, capsys: Shown) -> None:
    assert main(["models", "add", str(mine), "--name", "other", "--quiet"]) == 0
    assert main(["models", "add", str(mine), "--json"]) == 0
    (known,) = json.loads(capsys.readouterr().out)
    assert (known["name"], known["added"], known["shipped"]) == ("mine", True, False)
    assert main(["models", "remove", "mine"]) == 0
    assert [path.name for path in shelf.iterdir()] == ["other.safetensors"]
    assert main(["models", "remove", "mine"]) == 1
    assert "there are: other." in capsys.readouterr().err


def test_json_tells_of_those_before_one_that_fails(shelf: Path, mine: Path, capsys: Shown) -> None:
    assert main(["models", "add", str(mine), "missing.pth", "--json", "--debug"]) == 1
    shown = capsys.readouterr()
    assert [known["name"] for known in json.loads(shown.out)] == ["mine"]
    assert "Traceback" in shown.err
    assert main(["models", "remove", "mine", "missing", "--json"]) == 1
    assert [known["name"] for known in json.loads(capsys.readouterr().out)] == ["mine"]
    assert main(["models", "add", str(mine), "--quiet"]) == 0
    assert main(["models", "remove", "mine", "missing"]) == 1
    assert capsys.readouterr().out.startswith("removed mine (")
    assert main(["models", "verify", "missing.pth", "diif-s-lite", "--json", "--debug"]) == 1
    shown = capsys.readouterr()
    assert [known["name"] for known in json.loads(shown.out)] == ["diif-s-lite"]
    assert "Traceback" in shown.err


def test_the_option_verify_is_the_word_for_scripts_too(capsys: Shown) -> None:
    shown = []
    for word in ("verify", "--verify"):
        assert main(["models", word, "liif-lite", "--json"]) == 0
        shown.append(json.loads(capsys.readouterr().out))
    assert shown[0] == shown[1]


def test_no_table_stands_below_an_error_alone(capsys: Shown) -> None:
    assert main(["models", "list", "nothing"]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add"], "name a model or a file"),
        (["lsit"], "lsit is neither a model nor something that can be done; did you mean list?"),
        (["show", "."], ".: this is a folder, not a weights file"),
        (["average", "mine.safetensors", "-o", "broken.pth/mean.safetensors"], "broken.pth is not a folder"),
        (["add", "missing.pth"], "no such weights file"),
        (["add", "broken.pth"], "the file is broken"),
        (["add", "mine.safetensors", "--name", "../evil"], "cannot be a model's name"),
        (["add", "mine.safetensors", "--name", "bicubic"], "comes with the program"),
        (["add", "mine.safetensors", "mine.safetensors", "--name", "x"], "--name is for one file"),
        (["remove", "diif-s-lite"], "comes with the program"),
        (["remove", "nothing"], "none so far"),
        (["verify", "--replace"], "are for `models add`"),
        (["average", "mine.safetensors"], "belong together"),
        (["verify", "-o", "mean.safetensors"], "belong together"),
        (["average", "-o", "mean.safetensors"], "name a model or a file"),
        (["average", "mine.safetensors", "-o", "mean.pth"], "ends in .safetensors"),
        (["average", "mine.safetensors", "-o", "mine.safetensors"], "is one of the models"),
        (["average", "mine.safetensors=-1", "-o", "mean.safetensors"], "a share is a positive number"),
        (["average", "mine.safetensors", "diif-s-lite", "-o", "mean.safetensors"], "Only models of one kind"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: list[str], sentence: str, shelf: Path, mine: Path, capsys: Shown
) -> None:
    mine.with_name("broken.pth").write_bytes(b"nothing")
    words = [str(mine.parent / word) if "." in word[1:] and not word.startswith("../") else word for word in words]
    assert main(["models", *words]) == 1
    assert sentence in capsys.readouterr().err
    assert not mine.with_name("mean.safetensors").exists()
    assert not shelf.exists() or not list(shelf.iterdir())


def test_a_model_is_replaced_only_if_that_is_said(shelf: Path, mine: Path, tmp_path: Path, capsys: Shown) -> None:
    assert main(["models", "add", str(mine)]) == 0
    other = public(tmp_path / "other.pth")
    assert main(["models", "add", str(other), "--name", "mine"]) == 1
    assert "There is a model mine already" in capsys.readouterr().err
    assert main(["models", "add", str(other), "--name", "mine", "--replace"]) == 0
    assert [path.name for path in shelf.iterdir()] == ["mine.pth"]


def test_models_are_averaged_by_their_shares(tmp_path: Path, capsys: Shown) -> None:
    files = [tmp_path / "a.safetensors", tmp_path / "b=2.safetensors", public(tmp_path / "public.pth")]
    models = [reference("liif"), reference("liif")]
    for value in models[1].state_dict().values():
        value.mul_(-2).add_(0.125)
    for model, file, steps in zip(models, files, ("7", "9"), strict=False):
        save_checkpoint(model, file, {"steps": steps, "licence": f"CC {steps}"})
    out = tmp_path / "mean.safetensors"
    assert main(["models", "average", str(files[0]), f"{files[1]}=3", "-o", str(out)]) == 0
    assert "0.25 of a.safetensors, 0.75 of b=2.safetensors" in capsys.readouterr().out
    weights = [model.state_dict() for model in (load_checkpoint(out), *models)]
    for name, value in weights[0].items():
        torch.testing.assert_close(value, 0.25 * weights[1][name] + 0.75 * weights[2][name])
    told = training_summary(out)
    assert (told["steps"], told["licence"]) == ("9", "CC 7; CC 9")  # of the model with the most weight; of both
    assert main(["models", "average", str(files[0]), str(files[2]), "-o", str(out), "--json"]) == 0
    (known,) = json.loads(capsys.readouterr().out)
    assert known["licence"] == "CC 7; unknown"  # and a public file spells out what is left at its default elsewhere
    assert known["training"]["average"] == "0.5 of a.safetensors, 0.5 of public.pth"
    assert main(["models", "average", f"{files[0]}=1e308", f"{files[1]}=1e308", "-o", str(out)]) == 0
    assert "0.5 of a.safetensors, 0.5 of b=2.safetensors" in capsys.readouterr().out  # their sum is beyond all numbers


def test_a_mean_of_16_bits_takes_half_the_file(tmp_path: Path, capsys: Shown) -> None:
    model, file, out = reference("liif"), tmp_path / "a.safetensors", tmp_path / "half.safetensors"
    save_checkpoint(model, file, {})
    assert main(["models", "average", str(file), "-o", str(out), "--half", "--quiet"]) == 0
    assert out.stat().st_size < 0.6 * file.stat().st_size
    assert "average" not in training_summary(out)  # of one
    for name, value in load_checkpoint(out).state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, model.state_dict()[name].half().float())
    next(iter(model.state_dict().values())).fill_(1e5)
    save_checkpoint(model, file, {})
    assert main(["models", "average", str(file), "-o", str(tmp_path / "b.safetensors"), "--half"]) == 1
    assert "b.safetensors: not written, as a weight is too large for 16 bits" in capsys.readouterr().err
    assert not (tmp_path / "b.safetensors").exists()
    assert main(["models", "list", "--half"]) == 1


def test_what_a_file_says_commands_no_terminal(tmp_path: Path, shelf: Path, capsys: Shown) -> None:
    file = tmp_path / "mine.safetensors"
    save_checkpoint(reference("liif"), file, {"summary": "good\x1b[2J\nliif-lite", "licence": "MIT\x07"})
    assert main(["models", "add", str(file)]) == 0
    for words in (["models"], ["models", "mine"]):
        assert main(words) == 0
        shown = capsys.readouterr().out
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert r"good\x1b[2J\nliif-lite" in shown


def test_files_that_are_no_models_are_not_found_by_name(shelf: Path, capsys: Shown) -> None:
    shelf.mkdir(parents=True)
    for name in ("notes.txt", "bicubic.pth", "a b.pth"):
        (shelf / name).write_bytes(b"")
    (shelf / "broken.pth").write_bytes(b"nothing")
    assert main(["models"]) == 1
    shown = capsys.readouterr()
    assert "broken.pth: refused: the file is broken" in shown.err
    assert len(shown.out.splitlines()) == len(SHIPPED) + 2


def test_a_shipped_model_tells_its_quality_its_recipe_and_its_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "diif-s-lite-photo"]) == 0
    shown = capsys.readouterr().out
    assert "PSNR / SSIM:       Set5 x2 3" in shown
    assert "Set14 x4 2" in shown
    (card,) = (line.split(": ", 1)[1].strip() for line in shown.splitlines() if "model card:" in line)
    assert "# Model card: diif-s-lite-photo" in Path(card).read_text(encoding="utf-8")
    (recipe,) = (line for line in shown.splitlines() if "training recipe:" in line)
    assert "damage (blur 0.85, jpeg_from 40, jpeg_to 95, noise 4, share 0.9)" in recipe
    assert "scales [1.0, 4.0]" in recipe
    assert "{" not in recipe


def test_a_model_that_does_not_exist_leaves_standard_output_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "nothing"]) == 1
    assert capsys.readouterr().out == ""
