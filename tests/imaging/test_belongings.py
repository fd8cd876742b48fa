"""Round trips of profile, EXIF and resolution through every format, by readers that share nothing with the writers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational
from PySide6.QtGui import QImage

from diif_viewer.cli import main
from diif_viewer.imaging.formats import FORMATS
from diif_viewer.imaging.load import load_picture
from tests.imaging.containers import belongings, number, tiff_tags

SUFFIXES = [form.suffixes[0] for form in FORMATS]
DESCRIPTION, MAKE, MODEL, ORIENTATION, SOFTWARE, ARTIST = 270, 271, 272, 274, 305, 315
INNER, POSITION = 0x8769, 0x8825
EXPOSURE, OWNER, SERIAL = 0x829A, 0xA430, 0xA431


def a_profile() -> bytes:
    """Not sRGB, so that nobody could leave it out and be right by chance."""
    lab = ImageCms.createProfile("LAB")
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[24:36] = ImageCms.ImageCmsProfile(lab).tobytes()[24:36]  # another time of making, the same colours
    made[35] ^= 0x55
    return bytes(made)


PROFILE = a_profile()
NAME = "Jané Do".encode()
"""As many bytes as "Jane Doe" has, not all of them ASCII."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A JPEG as a camera makes it: turned, with profile, place, owner and serial number."""
    exif = Image.Exif()
    exif[MAKE], exif[MODEL], exif[ORIENTATION], exif[SOFTWARE], exif[ARTIST] = "Maker", "Model 3", 6, "Raw", "Jane Doe"
    exif[INNER] = {EXPOSURE: IFDRational(1, 100), OWNER: "Jane Doe", SERIAL: "SERIAL-77"}
    exif[POSITION] = {1: "N", 2: (52.0, 31.0, 12.0)}
    pixels = np.kron(np.arange(48, dtype=np.uint8).reshape(6, 8, 1) * 5, np.ones((4, 4, 3), np.uint8))
    path = tmp_path / "photo.jpg"
    named = exif.tobytes().replace(b"Jane Doe", NAME)
    Image.fromarray(pixels).save(path, exif=named, icc_profile=PROFILE, dpi=(240, 240), quality=95)
    return path


def rendered(photo: Path, suffix: str, *words: str) -> Path:
    out = photo.with_name(f"out{suffix}")
    assert main(["render", str(photo), "--scale", "2", "--model", "bicubic", "--quiet", "-o", str(out), *words]) == 0
    return out


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_profile_and_exif_arrive_byte_for_byte(suffix: str, photo: Path) -> None:
    assert belongings(photo)[0] == PROFILE  # the reader finds what Pillow put there
    profile, exif = belongings(rendered(photo, suffix))
    assert profile == PROFILE
    assert exif is not None
    tags = tiff_tags(exif)
    assert tags[MAKE] == b"Maker\0"
    assert tags[MODEL] == b"Model 3\0"
    assert tags[ARTIST] == NAME + b"\0"
    assert tags[SOFTWARE].startswith(b"DIIF Viewer ")
    assert number(exif, tags.get(ORIENTATION, b"\1")) in (1, 256)
    if suffix != ".tif":  # which keeps the main texts
        inner = tiff_tags(exif, number(exif, tags[INNER]))
        assert inner[SERIAL] == b"SERIAL-77\0"
        assert inner[OWNER] == NAME + b"\0"
        assert len(inner[EXPOSURE]) == 8
        assert POSITION in tags


def test_what_is_too_long_for_a_jpeg_is_left_out_of_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ARTIST], exif[INNER] = "Jane Doe", {0x927C: bytes(70_000), OWNER: "Jane Doe"}
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.png", exif=exif)
    found = belongings(rendered(tmp_path / "photo.png", ".jpg"))[1]
    assert found is not None
    tags = tiff_tags(found)
    assert tags[ARTIST] == b"Jane Doe\0"
    inner = tiff_tags(found, number(found, tags[INNER]))
    assert (inner[OWNER], 0x927C in inner) == (b"Jane Doe\0", False)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_stripped_files_name_no_person_and_no_place(suffix: str, photo: Path) -> None:
    out = rendered(photo, suffix, "--strip")
    profile, exif = belongings(out)
    assert profile == PROFILE
    assert exif is not None
    tags = tiff_tags(exif)
    assert tags[MAKE] == b"Maker\0"
    assert POSITION not in tags
    assert ARTIST not in tags
    for words in (NAME, b"SERIAL"):
        assert words not in out.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_qt_sees_the_same_picture(suffix: str, photo: Path) -> None:
    """Size, profile and resolution by Qt's own readers."""
    image = QImage(str(rendered(photo, suffix)))
    assert (image.width(), image.height()) == (48, 64)  # upright: 24x32 as the camera meant it, doubled
    assert bytes(image.colorSpace().iccProfile().data()) == PROFILE
    if suffix != ".webp":  # which has no word for it
        assert image.dotsPerMeterX() == pytest.approx(240 / 0.0254, abs=1)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".avif"])
def test_transparency_arrives(suffix: str, tmp_path: Path) -> None:
    """The alpha of the source, laid out smoothly, by another reader than the one that wrote it where there is one."""
    alpha = np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((16, 16), np.uint8))
    Image.fromarray(np.dstack([np.full((32, 32, 3), 200, np.uint8), alpha])).save(tmp_path / "in.png")
    out = tmp_path / f"out{suffix}"
    words = ["--scale", "2", "--model", "bicubic", "--quiet"]
    words += [] if suffix in (".png", ".tif") else ["--quality", "100"]
    assert main(["render", str(tmp_path / "in.png"), *words, "-o", str(out)]) == 0
    with Image.open(out) as image:
        read = np.asarray(image)
    if suffix in (".png", ".webp"):
        shown = QImage(str(out)).convertToFormat(QImage.Format.Format_RGBA8888)
        read = np.frombuffer(shown.constBits(), np.uint8).reshape(64, 64, 4)
    assert read.shape == (64, 64, 4)
    inside = np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((32, 32), np.uint8))
    assert np.abs(read[4:28, 4:28, 3].astype(int) - inside[4:28, 4:28]).max() <= 2
    assert np.abs(read[4:28, 36:60, 3].astype(int) - inside[4:28, 36:60]).max() <= 2
    assert len(np.unique(read[..., 3])) > 2  # not cut off at half


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_grey_stays_grey_where_the_format_can(suffix: str, tmp_path: Path) -> None:
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4).save(tmp_path / "in.png")
    out = tmp_path / f"out{suffix}"
    assert main(["render", str(tmp_path / "in.png"), "--scale", "2", "--model", "bicubic", "-o", str(out)]) == 0
    data = out.read_bytes()
    if suffix == ".png":
        assert data[25] == 0  # colour type of IHDR
    elif suffix == ".tif":
        assert number(data, tiff_tags(data)[277]) == 1  # samples per pixel
    elif suffix == ".jpg":
        frame = data.index(b"\xff\xc0")
        assert data[frame + 9] == 1  # components
    with Image.open(out) as image:
        rgb = np.asarray(image.convert("RGB")).astype(int)
    assert np.ptp(rgb, axis=2).max() <= 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_resolution_is_kept_in_every_format_and_the_sources_size_in_none(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[MAKE], exif[256], exif[257] = "Maker", 4000, 3000
    Image.new("RGB", (12, 10)).save(tmp_path / "in.jpg", exif=exif, dpi=(300, 200))
    out = tmp_path / f"out{suffix}"
    assert main(["render", str(tmp_path / "in.jpg"), "--scale", "2", "--model", "bicubic", "-o", str(out)]) == 0
    assert load_picture(out).dpi == pytest.approx((300, 200), abs=0.01)
    with Image.open(out) as image:
        if suffix != ".tif":
            assert not {256, 257, 258} & set(image.getexif())
            assert image.getexif()[MAKE] == "Maker"
