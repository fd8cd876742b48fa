"""Raw files through the optional package: the camera's JPEG first, then the sensor's picture with known colours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.errors import CutOffError, ImageError
from diif_viewer.imaging.load import load_picture, page_count, peek
from diif_viewer.imaging.raw import is_raw
from diif_viewer.imaging.shot import shot_of
from diif_viewer.imaging.thumbnail import thumbnail
from diif_viewer.models.registry import PHOTO, default_method
from tests.imaging.raws import write_dng

Y, X = np.mgrid[:96, :160]
RGB = np.stack([60 + X / 2, 200 - Y, 90 + (X + Y) / 3], -1).astype(np.uint8)
RGB[:8, :8] = 255  # what is as bright as can be: nothing is made brighter
CAMERAS = 255 - RGB
"""Another picture as the camera's, to tell the two apart."""


@pytest.fixture(autouse=True)
def package(request: pytest.FixtureRequest) -> None:
    """Most of this needs it."""
    if "without" not in request.node.name:
        pytest.importorskip("rawpy", reason="Raw files need rawpy.")


def near(found: np.ndarray, expected: np.ndarray, most: float) -> bool:
    """Equal but for what compressing, or guessing two of three colours, takes."""
    return found.shape == expected.shape and float(np.abs(found.astype(float) - expected).mean()) < most


def test_the_cameras_picture_comes_first_then_what_the_sensor_saw(tmp_path: Path) -> None:
    file = write_dng(tmp_path / "a.dng", RGB, CAMERAS)
    first, second = load_picture(file), load_picture(file, page=1)
    assert near(first.pixels, CAMERAS, 3)
    assert second.pixels.dtype == np.uint16
    assert near(second.pixels / 257, RGB, 2)
    assert (first.format, first.page, first.pages, second.page, second.pages) == ("RAW", 0, 2, 1, 2)
    assert page_count(file) == 2
    for page, bits in ((0, 8), (1, 16)):
        header = peek(file, page=page)
        assert (header.height, header.width, header.channels, header.bits) == (96, 160, 3, bits)
    with pytest.raises(ImageError, match=r"^a\.dng: there is no page 3; it has 2\.$"):
        load_picture(file, page=2)


@pytest.mark.parametrize(("turn", "quarters"), [(3, 2), (6, -1), (8, 1)])
def test_both_are_upright(tmp_path: Path, turn: int, quarters: int) -> None:
    file = write_dng(tmp_path / "a.dng", RGB, CAMERAS, turn)
    for page, expected in ((0, CAMERAS), (1, RGB)):
        picture, header = load_picture(file, page=page), peek(file, page=page)
        scale = np.iinfo(picture.pixels.dtype).max / 255
        assert near(picture.pixels / scale, np.rot90(expected, quarters), 3), page
        assert (header.height, header.width) == picture.pixels.shape[:2]
        assert picture.exif is not None
        kept = Image.Exif()
        kept.load(picture.exif)
        assert kept.get(0x0112, 1) == 1


def test_the_camera_and_the_exposure_are_known_of_both(tmp_path: Path) -> None:
    file = write_dng(tmp_path / "a.dng", RGB, CAMERAS)
    for page in (0, 1):
        shot = shot_of(load_picture(file, page=page).exif)
        assert (shot.camera, shot.sensitivity, shot.taken) == ("Maker Model", 400, "2026:05:01 12:30:07")
        assert shot.software == ""


def test_what_is_only_a_thumbnail_is_no_page(tmp_path: Path) -> None:
    for preview in (None, CAMERAS[:32, :48].copy()):
        file = write_dng(tmp_path / "a.dng", RGB, preview)
        picture = load_picture(file)
        assert (picture.pixels.dtype, picture.pages) == (np.uint16, 1)
        assert near(picture.pixels / 257, RGB, 2)


def test_a_small_copy_is_of_the_first_page(tmp_path: Path) -> None:
    small = thumbnail(write_dng(tmp_path / "a.dng", RGB, CAMERAS, 6), 40)
    assert small.shape == (40, 24, 3)
    assert near(small, np.array(Image.fromarray(CAMERAS).rotate(-90, expand=True).reduce(4)), 5)
    small = thumbnail(write_dng(tmp_path / "b.dng", RGB), 40)
    assert near(small, np.array(Image.fromarray(RGB).reduce(4)), 5)


def test_the_bytes_and_the_name_tell(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.nef", "JPEG", quality=95)
    assert not is_raw(tmp_path / "a.nef")
    assert load_picture(tmp_path / "a.nef").format == "JPEG"
    Image.fromarray(RGB).save(tmp_path / "b.tif")
    assert not is_raw(tmp_path / "b.tif")
    Image.fromarray(RGB[..., 0]).save(tmp_path / "c.arw", "TIFF")  # begins as a raw file and is none
    with pytest.raises(ImageError, match=r"^c\.arw: this is no raw file, or of a camera that is not known yet\.$"):
        load_picture(tmp_path / "c.arw")


def test_one_that_was_cut_off_says_so(tmp_path: Path) -> None:
    file = write_dng(tmp_path / "a.dng", RGB)
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(CutOffError, match=r"^a\.dng: the file ends before the picture does\.$"):
        load_picture(file)


@pytest.mark.parametrize("length", [16, 60, 400, 1600, 2500])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, length: int) -> None:
    file = write_dng(tmp_path / "a.dng", RGB, CAMERAS)
    file.write_bytes(file.read_bytes()[:length])
    for page in (0, 1):
        with pytest.raises(ImageError, match=r"^a\.dng: [^\n]*\.$"):
            load_picture(file, page=page)


def test_the_photo_model_is_for_them() -> None:
    assert default_method(".nef") == default_method(".DNG") == PHOTO


def test_without_its_package_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diif_viewer.imaging.raw.provided", lambda: False)
    file = write_dng(tmp_path / "a.dng", RGB, CAMERAS)
    with pytest.raises(ImageError, match=r"^a\.dng: .*\(pip install rawpy\)"):
        load_picture(file)


def test_the_package_is_loaded_with_the_first_such_file_only(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "b.tif")
    code = (
        "import sys; from diif_viewer.imaging.load import load_picture as load;"
        "load(sys.argv[1]); assert 'rawpy' not in sys.modules;"
        "load(sys.argv[2]); assert 'rawpy' in sys.modules"
    )
    file = write_dng(tmp_path / "a.dng", RGB)
    subprocess.run([sys.executable, "-c", code, tmp_path / "b.tif", file], check=True, timeout=60)
