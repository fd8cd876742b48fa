"""Figures: what they are drawn from, that they are whole files of each kind, and what may be missing."""

from __future__ import annotations

import io
import json
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageCms
from PySide6.QtGui import QFontDatabase

from diif_viewer.cli import main
from diif_viewer.engine.model import load_model
from diif_viewer.errors import ExportError, RequestError
from diif_viewer.evaluation import comparison, figures
from diif_viewer.evaluation.figures import check_plot, check_target, gains, write_gain_plot
from diif_viewer.evaluation.quality import PROTOCOLS, find_cases, load_case, measure
from diif_viewer.evaluation.tables import Mean, means
from diif_viewer.geometry import Lattice
from diif_viewer.imaging.classic import resample
from diif_viewer.imaging.colour import rgb_to_y, to_8_bits
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
    check_target(tmp_path / "a.png")
    with pytest.raises(RequestError, match=r"pip install matplotlib"):
        check_plot(tmp_path / "a.png")


def test_what_the_disk_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ExportError, match="it is a folder"):
        write_gain_plot(MEANS, tmp_path / "a.png")


# ---- one region, many methods ----------------------------------------------------------------------------


def test_crops_of_a_truth_are_the_windows_that_the_evaluation_measures(truth: Path) -> None:
    box = (40.0, 20.0, 80.0, 50.0)
    rows = comparison.of_truth(np.asarray(Image.open(truth)), [2, 3.5], ["bicubic", "nearest"], box)
    for row in rows:
        assert [c.name for c in row.crops] == ["bicubic", "nearest", "truth"]
        low, high = load_case(find_cases(truth.parent, row.scale)[0])
        whole = np.array(Image.fromarray(low).resize(high.shape[1::-1], Image.Resampling.BICUBIC))
        assert np.abs(row.crops[0].pixels.astype(int) - whole[20:50, 40:80]).max() <= 1
        np.testing.assert_array_equal(row.crops[-1].pixels, high[20:50, 40:80])
        wanted = psnr(rgb_to_y(whole[20:50, 40:80] / 255.0), rgb_to_y(high[20:50, 40:80] / 255.0))
        assert row.crops[0].psnr == pytest.approx(wanted, abs=0.1)
        assert row.crops[-1].psnr == math.inf


def test_crops_of_a_picture_cover_the_box_at_each_scale_and_have_no_psnr(truth: Path) -> None:
    picture, model, seen = np.asarray(Image.open(truth)), load_model("diif-s-lite", "cpu"), []
    rows = comparison.of_picture(picture, [4, 12.5], ["bicubic", model], (10, 8, 18, 14), progress=seen.append)
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


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_command_writes_a_labelled_figure(suffix: str, truth: Path, tmp_path: Path) -> None:
    target = tmp_path / f"figure{suffix}"
    words = ["compare", str(truth), "--scale", "2,4", "--method", "bicubic,diif-s-lite", "--device", "cpu"]
    assert main([*words, "-o", str(target)]) == 0
    assert target.read_bytes().startswith(MAGIC[suffix])
    if suffix == ".svg":
        said = ["".join(text.itertext()).strip() for text in ET.parse(target).iter("{http://www.w3.org/2000/svg}text")]
        measured = [text for text in said if re.fullmatch(r"[\d.]+ dB / 0\.\d{3}", text)]
        assert len(measured) == 4
        assert [text for text in said if text not in measured] == [
            *["×2", "Bicubic", "DIIF-S", "Truth", "×4", "Bicubic", "DIIF-S", "Truth"],
            "truth.png, region 0, 0 to 120, 88; PSNR / SSIM of the region's luminance",
        ]


def test_the_figure_shows_each_pixel_in_whole_multiples(truth: Path, tmp_path: Path) -> None:
    """A crop of 60 pixels becomes a panel of 240: every pixel a square of 4, in the truth's own colours."""
    words = ["compare", str(truth), "--scale", "2", "--method", "bicubic", "--box", "10,20,70,80", "--alone"]
    assert main([*words, "-o", str(tmp_path / "f.png")]) == 0
    sheet = np.asarray(Image.open(tmp_path / "f.png").convert("RGB"))
    crop = np.asarray(Image.open(truth))[20:80, 10:70]
    right = sheet.shape[1] - 10
    np.testing.assert_array_equal(sheet[10:250, right - 240 : right], crop.repeat(4, axis=0).repeat(4, axis=1))
    assert right - 2 * 240 - 8 < 60, "the whole picture is left out"


def test_a_page_that_is_turned_is_compared_as_it_lies(truth: Path, tmp_path: Path, capsys) -> None:
    picture = Image.open(truth)
    blank = Image.new("RGB", picture.size)
    blank.save(tmp_path / "pages.tif", save_all=True, append_images=[picture])
    picture.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "turned.png")
    words = ["--scale", "2", "--method", "bicubic,diif-s-lite", "--dtype", "uint8", "--alone", "--json", "-q"]
    rows = []
    for name, extra in (("pages.tif", ["--page", "2", "--turn", "right"]), ("turned.png", [])):
        target = tmp_path / f"{name}.figure.svg"
        assert main(["compare", str(tmp_path / name), *words, *extra, "--box", "9,20,59,70", "-o", str(target)]) == 0
        rows.append(json.loads(capsys.readouterr().out)["rows"])
    assert rows[0] == rows[1]


def test_what_is_measured_is_float32_or_what_is_on_screen(truth: Path, tmp_path: Path, capsys) -> None:
    found = []
    for dtype in ("uint8", "float32"):
        words = ["--scale", "3", "--method", "diif-s-lite", "--box", "3,3,63,63", "--dtype", dtype, "--json", "-q"]
        assert main(["compare", str(truth), *words, "-o", str(tmp_path / "f.png")]) == 0
        found.append(json.loads(capsys.readouterr().out)["rows"][0]["methods"][0])
    assert found[0] != found[1]
    assert found[0]["psnr"] == pytest.approx(found[1]["psnr"], abs=0.1)
    assert found[0]["ssim"] == pytest.approx(found[1]["ssim"], abs=0.01)


def test_deep_and_grey_pictures_are_enlarged_as_they_are(tmp_path: Path) -> None:
    y, x = np.mgrid[:40, :50]
    deep = (np.sin(x / 5) * np.cos(y / 4) * 30000 + 32768).astype(np.uint16)[..., None]
    rows = comparison.of_picture(
        deep, [3], ["bicubic", load_model("diif-s-lite", "cpu")], (4, 5, 20, 30), dtype="uint8"
    )
    wanted = resample(deep, "bicubic", lattice := Lattice.of_scale(40, 50, 3), lattice.window_of((4, 5, 20, 30)))
    for crop in rows[0].crops:
        assert crop.pixels.shape == (75, 48, 3)
        np.testing.assert_array_equal(crop.pixels[..., 0], crop.pixels[..., 2])
    np.testing.assert_array_equal(rows[0].crops[0].pixels[..., :1], to_8_bits(wanted))


def test_where_there_are_no_fonts_it_is_said_before_the_work(truth: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(QFontDatabase, "families", lambda: [])
    assert main(["compare", str(truth), "-o", str(tmp_path / "f.png"), "--method", "magic"]) == 1
    assert "there are no fonts on this system" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "PySide6.QtGui", None)
    assert main(["compare", str(truth), "-o", str(tmp_path / "f.png"), "--method", "magic"]) == 1
    assert "Figures are drawn by Qt, which cannot be loaded" in capsys.readouterr().err


def test_a_figure_needs_no_display_and_no_matplotlib(truth: Path, tmp_path: Path) -> None:
    """In a process of its own, where the window's toolkit is not there yet."""
    lines = (
        "import sys; sys.modules['matplotlib'] = None; from diif_viewer.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["compare", str(truth), "--scale", "2", "--method", "bicubic", "-q", "-o", str(tmp_path / "f.png")]
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run([sys.executable, "-c", lines, *words], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    with Image.open(tmp_path / "f.png") as drawn:
        assert drawn.height > 200


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


def test_captions_of_narrow_crops_do_not_run_into_each_other(truth: Path, tmp_path: Path) -> None:
    names = "diif-s-edsr-baseline,diif-s-lite-photo,liif-edsr-baseline"
    words = ["compare", str(truth), "--zoom", "--scale", "2", "--box", "0,0,4,90", "--method", names, "--alone"]
    assert main([*words, "-o", str(tmp_path / "f.svg")]) == 0
    assert "…" not in (tmp_path / "f.svg").read_text(encoding="utf-8")
    assert main([*words, "-o", str(tmp_path / "f.png")]) == 0
    sheet = np.asarray(Image.open(tmp_path / "f.png").convert("L"))
    dark = (sheet[10 + 180 : 10 + 180 + 20] < 128).any(axis=0)  # the line of captions: letters, and what is between
    blank = np.split(np.flatnonzero(~dark), np.flatnonzero(np.diff(np.flatnonzero(~dark)) > 1) + 1)
    assert sum(len(run) >= 10 for run in blank) == 4  # before, between and behind three captions
    assert sheet.shape[1] < 500


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
