"""`render` with several pictures, formats and streams: every result whole, none twice, none torn."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import diif_viewer as dv
from diif_viewer.cli import batch, main, render_plan
from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.save import save_png

ROOT = Path(__file__).resolve().parent.parent.parent
Shown = pytest.CaptureFixture[str]


def made(path: Path, seed: int = 0, channels: int = 3) -> Path:
    y, x = np.mgrid[0:18, 0:24]
    planes = [(x * (9 + seed) + y * (5 + c)) % 256 for c in range(channels)]
    Image.fromarray(np.stack(planes, -1).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """in/ in the current folder, with picture-1, -2 and -10, of which one is JPEG, and a text beside them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for number, name in enumerate(("picture-10.png", "picture-2.jpg", "picture-1.png")):
        made(tmp_path / "in" / name, number)
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    return tmp_path / "in"


def render(*words: str) -> int:
    return main(["render", "--scale", "2", *(words if "--model" in words else (*words, "--model", "bicubic"))])


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# ---- inputs and outputs ----------------------------------------------------------------------------------


def test_a_folder_goes_into_a_folder(folder: Path, tmp_path: Path, capsys: Shown) -> None:
    assert render("in", "-o", "out") == 0
    assert names(tmp_path / "out") == ["picture-1.png", "picture-10.png", "picture-2.png"]
    shown = capsys.readouterr()
    assert [line.split(":")[0] for line in shown.out.splitlines()] == [
        str(Path("out", f"picture-{n}.png")) for n in (1, 2, 10)
    ]
    assert shown.err.splitlines()[-1] == "3 rendered"


def test_a_folder_of_one_picture_goes_into_a_folder_too(folder: Path, tmp_path: Path) -> None:
    for number in (2, 10):
        next(folder.glob(f"picture-{number}.*")).unlink()
    assert render("in", "-o", "out") == 0
    assert render("in/*.png", "-o", "others") == 0
    assert names(tmp_path / "out") == names(tmp_path / "others") == ["picture-1.png"]
    assert render("in", "-o", "one.png") == 0
    assert render("in/picture-1.png", "-o", "nothing") == 1


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_name_that_the_system_will_not_look_at_costs_only_itself(
    folder: Path, tmp_path: Path, capsys: Shown, place: str
) -> None:
    """As one too long for it, or in a folder without permission, which root has everywhere."""
    long, good = "x" * 300 + ".png", os.path.join("in", "picture-1.png")
    assert render(*((long, good) if place == "first" else (good, long)), "-o", "out") == 1
    assert f"{long}: there is no such file." in capsys.readouterr().err
    assert names(tmp_path / "out") == ["picture-1.png"]


def test_a_folder_that_may_not_be_read_is_said(folder: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", closed)
    assert render("in", "-o", "out") == 1
    assert capsys.readouterr().err == "error: in: there is no permission to read this folder.\n"


def test_a_pattern_that_the_shell_left_alone(folder: Path, tmp_path: Path) -> None:
    assert render("in/*-1*.png", "in/*.jpg", "in/picture-1.png", "-o", "out/", "--format", "webp") == 0
    assert names(tmp_path / "out") == ["picture-1.webp", "picture-10.webp", "picture-2.webp"]


def test_fields_in_the_name(folder: Path, tmp_path: Path) -> None:
    assert render("in", "-o", "{number:03d}/{stem}_{method}_{scale}_{width}x{height}.jpg", "--quality", "80") == 0
    assert (tmp_path / "003" / "picture-10_bicubic_x2_48x36.jpg").is_file()


def test_a_folder_whose_name_has_braces_is_just_a_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "{stem}").mkdir()
    assert render("in/picture-1.png", "-o", "{stem}/") == 0
    assert names(tmp_path / "{stem}") == ["picture-1.png"]


def test_results_of_one_name_are_refused_before_the_work(folder: Path, tmp_path: Path, capsys: Shown) -> None:
    made(folder / "picture-1.jpg")
    assert render("in", "-o", "out") == 1
    assert "2 results would be called" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert render("in", "-o", "out/{name}.png") == 0
    assert render("in", "-o", "one.png") == 1
    assert "several pictures need a folder" in capsys.readouterr().err


def test_results_never_replace_their_sources(folder: Path, capsys: Shown) -> None:
    before = (folder / "picture-1.png").read_bytes()
    assert render("in/*.png", "-o", "in/", "--overwrite") == 1
    assert "is the picture itself" in capsys.readouterr().err
    assert (folder / "picture-1.png").read_bytes() == before


def test_nor_a_picture_of_which_nothing_can_be_made(folder: Path, capsys: Shown) -> None:
    Image.new("RGB", (8, 8)).save(folder / "small.png")
    before = (folder / "small.png").read_bytes()
    made(folder / "small.jpg")
    assert render("in", "-o", "in", "--overwrite", "--box", "0,0,20,10") == 1
    assert "is the picture itself" in capsys.readouterr().err
    assert (folder / "small.png").read_bytes() == before


def test_numbers_that_are_no_decimals_are_just_letters(folder: Path, tmp_path: Path) -> None:
    made(folder / "5²2.png")
    made(folder / "①2.png")
    assert render("in", "-o", "out") == 0
    assert len(names(tmp_path / "out")) == 5


@pytest.mark.parametrize("arguments", [[], ["--jobs", "2"]])
def test_one_bad_picture_does_not_cost_the_others(
    arguments: list[str], folder: Path, tmp_path: Path, capsys: Shown
) -> None:
    (folder / "picture-3.png").write_bytes((folder / "picture-1.png").read_bytes()[:60])
    (folder / "picture-4.png").write_bytes(b"nothing")
    assert render("in", "-o", "out", *arguments) == 1
    shown = capsys.readouterr().err
    assert "picture-3.png: " in shown
    assert "picture-4.png: this is not a picture" in shown
    assert shown.splitlines()[-1] == "3 rendered, 2 failed"
    assert names(tmp_path / "out") == ["picture-1.png", "picture-10.png", "picture-2.png"]


def test_json_is_a_line_for_each(folder: Path, capsys: Shown) -> None:
    (folder / "picture-4.png").write_bytes(b"nothing")
    assert render("in", "-o", "out", "--json") == 1
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {r["status"] for r in records} == {"done", "failed"}
    (failed,) = (r for r in records if r["status"] == "failed")
    assert "not a picture" in failed["error"]
    done = next(r for r in records if r["input"].endswith("picture-1.png"))
    assert (done["width"], done["height"], done["method"]) == (48, 36, "bicubic")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_debug_takes_nothing_from_json(jobs: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = (folder / "picture-10.png").read_bytes()
    (folder / "picture-10.png").write_bytes(whole[:60])  # found out when it is rendered
    (folder / "picture-4.png").write_bytes(b"nothing")  # before
    assert render("in", "-o", "out", "--json", "--debug", "--jobs", jobs) == 1
    shown = capfd.readouterr()
    records = {Path(r["input"]).name: r["status"] for r in map(json.loads, shown.out.splitlines())}
    failed = {"picture-10.png": "failed", "picture-4.png": "failed"}
    assert records == {"picture-1.png": "done", "picture-2.jpg": "done"} | failed
    assert shown.err.count("Traceback (most recent call last)") >= 2


@pytest.mark.parametrize("content", [b"nothing", None], ids=["no picture", "cut off"])
def test_json_has_a_line_for_a_picture_alone_too(content: bytes | None, folder: Path, capsys: Shown) -> None:
    whole = (folder / "picture-1.png").read_bytes()
    (folder / "picture-1.png").write_bytes(whole[:60] if content is None else content)
    assert render("in/picture-1.png", "-o", "out.png", "--json") == 1
    shown = capsys.readouterr()
    (record,) = (json.loads(line) for line in shown.out.splitlines())
    assert (record["input"], record["status"]) == ("in/picture-1.png", "failed")
    assert shown.err.splitlines()[-1] == f"error: {record['error']}"


def test_quiet_says_nothing(folder: Path, capsys: Shown) -> None:
    assert render("in", "-o", "out", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


# ---- going on --------------------------------------------------------------------------------------------


def test_a_half_done_batch_goes_on(folder: Path, tmp_path: Path, capsys: Shown) -> None:
    assert render("in", "-o", "out") == 0
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    (tmp_path / "out" / "picture-2.png").unlink()
    capsys.readouterr()
    assert render("in", "-o", "out") == 0
    assert capsys.readouterr().err.splitlines()[-1] == "1 rendered, 2 there already"
    for path, stamp in stamps.items():
        assert (path.stat().st_mtime_ns == stamp) == (path.name != "picture-2.png")


def test_a_batch_goes_on_with_weights_of_any_name(folder: Path, tmp_path: Path, capsys: Shown) -> None:
    weights = tmp_path / "Модель.safetensors"
    weights.write_bytes((ROOT / "weights" / "diif-s-lite.safetensors").read_bytes())
    for done in ("3 rendered", "3 there already"):
        assert render("in", "-o", "out", "--model", str(weights)) == 0
        assert capsys.readouterr().err.splitlines()[-1].endswith(done)


def test_what_was_made_otherwise_is_kept_unless_told(folder: Path, tmp_path: Path, capsys: Shown) -> None:
    assert render("in", "-o", "out") == 0
    old = (tmp_path / "out" / "picture-1.png").read_bytes()
    assert render("in", "-o", "out", "--model", "nearest") == 1
    assert "--overwrite replaces it" in capsys.readouterr().err
    assert (tmp_path / "out" / "picture-1.png").read_bytes() == old
    assert render("in", "-o", "out", "--model", "nearest", "--overwrite") == 0
    assert (tmp_path / "out" / "picture-1.png").read_bytes() != old


def test_torn_and_outdated_results_are_not_taken_for_whole(folder: Path, tmp_path: Path) -> None:
    assert render("in", "-o", "out") == 0
    torn = tmp_path / "out" / "picture-1.png"
    torn.write_bytes(torn.read_bytes()[:-20])
    made(folder / "picture-2.jpg", 7)
    assert render("in", "-o", "out") == 1
    assert render("in", "-o", "out", "--overwrite") == 0
    assert render("in", "-o", "out") == 0


def test_another_picture_of_the_same_name_and_size_has_no_result_yet(
    folder: Path, tmp_path: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert render("in", "-o", "out") == 0
    before = (tmp_path / "out" / "picture-1.png").read_bytes()
    kept = (folder / "picture-1.png").stat()
    made(folder / "picture-1.png", 9)
    os.utime(folder / "picture-1.png", ns=(kept.st_atime_ns, kept.st_mtime_ns))
    capsys.readouterr()
    assert render("in", "-o", "out") == 1
    assert "exists and is not this result" in capsys.readouterr().err
    assert (tmp_path / "out" / "picture-1.png").read_bytes() == before
    for status, name in ((0, "picture-10.png"), (0, "picture-10.png"), (1, "picture-1.png")):
        data = io.BytesIO((folder / name).read_bytes())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
        assert render("-", "-o", "piped/") == status


def test_grey_of_sixteen_bits_with_transparency_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    deep = np.random.default_rng(4).integers(0, 65536, (12, 10, 2), dtype=np.uint16)
    save_png(deep, tmp_path / "in" / "deep.png")
    assert render("in", "-o", "out", "--format", "tiff") == 0
    result = load_picture(tmp_path / "out" / "deep.tif").pixels
    assert (result.shape, result.dtype) == ((24, 20, 4), np.uint16)
    np.testing.assert_array_equal(result[..., 0], result[..., 2])
    assert render("in", "-o", "out", "--format", "tiff") == 0


def test_other_weights_of_the_same_name_are_another_recipe(folder: Path) -> None:
    options = render_plan.Options("diif.safetensors", "12345678", scale=2.0)
    lattice = options.lattice(4, 5)
    other = render_plan.Options("diif.safetensors", "abcdef01", scale=2.0)
    recipes = [each.recipe(folder / "picture-1.png", lattice, lattice.window, 8) for each in (options, other)]
    assert recipes[0] != recipes[1]


# ---- standard input and output ---------------------------------------------------------------------------


def piped(picture: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "diif_viewer", "render", *words]
    return subprocess.run(command, cwd=ROOT, input=picture, capture_output=True, check=False, timeout=120)


def test_from_standard_input_to_standard_output(tmp_path: Path) -> None:
    picture = made(tmp_path / "a.png")
    done = piped(picture.read_bytes(), "-", "--scale", "2", "--model", "bicubic", "-o", "-", "--format", "webp")
    assert done.returncode == 0, done.stderr
    with Image.open(io.BytesIO(done.stdout)) as image:
        assert (image.format, image.size) == ("WEBP", (48, 36))
    assert b"standard output: 48x36 pixels" in done.stderr


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_nonsense_on_standard_input_gives_no_output(content: bytes) -> None:
    done = piped(content, "-", "--scale", "2", "--model", "bicubic", "-o", "-")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(("terminal", "sentence"), [(True, "nothing for the terminal"), (False, "is closed")])
def test_a_picture_needs_somewhere_to_go(
    terminal: bool, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    picture = made(tmp_path / "a.png")
    if terminal:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    else:
        monkeypatch.setattr(sys, "stdout", None)
    assert render(str(picture), "-o", "-") == 1
    monkeypatch.undo()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert sentence in shown.err


def test_a_width_that_no_name_has_is_refused_before_it_fills_the_memory(folder: Path, capsys: Shown) -> None:
    assert render("in", "-o", "{stem:>9999999999}.png") == 1
    assert "no file's name can be that long" in capsys.readouterr().err
    assert names(folder.parent) == ["in"]


# ---- formats ---------------------------------------------------------------------------------------------


def test_sixteen_bits_from_eight_are_the_float_result(tmp_path: Path) -> None:
    picture, out = made(tmp_path / "a.png"), tmp_path / "out.tif"
    words = ["render", str(picture), "--scale", "3", "--bits", "16", "--model", "diif-s-lite", "-o", str(out)]
    assert main(words) == 0
    expected = dv.encode(load_picture(picture).pixels, dv.load_model("diif-s-lite")).render(3.0, dtype="float32")
    assert np.abs(tifffile.imread(out) - expected * 65535).max() < 0.51


def test_best_is_the_mean_of_eight(tmp_path: Path) -> None:
    picture, out = made(tmp_path / "a.png"), tmp_path / "out.png"
    words = ["render", str(picture), "--scale", "2", "--best", "--model", "diif-s-lite", "-o", str(out)]
    assert main(words) == 0
    field = dv.encode(load_picture(picture).pixels, dv.load_model("diif-s-lite"))
    single = field.render(2.0, dtype="float32") * 255
    best = load_picture(out).pixels.astype(float)
    assert 0.05 < np.abs(best - single).mean() < 8


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--size", "16384x9", "-o", "a.webp"], "16,383"),
        (["--size", "65501x9", "-o", "a.jpg"], "65,500"),
        (["--scale", "2", "--bits", "16", "-o", "a.jpg"], "8 bits"),
        (["--scale", "2", "-o", "a.png", "--format", "webp"], "--format says WEBP"),
    ],
)
def test_limits_of_formats_are_said_first(
    words: list[str], sentence: str, tmp_path: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "in.png")
    assert main(["render", "in.png", "--model", "nearest", *words]) == 1
    assert sentence in capsys.readouterr().err
    assert names(tmp_path) == ["in.png"]


def test_transparency_needs_a_format_that_holds_it(tmp_path: Path, capsys: Shown) -> None:
    picture = made(tmp_path / "in.png", channels=4)
    assert render(str(picture), "-o", str(tmp_path / "a.jpg")) == 1
    assert "transparency" in capsys.readouterr().err
    assert render(str(picture), "-o", str(tmp_path / "a.webp")) == 0


def test_a_disk_too_small_is_said_before_the_work(folder: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 100

    monkeypatch.setattr(render_plan.shutil, "disk_usage", lambda path: Usage)
    assert render("in", "-o", "out") == 1
    assert "has 0.1 kB free, and the result needs" in capsys.readouterr().err
    assert not Path("out").exists()
    Usage.free = 2_500_000
    assert main(["render", "in", "-o", "out", "--size", "5000x5000", "--model", "bicubic"]) == 1
    assert "has 2.5 MB free" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["in", "-o", "file/"], ["in", "-o", "file/sub/"], ["in/picture-1.png", "-o", "file/a.png"]]
)
def test_a_folder_that_is_a_file_is_said_before_the_work(words: list[str], folder: Path, capsys: Shown) -> None:
    Path("file").write_text("mine")
    assert render(*words) == 1
    told = capsys.readouterr().err
    assert "is not a folder." in told
    assert "defect" not in told
    assert Path("file").read_text() == "mine"


def test_personal_data_stays_behind_with_strip(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x110], exif[0x13B], exif[0x112] = "Camera 5", "Jane Doe", 6
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    Image.new("RGB", (20, 10), "red").save(tmp_path / "in.jpg", exif=exif, dpi=(300, 300))
    for word, kept in (("--quiet", True), ("--strip", False)):
        assert render(str(tmp_path / "in.jpg"), "-o", str(tmp_path / "out.jpg"), word) == 0
        with Image.open(tmp_path / "out.jpg") as image:
            found = image.getexif()
            assert image.size == (20, 40)
            assert image.info["dpi"] == (300, 300)
            assert found[0x110] == "Camera 5"
            assert 0x112 not in found
            assert found[0x131].startswith("DIIF Viewer")
            assert (found.get(0x13B) == "Jane Doe") is kept
            assert bool(found.get_ifd(0x8825)) is kept


# ---- several at a time -----------------------------------------------------------------------------------


def test_several_processes_give_the_same_files(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        batch, "Connection", type("Other", (), {})
    )  # as on Windows, where a pipe has ends of another class
    assert render("in", "-o", "one", "--model", "diif-s-lite", "--dtype", "float32") == 0
    assert render("in", "-o", "two", "--jobs", "2", "--model", "diif-s-lite", "--dtype", "float32") == 0
    for name in names(tmp_path / "one"):
        one, two = (load_picture(tmp_path / which / name).pixels for which in ("one", "two"))
        assert np.abs(one.astype(int) - two).max() <= 1


@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
def test_an_interruption_of_several_leaves_whole_files_only(tmp_path: Path) -> None:
    for number in range(4):
        made(tmp_path / f"{number}.png", number)
    (tmp_path / "out").mkdir()
    words = [
        *("render", str(tmp_path / "*.png"), "--size", "9000x7000", "--model", "bicubic", "--jobs", "2"),
        *("-o", str(tmp_path / "out")),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "diif_viewer", *words], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    with process:
        end = time.monotonic() + 60
        while not names(tmp_path / "out") and time.monotonic() < end:
            time.sleep(0.02)  # until a worker has begun a file
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        errors = process.stderr.read()
        assert process.wait(30) == 130, errors
    assert b"Traceback" not in errors
    for path in (tmp_path / "out").iterdir():
        assert not path.name.startswith(".")
        assert load_picture(path).pixels.shape == (7000, 9000, 3)


@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
def test_ctrl_c_while_the_processes_start_is_quiet(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if '--multiprocessing-fork' in sys.orig_argv:\n"
        "    os.killpg(0, signal.SIGINT)  # what a terminal does\n"
    )
    words = ["render", "in", "--scale", "2", "--model", "bicubic", "--jobs", "2", "-o", "out"]
    done = subprocess.run(
        [sys.executable, "-m", "diif_viewer", *words],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert (done.returncode, done.stderr.strip()) == (130, "Stopped.")


def test_a_batch_takes_away_what_a_killed_one_has_left(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    left = tmp_path / "out" / ".picture-2-0123456789ab.png"
    left.touch()
    os.utime(left, (0, 0))
    assert render("in", "-o", "out") == 0
    assert names(tmp_path / "out") == ["picture-1.png", "picture-10.png", "picture-2.png"]
