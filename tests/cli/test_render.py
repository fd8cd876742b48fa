"""`render`: the same pixels as the API, whole files only, and every bad input in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import diif_viewer as dv
from diif_viewer.cli import main
from diif_viewer.geometry import Lattice
from diif_viewer.imaging import classic

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """20 rows of 28 pixels with edges and colours, and an ICC profile."""
    y, x = np.mgrid[0:20, 0:28]
    pixels = np.stack([x * 9, y * 12, 255 * ((x // 3 + y // 4) % 2)], axis=-1).astype(np.uint8)
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return path


def opened(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_the_file_holds_what_the_api_renders(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert main(["render", str(picture), "--scale", "4.5", "--box", "3,2,20.5,11", "-o", str(out)]) == 0
    field = dv.encode(opened(picture), dv.load_model("diif-s-lite"))
    assert np.array_equal(opened(out), field.render(4.5, box=(3, 2, 20.5, 11)))


def test_values_that_were_stretched_are_told_with_the_result(tmp_path: Path, capsys) -> None:
    Image.fromarray(np.array([[-5.0, 0], [3, 15]], np.float32)).save(tmp_path / "heights.tif")
    words = ["render", str(tmp_path / "heights.tif"), "--scale", "2", "--model", "nearest", "--overwrite"]
    assert main([*words, "-o", str(tmp_path / "out.png")]) == 0
    assert ", values from -5 to 15 as black to white" in capsys.readouterr().out
    assert main([*words, "-o", str(tmp_path / "out.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["span"] == [-5, 15]


@pytest.mark.parametrize("model", ["diif-s-lite", "liif-lite", "nearest"])
@pytest.mark.parametrize(
    ("extent", "box"),
    [
        (["--scale", "3.7"], (2.25, 1.5, 19.9, 18.0)),
        (["--size", "123x77"], (0.0, 0.0, 13.37, 20.0)),
        (["--scale", "x17"], (11.0, 9.5, 12.0, 9.99)),
    ],
)
def test_a_part_is_the_crop_of_the_whole(
    model: str, extent: list[str], box: tuple[float, float, float, float], picture: Path, tmp_path: Path
) -> None:
    whole, part = tmp_path / "whole.png", tmp_path / "part.png"
    words = ["render", str(picture), *extent, "--model", model, "--quiet"]
    assert main([*words, "-o", str(whole)]) == 0
    assert main([*words, "--box", ",".join(map(str, box)), "-o", str(part)]) == 0
    scale = Lattice.of_scale(20, 28, float(extent[1].removeprefix("x"))) if extent[0] == "--scale" else None
    window = (scale or Lattice.of_size(20, 28, 77, 123)).window_of(box)
    crop = opened(whole)[window.top : window.bottom, window.left : window.right]
    assert np.array_equal(opened(part), crop)


def test_size_is_the_size_of_the_whole_output(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert main(["render", str(picture), "--size", "61x50", "--model", "liif-lite", "-o", str(out)]) == 0
    assert opened(out).shape == (50, 61, 3)
    assert main(["render", str(picture), "--size", "61x50", "--window", "4,5,24,40", "-o", str(out)]) == 0
    assert opened(out).shape == (20, 35, 3)


def test_float32_differs_by_a_few_levels_at_most(picture: Path, tmp_path: Path) -> None:
    fast, exact = tmp_path / "fast.png", tmp_path / "exact.png"
    assert main(["render", str(picture), "--scale", "3", "-o", str(fast)]) == 0
    assert main(["render", str(picture), "--scale", "3", "--dtype", "float32", "-o", str(exact)]) == 0
    field = dv.encode(opened(picture), dv.load_model("diif-s-lite"))
    expected = field.render(3.0, dtype="float32") * 255
    assert np.abs(opened(exact) - expected).max() < 0.501  # the nearest level; a tie may fall either way
    difference = np.abs(opened(fast).astype(int) - opened(exact))
    assert np.quantile(difference, 0.995) <= 3  # saturated edges, three pixels apart
    assert difference.mean() < 0.5


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_classic_methods_stand_beside_the_models(method: str, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert main(["render", str(picture), "--scale", "2.5", "--model", method, "-o", str(out)]) == 0
    pixels = opened(picture)
    lattice = Lattice.of_scale(20, 28, 2.5)
    assert np.array_equal(opened(out), classic.resample(pixels, method, lattice, lattice.window))


def test_the_colour_profile_is_kept(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert main(["render", str(picture), "--scale", "2", "--model", "bicubic", "-o", str(out)]) == 0
    with Image.open(picture) as before, Image.open(out) as after:
        assert after.info["icc_profile"] == before.info["icc_profile"]


def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    grey = (np.arange(12 * 15).reshape(12, 15) * 300).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    out = tmp_path / "out.png"
    assert main(["render", str(tmp_path / "grey.png"), "--scale", "2", "-o", str(out)]) == 0
    assert opened(out).dtype in (np.uint16, np.int32)
    assert opened(out).max() > 255
    assert main(["render", str(tmp_path / "grey.png"), "--scale", "2", "--dtype", "uint8", "-o", str(out)]) == 0
    assert opened(out).dtype == np.uint8


@pytest.mark.parametrize("steps", ["right", "left", "around", "mirror", "flip", "mirror,right", " Flip , right"])
def test_a_turned_picture_is_cut_as_it_lies_then(steps: str, picture: Path, tmp_path: Path) -> None:
    turned, out = tmp_path / "turned.png", tmp_path / "out.png"
    pixels = opened(picture)
    for word in steps.lower().split(","):
        step = {"right": lambda p: np.rot90(p, -1), "left": np.rot90, "around": lambda p: p[::-1, ::-1]}
        pixels = (step | {"mirror": lambda p: p[:, ::-1], "flip": lambda p: p[::-1]})[word.strip()](pixels)
    Image.fromarray(pixels).save(turned)
    words = ["--scale", "3.5", "--box", "2,3,15,17.5", "--model", "diif-s-lite"]
    assert main(["render", str(turned), *words, "-o", str(tmp_path / "wanted.png")]) == 0
    assert main(["render", str(picture), *words, "--turn", steps, "-o", str(out)]) == 0
    assert np.array_equal(opened(out), opened(tmp_path / "wanted.png"))


def test_a_turn_that_is_none_is_said(picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(picture), "--scale", "2", "--turn", "upward", "-o", str(tmp_path / "out.png")]) == 2
    assert "a turn is one of right, left, around, mirror, flip, or several like mirror,right" in capsys.readouterr().err


def test_a_turned_size_is_the_size_that_lies_there_and_resolutions_go_with_it(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "a.png", dpi=(100, 200))
    words = ["render", str(tmp_path / "a.png"), "--scale", "2", "--model", "bicubic", "--turn", "left", "--overwrite"]
    assert main([*words, "-o", str(tmp_path / "out.png")]) == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (40, 60)
        assert image.info["dpi"] == pytest.approx((200, 100), abs=0.1)
        assert "turned left" in image.getexif()[0x0131] + str(image.info)
    assert main([*words, "--dpi", "72", "-o", str(tmp_path / "out.png")]) == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["dpi"] == pytest.approx((72, 72), abs=0.1)


def test_a_batch_goes_on_with_what_was_made_in_the_same_way(picture: Path, tmp_path: Path, capsys) -> None:
    words = ["render", str(picture), "--scale", "2", "--model", "bicubic", "-o", str(tmp_path / "out") + "/"]
    assert main([*words, "--turn", "right", "--srgb", "--dpi", "90"]) == 0
    assert main([*words, "--turn", "right", "--srgb", "--dpi", "90"]) == 0
    assert "is there already" in capsys.readouterr().out
    for other in (
        ["--turn", "left", "--srgb", "--dpi", "90"],
        ["--turn", "right", "--dpi", "90"],
        ["--turn", "right", "--srgb"],
    ):
        assert main([*words, *other]) == 1, "it was made otherwise"


def test_what_is_wider_than_srgb_can_be_brought_into_it(tmp_path: Path) -> None:
    from PySide6.QtGui import QColorSpace

    profile = bytes(QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb).iccProfile())
    pixels = np.full((12, 12, 3), (60, 180, 90), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "wide.png", icc_profile=profile)
    words = ["render", str(tmp_path / "wide.png"), "--scale", "2", "--model", "bicubic"]
    assert main([*words, "-o", str(tmp_path / "own.png")]) == 0
    assert main([*words, "--srgb", "-o", str(tmp_path / "srgb.png")]) == 0
    with Image.open(tmp_path / "own.png") as own, Image.open(tmp_path / "srgb.png") as srgb:
        assert own.info["icc_profile"] == profile
        assert srgb.info.get("icc_profile") != profile
        assert np.array_equal(np.asarray(own)[4, 4], (60, 180, 90))
        assert np.asarray(srgb)[4, 4, 0] < 40, "Adobe RGB's green lies outside"


def test_what_has_no_effect_is_refused(picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["render", str(picture), "--scale", "2", "--model", "bicubic"]
    for name in ("out.png", "out.tif"):
        assert main([*words, "--quality", "80", "-o", str(tmp_path / name)]) == 1
        assert "has no quality to choose; leave --quality out, or choose JPEG" in capsys.readouterr().err
    assert main([*words, "--device", "cuda", "-o", str(tmp_path / "out.png")]) == 1
    assert "--device cuda is for models; bicubic is computed by the processor." in capsys.readouterr().err
    assert os.listdir(tmp_path) == [picture.name]
    Image.open(picture).save(tmp_path / "other.jpg")
    words = ["render", *map(str, (picture, tmp_path / "other.jpg")), "--scale", "2", "--model", "bicubic"]
    assert main([*words, "--device", "cpu", "--quality", "80", "-o", str(tmp_path / "out" / "{name}")]) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--model", "magic", "-o", "out.png"],
        ["--device", "abacus", "--model", "diif-s-lite", "-o", "out.png"],
        ["--model", "bicubic", "-o", "{nonsense}.png"],
        ["no-such-*.png", "--model", "bicubic", "-o", "out.png"],
    ],
)
def test_an_error_of_no_picture_has_a_record_too(
    words: list[str], picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(picture), "--scale", "2", "--json", *words]) == 1
    shown = capsys.readouterr()
    record = json.loads(shown.out)
    assert record["status"] == "failed"
    assert shown.err == f"error: {record['error']}\n"


@pytest.mark.parametrize("words", [["--scale", "wide", "-o", "out.png"], ["--scale", "2"], ["-o", "out.png", "--no"]])
def test_wrong_usage_has_a_record_too(words: list[str], picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(picture), *words]) == 2
    assert capsys.readouterr().out == ""
    assert main(["render", str(picture), "--json", *words]) == 2
    shown = capsys.readouterr()
    record = json.loads(shown.out)
    assert record["status"] == "failed"
    assert shown.err == f"error: {record['error']}\n"


@pytest.mark.parametrize("target", [["-o", "-"], ["-o-"], ["--output=-"]])
def test_no_record_stands_where_the_picture_would(target: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "a.png", "--json", "--scale", "0", *target]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert json.loads(shown.err.splitlines()[0])["status"] == "failed"


def test_lossless_is_for_formats_that_can(picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["render", str(picture), "--scale", "2", "--model", "bicubic", "--lossless"]
    for suffix in (".webp", ".png"):
        assert main([*words, "-o", str(tmp_path / f"out{suffix}")]) == 0
    assert np.array_equal(opened(tmp_path / "out.webp"), opened(tmp_path / "out.png"))
    assert main([*words, "-o", str(tmp_path / "out.jpg")]) == 1
    assert "JPEG always loses something" in capsys.readouterr().err


def test_what_computes_is_told(picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(picture), "--scale", "2", "-o", str(tmp_path / "out.png")]) == 0
    shown = capsys.readouterr()
    assert "diif-s-lite at x2 on " in shown.err
    assert "56x40 pixels" in shown.out


BAD = {
    "missing": (["no-such.png"], []),
    "a pattern without match": (["*.jpg"], []),
    "standard input beside a file": (["-", "picture.png"], []),
    "best of a classic method": ([], ["--model", "bicubic", "--best"]),
    "16 bits of 8": ([], ["--bits", "16", "--dtype", "uint8"]),
    "an unknown model": ([], ["--model", "magic"]),
    "a missing weights file": ([], ["--model", "no-such.safetensors"]),
    "an unknown device": ([], ["--device", "abacus"]),
    "a box outside": ([], ["--box", "0,0,29,20"]),
    "a box of nothing": ([], ["--box", "3,3,3,3"]),
    "a window outside": ([], ["--window", "0,0,500,10"]),
    "more than fits in memory": ([], ["--scale", "100000"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_leaves_no_file(
    case: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    image, extra = BAD[case]
    words = ["render", *(image or [str(picture)]), *([] if "--scale" in extra else ["--scale", "2"]), *extra]
    assert main([*words, "-o", "out.png"]) == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in shown.err
    assert "(this is a defect" not in shown.err
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("content", [b"", b"not a picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_broken_pictures_and_weights(content: bytes, picture: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(content)
    assert main(["render", str(broken), "--scale", "2", "-o", str(tmp_path / "out.png")]) == 1
    for suffix in (".safetensors", ".pth"):
        weights = broken.with_suffix(suffix)
        weights.write_bytes(content)
        words = ["render", str(picture), "--scale", "2", "--model", str(weights), "-o", str(tmp_path / "out.png")]
        assert main(words) == 1
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "name",
    [
        "out.bmp",
        "out",
        "no-such-folder/out.png",
        "picture.png",
        "{stem}",
        "{colour}.png",
        "{stem.png",
        "n" * 300 + ".png",
    ],
)
def test_a_target_that_cannot_be_is_refused_before_the_work(
    name: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = picture.read_bytes()
    assert main(["render", str(picture), "--scale", "2", "-o", str(tmp_path / name)]) == 1
    assert capsys.readouterr().err.startswith("error: ")  # else what computes is told first
    assert picture.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(picture: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert main(["render", str(picture), "--scale", "2", "-o", str(locked / "out.png")]) == 1


@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
def test_an_interruption_leaves_the_old_file_and_no_traceback(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"old")
    words = [
        "render",
        str(picture),
        "--size",
        "7000x5000",
        "--model",
        "liif-lite",
        "--dtype",
        "float32",
        "-o",
        str(out),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "diif_viewer", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process, process.stderr:
        assert "liif-lite" in process.stderr.readline()  # the work begins now
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(30) == 130
    assert "Traceback" not in rest
    assert out.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.png", "picture.png"]


def test_classic_methods_do_not_wait_for_torch(picture: Path, tmp_path: Path) -> None:
    words = ["render", str(picture), "--scale", "2", "--model", "bicubic", "-o", str(tmp_path / "out.png")]
    script = f"import sys; from diif_viewer.cli import main; sys.exit(main({words}) or 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_page_of_a_file_is_rendered(tmp_path, capsys):
    pages = [np.full((8, 9, 3), 40 * n, np.uint8) for n in range(3)]
    first, *others = (Image.fromarray(page) for page in pages)
    first.save(tmp_path / "a.tif", save_all=True, append_images=others)
    words = ["render", str(tmp_path / "a.tif"), "--scale", "2", "--model", "bicubic", "--quiet", "-o"]
    assert main([*words, str(tmp_path / "b.png"), "--page", "3"]) == 0
    with Image.open(tmp_path / "b.png") as image:
        assert np.asarray(image).tolist() == np.full((16, 18, 3), 80).tolist()
    assert main([*words, str(tmp_path / "c.png"), "--page", "4"]) == 1
    assert "no page 4; it has 3" in capsys.readouterr().err


@pytest.mark.parametrize("best", [False, True])
def test_progress_grows_within_one_piece_of_the_picture(best: bool, tmp_path: Path) -> None:
    """A picture that is painted as one piece is told of after each step, the encoding among them."""
    from diif_viewer.cli.render_options import Options
    from diif_viewer.cli.render_plan import Job, Target, plan
    from diif_viewer.cli.render_work import Renderer

    Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(tmp_path / "in.png")
    options = Options("diif-s-lite", scale=14.0, best=best)
    target = Target(str(tmp_path / "out.png"), None, several=False)
    (job,) = plan([(tmp_path / "in.png", "in.png")], target, options, overwrite=False)
    assert isinstance(job, Job)
    fractions: list[float] = []
    Renderer().do(job, fractions.append)
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.7
    assert fractions[-1] == pytest.approx(1)
    assert len(set(fractions)) > 3
