"""Quality: metrics with known values, protocols, pairing of files, the papers' bicubic figures, tables and command."""

from __future__ import annotations

import csv
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from diif_viewer.cli import evaluate, main, parser_of
from diif_viewer.errors import ExportError, ImageError, RequestError
from diif_viewer.evaluation.quality import (
    PROTOCOLS,
    Case,
    Score,
    dataset_names,
    enlarged,
    find_cases,
    load_case,
    measure,
)
from diif_viewer.evaluation.tables import csv_text, json_text, markdown, means
from diif_viewer.geometry import Lattice
from diif_viewer.imaging.metrics import psnr, ssim
from diif_viewer.imaging.save import save_png

BENCHMARK = Path(__file__).resolve().parents[3] / "shared" / "data" / "benchmark"
NOISE = np.random.default_rng(7)


def photograph(height: int = 48, width: int = 60) -> np.ndarray:
    """Something with edges at all angles and smooth parts."""
    y, x = np.mgrid[:height, :width] / 9.0
    planes = [np.sin(x + y) > 0.2, np.cos(x * 1.7 - y) / 2 + 0.5, np.hypot(x - 3, y - 2) % 1]
    return np.round(np.stack(planes, axis=-1).astype(float) * 255).astype(np.uint8)


# ---- metrics ---------------------------------------------------------------------------------------------


def test_psnr_of_a_known_error() -> None:
    a = np.zeros((5, 5, 3))
    assert psnr(a, a + 0.1) == pytest.approx(20)
    assert psnr(a, a + 1 / 255) == pytest.approx(48.1308, abs=1e-4)
    assert psnr(a, a) == math.inf


def test_ssim_is_one_for_equal_pictures_and_symmetric() -> None:
    a, b = NOISE.random((20, 25, 3)), NOISE.random((20, 25, 3))
    assert ssim(a, a) == pytest.approx(1)
    assert ssim(a, b) == pytest.approx(ssim(b, a))
    assert abs(ssim(a, b)) < 0.2
    assert math.isnan(ssim(a[:10], b[:10]))


def test_ssim_of_flat_pictures_is_the_luminance_term() -> None:
    """Without any variance only (2 m n + C1) / (m^2 + n^2 + C1) is left."""
    m, n = 0.3, 0.5
    expected = (2 * m * n + 1e-4) / (m * m + n * n + 1e-4)
    assert ssim(np.full((16, 16), m), np.full((16, 16), n)) == pytest.approx(expected)


def test_ssim_equals_the_definition_window_by_window() -> None:
    a, b = NOISE.random((13, 12)), NOISE.random((13, 12))
    b = 0.6 * a + 0.4 * b
    k = np.arange(-5, 6)
    weights = np.exp(-(k[:, None] ** 2 + k**2) / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for top in range(3):
        for left in range(2):
            x, y = a[top : top + 11, left : left + 11], b[top : top + 11, left : left + 11]
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            cxy = (weights * (x - mx) * (y - my)).sum()
            values.append((2 * mx * my + 1e-4) * (2 * cxy + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    assert ssim(a, b) == pytest.approx(np.mean(values))


# ---- protocols and files ---------------------------------------------------------------------------------


def test_protocols_leave_out_their_borders() -> None:
    picture = photograph()
    assert PROTOCOLS["benchmark"].compared(picture, 4).shape == (40, 52)
    assert PROTOCOLS["div2k"].compared(picture, 4).shape == (28, 40, 3)
    assert PROTOCOLS["benchmark"].border(2.5) == 3
    white = np.full((9, 9, 3), 255, np.uint8)
    assert PROTOCOLS["benchmark"].compared(white, 2) == pytest.approx(235 / 255)
    np.testing.assert_array_equal(PROTOCOLS["div2k"].compared(np.ones((30, 30, 3), np.float32), 2), 1)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(30, 70), width=st.integers(30, 70), scale=st.floats(1.05, 12))
def test_made_pictures_have_the_papers_sizes(tmp_path_factory, height, width, scale) -> None:
    path = tmp_path_factory.mktemp("made") / "a.png"
    save_png(photograph(height, width), path)
    low, high = load_case(Case("made", scale, path))
    assert low.shape == (math.floor(height / scale + 1e-9), math.floor(width / scale + 1e-9), 3)
    assert high.shape == (round(scale * low.shape[0]), round(scale * low.shape[1]), 3)
    assert high.shape[0] <= height
    assert high.shape[1] <= width
    expected = Image.fromarray(high).resize(low.shape[1::-1], Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(low, np.array(expected))


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    root = tmp_path / "Bench"
    for scale in (2, 3):
        for kind in ("HR", "LR"):
            (root / f"{kind}_x{scale}").mkdir(parents=True)
        for name in ("b", "a"):
            size = (48 // scale * scale, 60)
            save_png(photograph()[: size[0]], root / f"HR_x{scale}" / f"{name}.png")
            save_png(photograph()[: size[0] : scale, ::scale], root / f"LR_x{scale}" / f"{name}.png")
    return root


def test_given_pictures_are_taken_where_there_are_some(benchmark) -> None:
    cases = find_cases(benchmark, 3)
    assert [c.high.name for c in cases] == ["a.png", "b.png"]
    assert cases[0].low == benchmark / "LR_x3" / "a.png"
    np.testing.assert_array_equal(load_case(cases[0])[0], photograph()[::3, ::3])


def test_other_scales_are_made_from_the_truth_that_is_cropped_least(benchmark) -> None:
    for cases in (find_cases(benchmark, 6.5), find_cases(benchmark, 3, made=True)):
        assert cases[0].low is None
        assert cases[0].high == benchmark / "HR_x2" / "a.png"


def test_folders_of_one_name_are_data_sets_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("first", "second"):
        (tmp_path / name / "HR").mkdir(parents=True)
        save_png(photograph(), tmp_path / name / "HR" / "a.png")
    folders = [tmp_path / name / "HR" for name in ("first", "second")]
    assert list(dataset_names([*folders, tmp_path / "first"]).values()) == ["first/HR", "second/HR", "first"]
    assert list(dataset_names([folders[0], folders[0].parent / "." / "HR"]).values()) == ["HR"] * 1
    assert main(["eval", *map(str, folders), "--scale", "2", "--method", "bicubic"]) == 0
    assert "first/HR x2 | second/HR x2" in capsys.readouterr().out


def test_folders_beside_those_of_a_benchmark_are_left_alone(benchmark: Path) -> None:
    (benchmark / "HR_x1_old").mkdir()
    assert find_cases(benchmark, 6.5)[0].high == benchmark / "HR_x2" / "a.png"


def test_low_pictures_may_carry_the_scale_in_their_names(tmp_path) -> None:
    (tmp_path / "hr").mkdir()
    (tmp_path / "lr").mkdir()
    save_png(photograph(), tmp_path / "hr" / "0801.png")
    save_png(photograph(12, 15), tmp_path / "lr" / "0801x4.png")
    case = find_cases(tmp_path / "hr", 4, low=tmp_path / "lr")[0]
    assert case.low == tmp_path / "lr" / "0801x4.png"
    with pytest.raises(RequestError, match=r"0801\.png has no low-resolution picture"):
        find_cases(tmp_path / "hr", 3, low=tmp_path / "lr")


def test_low_pictures_may_be_compressed_first(benchmark) -> None:
    for case in (find_cases(benchmark, 2)[0], find_cases(benchmark, 2.5)[0]):
        low, high = load_case(case)
        compressed, same = load_case(replace(case, jpeg=75))
        np.testing.assert_array_equal(high, same)
        assert compressed.shape == low.shape
        assert 0 < psnr(compressed / 255, low / 255) < 45
        assert psnr(compressed / 255, low / 255) < psnr(load_case(replace(case, jpeg=95))[0] / 255, low / 255)


def test_grey_and_transparent_pictures_are_compared_as_rgb(tmp_path) -> None:
    save_png(photograph()[..., :1], tmp_path / "a.png")
    save_png(np.dstack([photograph(), photograph()[..., :1]]), tmp_path / "b.png")
    for case in find_cases(tmp_path, 2):
        low, high = load_case(case)
        assert low.shape == (24, 30, 3)
        assert high.shape == (48, 60, 3)


def test_what_cannot_be_measured_is_said(tmp_path) -> None:
    save_png(photograph(), tmp_path / "a.png")
    save_png(photograph(30, 30), tmp_path / "low.png")
    with pytest.raises(RequestError, match="no folder"):
        find_cases(tmp_path / "missing", 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="there is no picture in this folder"):
        find_cases(tmp_path / "empty", 2)
    with pytest.raises(RequestError, match="too small to be reduced"):
        load_case(Case("d", 100, tmp_path / "a.png"))
    with pytest.raises(RequestError, match=r"60x48 pixels are too few for x4 of low\.png"):
        load_case(Case("d", 4, tmp_path / "a.png", tmp_path / "low.png"))
    with pytest.raises(RequestError, match="nothing is left"):
        measure([Case("d", 24, tmp_path / "a.png")], ["bicubic"], PROTOCOLS["div2k"])


@pytest.mark.parametrize("fault", ["unreadable", "small", "another size"])
def test_what_would_stop_it_later_is_said_before_any_work(fault, tmp_path) -> None:
    save_png(photograph(), tmp_path / "a.png")
    save_png(photograph(24, 30), tmp_path / "a-low.png")
    save_png(photograph(5, 7) if fault == "small" else photograph(), tmp_path / "b.png")
    save_png(photograph(20, 30) if fault == "another size" else photograph(24, 30), tmp_path / "b-low.png")
    if fault == "unreadable":
        (tmp_path / "b.png").write_bytes(b"no picture")
    cases = [Case("d", 2, tmp_path / f"{name}.png", tmp_path / f"{name}-low.png") for name in "ab"]
    if fault == "small":
        cases = [replace(case, low=None) for case in cases]
    told: list[float] = []
    with pytest.raises((RequestError, ImageError), match=r"^b(-low)?\.png"):
        measure(cases, ["bicubic"], PROTOCOLS["div2k"], progress=told.append)
    assert told == []


# ---- measuring -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not BENCHMARK.is_dir(), reason="the benchmark pictures (shared/data/benchmark) are not here")
@pytest.mark.parametrize(
    ("dataset", "figures"),
    [("Set5", {2: 33.67, 3: 30.40, 4: 28.43}), ("Set14", {2: 30.33, 3: 27.63, 4: 26.09})],
)
def test_bicubic_reaches_the_known_figures(dataset, figures) -> None:
    for scale, expected in figures.items():
        scores = measure(find_cases(BENCHMARK / dataset, scale), ["bicubic"], PROTOCOLS["benchmark"])
        assert means(scores)[0].psnr == pytest.approx(expected, abs=0.02)


def test_enlarging_by_a_classic_method_is_pillows(tmp_path) -> None:
    low = photograph(20, 25)
    (name, picture, seconds), *_ = enlarged(low, (70, 90), ["bicubic"])
    assert name == "bicubic"
    assert seconds > 0
    expected = np.array(Image.fromarray(low).resize((90, 70), Image.Resampling.BICUBIC))
    assert np.abs(picture.astype(int) - expected).max() <= 1


def test_measuring_reports_true_progress_and_every_method(benchmark) -> None:
    seen: list[float] = []
    cases = find_cases(benchmark, 2) + find_cases(benchmark, 3)
    scores = measure(cases, ["nearest", "bicubic"], PROTOCOLS["benchmark"], progress=seen.append)
    assert seen == pytest.approx([n / 8 for n in range(1, 9)])
    assert [(s.scale, s.picture, s.method) for s in scores[:3]] == [
        (2, "a", "nearest"),
        (2, "a", "bicubic"),
        (2, "b", "nearest"),
    ]


def test_a_model_is_measured_through_the_engine(tmp_path) -> None:
    """Any DIIF-S, however little it knows, is bicubic plus a detail: its score is near bicubic's, not equal to it."""
    from diif_viewer.engine.model import load_model

    save_png(photograph(), tmp_path / "a.png")
    model = load_model("diif-s-lite", "cpu")
    by_method = {s.method: s for s in measure(find_cases(tmp_path, 2), ["bicubic", model], PROTOCOLS["benchmark"])}
    assert by_method["diif-s-lite"].psnr != by_method["bicubic"].psnr
    assert by_method["diif-s-lite"].psnr == pytest.approx(by_method["bicubic"].psnr, abs=8)
    screen = measure(find_cases(tmp_path, 2), [model], PROTOCOLS["benchmark"], dtype="uint8")[0]
    assert screen.psnr == pytest.approx(by_method["diif-s-lite"].psnr, abs=0.1)


def test_the_best_quality_is_a_row_of_its_own(tmp_path) -> None:
    from diif_viewer.engine.ensemble import Ensemble
    from diif_viewer.engine.field import encode
    from diif_viewer.engine.model import load_model

    save_png(photograph(), tmp_path / "a.png")
    (case,), told = find_cases(tmp_path, 2), []
    methods = ["bicubic", load_model("diif-s-lite", "cpu"), load_model("liif-lite", "cpu")]
    scores = measure([case], methods, PROTOCOLS["benchmark"], best=True, progress=told.append)
    assert [s.method for s in scores] == ["bicubic", "diif-s-lite", "diif-s-lite+", "liif-lite", "liif-lite+"]
    assert told == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    low, high = load_case(case)
    lattice = Lattice.of_size(*low.shape[:2], *high.shape[:2])
    for score, model in zip(scores[2::2], methods[1:], strict=True):
        mean = Ensemble(encode(low, model)).render_window(lattice, lattice.window)
        protocol = PROTOCOLS["benchmark"]
        assert score.psnr == pytest.approx(psnr(protocol.compared(mean, 2), protocol.compared(high, 2)), abs=1e-3)


def test_models_with_one_encoder_share_its_features(tmp_path) -> None:
    from diif_viewer.engine.field import encode
    from diif_viewer.engine.model import load_model

    models = [load_model(name, "cpu") for name in ("liif-lite", "diif-s-lite")]
    low = photograph(16, 20)
    for (_, picture, _), model in zip(enlarged(low, (40, 50), models), models, strict=True):
        np.testing.assert_allclose(picture, encode(low, model).render(size=(40, 50), dtype="float32"), atol=1e-4)


# ---- tables and command ----------------------------------------------------------------------------------

SCORES = [
    Score("A", "one", "bicubic", 2.0, 30.0, 0.9, 0.1),
    Score("A", "two", "bicubic", 2.0, 32.0, math.nan, 0.1),
    Score("A", "one", "liif", 2.0, 34.0, 0.95, 1.0),
    Score("A", "two", "liif", 2.0, math.inf, 0.97, 1.0),
    Score("A", "one", "bicubic", 2.5, 28.0, 0.8, 0.1),
]


def test_means_and_the_table_of_them() -> None:
    assert [(m.method, m.scale, m.pictures) for m in means(SCORES)] == [
        ("bicubic", 2.0, 2),
        ("liif", 2.0, 2),
        ("bicubic", 2.5, 1),
    ]
    assert markdown(SCORES) == (
        "| method | A x2 | A x2.5 |\n|---|---|---|\n"
        "| bicubic | 31.00 / 0.9000 | **28.00** / 0.8000 |\n"
        "| liif | **inf** / 0.9600 | – |\n"
    )


def test_csv_and_json_hold_every_score() -> None:
    rows = list(csv.DictReader(csv_text(SCORES).splitlines()))
    assert len(rows) == 5
    assert rows[4] == {
        "dataset": "A",
        "picture": "one",
        "method": "bicubic",
        "scale": "2.5",
        "psnr": "28.0000",
        "ssim": "0.800000",
        "seconds": "0.100",
    }
    held = json.loads(json_text(SCORES, {"protocol": "div2k"}), parse_constant=pytest.fail)
    assert held["protocol"] == "div2k"
    assert held["scores"][3]["psnr"] is None
    assert held["means"][0]["psnr"] == 31


def command(*words: str) -> int:
    return evaluate.run(parser_of("eval", evaluate).parse_args(words))


def test_the_command_prints_the_table_and_writes_the_files(benchmark, tmp_path, capsys) -> None:
    out = tmp_path / "deep" / "out"
    words = (str(benchmark), "--scale", "2,x3", "--scale", "250%", "--method", "bicubic,nearest", "-o", str(out))
    assert command(*words) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("| method | Bench x2 | Bench x3 | Bench x2.5 |\n")
    assert (out / "table.md").read_text(encoding="utf-8") == printed
    assert len((out / "scores.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2 * 3 * 2
    assert json.loads((out / "scores.json").read_text(encoding="utf-8"))["protocol"] == "benchmark"
    assert command(*words, "--json", "--quiet") == 0
    assert capsys.readouterr() == ((out / "scores.json").read_text(encoding="utf-8"), "")


def test_what_was_measured_is_kept_where_a_picture_is_damaged(benchmark, tmp_path, capsys) -> None:
    out, broken = tmp_path / "out", benchmark / "HR_x2" / "b.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    words = ("eval", str(benchmark), "--scale", "2", "--method", "nearest,bicubic", "-o", str(out))
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0] == str(out / "unfinished.csv")
    assert said.err.splitlines()[-1].startswith("error: b.png")
    assert [p.name for p in out.iterdir()] == ["unfinished.csv"]
    kept = (out / "unfinished.csv").read_text(encoding="utf-8").splitlines()
    broken.write_bytes(whole)
    assert main(words) == 0
    assert sorted(p.name for p in out.iterdir()) == ["scores.csv", "scores.json", "table.md"]
    scores = (out / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert [line.rsplit(",", 1)[0] for line in kept] == [line.rsplit(",", 1)[0] for line in scores[:3]]


def test_what_is_named_twice_is_measured_once(benchmark, tmp_path) -> None:
    twice = (str(benchmark), str(benchmark / "HR_x2" / ".."))
    assert command(*twice, "--scale", "2,200%", "--scale", "2", "--method", "bicubic", "-o", str(tmp_path / "out")) == 0
    assert len((tmp_path / "out" / "scores.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2


def test_low_pictures_may_be_blurred_before(benchmark) -> None:
    case = find_cases(benchmark, 2)[0]
    low, high = load_case(case)
    assert np.array_equal(load_case(replace(case, blur=0.0))[0], low)
    little, much = (load_case(replace(case, blur=blur)) for blur in (0.6, 1.2))
    np.testing.assert_array_equal(high, much[1])
    assert psnr(much[0] / 255, low / 255) < psnr(little[0] / 255, low / 255) < 60
    both = load_case(replace(case, blur=1.2, jpeg=50))[0]
    assert psnr(both / 255, much[0] / 255) > psnr(both / 255, low / 255), "blurred first, then compressed"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--scale", "1"], "above 1"),
        (["--lr", "x", "--made"], "either"),
        (["--lr", "missing"], "no folder"),
        (["--best", "--dtype", "uint8"], "in float32"),
        (["--best"], "for models"),
        (["-o", "-"], "--json prints the scores on standard output"),
        (["--device", "cuda"], "for models; bicubic is computed by the processor"),
        (["--method", "bicubik"], "did you mean bicubic"),
    ],
)
def test_the_command_refuses_nonsense(benchmark, extra, words) -> None:
    with pytest.raises(RequestError, match=words):
        command(str(benchmark), "--method", "bicubic", *extra)


def test_the_command_says_before_the_work_that_its_folder_cannot_be_made(benchmark, tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="it is a file; give the name of a folder"):
        command(str(benchmark), "--method", "bicubic", "-o", str(tmp_path / "file"))
    with pytest.raises(RequestError, match="file is a file; give the folder that holds the pictures"):
        command(str(tmp_path / "file"), "--method", "bicubic")
    with pytest.raises(ExportError, match="cannot be made"):
        command(str(benchmark), "--method", "bicubic", "-o", str(tmp_path / "file" / "out"))


def test_low_pictures_of_another_scale_are_refused(benchmark) -> None:
    words = [str(benchmark / "HR_x3"), "--lr", str(benchmark / "LR_x3"), "--method", "bicubic"]
    with pytest.raises(RequestError, match=r"is not a\.png at x2: enlarged so much it has 40x32 pixels of 60x48"):
        command(*words, "--scale", "2")
    command(*words, "--scale", "3")


@pytest.mark.parametrize("scale", [2.0, 7.75, 16.0, 30.0])
def test_a_given_low_picture_may_lack_what_rounding_takes(scale: float, tmp_path: Path) -> None:
    """Of 119x54 pixels 29 columns and 24 rows are left over at x30; at x7.75 the truth has 46 rows."""
    for folder in ("truths", "low"):
        (tmp_path / folder).mkdir()
    save_png(photograph(54, 119), tmp_path / "truths" / "a.png")
    low, truth = load_case(Case("", scale, tmp_path / "truths" / "a.png"))
    save_png(low, tmp_path / "low" / "a.png")
    (case,) = find_cases(tmp_path / "truths", scale, low=tmp_path / "low")
    given = load_case(case)
    assert np.array_equal(given[0], low)
    assert np.array_equal(given[1], truth)
    with pytest.raises(RequestError, match=r"is not a\.png at x"):
        load_case(replace(case, scale=scale / 2))


def test_where_low_pictures_came_from_is_told(benchmark, capsys) -> None:
    for scales, origin in (("2,3", "given"), ("2,4", "some given, some made"), ("4", "made")):
        command(str(benchmark), "--method", "bicubic", "--scale", scales, "--json")
        assert json.loads(capsys.readouterr().out)["low"] == origin


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text are Linux's")
def test_names_that_are_no_text_or_hold_bars_lose_nothing(tmp_path) -> None:
    folder = tmp_path / "a|b\udcff"
    folder.mkdir()
    save_png(photograph(), folder / "\udcfe.png")
    command(str(folder), "--method", "bicubic", "--scale", "2", "-o", str(tmp_path / "out"))
    table = (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert table.splitlines()[0] == "| method | a\\|b\\udcff x2 |"
    assert "udcfe" in (tmp_path / "out" / "scores.csv").read_text(encoding="utf-8")
