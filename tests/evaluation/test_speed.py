"""The benchmark measures what it says: operations as executed, every case, ratios. No time is held to anything."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import pytest
import torch

from diif_viewer.cli import FAILED, MISUSED, main
from diif_viewer.engine.device import Compute
from diif_viewer.engine.layers import Conv, Linear
from diif_viewer.evaluation import executed, speed
from diif_viewer.evaluation.machine import about_machine
from diif_viewer.evaluation.matrix_work import convolution_rate, executed_macs, matmul_rate
from diif_viewer.evaluation.operations import UNIT, operations
from diif_viewer.evaluation.photograph import photograph
from diif_viewer.evaluation.speed_tables import comparison, tables, wanted
from diif_viewer.ui import scripted

SCALES, WINDOW = (2.5, 16.0), (36, 64)
SMALL = {
    "full": ({"n_feats": 12, "n_resblocks": 2}, 64),
    "lite": ({"n_feats": 8, "n_resblocks": 1}, 32),
}


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "WIDTHS", SMALL)
        patch.setattr(speed, "matmul_rate", functools.partial(matmul_rate, rows=64, seconds=0.01))
        patch.setattr(speed, "encoding", functools.partial(speed.encoding, size=(9, 16)))
        patch.setattr(speed, "background", functools.partial(speed.background, photo=(120, 150), part=96))
        patch.setattr(speed, "convolution_rate", functools.partial(convolution_rate, side=16, seconds=0.01))
        told: list[str] = []
        measured = speed.measure(SCALES, WINDOW, device="cpu", repeats=2, report=told.append)
    assert len(told) == len(measured["rows"])
    return {"machine": about_machine("cpu"), "decoding": measured, "operations": operations()}


def yardstick() -> speed.Yardstick:
    made = speed.Yardstick(16.0, (32, 32))
    made.run()
    return made


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda: torch.randn(5, 7) @ torch.randn(3, 7, 4), 3 * 5 * 7 * 4),
        (lambda: torch.mm(torch.randn(5, 7), torch.randn(7, 4)), 5 * 7 * 4),
        (lambda: torch.addmm(torch.randn(4), torch.randn(5, 7), torch.randn(7, 4)), 5 * 7 * 4),
        (lambda: Linear(torch.randn(4, 7), torch.randn(4), torch.float32, relu=True)(torch.randn(5, 7)), 5 * 7 * 4),
        (lambda: Conv(torch.randn(4, 7, 3, 3), torch.randn(4), torch.float32)(torch.randn(1, 7, 9, 8)), 42 * 63 * 4),
        (lambda: _with_residual(torch.randn(1, 7, 9, 8), torch.randn(1, 5, 7, 6)), 42 * 63 * 5),
        (lambda: torch.randn(5, 7) * 3, 0),
    ],
)
def test_matrix_work_is_counted_as_it_is_executed(work: Any, expected: int) -> None:
    threads = torch.get_num_threads()
    assert executed_macs(work) == expected
    assert torch.get_num_threads() == threads


def _with_residual(x: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
    return Conv(torch.randn(5, 7, 3, 3), None, torch.float32)(x, residual)


def test_the_engines_view_is_counted_wherever_it_runs() -> None:
    """Work that `engine.threads` spreads over cores is counted too: the fine stage alone is a lower bound."""
    case = speed.Case("diif-s", "lite", Compute("cpu", torch.float32, (32, 64)), 16.0, (64, 128))
    case.run()
    executed = case.row(yardstick(), {"float32 128": 100.0}).executed
    assert executed is not None
    fine = 64 * 128 * (128 * 128 + 128 * 3) / 1e9
    assert fine <= executed < 3 * fine


def test_every_case_is_measured_beside_the_yardstick(result: dict[str, Any]) -> None:
    rows = result["decoding"]["rows"]
    dtypes = {row["dtype"] for row in rows}
    assert "float32" in dtypes
    cases = [(row["scale"], row["method"], row["width"], row["dtype"]) for row in rows]
    assert len(set(cases)) == len(cases) == len(SCALES) * (1 + 2 * len(speed.KINDS) * len(dtypes))
    for row in rows:
        public = next(r for r in rows if r["method"] == speed.YARDSTICK and r["scale"] == row["scale"])
        assert row["ratio"] == pytest.approx(public["view"] / row["view"])
        assert row["best_ratio"] == pytest.approx(public["best"] / row["best"])
        assert 0 < row["best"] <= row["view"]
        assert row["executed"] is None or row["executed"] > 0


def test_the_rewrites_execute_less_than_the_papers_count() -> None:
    """LIIF's first layer and everything before the blend of DIIF cost nothing per pixel."""
    compute = Compute("cpu", torch.float32, (64, 128))
    for kind in ("liif", "diif", "diif-s"):
        case = speed.Case(kind, "lite", compute, 16.0, (128, 256))
        case.run()
        row = case.row(yardstick(), {"float32 128": 100.0})
        assert row.executed is not None
        assert row.executed < row.reference


def test_tables_show_every_row_and_survive_json(result: dict[str, Any]) -> None:
    again = json.loads(json.dumps(result))
    text, marked = tables(again), tables(again, markdown=True)
    assert text.count(" full ") + text.count(" lite ") >= len(again["decoding"]["rows"])
    assert again["machine"]["processor"] in text
    for line in marked.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    compared = comparison(again, result)
    assert compared.count(" 1.00\n") == len(compared.splitlines()) - 3
    assert compared.count("view ms") == len(again["decoding"]["rows"])


def test_the_worst_case_is_held_to_what_was_wanted() -> None:
    def row(method: str, width: str, dtype: str, scale: float, ratio: float) -> dict[str, Any]:
        return {"method": method, "width": width, "dtype": dtype, "scale": scale, "ratio": ratio}

    rows = [row("LIIF", "full", "float32", 4, 3.0), row("LIIF", "full", "bfloat16", 4, 9.0)]
    rows += [row("LIIF", "full", "float32", 30, 6.0), row("DIIF", "full", "float32", 4, 24.9)]
    sharp = [{"scale": 1.2, "encoded": True, "sharp": 310.0}, {"scale": 4.0, "encoded": False, "sharp": 900.0}]
    sharp += [{"scale": 8.0, "encoded": False, "sharp": 290.0}]
    figures = {"picture": "p", "gestures": [{"longest_stall": 12.0}], "sharp": sharp}
    lines = wanted({"decoding": {"rows": rows}, "interaction": [figures]}).splitlines()[3:]
    assert [(line.split()[0], line.split()[-1]) for line in lines[:2]] == [("LIIF,", "yes"), ("DIIF,", "no")]
    assert "6.0x (x30)" in lines[0]
    assert [line.split()[-1] for line in lines[2:]] == ["yes", "no", "yes"]


def test_operations_agree_with_what_the_paper_prints() -> None:
    lines = [
        line.split("  ") for line in tables({"machine": about_machine("cpu"), "operations": operations()}).splitlines()
    ]
    printed = [
        [cell.strip() for cell in line if cell.strip()][-3:-1] for line in lines if line[0].startswith(("LIIF", "DIIF"))
    ]
    agreeing = [pair for pair in printed[:5] if pair[1] != "–"]
    assert [pair[0] for pair in agreeing] == [pair[1] for pair in agreeing]
    assert len(agreeing) == 4


def test_meta_sr_computes_to_what_is_known_of_it() -> None:
    """The paper's 456K in its unit; 14.83 T at x24, where it prints another figure."""
    row = next(row for row in operations() if row["method"].startswith("MetaSR"))
    assert round(row["decoder"] * UNIT / 1000) == 456
    assert round(row["scales"]["24"] / 1e12, 2) == 14.83


def test_the_photograph_is_the_same_every_time_and_has_detail_of_every_size() -> None:
    picture = photograph(120, 180)
    assert picture.shape == (120, 180, 3)
    assert np.array_equal(picture, photograph(120, 180))
    assert not np.array_equal(picture, photograph(120, 180, seed=1))
    for step in (1, 4, 16):
        assert np.abs(np.diff(picture[::step, ::step].astype(float), axis=1)).mean() > 3


def test_the_command_prints_writes_and_compares(
    result: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "measure", lambda *args, **options: result["decoding"])
    old = tmp_path / "old.json"
    monkeypatch.setattr(executed, "executed_operations", lambda report: {})  # counted in test_stages
    assert main(["bench", "--json", str(old), "--markdown"]) == 0
    assert json.loads(old.read_text())["decoding"] == result["decoding"]
    assert "| scale | method" in capsys.readouterr().out
    assert main(["bench", "--compare", str(old)]) == 0
    assert "is / was" in capsys.readouterr().out


ROW = {"method": "DIIF", "width": "lite", "dtype": "float32", "scale": 4.0, "view": 9.0, "ratio": 50.0}
SHAPES = (
    *(3, None, "text", {}, {"machine": {}}, {"machine": [], "decoding": {"rows": [ROW], "encoding": []}}),
    *(
        {"machine": {}, part: wrong}
        for part in ("decoding", "curves", "memory", "interaction")
        for wrong in (3, [3], {})
    ),
    *({"machine": {}, "decoding": {"rows": rows, "encoding": []}} for rows in ([{}], [3], [ROW | {"view": "9"}])),
    {"machine": {}, "decoding": {"rows": [ROW | {"scale": "4"}], "encoding": []}},
    {"machine": {}, "decoding": {"rows": [ROW | {"view": [9.0]}], "encoding": []}},
)
"""JSON that holds no figures of an earlier run."""


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--compare", "{tmp}/nothing.json"], FAILED),
        (["--compare", "{tmp}/text.json"], FAILED),
        (["--compare", "{tmp}/list.json"], FAILED),
        *((["--compare", f"{{tmp}}/shape-{number}.json"], FAILED) for number in range(len(SHAPES))),
        (["--json", "{tmp}/no/such/folder.json"], FAILED),
        (["--scales", "4,1"], MISUSED),
        (["--json", "{tmp}"], FAILED),
        (["--json", "-"], FAILED),
        (["--all", "--interaction", "{tmp}/missing.jpg"], FAILED),
        (["--all", "--memory", "{tmp}/missing.jpg"], FAILED),
        (["--memory", "--views", "-5"], MISUSED),
        (["--views", "5"], FAILED),
        (["--window", "100x100"], FAILED),
    ],
)
def test_misuse_is_said_before_anything_is_measured(
    words: list[str], status: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.json").write_text("no")
    (tmp_path / "list.json").write_text("[]")
    for number, held in enumerate(SHAPES):
        (tmp_path / f"shape-{number}.json").write_text(json.dumps(held))
    monkeypatch.setattr(speed, "measure", lambda *args, **options: pytest.fail("measured"))
    assert main(["bench", *(word.format(tmp=tmp_path) for word in words)]) == status
    said = capsys.readouterr().err
    assert "defect" not in said
    assert said.splitlines()[-1].startswith("error: ")


def test_a_file_of_earlier_figures_that_is_not_there_is_said_to_be_missing(tmp_path: Any, capsys: Any) -> None:
    assert main(["bench", "--compare", str(tmp_path / "missing.json")]) == FAILED
    assert "missing.json cannot be read: No such file or directory." in capsys.readouterr().err


def test_the_window_is_measured_in_processes_of_its_own(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    picture, figures = tmp_path / "small.png", tmp_path / "figures.json"
    Image.fromarray(photograph(900, 1200)).save(picture)
    assert main(["bench", "--quick", "--scales", "30", "--interaction", str(picture), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())["interaction"][0]
    assert found["size"] == [900, 1200]
    assert found["start"]["renderer"] > found["start"]["picture"] > 0
    assert [(row["scale"], row["encoded"]) for row in found["sharp"]] == [(30.0, False), (30.0, True)]
    for row in found["sharp"]:
        assert 0 < row["first_tile"] <= row["last_tile"] <= row["sharp"] <= row["slowest"]
    assert all(gesture["frames"] > 5 for gesture in found["gestures"])
    if found["memory"]["together"] is not None:
        assert found["memory"]["together"] == found["memory"]["window"] + found["memory"]["renderer"]
        assert found["memory"]["renderer"] > found["memory"]["window"] > 50 * 2**20
    assert "peak memory" in capsys.readouterr().out
    assert scripted.SCALES == (1.2, 2.0, 4.0, 8.0, 16.0, 30.0)


def test_what_was_wanted_is_held_against_the_slowest_that_was_measured() -> None:
    row = {"method": "DIIF-S", "width": "lite", "dtype": "float32", "scale": 4.0, "view": 240.0, "ratio": 310.0}
    slower = {**row, "dtype": "bfloat16", "scale": 8.0, "view": 101.0, "ratio": 299.0}
    encoding = [
        {"width": "lite", "dtype": name, "milliseconds": ms} for name, ms in (("float32", 150), ("bfloat16", 80))
    ]
    background = [
        {"dtype": dtype, "photo": [400, 600], "megapixels": speed, "share": share}
        for dtype, speed, share in (("float32", 0.2, 0.8), ("bfloat16", 0.5, 0.69))
    ]
    result = {
        "decoding": {"window": [720, 1280], "rows": [row, slower], "encoding": encoding, "background": background}
    }
    said = wanted(result)
    for words in ("299.0x (x8)   no", "101 ms (x8)   no", "240 ms (x4)  yes", "80 ms  yes", "69%   no"):
        assert words in said, said
