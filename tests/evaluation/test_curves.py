"""Curves of the benchmark: they hold what they say, at every point asked for; no time is held to anything."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.cli import FAILED, MISUSED, main
from diif_viewer.evaluation import curves, speed, speed_pictures
from diif_viewer.evaluation.machine import about_machine
from diif_viewer.evaluation.speed_tables import comparison, tables

SMALL = {"full": ({"n_feats": 8, "n_resblocks": 1}, 32), "lite": ({"n_feats": 8, "n_resblocks": 1}, 16)}
PLAN = curves.Plan((2.0, 30.0), ((40, 64), (80, 128)), (0.01, 0.4), (40, 64), repeats=1)


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "WIDTHS", SMALL)
        told: list[str] = []
        found = curves.curves(PLAN, device="cpu", report=told.append)
    assert len(told) == len(found["points"])
    return {"machine": about_machine("cpu"), "curves": found}


def test_every_point_is_there_with_its_stages(result):
    points = result["curves"]["points"]
    assert [p["at"] for p in points if p["curve"] == "scale"] == [2.0, 30.0] * 3
    assert [p["at"] for p in points if p["curve"] == "window"] == [40, 80]
    assert [p["at"] for p in points if p["curve"] == "picture"] == [0.01, 0.4]
    for point in points:
        assert min(point[stage] for stage in ("encode", "maps", "view", "transfer")) > 0
        assert point["first"] == pytest.approx(point["encode"] + point["maps"] + point["view"])


def test_tables_say_whether_a_large_picture_costs_more(result):
    text = tables(json.loads(json.dumps(result)))
    assert f"{curves.flatness(result['curves']):.2f} of the time" in text
    assert "DIIF-S, against picture" in comparison(result, result)


def test_pictures_are_drawn(result, tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "WIDTHS", SMALL)
    quick = functools.partial(speed.matmul_rate, rows=64, seconds=0.01)
    monkeypatch.setattr(speed, "matmul_rate", quick)
    decoded = speed.measure((8.0,), (36, 64), device="cpu", repeats=1)
    made = speed_pictures.draw({**result, "decoding": decoded}, tmp_path)
    names = {"time-against-scale.png", "time-against-window.png", "time-against-picture.png"}
    assert {path.name for path in made} == names | {"speed-and-operations.png", "speed-and-quality.png"}
    for path in made:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        assert pixels.shape[0] > 300
        assert (pixels != 255).any(axis=2).mean() > 0.02, "an empty picture"


def test_quality_is_what_the_card_of_the_models_tells(monkeypatch, tmp_path):
    psnr = speed_pictures.card_psnr()
    assert psnr.keys() == {"LIIF", "DIIF", "DIIF-S"}
    assert all(25 < value < 35 for value in psnr.values())
    assert speed_pictures.card_psnr(test="Set5 x2")["LIIF"] > psnr["LIIF"]
    assert speed_pictures.card_psnr(test="Set99 x4") == {}
    monkeypatch.setattr(speed_pictures, "shipped", lambda folder: tmp_path / folder)
    assert speed_pictures.card_psnr() == {}


def test_the_sizes_of_pictures_are_those_asked_for():
    for megapixels in (1.0, 24.0, 100.0):
        height, width = curves._Case(curves.Plan(), 8.0, (720, 1280), megapixels).size
        assert height * width == pytest.approx(megapixels * 1e6, rel=0.01)


def test_parts_can_be_asked_for_alone(capsys, tmp_path):
    path = tmp_path / "operations.json"
    assert main(["bench", "--operations", "--quick", "--json", str(path)]) == 0
    assert "x24" in capsys.readouterr().out
    assert json.loads(path.read_text()).keys() == {"machine", "operations"}
    assert main(["bench", "--operations", "--pictures", str(tmp_path / "nowhere")]) in (FAILED, MISUSED)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells what is held")
def test_memory_is_measured_in_a_process_of_its_own(capsys, tmp_path):
    photo, path = tmp_path / "photo.png", tmp_path / "memory.json"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)).save(photo)
    assert main(["bench", "--memory", str(photo), "--quick", "--quiet", "--json", str(path)]) == 0
    found = json.loads(path.read_text())["memory"]
    assert found["size"] == [40, 60]
    assert len(found["stages"]) == 13
    assert "x30, place 10" in capsys.readouterr().out
