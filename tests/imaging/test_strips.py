"""Results written strip by strip, in every format: read back by another reader, with what belongs to them."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from diif_viewer.errors import ExportError
from diif_viewer.imaging import save, tiff
from diif_viewer.imaging.formats import FORMATS, check_fit, format_of
from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.metadata import Metadata, export_metadata
from diif_viewer.imaging.png import write_png
from diif_viewer.imaging.tiff import write_tiff

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
NOTHING = Metadata()
SUFFIXES = [form.suffixes[0] for form in FORMATS]


def smooth(height: int, width: int, channels: int, dtype: type = np.uint8) -> np.ndarray:
    """Waves with edges: something that every filter of PNG is best at somewhere."""
    y, x = np.mgrid[:height, :width]
    planes = [np.sin(x / (5 + c)) + np.cos(y / (9 - c)) + ((x + y * c) // 13 % 2) for c in range(channels)]
    values = np.stack(planes, -1)
    return ((values + 2) / 5.01 * np.iinfo(dtype).max).astype(dtype)


def cut(pixels: np.ndarray, rows: int) -> list[np.ndarray]:
    return [pixels[top : top + rows] for top in range(0, len(pixels), rows)]


def camera_exif() -> bytes:
    exif = Image.Exif()
    exif[271], exif[272], exif[274], exif[305], exif[315] = "Maker", "Model 3", 6, "Raw tool", "Jane Doe"
    exif[0x8769] = {0x829A: 0.01, 0xA002: 640, 0xA003: 480, 0xA431: "SERIAL-77", 0xA430: "Jane Doe"}
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    return exif.tobytes()


# ---- PNG and TIFF ----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4)),
    rows=st.integers(1, 17),
    deep=st.booleans(),
    writer=st.sampled_from([write_png, write_tiff]),
)
def test_any_size_any_strips_any_depth(tmp_path_factory: pytest.TempPathFactory, shape, rows, deep, writer) -> None:
    kind = np.uint16 if deep else np.uint8
    pixels = np.random.default_rng(rows).integers(0, np.iinfo(kind).max, shape).astype(kind)
    path = tmp_path_factory.mktemp("strips") / ("a.png" if writer is write_png else "a.tif")
    writer(path, iter(cut(pixels, rows)), pixels.shape, kind, Metadata())
    read = load_picture(path).pixels if writer is write_png else tifffile.imread(path)
    if deep and shape[2] == 2 and writer is write_tiff:
        pixels = pixels[..., [0, 0, 0, 1]]
    assert np.array_equal(read.reshape(pixels.shape), pixels)
    if not deep:
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_strips_do_not_show_in_the_file(channels: int, tmp_path: Path) -> None:
    """Several compressed blocks; every cut gives a file of the same pixels, about as small as Pillow's."""
    pixels = smooth(900, 700, channels)
    for rows in (1000, 128, 7):
        write_png(tmp_path / f"{rows}.png", cut(pixels, rows), pixels.shape, np.uint8, Metadata())
        with Image.open(tmp_path / f"{rows}.png") as image:
            assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    save.save_png(pixels, tmp_path / "pillow.png")
    assert (tmp_path / "128.png").stat().st_size < 1.3 * (tmp_path / "pillow.png").stat().st_size


@pytest.mark.parametrize("writer", [write_png, write_tiff])
def test_too_few_rows_are_noticed(writer, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="8 rows for a picture of 9"):
        writer(tmp_path / "a", [np.zeros((8, 3, 3), np.uint8)], (9, 3, 3), np.uint8, Metadata())


def test_a_large_tiff_is_bigtiff_and_a_small_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = smooth(40, 50, 3)
    for limit, version in ((1 << 20, False), (5000, True)):
        monkeypatch.setattr(tiff, "_CLASSIC_LIMIT", limit)
        write_tiff(tmp_path / "a.tif", [pixels], pixels.shape, np.uint8, Metadata())
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            assert file.is_bigtiff is version
            assert np.array_equal(file.asarray(), pixels)


def test_a_broken_byte_is_found_by_the_checksums(tmp_path: Path) -> None:
    """The reader of the tests above does look: it refuses a file with one bit changed."""
    pixels = smooth(60, 60, 3)
    write_png(tmp_path / "a.png", [pixels], pixels.shape, np.uint8, Metadata())
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises((OSError, SyntaxError, zlib.error)), Image.open(tmp_path / "a.png") as image:
        image.load()


# ---- every format ----------------------------------------------------------------------------------------


def written(path: Path, pixels: np.ndarray, about: Metadata = NOTHING, quality: int | None = None) -> Path:
    form = format_of(path)
    with save.atomic_path(path) as temporary:
        save.write_strips(
            temporary, form, cut(pixels, 16), shape=pixels.shape, dtype=pixels.dtype, about=about, quality=quality
        )
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_profile_resolution_and_camera_are_kept_upright(suffix: str, tmp_path: Path) -> None:
    about = export_metadata(Metadata(SRGB, camera_exif(), (300, 300)), "DIIF Viewer 9")
    path = written(tmp_path / f"a{suffix}", smooth(50, 60, 3), about)
    with Image.open(path) as image:
        assert image.size == (60, 50)
        assert image.info["icc_profile"] == SRGB
        exif = image.getexif()
        assert exif[271].strip("\0") == "Maker"
        assert exif[305] == "DIIF Viewer 9"
        assert exif.get(274, 1) == 1
        if suffix != ".tif":
            inner = exif.get_ifd(0x8769)
            assert inner[0x829A] == pytest.approx(0.01)
            assert not {0xA002, 0xA003} & set(inner)
        if suffix in (".png", ".tif", ".jpg"):
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_stripping_leaves_no_name_number_or_place(suffix: str, tmp_path: Path) -> None:
    about = export_metadata(Metadata(SRGB, camera_exif()), "DIIF Viewer 9", strip=True)
    kept = export_metadata(Metadata(SRGB, camera_exif()), "DIIF Viewer 9")
    assert kept.exif is not None
    assert b"SERIAL-77" in kept.exif
    path = written(tmp_path / f"a{suffix}", smooth(50, 60, 3), about)
    content = path.read_bytes()
    assert b"SERIAL-77" not in content
    assert b"Jane" not in content
    with Image.open(path) as image:
        assert not image.getexif().get_ifd(0x8825)
        assert image.getexif()[272].strip("\0") == "Model 3"


def test_broken_exif_does_not_cost_the_picture() -> None:
    about = export_metadata(Metadata(None, b"Exif\0\0MM\0*\xff\xff\xff\xff nonsense"), "DIIF Viewer 9")
    assert about.exif is not None
    exif = Image.Exif()
    exif.load(about.exif)
    assert dict(exif) == {305: "DIIF Viewer 9"}


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_quality_decides_size_and_closeness(suffix: str, tmp_path: Path) -> None:
    pixels = smooth(200, 240, 3)
    sizes, errors = [], []
    for quality in (20, 95):
        path = written(tmp_path / f"{quality}{suffix}", pixels, quality=quality)
        sizes.append(path.stat().st_size)
        with Image.open(path) as image:
            errors.append(np.abs(np.asarray(image.convert("RGB")).astype(int) - pixels).mean())
    assert sizes[0] < sizes[1]
    assert errors[1] < errors[0]
    assert errors[1] < 6


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_picture_that_a_format_holds(suffix: str, channels: int, tmp_path: Path) -> None:
    path, pixels = tmp_path / f"a{suffix}", smooth(33, 47, channels)
    form = format_of(path)
    if channels not in form.channels:
        with pytest.raises(ExportError, match="transparency"):
            check_fit(path, form, pixels.shape, 8)
        return
    check_fit(path, form, pixels.shape, 8)
    with Image.open(written(path, pixels, quality=100)) as image:
        assert image.size == (47, 33)
        assert ("A" in image.mode) == (channels in (2, 4))
        read = np.asarray(image.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels])).reshape(pixels.shape)
    tolerance = 0 if form.quality is None else 3
    visible = pixels[..., -1:] > 0 if channels in (2, 4) else np.ones_like(pixels[..., :1], bool)
    difference = np.abs(read.astype(int).mean(-1) - pixels.mean(-1))  # some keep colour at half the resolution
    assert (difference * visible[..., 0]).mean() <= tolerance


@pytest.mark.parametrize(
    ("name", "shape", "bits", "words"),
    [
        ("a.jpg", (10, 65_501, 3), 8, "65,500"),
        ("a.webp", (16_384, 10, 3), 8, "16,383"),
        ("a.jpg", (10, 10, 3), 16, "PNG, TIFF"),
        ("a.jpg", (10, 10, 4), 8, "transparency"),
    ],
)
def test_limits_are_said_with_a_way_out(name: str, shape: tuple[int, int, int], bits: int, words: str) -> None:
    with pytest.raises(ExportError, match=words):
        check_fit(Path(name), format_of(Path(name)), shape, bits)


@pytest.mark.parametrize(("suffix", "longest"), [(".jpg", 65_500), (".webp", 16_383)])
def test_the_limits_are_those_of_the_encoders(suffix: str, longest: int, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    pixels = np.zeros((1, longest + 36, 3), np.uint8)
    with pytest.raises(ExportError, match=r"cannot be (encoded|written)"):
        written(path, pixels)
    written(path, pixels[:, :longest])
    with Image.open(path) as image:
        assert image.size == (longest, 1)


def test_an_unknown_ending_names_the_known_ones() -> None:
    with pytest.raises(ExportError, match=r"\.png, \.tif, \.tiff, \.jpg"):
        format_of(Path("a.bmp"))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_lossless_webp_loses_nothing_not_even_under_full_transparency(channels: int, tmp_path: Path) -> None:
    pixels = smooth(40, 50, channels)
    if channels == 4:
        pixels[:20, :, 3] = 0
    path = tmp_path / "a.webp"
    save.write_strips(
        path, format_of(path), cut(pixels, 16), shape=pixels.shape, dtype=np.uint8, about=NOTHING, lossless=True
    )
    with Image.open(path) as image:
        read = np.asarray(image)
    assert np.array_equal(read, pixels if channels > 1 else pixels.repeat(3, -1))
