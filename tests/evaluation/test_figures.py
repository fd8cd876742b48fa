"""Figures: what they are drawn from, that they are whole files of each kind, and that matplotlib may be missing."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageCms

from diif_viewer.cli import main
from diif_viewer.errors import ExportError, RequestError
from diif_viewer.evaluation import comparison, figures
from diif_viewer.evaluation.figures import Crop, Row, check_target, gains, write_comparison, write_gain_plot
from diif_viewer.evaluation.quality import PROTOCOLS, find_cases, load_case, measure
from diif_viewer.evaluation.tables import Mean, means
from diif_viewer.imaging.colour import rgb_to_y
from diif_viewer.imaging.metrics import psnr

BENCHMARK = Path(__file__).resolve().parents[3] / "shared" / "data" / "benchmark"
PAPERS_SCALES = (2, 3, 4, 6, 8, 12, 18, 24, 30)
MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


def mean(dataset: str, scale: float, method: str, value: float) -> Mean:
    return Mean(dataset, scale, method, value, 0.9, 0.1, 5)


MEANS = [
    mean("A", 4, "diif", 31.5),
    mean("A", 4, "bicubic", 28.5),
    mean("A", 2, "bicubic", 33.0),
    mean("A", 2, "liif", 36.5),
    mean("A", 2, "diif", 37.0),
    mean("A", 8, "diif", 25.0),
    mean("B", 2, "bicubic", 30.0),
    mean("B", 2, "diif", 32.0),
]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    y, x = np.mgrid[:90, :121] / 5.0
    planes = np.stack([np.sin(x + y) > 0.2, np.cos(x * 1.7 - y) / 2 + 0.5, np.hypot(x - 9, y - 8) % 1], axis=-1)
    Image.fromarray(np.round(planes * 255).astype(np.uint8)).save(tmp_path / "truth.png")
    return tmp_path / "truth.png"


# ---- gain over bicubic -----------------------------------------------------------------------------------


def test_gains_are_differences_by_scale_and_leave_out_what_has_no_bicubic() -> None:
    assert gains(MEANS, "A") == {"diif": [(2, 4.0), (4, 3.0)], "liif": [(2, 3.5)]}
    assert gains(MEANS, "B") == {"diif": [(2, 2.0)]}
    with pytest.raises(RequestError, match="measure bicubic"):
        gains([mean("A", 2, "liif", 30)], "A")


def test_the_plot_draws_the_gains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(figures, "_save", lambda figure, path: drawn.append(figure))
    write_gain_plot(MEANS, tmp_path / "gain.png")
    left, right = drawn[0].axes
    assert (left.get_title(), right.get_title()) == ("A", "B")
    lines = {line.get_label(): line.get_xydata().tolist() for line in left.lines}
    assert lines["diif"] == [[2, 4.0], [4, 3.0]]
    assert [text.get_text() for text in left.get_xticklabels()] == ["×2", "×4"]


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_plot_is_a_file_of_its_kind(suffix: str, tmp_path: Path) -> None:
    write_gain_plot(MEANS, tmp_path / f"gain{suffix}")
    assert (tmp_path / f"gain{suffix}").read_bytes().startswith(MAGIC[suffix])
    assert [f.name for f in tmp_path.iterdir()] == [f"gain{suffix}"]


def test_a_target_that_cannot_be_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="PNG, PDF or SVG"):
        check_target(tmp_path / "a.jpg")
    with pytest.raises(RequestError, match="does not exist"):
        check_target(tmp_path / "missing" / "a.png")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RequestError, match=r"pip install matplotlib"):
        check_target(tmp_path / "a.png")


def test_what_the_disk_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ExportError, match="it is a folder"):
        write_gain_plot(MEANS, tmp_path / "a.png")


# ---- one region, many methods ----------------------------------------------------------------------------


def test_crops_of_a_truth_are_the_windows_that_the_evaluation_measures(truth: Path) -> None:
    box = (40.0, 20.0, 80.0, 50.0)
    rows = comparison.of_truth(np.asarray(Image.open(truth)), [2, 3.5], ["bicubic", "nearest"], box)
    for row in rows:
        assert [c.label for c in row.crops] == ["bicubic", "nearest", "truth"]
        low, high = load_case(find_cases(truth.parent, row.scale)[0])
        whole = np.array(Image.fromarray(low).resize(high.shape[1::-1], Image.Resampling.BICUBIC))
        assert np.abs(row.crops[0].pixels.astype(int) - whole[20:50, 40:80]).max() <= 1
        np.testing.assert_array_equal(row.crops[-1].pixels, high[20:50, 40:80])
        wanted = psnr(rgb_to_y(whole[20:50, 40:80] / 255.0), rgb_to_y(high[20:50, 40:80] / 255.0))
        assert row.crops[0].psnr == pytest.approx(wanted, abs=0.1)
        assert row.crops[-1].psnr == math.inf


def test_crops_of_a_picture_cover_the_box_at_each_scale_and_have_no_psnr(truth: Path) -> None:
    from diif_viewer.engine.model import load_model

    picture, model, seen = np.asarray(Image.open(truth)), load_model("diif-s-lite", "cpu"), []
    rows = comparison.of_picture(picture, [4, 12.5], ["bicubic", model], (10, 8, 18, 14), seen.append)
    assert [row.crops[0].pixels.shape for row in rows] == [(24, 32, 3), (75, 100, 3)]
    assert all(crop.psnr is None for row in rows for crop in row.crops)
    assert seen == pytest.approx([0.25, 0.5, 0.75, 1])
    from diif_viewer.engine.field import encode

    wanted = encode(picture, model).render(12.5, box=(10, 8, 18, 14))
    assert np.abs(rows[1].crops[1].pixels.astype(int) - wanted).max() <= 6  # float32 beside the fast type


def test_regions_outside_are_refused(truth: Path) -> None:
    with pytest.raises(RequestError, match="must lie inside the 120x88 pixels that can be compared at x8"):
        comparison.of_truth(np.asarray(Image.open(truth)), [8], ["bicubic"], (0, 0, 40, 90))
    with pytest.raises(RequestError, match="whole pixels"):
        comparison.of_truth(np.asarray(Image.open(truth)), [2], ["bicubic"], (0, 0, 40.5, 40))
    with pytest.raises(RequestError, match="must lie inside"):
        comparison.of_picture(np.zeros((9, 9, 3), np.uint8), [2], ["bicubic"], (4, 4, 3, 8))
    assert comparison.comparable_size((90, 121, 3), [2, 8]) == (88, 120)


def test_the_figure_shows_each_pixel_in_whole_multiples(tmp_path: Path) -> None:
    """A crop of 60 pixels becomes a panel of 240: every pixel a square of 4, in the truth's own colours."""
    crop = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    rows = [Row(4.0, (Crop("bicubic", crop, 28.31), Crop("truth", crop, math.inf)))]
    write_comparison(np.zeros((80, 120, 3), np.uint8), (0, 0, 60, 60), rows, "a region", tmp_path / "f.png")
    sheet = np.asarray(Image.open(tmp_path / "f.png").convert("RGB"))
    enlarged = crop.repeat(4, axis=0).repeat(4, axis=1)
    left = sheet.shape[1] - (240 + 8)
    np.testing.assert_array_equal(sheet[8:248, left : left + 240], enlarged)
    np.testing.assert_array_equal(sheet[8:248, left - 248 : left - 8], enlarged)


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_command_writes_a_labelled_figure(suffix: str, truth: Path, tmp_path: Path, monkeypatch) -> None:
    said: list[str] = []
    real = figures._text

    def listening(figure, total, at, text, **style) -> None:
        said.append(text)
        real(figure, total, at, text, **style)

    monkeypatch.setattr(figures, "_text", listening)
    target = tmp_path / f"figure{suffix}"
    words = ["compare", str(truth), "--scale", "2,4", "--method", "bicubic,diif-s-lite", "--device", "cpu"]
    assert main([*words, "-o", str(target)]) == 0
    assert target.read_bytes().startswith(MAGIC[suffix])
    assert said[0] == "×2"
    assert said[1].startswith("Bicubic  ")
    assert said[1].endswith(" dB")
    assert said[2].startswith("DIIF-S  ")
    assert said[3] == "truth"
    assert said[4] == "×4"


def test_scripts_read_what_is_in_the_figure(truth: Path, tmp_path: Path, capsys) -> None:
    target = tmp_path / "f.svg"
    words = ["compare", str(truth), "--scale", "2", "--method", "bicubic,nearest", "--json", "-o", str(target)]
    assert main(words) == 0
    known = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert known["output"] == str(target)
    (row,) = known["rows"]
    assert [crop["method"] for crop in row["methods"]] == ["bicubic", "nearest", "truth"]
    assert row["methods"][0]["psnr"] > row["methods"][1]["psnr"] > 5
    assert row["methods"][2]["psnr"] is None


def test_the_truth_may_come_by_standard_input(truth: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    words = ["--scale", "2", "--method", "bicubic", "--json", "-o"]
    assert main(["compare", str(truth), *words, str(tmp_path / "by-name.svg")]) == 0
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(truth.read_bytes())))
    assert main(["compare", "-", *words, str(tmp_path / "piped.svg")]) == 0
    decoder, printed, known = json.JSONDecoder(), capsys.readouterr().out, []
    while printed:
        record, end = decoder.raw_decode(printed)
        known.append(record)
        printed = printed[end:].lstrip()
    assert known[1]["rows"] == known[0]["rows"]
    assert known[1]["input"] == "-"
    assert "standard input, region" in (tmp_path / "piped.svg").read_text(encoding="utf-8")


def test_the_command_enlarges_the_picture_itself(truth: Path, tmp_path: Path) -> None:
    words = ["compare", str(truth), "--zoom", "--scale", "12", "--box", "3,4,9,9", "--method", "bicubic,lanczos"]
    assert main([*words, "-o", str(tmp_path / "f.svg")]) == 0
    text = (tmp_path / "f.svg").read_text(encoding="utf-8")
    assert "Lanczos" in text
    assert " dB" not in text


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (["--scale", "1"], "above 1"),
        (["--scale", "200"], "too small to be reduced x200"),
        (["--box", "0,0,500,500"], "must lie inside"),
        (["--method", "magic"], "no method 'magic'; choose one of nearest, "),
        (["--zoom", "--scale", "90000", "--method", "bicubic"], "more than a figure can show"),
    ],
)
def test_the_command_refuses_nonsense(extra, sentence, truth, tmp_path, capsys) -> None:
    assert main(["compare", str(truth), "-o", str(tmp_path / "f.png"), *extra]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "f.png").exists()


def test_a_folder_called_like_a_figure_is_told_before_the_work(truth, tmp_path, capsys) -> None:
    (tmp_path / "f.png").mkdir()
    assert main(["compare", str(truth), "-o", str(tmp_path / "f.png"), "--method", "magic"]) == 1
    assert "f.png is a folder; give the figure another name." in capsys.readouterr().err


def test_places_where_nothing_may_be_written_are_told_before_the_work(truth, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert main(["compare", str(truth), "-o", str(tmp_path / "f.png")]) == 1
    assert "no permission to write there" in capsys.readouterr().err
    assert main(["eval", str(truth.parent), "--scale", "2", "-o", str(tmp_path / "scores")]) == 1
    said = capsys.readouterr()
    assert "there is no permission" in said.err
    assert not said.out


def test_a_figure_never_takes_the_place_of_its_picture(truth: Path, capsys) -> None:
    before = truth.read_bytes()
    assert main(["compare", str(truth), "--scale", "2", "--method", "bicubic", "-o", str(truth)]) == 1
    words = ["eval", str(truth.parent), "--scale", "2", "--method", "bicubic,nearest", "--plot", str(truth)]
    assert main(words) == 1
    assert capsys.readouterr().err.count("is the picture itself") == 2
    assert truth.read_bytes() == before


def test_colours_are_those_of_the_profile_and_what_is_transparent_is_paper(tmp_path: Path) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = (profile.index(tag) + 4 for tag in (b"rXYZ", b"bXYZ"))
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    Image.new("RGB", (32, 32), (255, 0, 0)).save(tmp_path / "p.png", icc_profile=bytes(profile))
    Image.new("RGBA", (32, 32), (255, 0, 0, 0)).save(tmp_path / "a.png")
    for name, colour in (("p", (0, 0, 255)), ("a", (255, 255, 255))):
        for way in ([], ["--zoom"]):
            words = ["compare", str(tmp_path / f"{name}.png"), "--scale", "2", "--method", "bicubic", *way]
            assert main([*words, "-o", str(tmp_path / "f.png")]) == 0
            shown = np.asarray(Image.open(tmp_path / "f.png").convert("RGB")).reshape(-1, 3).astype(int)
            assert (np.abs(shown - colour).max(axis=1) <= 3).mean() > 0.3
            assert (np.abs(shown - (255, 0, 0)).max(axis=1) <= 3).mean() < 0.05


@pytest.mark.parametrize("name", ["a$_$b.png", "caf\udce9.png", "cost $5 or $6.png", "中.png"])
def test_names_are_drawn_as_they_are(name: str, truth: Path, tmp_path: Path) -> None:
    picture = tmp_path / name
    picture.write_bytes(truth.read_bytes())
    words = ["compare", str(picture), "--zoom", "--scale", "2", "--box", "0,0,9,9", "--method", "bicubic"]
    assert main([*words, "-o", str(tmp_path / "f.svg")]) == 0
    assert name.replace("\udce9", "?") in (tmp_path / "f.svg").read_text(encoding="utf-8")
    assert main([*words, "-o", str(tmp_path / "f.png")]) == 0


def test_captions_of_narrow_crops_do_not_run_into_each_other(tmp_path: Path) -> None:
    crop = np.full((240, 20, 3), 128, np.uint8)
    rows = [Row(4.0, tuple(Crop(f"a-method-of-number-{n}", crop) for n in range(3)))]
    write_comparison(np.zeros((240, 240, 3), np.uint8), (0, 0, 20, 240), rows, "a region", tmp_path / "f.png")
    sheet = np.asarray(Image.open(tmp_path / "f.png").convert("L"))
    band = (sheet[8 + 240 + 4 : 8 + 240 + 22] < 100).any(axis=0)  # the line of captions: letters, and what is between
    blank = np.split(np.flatnonzero(~band), np.flatnonzero(np.diff(np.flatnonzero(~band)) > 1) + 1)
    assert sum(len(run) >= 6 for run in blank) == 4  # before, between and behind three captions
    assert sheet.shape[1] < 1000


def test_eval_plots_the_gain(truth: Path, tmp_path: Path, capsys) -> None:
    target = tmp_path / "gain.svg"
    words = ["eval", str(truth.parent), "--scale", "2,2.5", "--plot", str(target)]
    assert main([*words, "--method", "nearest"]) == 1
    assert "measure bicubic as well" in capsys.readouterr().err
    assert main([*words, "--method", "bicubic"]) == 1
    assert "measure another method as well" in capsys.readouterr().err
    assert main([*words, "--method", "nearest,bicubic"]) == 0
    assert target.read_bytes().startswith(MAGIC[".svg"])


# ---- the papers' protocol --------------------------------------------------------------------------------


@pytest.mark.skipif(not BENCHMARK.is_dir(), reason="the benchmark pictures (shared/data/benchmark) are not here")
def test_the_papers_scales_and_fractional_ones_are_measured_on_set14() -> None:
    """LIIF's test configuration: LR of floor(n / s), made by PIL in 8 bits, HR cropped to round(s * that)."""
    figures_of = {}
    for scale in (*PAPERS_SCALES, 2.5, 13.7):
        cases = find_cases(BENCHMARK / "Set14", scale, made=True)
        assert len(cases) == 14
        for case in cases[::5]:
            low, high = load_case(case)
            with Image.open(case.high) as whole:
                width, height = whole.size
            assert low.shape[:2] == (math.floor(height / scale), math.floor(width / scale))
            assert high.shape[:2] == (round(low.shape[0] * scale), round(low.shape[1] * scale))
        figures_of[scale] = means(measure(cases[:2], ["bicubic"], PROTOCOLS["benchmark"]))[0].psnr
    course = [figures_of[scale] for scale in sorted(figures_of)]
    assert course == sorted(course, reverse=True)
