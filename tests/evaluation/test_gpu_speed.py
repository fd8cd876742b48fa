"""Figures of a GPU, taken on the CPU in its place: every stage is timed and held to what was wanted."""

import json
import time

import torch

from diif_viewer.engine.device import Compute
from diif_viewer.engine.gpu.painter import Painter
from diif_viewer.engine.gpu.runtime import Plain
from diif_viewer.evaluation import gpu_speed
from diif_viewer.evaluation.gpu_speed import Plan, gpu_figures, pieces
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
    assert len(told) == 17, "the device, eight views, eight zooms"
    assert result["failures"] == []
    assert result["kernels"] == "no"
    titles = [title for title, *_ in tables(result)]
    assert len(titles) == 4
    text = all_tables({"machine": {"processor": "p", "device": "d", "torch": "t", "busy": None}, "gpu": result})
    assert all(title in text for title in titles)


def test_a_copy_is_timed_from_where_it_begins(monkeypatch) -> None:
    class Slow(Plain):
        def download(self, values):
            time.sleep(0.05)
            return super().download(values)

    runtime = Slow("cpu")
    monkeypatch.setattr(gpu_speed, "runtime_for", lambda device: runtime)
    assert gpu_speed.about(runtime, TINY)["download"] < (TINY.copied >> 4) / 0.05 / 1e9
    row = gpu_speed.view(("diif-s", "lite"), 16.0, CPU, TINY, Painter(Plain("cpu")))
    assert row["transfer"] > 50


def test_what_fails_is_named_and_keeps_nothing_else_from_being_measured(monkeypatch) -> None:
    real = gpu_speed.view

    def view(method, *args):
        if method[0] == "diif-s":
            raise RuntimeError("no kernel image is available")
        return real(method, *args)

    monkeypatch.setattr(gpu_speed, "view", view)
    kept: list[str] = []
    names = ["view diif-s lite 16", "view diif lite 16"]
    result = gpu_figures(CPU, TINY, print, wanted=names, keep=lambda held: kept.append(json.dumps(held)))
    assert [row["method"] for row in result["views"]] == ["DIIF"]
    assert [failure["piece"] for failure in result["failures"]] == names[:1]
    assert json.loads(kept[0])["begun"] == names[:1], "before it is tried: whoever starts anew knows where it ended"
    more = gpu_figures(CPU, TINY, print, wanted=["zoom diif lite"], known=json.loads(kept[-1]))
    assert (len(more["views"]), len(more["zooms"])) == (1, 1)
    assert [title for title, *_ in tables(more)][-1] == "What failed"


def test_what_is_most_worth_knowing_is_measured_first() -> None:
    names = pieces(Plan())
    assert names[:3] == ["device", "view diif-s full 16", "zoom diif-s full"]
    assert len(set(names)) == len(names) == 1 + 5 * 2 * 4 + 2 * 4 + len(Plan().settings)


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
