"""Writing: whole files or none, at full depth, with what belongs to them."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from diif_viewer.errors import ExportError
from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.save import atomic_path, save_png

PIXELS = np.random.default_rng(5).integers(0, 65536, (9, 11, 4), dtype=np.uint16)


@settings(max_examples=60, deadline=None)
@given(
    pixels=arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4)),
    )
)
def test_what_is_saved_is_what_is_loaded(tmp_path_factory, pixels) -> None:
    path = tmp_path_factory.mktemp("save") / "a.png"
    save_png(pixels, path)
    loaded = load_picture(path).pixels
    assert loaded.dtype == pixels.dtype
    np.testing.assert_array_equal(loaded, pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_profile_resolution_and_exif_go_along(tmp_path, dtype) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "maker"
    pixels = PIXELS[..., :3].astype(dtype)
    save_png(pixels, tmp_path / "a.png", icc_profile=profile, dpi=(300, 150), exif=exif.tobytes())
    with Image.open(tmp_path / "a.png") as image:
        image.verify()
    picture = load_picture(tmp_path / "a.png")
    assert picture.icc_profile == profile
    assert picture.dpi == pytest.approx((300, 150), abs=0.02)
    kept = Image.Exif()
    kept.load(picture.exif)
    assert dict(kept) == {0x010F: "maker"}
    np.testing.assert_array_equal(picture.pixels, pixels)


def test_a_smooth_deep_picture_is_compressed_well_and_in_blocks(tmp_path) -> None:
    """Several row blocks (filters look across their borders), and far below the raw size."""
    y, x = np.mgrid[:1200, :1000]
    pixels = np.stack([y * 50, x * 60, (x + y) * 20], axis=-1).astype(np.uint16)
    save_png(pixels, tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels, pixels)
    assert (tmp_path / "a.png").stat().st_size < pixels.nbytes / 20


def test_a_grey_picture_may_have_two_axes(tmp_path) -> None:
    save_png(PIXELS[..., 0], tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels[..., 0], PIXELS[..., 0])


# ---- the atomic path -------------------------------------------------------------------------------------


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".txt"
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("failure", [ValueError("x"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(type(failure)):
        write()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions_are_those_of_any_new_file_or_of_the_old_one(tmp_path) -> None:
    (tmp_path / "plain").touch()
    with atomic_path(tmp_path / "new"):
        pass
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    (tmp_path / "new").chmod(0o600)
    with atomic_path(tmp_path / "new"):
        pass
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_symbolic_link_is_written_through(tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "real")
    with atomic_path(tmp_path / "link") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "real").read_text() == "x"


def test_what_the_system_refuses_is_said_in_one_sentence(tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for path, words in (
        (tmp_path / "missing" / "a.png", "the folder does not exist."),
        (tmp_path / "file" / "a.png", "the folder does not exist."),
        (tmp_path / "folder", "it is a folder."),
        (tmp_path / ("n" * 300 + ".png"), "the file name is too long."),
    ):
        with pytest.raises(ExportError, match=words):
            save_png(PIXELS, path)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "no permission"), (errno.ENOSPC, "no space left"), (errno.EROFS, "read-only"), (errno.EIO, "rror")],
)
@pytest.mark.parametrize("place", ["open", "fsync"])
def test_errors_of_the_system_leave_nothing_behind(tmp_path, monkeypatch, number, words, place) -> None:
    (tmp_path / "a.png").write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, place, refuse)
    with pytest.raises(ExportError, match=words):
        save_png(PIXELS, tmp_path / "a.png")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "setuid") or os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_folder_of_somebody_else_is_refused(tmp_path) -> None:
    """The real thing: the rights are dropped in a child process."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setuid(65534)
            save_png(PIXELS, tmp_path / "a.png")
        except ExportError as error:
            code = 0 if "no permission" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert os.listdir(tmp_path) == []


WRITER = """
import sys
import numpy as np
from diif_viewer.imaging.save import save_png
n = 0
print("go", flush=True)
while True:
    n += 1
    save_png(np.full((400, 400, 3), n % 256, np.uint8), sys.argv[1])
"""


def test_a_killed_writer_leaves_the_old_file_or_the_whole_new_one(tmp_path) -> None:
    path = tmp_path / "a.png"
    save_png(np.zeros((400, 400, 3), np.uint8), path)
    for pause in (0.003, 0.011, 0.017, 0.023, 0.031):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"go\n"
            time.sleep(pause)  # somewhere in the middle of a file; whole ones take a few milliseconds
            writer.send_signal(signal.SIGKILL)
        pixels = load_picture(path).pixels
        assert pixels.shape == (400, 400, 3)
        assert (pixels == pixels[0, 0, 0]).all()
