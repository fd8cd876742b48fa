"""The tables of a model card come from one command."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from diif_viewer.cli import main
from diif_viewer.imaging.reduction import reduced_pair
from diif_viewer.imaging.save import save_png

Shown = pytest.CaptureFixture[str]


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    """A data set called Set14, of one picture of 96x80 pixels, with what was made of it at x2, x3 and x4."""
    y, x = np.mgrid[0:80, 0:96]
    truth = np.stack([127 + 90 * np.sin(x / 5 + y / (3 + c)) for c in range(3)], -1).astype(np.uint8)
    for scale in (2, 3, 4):
        low, high = reduced_pair(truth, float(scale))
        for kind, pixels in (("LR", low), ("HR", high)):
            folder = tmp_path / "Set14" / f"{kind}_x{scale}"
            folder.mkdir(parents=True)
            save_png(pixels, folder / "a.png")
    return tmp_path / "Set14"


def rows(text: str, first: str) -> list[list[str]]:
    """Cells of the rows that begin with `first`."""
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(f"| {first} |")]


def test_a_card_tells_quality_beyond_the_range_papers_and_seams(benchmark: Path, capsys: Shown, tmp_path: Path) -> None:
    assert main(["eval", str(benchmark), "--card", "--method", "nearest", "--quiet", "-o", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert (tmp_path / "out" / "card.md").read_text(encoding="utf-8") == shown
    within, beyond, seams = rows(shown, "bicubic")
    assert [len(within), len(beyond), len(seams)] == [4, 3, 5]
    assert float(beyond[1].split()[0].strip("*")) > float(beyond[2].split()[0].strip("*"))
    assert rows(shown, "LIIF with RDN, as published") == [["LIIF with RDN, as published", "26.64", "25.15"]]
    assert rows(shown, "DIIF with RDN, as published") == [["DIIF with RDN, as published", "26.69", "25.19"]]
    assert rows(shown, "nearest")[2][1] == "1.00", "its steps do not shrink"
    assert float(seams[1]) == pytest.approx(10, rel=0.1), "a continuous picture's do"
    assert "JPEG" not in shown


def test_the_photo_model_is_measured_on_compressed_pictures_too(benchmark: Path, capsys: Shown) -> None:
    assert main(["eval", str(benchmark), "--card", "--method", "diif-s-lite-photo", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "saved as JPEG of quality 75:" in shown
    assert [len(row) for row in rows(shown, "diif-s-lite-photo")] == [4, 3, 3, 5]


def test_other_data_sets_have_no_published_rows(benchmark: Path, capsys: Shown) -> None:
    mine = benchmark.rename(benchmark.with_name("mine"))
    assert main(["eval", str(mine), "--card", "--method", "nearest", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "mine x8" in shown
    assert "as published" not in shown


@pytest.mark.parametrize("words", [["--scale", "2"], ["--json"], ["--seams"], ["--protocol", "div2k"], ["--made"]])
def test_a_card_chooses_what_it_measures(words: list[str], benchmark: Path, capsys: Shown) -> None:
    assert main(["eval", str(benchmark), "--card", *words]) == 1
    assert "A card says itself what it measures" in capsys.readouterr().err


def test_a_card_wants_given_pictures_and_keeps_sets_of_one_name_apart(
    benchmark: Path, tmp_path: Path, capsys: Shown
) -> None:
    assert main(["eval", str(benchmark / "HR_x4"), "--card", "--method", "nearest"]) == 1
    assert "a card needs low-resolution pictures in LR_x2 beside this folder." in capsys.readouterr().err
    shutil.copytree(benchmark, tmp_path / "other" / "Set14")
    sets = [str(benchmark), str(tmp_path / "other" / "Set14")]
    assert main(["eval", *sets, "--card", "--method", "nearest", "--quiet"]) == 0
    assert len(rows(capsys.readouterr().out, "nearest")[0]) == 7
