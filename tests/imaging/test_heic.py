"""HEIC through the optional package: upright, whole or one sentence, and found by its bytes alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from diif_viewer.errors import ImageError
from diif_viewer.imaging.heic import is_heic, provided
from diif_viewer.imaging.load import load_picture, page_count, peek

pytest.importorskip("pillow_heif", reason="HEIC needs pillow-heif.")

Y, X = np.mgrid[:48, :80]
RGB = np.stack([X * 3, Y * 5, X + Y], -1).astype(np.uint8)
ALPHA = (X * 3).astype(np.uint8)


def heic(path: Path, pixels: np.ndarray, **about: object) -> Path:
    """`pixels` as a HEIC file."""
    assert provided()
    Image.fromarray(pixels).save(path, "HEIF", quality=95, **about)
    return path


def near(found: np.ndarray, expected: np.ndarray) -> bool:
    """Equal but for what a light compression takes."""
    return found.shape == expected.shape and float(np.abs(found.astype(int) - expected).mean()) < 3


def test_colour_grey_and_alpha_come_back(tmp_path: Path) -> None:
    for name, pixels in (("a", RGB), ("grey", RGB[..., 0]), ("alpha", np.dstack([RGB, ALPHA]))):
        file = heic(tmp_path / f"{name}.heic", pixels)
        picture = load_picture(file)
        assert picture.format == "HEIF"
        assert near(picture.pixels, np.atleast_3d(pixels)), name
        header = peek(file)
        assert (header.height, header.width, header.channels, header.bits) == (*picture.pixels.shape, 8)
        assert page_count(file) == 1


@pytest.mark.parametrize(("turn", "turned"), [(6, np.rot90(RGB, -1)), (3, np.rot90(RGB, 2)), (2, RGB[:, ::-1])])
def test_a_turned_picture_is_upright_once(tmp_path: Path, turn: int, turned: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = turn, "Maker"
    picture = load_picture(heic(tmp_path / "a.heic", RGB, exif=exif.tobytes()))
    assert near(picture.pixels, turned)
    assert picture.exif is not None
    kept = Image.Exif()
    kept.load(picture.exif)
    assert (kept.get(0x010F), kept.get(0x0112, 1)) == ("Maker", 1)
    assert (peek(tmp_path / "a.heic").height, peek(tmp_path / "a.heic").width) == turned.shape[:2]


def test_the_colour_profile_is_kept(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert load_picture(heic(tmp_path / "a.heic", RGB, icc_profile=profile)).icc_profile == profile


def test_the_bytes_tell_whatever_the_name_is(tmp_path: Path) -> None:
    named_otherwise = heic(tmp_path / "a.heic", RGB).rename(tmp_path / "photo.jpg")
    assert is_heic(named_otherwise)
    assert near(load_picture(named_otherwise).pixels, RGB)
    Image.fromarray(RGB).save(tmp_path / "b.heic", "PNG")
    assert load_picture(tmp_path / "b.heic").format == "PNG"


def test_what_begins_as_either_is_opened_as_what_it_is(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.avif", quality=95)
    for file in (heic(tmp_path / "a.heic", RGB), tmp_path / "a.avif"):
        data = bytearray(file.read_bytes())
        data[8:12] = b"mif1"
        file.write_bytes(bytes(data))
        assert is_heic(file)
        assert near(load_picture(file).pixels, RGB), file.name


@pytest.mark.parametrize("length", [12, 40, 300, -200])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, length: int) -> None:
    file = heic(tmp_path / "a.heic", RGB)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ImageError, match=r"^a\.heic: [^\n]*\.$"):
        load_picture(file)


def test_the_package_is_loaded_with_the_first_such_file_only(tmp_path: Path) -> None:
    heic(tmp_path / "a.heic", RGB)
    Image.fromarray(RGB).save(tmp_path / "b.png")
    code = (
        "import sys; from diif_viewer.imaging.load import load_picture as load;"
        "load(sys.argv[1]); assert 'pillow_heif' not in sys.modules;"
        "load(sys.argv[2]); assert 'pillow_heif' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "b.png", tmp_path / "a.heic"], check=True, timeout=60)
