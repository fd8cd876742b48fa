"""`models` tells what files hold, and which of them cannot be used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from diif_viewer.cli import main
from diif_viewer.models.checkpoint import save_checkpoint
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
    assert len({known["features"] for known in json.loads(capsys.readouterr().out)}) == 1


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
