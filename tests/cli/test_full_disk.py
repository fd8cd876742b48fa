"""A disk that fills up while a result is written: one sentence, the old file, nothing beside it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.cli import main
from diif_viewer.engine import messages as m
from diif_viewer.engine.exporting import export_steps
from diif_viewer.errors import ExportError
from diif_viewer.geometry import Window

ROOT = Path(__file__).resolve().parent.parent.parent
NOISE = np.random.default_rng(1).integers(0, 255, (400, 500, 3), dtype=np.uint8)
SIZE = "1000x1000"  # 3 MB of noise that does not compress to 1 MB, and that the check before the work lets pass


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("a small disk can be mounted only by root, and not in every container")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(NOISE).save(tmp_path / "in.png")
    return tmp_path / "in.png"


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".avif"])
def test_a_full_disk_keeps_the_old_file(
    suffix: str, small_disk: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = small_disk / f"out{suffix}"
    out.write_bytes(b"old")
    words = ["render", str(picture), "--size", SIZE, "--model", "bicubic", "-o", str(out)]
    best = {".webp": ["--lossless"], ".png": [], ".tif": []}.get(suffix, ["--quality", "100"])
    assert main([*words, *best]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("there is no space left on the disk.")
    assert out.read_bytes() == b"old"
    assert os.listdir(small_disk) == [out.name]


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".webp", ".gif", ".png"])
def test_a_film_keeps_the_old_one_too(
    suffix: str, small_disk: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if suffix in (".mp4", ".webm"):
        pytest.importorskip("av")
    out = small_disk / f"out{suffix}"
    out.write_bytes(b"old")
    words = ["--from", "fill", "--to", "x2", "--seconds", "1", "--size", "640x480", "--model", "nearest"]
    words += [*([] if suffix in (".gif", ".png") else ["--quality", "100"]), "-o", str(out)]
    assert main(["animate", str(picture), *words]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("there is no space left on the disk.")
    assert out.read_bytes() == b"old"
    assert os.listdir(small_disk) == [out.name]


def test_the_windows_export_says_so_too(small_disk: Path) -> None:
    out = small_disk / "out.png"
    request = m.ExportRequest(1, 1, "bicubic", 2.0, Window(0, 0, 800, 1000), str(out))
    with pytest.raises(ExportError, match="no space left"):
        list(export_steps(request, NOISE, lambda: None))
    assert os.listdir(small_disk) == []


@pytest.mark.skipif(os.name == "nt", reason="limits as on Unix")
def test_a_limit_on_file_sizes_is_met_in_the_same_way(picture: Path, tmp_path: Path) -> None:
    """Where nothing can be mounted, the system refuses to let a file grow beyond a megabyte."""
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "from diif_viewer.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    (tmp_path / "out").mkdir()
    words = ["render", str(picture), "--size", SIZE, "--model", "bicubic", "-o", str(tmp_path / "out" / "out.png")]
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("the file would be too large for this disk.")
    assert os.listdir(tmp_path / "out") == []


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As for people: Python writes what is printed when it must, or at the end."""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("environment", [BUFFERED, BUFFERED | {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "not"])
@pytest.mark.parametrize(
    "line",
    ["models", "completion bash", "--help", "--version", "-h", "render {picture} --model bicubic --scale 2 -o -"],
)
def test_a_full_disk_behind_standard_output_is_told(line: str, environment: dict[str, str], picture: Path) -> None:
    words = line.format(picture=picture).split()
    with open("/dev/full", "wb") as full:
        program = [sys.executable, "-m", "diif_viewer", *words]
        done = subprocess.run(
            program, cwd=ROOT, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: Nothing more could be written: No space left on device."


@pytest.mark.skipif(os.name == "nt", reason="pipes as on Unix")
@pytest.mark.parametrize("line", ["--help", "completion bash", "completion csh"])
def test_a_reader_that_has_gone_is_no_reason_to_shout(line: str) -> None:
    near, far = os.pipe()
    os.close(near)
    program = [sys.executable, "-m", "diif_viewer", *line.split()]
    with os.fdopen(far, "wb") as pipe:
        done = subprocess.run(program, cwd=ROOT, env=BUFFERED, stdout=pipe, stderr=-1, text=True, check=False)
    expected = (2, ["error: argument shell"]) if "csh" in line else (1, [])
    assert (done.returncode, [told[:21] for told in done.stderr.splitlines()]) == expected


def test_a_menu_entry_that_does_not_fit_leaves_nothing_torn(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(small_disk))
    monkeypatch.setattr("sys.platform", "linux")
    (small_disk / "full").write_bytes(bytes((1 << 20) - 5 * 4096))
    with contextlib.suppress(OSError), (small_disk / "more").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    assert main(["install-desktop"]) == 1
    assert str(small_disk) in capsys.readouterr().err
    assert {path.name for path in small_disk.rglob("*") if path.is_file()} == {"full", "more"}
