"""`animate`: films by the command line, whole or not there, and every mistake in one sentence."""

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
from PIL import Image

import diif_viewer as dv
from diif_viewer.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """90 rows of 120 pixels."""
    y, x = np.mgrid[0:90, 0:120]
    pixels = np.stack([x * 2, y * 2, 255 * ((x // 7 + y // 9) % 2)], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    return tmp_path / "in.png"


def animate(picture: Path, out: Path, *words: str) -> int:
    short = ["--seconds", "0.4", "--fps", "10", "--size", "64x48"]
    return main(["animate", str(picture), *short, "-o", str(out), *words])


def frame(path: Path, number: int) -> np.ndarray:
    with Image.open(path) as film:
        film.seek(number % film.n_frames)
        return np.asarray(film.convert("RGB"))


def test_the_ends_are_the_views_that_were_asked_for(picture: Path, tmp_path: Path, capsys: Shown) -> None:
    out = tmp_path / "out.png"
    assert animate(picture, out, "--from", "x1", "--to", "x8", "--at", "60,45", "--device", "cpu") == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: 4 frames of 64x48, 0.4 s; made in ")
    assert "diif-s-lite on CPU" in shown.err
    pixels = np.asarray(Image.open(picture))
    assert np.array_equal(frame(out, 0), pixels[45 - 24 : 45 + 24, 60 - 32 : 60 + 32])
    field = dv.encode(pixels, dv.load_model("diif-s-lite", device="cpu"))
    window = (45 * 8 - 24, 60 * 8 - 32, 45 * 8 + 24, 60 * 8 + 32)
    assert np.array_equal(frame(out, -1), field.render(8.0, window=window))


def test_a_page_of_a_file_turned(tmp_path: Path) -> None:
    pages = [np.random.default_rng(number).integers(0, 255, (60, 90, 3), np.uint8) for number in range(3)]
    first, *others = map(Image.fromarray, pages)
    first.save(tmp_path / "pages.tif", save_all=True, append_images=others)
    out, place = tmp_path / "out.png", ["--from", "x1", "--to", "x4", "--at", "30,45", "--model", "nearest"]
    assert animate(tmp_path / "pages.tif", out, *place, "--page", "2", "--turn", "right") == 0
    turned = np.rot90(pages[1], -1)
    assert turned.shape == (90, 60, 3)
    assert np.array_equal(frame(out, 0)[:, 2:62], turned[45 - 24 : 45 + 24])
    assert np.array_equal(frame(out, -1)[::4, ::4], turned[45 - 6 : 45 + 6, 30 - 8 : 30 + 8])


def test_a_view_never_leaves_the_picture_that_can_fill_it(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    words = ["--from", "fill", "--to", "x4", "--at", "119,89", "--model", "nearest", "--background", "ff00ff"]
    assert animate(picture, out, *words) == 0
    for number in range(4):
        assert not (frame(out, number) == (255, 0, 255)).all(-1).any()


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".webp", ".gif", ".png", ".apng"])
def test_every_format(suffix: str, picture: Path, tmp_path: Path) -> None:
    if suffix in (".mp4", ".webm"):
        pytest.importorskip("av")
    out = tmp_path / f"out{suffix}"
    assert animate(picture, out, "--model", "bicubic", "--quiet") == 0
    assert sorted(os.listdir(tmp_path)) == ["in.png", out.name]


def test_json_says_what_was_made(picture: Path, tmp_path: Path, capsys: Shown) -> None:
    assert animate(picture, tmp_path / "out.gif", "--model", "bicubic", "--json") == 0
    shown = capsys.readouterr()
    known = json.loads(shown.out)
    assert (known["frames"], known["width"], known["height"], known["duration"]) == (4, 64, 48, 0.4)
    assert known["method"] == "bicubic"


BAD = {
    "a missing picture": ["no-such.png"],
    "an unknown ending": ["-o", "film.avi"],
    "an odd size": ["-o", "film.mp4", "--size", "63x48"],
    "too quick for GIF": ["-o", "film.gif", "--fps", "60"],
    "too quick": ["--fps", "600"],
    "too long": ["--seconds", "1e6"],
    "lossless GIF": ["-o", "film.gif", "--lossless"],
    "a quality of what loses nothing": ["--quality", "80"],
    "a device of a classic method": ["--model", "lanczos", "--device", "cuda"],
    "a point outside": ["--at", "130,5"],
    "beyond the limit": ["--to", "x100"],
    "less than all": ["--from", "x0.01"],
    "an unknown model": ["--model", "magic"],
    "an unknown device": ["--device", "abacus"],
    "the picture itself": ["-o", "in.png"],
    "a folder that is not there": ["-o", "no/film.png"],
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_are_one_sentence_and_leave_no_file(
    case: str, picture: Path, tmp_path: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = picture.read_bytes()
    words = ["animate", *([] if case == "a missing picture" else [str(picture)]), *BAD[case]]
    short = [] if "--size" in words else ["--size", "64x48"]
    target = [] if "-o" in words else ["-o", "film.png"]
    assert main([*words, *short, *target]) == 1
    shown = capsys.readouterr().err
    assert shown.splitlines()[-1].startswith("error: ")
    assert "defect" not in shown
    assert os.listdir(tmp_path) == ["in.png"]
    assert picture.read_bytes() == before


def test_the_ending_apng_is_known_and_told(picture: Path, tmp_path: Path, capsys: Shown) -> None:
    assert animate(picture, tmp_path / "out.apng", "--model", "nearest") == 0
    assert np.array_equal(frame(tmp_path / "out.apng", 0).shape, (48, 64, 3))
    assert animate(picture, tmp_path / "out.avi", "--model", "nearest") == 1
    assert "chosen by the name's ending: .mp4, .webm, .webp, .gif, .png, .apng." in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_picture_may_come_by_standard_input(kind: str, picture: Path, tmp_path: Path) -> None:
    """Through the model for its kind, as with a name."""
    named = tmp_path / f"named.{kind.lower()}"
    Image.open(picture).save(named)
    out, short = tmp_path / "out.png", ["--seconds", "0.2", "--fps", "10", "--size", "64x48", "--json"]
    program = [sys.executable, "-m", "diif_viewer", "animate"]
    with named.open("rb") as file:
        words = [*program, "-", *short, "-o", str(out)]
        done = subprocess.run(words, cwd=ROOT, stdin=file, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    method = "diif-s-lite" if kind == "PNG" else "diif-s-lite-photo"
    assert json.loads(done.stdout)["method"] == method
    assert animate(named, tmp_path / "again.png", "--seconds", "0.2", "--model", method) == 0
    assert np.array_equal(frame(out, -1), frame(tmp_path / "again.png", -1))


@pytest.mark.parametrize("words", [["--from", "near"], ["--at", "1"], ["--fps", "-3"], ["--background", "red"]])
def test_wrong_usage(words: list[str], picture: Path, tmp_path: Path, capsys: Shown) -> None:
    assert animate(picture, tmp_path / "out.png", *words) == 2
    assert "--help tells more" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
@pytest.mark.parametrize("suffix", [".mp4", ".webp", ".png"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_end_in_the_middle_leaves_the_old_film(
    suffix: str, number: int, status: int, picture: Path, tmp_path: Path
) -> None:
    if suffix == ".mp4":
        pytest.importorskip("av")
    out = tmp_path / "out" / f"film{suffix}"
    out.parent.mkdir()
    out.write_bytes(b"old")
    words = ["animate", str(picture), "--seconds", "600", "--model", "bicubic", "-o", str(out)]
    process = subprocess.Popen([sys.executable, "-m", "diif_viewer", *words], cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    with process, process.stderr:
        end = time.monotonic() + 60
        while len(os.listdir(out.parent)) < 2:  # the new file beside the old one
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(30) == status
    assert b"Traceback" not in rest
    assert out.read_bytes() == b"old"
    if number == signal.SIGINT:
        assert os.listdir(out.parent) == [out.name]
