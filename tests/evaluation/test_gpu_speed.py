"""Figures of a GPU, taken on the CPU in its place: every stage is timed and held to what was wanted."""

import json

import torch

from diif_viewer.engine.device import Compute
from diif_viewer.evaluation.gpu_speed import Plan, gpu_figures
from diif_viewer.evaluation.gpu_tables import tables, wanted
from diif_viewer.evaluation.speed_tables import tables as all_tables

TINY = Plan(
    large=(48, 80),
    scales=(16.0,),
    widths=("lite", "full"),
    screen=(40, 60),
    zoom=(12.0, 16.0, 3),
    repeats=2,
    copied=1 << 18,
    settings=(),
)
CPU = Compute("cpu", torch.float32, (64, 64))


def test_all_is_measured_and_tells_of_itself() -> None:
    told: list[str] = []
    result = gpu_figures(CPU, TINY, told.append)
    json.dumps(result)
    assert len(result["views"]) == 8
    for row in result["views"]:
        assert min(row[key] for key in ("encode", "maps", "milliseconds", "best", "plain")) > 0
        assert row["best"] <= row["milliseconds"]
        assert not row["kernels"]
    assert [row["frames_per_second"] > 0 for row in result["zooms"]] == [True] * 8
    assert len(told) == 16
    assert result["kernels"] == "no"
    titles = [title for title, *_ in tables(result)]
    assert len(titles) == 4
    text = all_tables({"machine": {"processor": "p", "device": "d", "torch": "t", "busy": None}, "gpu": result})
    assert all(title in text for title in titles)


def test_what_was_wanted_is_judged_by_what_was_measured() -> None:
    rows = [
        {"method": method, "width": "full", "scale": 16.0, "window": [2160, 3840], "milliseconds": spent}
        for method, spent in (("DIIF-S", 7.9), ("DIIF", 20.1), ("LIIF", 1.0))
    ]
    zooms = [{"method": "DIIF-S", "width": "full", "window": [1080, 1920], "frames_per_second": 121.0}]
    result = {"views": rows, "zooms": zooms}

    judged = list(wanted(result))
    assert [row[-1] for row in judged] == ["yes", "no", "yes"]
    assert "3840x2160 at x16, DIIF-S, full width" in judged[0]
