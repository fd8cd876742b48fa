"""Seams: the figure tells continuous methods from those that jump at the borders of enlarged pixels."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from diif_viewer.cli import main
from diif_viewer.engine.model import load_model
from diif_viewer.evaluation.seams import RATIO_SCALES, Seams, measure_seams, seam_table
from diif_viewer.imaging.save import save_png

PICTURE = np.random.default_rng(3).integers(0, 256, (9, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos"])
def test_continuous_methods_shrink_tenfold(method) -> None:
    (found,) = measure_seams([PICTURE, PICTURE[:, ::-1]], [method])
    assert found.method == method
    assert found.shrink == pytest.approx(10, rel=0.1)
    assert all(0.3 < ratio < 3 for ratio in found.ratios)


def test_nearest_jumps_at_every_border_and_nowhere_else() -> None:
    (found,) = measure_seams([PICTURE], ["nearest"])
    assert found.shrink == pytest.approx(1)
    assert all(math.isnan(ratio) for ratio in found.ratios)


def test_the_figure_tells_diif_s_from_diif() -> None:
    seamless, published = measure_seams([PICTURE], [load_model(n, "cpu") for n in ("diif-s-lite", "diif-lite")])
    assert seamless.shrink == pytest.approx(10, rel=0.15)
    assert published.shrink < 2
    assert published.ratios[2] > 2 * seamless.ratios[2]


def test_progress_and_table() -> None:
    seen: list[float] = []
    measure_seams([PICTURE, PICTURE], ["nearest", "bilinear"], seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]
    table = seam_table([Seams("bicubic", 9.99, (1.0, 1.25, 1.5))])
    assert table.splitlines()[2] == "| bicubic | 9.99 | 1.00 | 1.25 | 1.50 |"
    assert table.splitlines()[0].count("|") == table.splitlines()[1].count("|") == 3 + len(RATIO_SCALES)


def test_the_command_writes_the_seams_beside_the_scores(tmp_path, capsys) -> None:
    (tmp_path / "in").mkdir()
    save_png(np.kron(PICTURE, np.ones((2, 2, 1), np.uint8)), tmp_path / "in" / "a.png")
    words = [str(tmp_path / "in"), "--scale", "2", "--method", "nearest", "--seams", "-o", str(tmp_path / "out")]
    assert main(["eval", *words]) == 0
    assert "| nearest | 1.00 | nan |" in capsys.readouterr().out
    held = json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    assert held["seams"][0]["shrink"] == pytest.approx(1)
    assert held["seams"][0]["ratios"] == [None] * 3
    assert "nearest" in (tmp_path / "out" / "table.md").read_text(encoding="utf-8").splitlines()[-1]
