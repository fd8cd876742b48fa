"""Opening pictures: the right pixels, or one ImageError with one sentence that names the file."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, ImageOps
from PIL.PngImagePlugin import PngInfo

from diif_viewer.errors import CutOffError, ImageError
from diif_viewer.imaging.load import load_picture, page_count, peek
from diif_viewer.imaging.png import exif_behind
from diif_viewer.imaging.save import save_png
from diif_viewer.imaging.thumbnail import thumbnail
from diif_viewer.imaging.tiff_pages import MOST_PAGES, count_pages
from tests.imaging.files import chunk, png_header, tiff12, tiff16

RGB = np.random.default_rng(1).integers(0, 256, (13, 21, 3), dtype=np.uint8)
DEEP = np.random.default_rng(2).integers(0, 65536, (13, 21, 4), dtype=np.uint16)


def refusal(path: Path, **options: int) -> str:
    """The sentence with which `path` is refused."""
    with pytest.raises(ImageError) as caught:
        load_picture(path, **options)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


# ---- depth, colour, alpha --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "webp"])
def test_lossless_formats_give_the_pixels(tmp_path, suffix) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path, **({"lossless": True} if suffix == "webp" else {}))
    picture = load_picture(str(path))
    np.testing.assert_array_equal(picture.pixels, RGB)
    assert picture.path == path
    assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_depth_and_channel_count_round_trips_through_png(tmp_path, channels, dtype) -> None:
    pixels = (DEEP if dtype == np.uint16 else DEEP.astype(np.uint8))[..., :channels]
    save_png(pixels, tmp_path / "a.png")
    loaded = load_picture(tmp_path / "a.png").pixels
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded, pixels)


def test_an_interlaced_png_of_16_bits_keeps_all_of_them(tmp_path) -> None:
    """Adam7 by hand: pass 1 of a picture of 1x1 is the whole picture."""
    path = png_header(tmp_path / "a.png", 1, 1, depth=16, colour=2, data=b"\0\x12\x34\x56\x78\x9a\xbc")
    data = bytearray(path.read_bytes())
    data[28] = 1  # interlace method
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    assert load_picture(path).pixels.tolist() == [[[0x1234, 0x5678, 0x9ABC]]]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_tiff_of_16_bits_keeps_all_of_them(tmp_path, order, deflate, channels) -> None:
    path = tiff16(tmp_path / "a.tif", DEEP[..., :channels], order, deflate=deflate)
    np.testing.assert_array_equal(load_picture(path).pixels, DEEP[..., :channels])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_tiff_is_turned_like_any_other(tmp_path, orientation) -> None:
    path = tiff16(tmp_path / "a.tif", DEEP[..., :3], "<", orientation=orientation)
    high = Image.fromarray((DEEP[..., :3] >> 8).astype(np.uint8))
    high.getexif()[0x0112] = orientation
    expected = np.array(ImageOps.exif_transpose(high))
    picture = load_picture(path)
    np.testing.assert_array_equal(picture.pixels >> 8, expected)
    assert (peek(path).height, peek(path).width) == expected.shape[:2]


def test_grey_of_16_bits_in_tiff_and_png(tmp_path) -> None:
    for name in ("a.png", "a.tif"):
        Image.fromarray(DEEP[..., 0]).save(tmp_path / name)
        np.testing.assert_array_equal(load_picture(tmp_path / name).pixels, DEEP[..., :1])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "adobe_deflate"])
def test_colours_of_16_bits_in_planes(tmp_path, order, compression) -> None:
    planes = np.moveaxis(DEEP[..., :3], -1, 0)
    options = {"photometric": "rgb", "planarconfig": "separate", "byteorder": order, "compression": compression}
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 2, 2), np.uint16), **options)
    tifffile.imwrite(tmp_path / "a.tif", planes, append=True, **options)
    np.testing.assert_array_equal(load_picture(tmp_path / "a.tif", page=1).pixels, DEEP[..., :3])
    assert (peek(tmp_path / "a.tif", page=1).channels, peek(tmp_path / "a.tif").bits) == (3, 16)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_whose_zero_is_white(tmp_path, dtype) -> None:
    ramp = np.linspace(0, 1, 12, dtype=np.float64).reshape(3, 4) * (1 if dtype == np.float32 else np.iinfo(dtype).max)
    tifffile.imwrite(tmp_path / "a.tif", ramp.astype(dtype), photometric="miniswhite")
    loaded = load_picture(tmp_path / "a.tif").pixels[..., 0]
    most = np.iinfo(loaded.dtype).max
    np.testing.assert_allclose(loaded / most, 1 - np.linspace(0, 1, 12).reshape(3, 4), atol=1.5 / most)


def test_twelve_bits_span_the_whole_range(tmp_path) -> None:
    loaded = load_picture(tiff12(tmp_path / "a.tif", [0, 1000, 2048, 4095])).pixels
    assert loaded[0, :, 0].tolist() == [0, 16004, 32776, 65535]


def test_float_tiff_in_unit_range_spans_all_16_bits(tmp_path) -> None:
    values = np.linspace(0, 1, 60, dtype=np.float32).reshape(6, 10)
    Image.fromarray(values).save(tmp_path / "a.tif")
    loaded = load_picture(tmp_path / "a.tif").pixels
    assert loaded.dtype == np.uint16
    np.testing.assert_allclose(loaded[..., 0] / 65535, values, atol=1e-5)


def test_the_upper_half_of_a_32_bit_tiff_is_bright(tmp_path) -> None:
    values = np.linspace(0, 2**32 - 1, 60).astype(np.uint32).reshape(6, 10)
    tifffile.imwrite(tmp_path / "deep.tif", values)
    pixels = load_picture(tmp_path / "deep.tif").pixels
    assert pixels.dtype == np.uint16
    np.testing.assert_allclose(pixels[..., 0], values / 65537, atol=0.51)


def test_float_tiff_of_any_range_is_stretched_and_holes_are_black(tmp_path) -> None:
    values = np.array([[-5.0, 0.0], [np.nan, 15.0]], np.float32)
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert load_picture(tmp_path / "a.tif").pixels[..., 0].tolist() == [[0, 16384], [16384, 65535]]


@pytest.mark.parametrize(
    ("values", "about", "span"),
    [
        (np.float32([[-5, 0], [np.nan, 15]]), {}, (-5, 15)),
        (np.float32([[-5, 0], [np.nan, 15]]), {"photometric": "miniswhite"}, (15, -5)),
        (np.float32([[0, 0.5], [np.nan, 1]]), {}, None),
        (np.float64([[0, 0.5], [2, 1]]), {"photometric": "miniswhite"}, (2, 0)),
        (np.float16([[[0, 1, 2], [0, 0, 0]]]), {"photometric": "rgb"}, (0, 2)),
        (np.uint32([[0, 2**31], [7, 9]]), {}, (0, 2**31)),
        (np.int32([[-3, 65535]]), {}, (-3, 65535)),
        (np.int32([[0, 65535]]), {}, None),
        (np.uint16([[0, 9], [7, 9]]), {}, None),
    ],
)
def test_values_that_were_stretched_are_told(tmp_path, values, about, span) -> None:
    """Whatever a pixel holds, the file's value follows from it."""
    tifffile.imwrite(tmp_path / "a.tif", values, **about)
    picture = load_picture(tmp_path / "a.tif")
    assert picture.span == span
    if span is not None:
        part = picture.pixels / 65535
        found, known = span[0] * (1 - part) + span[1] * part, np.isfinite(values).reshape(part.shape)
        step = abs(span[1] - span[0]) / 65535
        np.testing.assert_allclose(found[known], values.reshape(part.shape)[known], atol=0.51 * step)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "options",
    [
        *({}, {"byteorder": ">"}, {"compression": "adobe_deflate"}, {"tile": (16, 16)}, {"planarconfig": "separate"}),
        {"byteorder": ">", "compression": "adobe_deflate"},
    ],
    ids=str,
)
def test_tiff_of_floats_of_any_size_and_layout(tmp_path, options, channels, dtype) -> None:
    unit = np.linspace(0, 1, 20 * 24 * 4).reshape(20, 24, 4)[..., :channels].astype(dtype)
    values = np.moveaxis(unit, -1, 0) if options.get("planarconfig") and channels > 1 else unit
    values = values[..., 0] if channels == 1 else values
    about = {"photometric": "rgb" if channels > 2 else "minisblack", "metadata": None}
    about |= {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
    options = {name: value for name, value in options.items() if name != "planarconfig" or channels > 1}
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 2), np.uint8))
    tifffile.imwrite(tmp_path / "a.tif", values, append=True, **about, **options)
    header, found = peek(tmp_path / "a.tif", page=1), load_picture(tmp_path / "a.tif", page=1).pixels
    assert (header.channels, header.bits, found.dtype) == (channels, 16, np.uint16)
    np.testing.assert_allclose(found / 65535, unit.astype(float), atol=1e-5)


def test_floats_of_colour_beyond_one_are_stretched_and_those_that_are_no_numbers_cost_nothing(tmp_path) -> None:
    values = np.array([[[-1.0, 0, 3], [np.nan, np.inf, -np.inf]], [[1, 2, 3], [3, 3, 3]]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    found = load_picture(tmp_path / "a.tif").pixels
    assert found[0].tolist() == [[0, 16384, 65535], [16384, 65535, 0]]
    assert found[1].tolist() == [[32768, 49151, 65535], [65535] * 3]
    tifffile.imwrite(tmp_path / "a.tif", np.full((2, 2, 3), np.nan, np.float32), photometric="rgb")
    assert not load_picture(tmp_path / "a.tif").pixels.any()
    ends = np.array([[[-1, 1, 0]]]) * np.finfo(np.float64).max
    tifffile.imwrite(tmp_path / "a.tif", ends, photometric="rgb")
    assert load_picture(tmp_path / "a.tif").pixels[0, 0].tolist() == [0, 65535, 32768]


def test_floats_multiplied_with_alpha_are_divided_by_it(tmp_path) -> None:
    values = np.array([[[0.25, 0.5, 0.1, 0.5], [0, 0, 0, 0]]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["assocalpha"])
    assert load_picture(tmp_path / "a.tif").pixels[0].tolist() == [[32768, 65535, 13107, 32768], [0] * 4]


def test_floats_are_turned_have_a_thumbnail_and_are_refused_where_memory_is_short(tmp_path) -> None:
    path = tmp_path / "a.tif"
    ramp = np.linspace(0, 1, 30 * 20 * 3, dtype=np.float32).reshape(30, 20, 3)
    tifffile.imwrite(path, ramp, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    found, header = load_picture(path).pixels, peek(path)
    assert (header.height, header.width) == found.shape[:2] == thumbnail(path, 64).shape[:2] == (20, 30)
    assert found[0, 0].tolist() == np.round(ramp[-1, 0] * 65535).tolist()
    assert "20 pixels need" in refusal(path, memory=30 * 20 * 12)


def test_palette_becomes_rgb_and_its_transparency_alpha(tmp_path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels, np.array(image.convert("RGB")))
    image.save(tmp_path / "b.png", transparency=bytes(range(0, 160, 10)))
    loaded = load_picture(tmp_path / "b.png").pixels
    np.testing.assert_array_equal(loaded[..., 3], np.array(image) * 10)


def test_one_bit_becomes_grey(tmp_path) -> None:
    bits = RGB[..., 0] > 127
    Image.fromarray(bits).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels[..., 0], bits * np.uint8(255))


def test_a_transparent_colour_becomes_alpha_at_either_depth(tmp_path) -> None:
    two = np.array([[[10, 20, 30], [1, 2, 3]]], np.uint8)
    Image.fromarray(two).save(tmp_path / "a.png", transparency=(1, 2, 3))
    assert load_picture(tmp_path / "a.png").pixels[0, :, 3].tolist() == [255, 0]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_grey_becomes_alpha_at_any_depth(tmp_path, depth) -> None:
    most = (1 << depth) - 1
    row = int("".join(f"{value:0{depth}b}" for value in [most, 0] * 4), 2).to_bytes(depth, "big")
    key = chunk(b"tRNS", most.to_bytes(2, "big"))
    path = png_header(tmp_path / "a.png", 8, 1, depth=depth, colour=0, data=b"\0" + row, before=key)
    assert load_picture(path).pixels[0, :, 1].tolist() == [0, 65535 if depth == 16 else 255] * 4
    assert (peek(path).channels, peek(path).bits) == (2, max(8, depth))


def test_exif_behind_the_pixels_is_known_before_they_are_read(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    late = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path = png_header(tmp_path / "a.png", 3, 2, data=(b"\0" + bytes(9)) * 2, after=late)
    assert load_picture(path).pixels.shape == (3, 2, 3)
    assert (peek(path).height, peek(path).width) == (3, 2)
    for text in (b"Title\0x", b""):  # also one that ends the file sooner than a name of EXIF would
        plain = png_header(tmp_path / "b.png", 3, 2, data=(b"\0" + bytes(9)) * 2, after=chunk(b"tEXt", text) + late)
        assert exif_behind(plain)
        plain.write_bytes(plain.read_bytes().replace(late, b""))
        assert not exif_behind(plain)
        assert (peek(plain).height, peek(plain).width) == (2, 3)


def test_a_few_bytes_may_hold_a_large_picture_of_one_colour(tmp_path) -> None:
    Image.new("RGB", (4000, 4000), "white").save(tmp_path / "a.webp", lossless=True, method=0, quality=0)
    assert (tmp_path / "a.webp").stat().st_size < 100
    assert load_picture(tmp_path / "a.webp").pixels.min() == 255


def test_grey_with_alpha_stays_so(tmp_path) -> None:
    Image.fromarray(RGB[..., :2].copy()).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels, RGB[..., :2])


def test_cmyk_becomes_rgb(tmp_path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    picture = load_picture(tmp_path / "a.jpg")
    red, green, blue = picture.pixels.reshape(-1, 3).mean(axis=0)
    assert red > 240
    assert max(green, blue) < 15
    assert picture.icc_profile is None


def test_lab_becomes_rgb(tmp_path) -> None:
    Image.new("LAB", (4, 4), (255, 128, 128)).save(tmp_path / "a.tif")
    assert load_picture(tmp_path / "a.tif").pixels.shape == (4, 4, 3)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.tif", "a.png"])
def test_of_several_frames_the_first(tmp_path, name) -> None:
    first, second = Image.new("RGB", (6, 5), (255, 0, 0)), Image.new("RGB", (6, 5), (0, 0, 255))
    first.save(tmp_path / name, save_all=True, append_images=[second])
    pixels = load_picture(tmp_path / name).pixels
    assert pixels.shape[:2] == (5, 6)
    assert pixels[2, 2, 0] > 200
    assert pixels[2, 2, 2] < 50


# ---- what comes with the pixels --------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_not_told_again(tmp_path, orientation) -> None:
    image, exif = Image.fromarray(RGB), Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    image.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as saved:
        expected = np.array(ImageOps.exif_transpose(saved))
    picture = load_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.pixels, expected)
    kept = Image.Exif()
    kept.load(picture.exif)
    assert dict(kept) == {0x010F: "maker"}
    header = peek(tmp_path / "a.png")
    assert (header.format, header.height, header.width) == ("PNG", *expected.shape[:2])


def test_broken_exif_does_not_cost_the_picture(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert load_picture(tmp_path / "a.jpg").pixels.shape == RGB.shape


def test_profile_and_resolution_are_kept(tmp_path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RGB).save(tmp_path / "a.jpg", icc_profile=profile, dpi=(300, 150))
    picture = load_picture(tmp_path / "a.jpg")
    assert picture.icc_profile == profile
    assert picture.dpi == (300, 150)


def test_a_profile_of_another_colour_space_is_dropped(tmp_path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RGB[..., 0]).save(tmp_path / "a.png", icc_profile=profile)
    assert load_picture(tmp_path / "a.png").icc_profile is None


def test_the_wrong_suffix_does_not_matter(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.jpg", format="PNG")
    assert load_picture(tmp_path / "a.jpg").format == "PNG"


@pytest.mark.parametrize("size", [(1, 1), (1, 30000), (30000, 1)])
def test_thin_pictures_open(tmp_path, size) -> None:
    Image.new("RGB", size, (1, 2, 3)).save(tmp_path / "a.png")
    assert load_picture(tmp_path / "a.png").pixels.shape == (*size[::-1], 3)


# ---- refusals --------------------------------------------------------------------------------------------


def test_each_wrong_file_gets_its_own_sentence(tmp_path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("hello " * 100, encoding="ascii")
    os.mkfifo(tmp_path / "pipe")
    assert "empty" in refusal(tmp_path / "empty.png")
    assert "not a picture" in refusal(tmp_path / "text.png")
    assert "no such file" in refusal(tmp_path / "missing.png")
    assert "folder" in refusal(tmp_path)
    assert "not an ordinary file" in refusal(tmp_path / "pipe")


def test_no_permission_is_said(tmp_path, monkeypatch) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    if os.geteuid() == 0:  # root may read everything

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    else:
        (tmp_path / "a.png").chmod(0)
    assert "no permission" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "gif", "bmp"])
def test_a_file_that_is_cut_off_is_refused(tmp_path, suffix) -> None:
    big = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(big).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    refusal(path)


def test_what_there_is_of_a_jpeg_that_was_cut_off_can_be_asked_for(tmp_path) -> None:
    path = tmp_path / "cut.jpg"
    Image.fromarray(np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 256, 3))).save(path, quality=95)
    whole = load_picture(path, partly=True)
    assert whole.lack == ""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(CutOffError, match="ends before the picture does"):
        load_picture(path)
    part = load_picture(path, partly=True)
    assert part.lack == "cut.jpg: the file ends before the picture does."
    assert part.pixels.shape == whole.pixels.shape
    np.testing.assert_array_equal(part.pixels[:100], whole.pixels[:100])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    png = tmp_path / "cut.png"
    Image.fromarray(whole.pixels).save(png)
    png.write_bytes(png.read_bytes()[: png.stat().st_size // 2])
    with pytest.raises(ImageError):
        load_picture(png, partly=True)


def test_a_picture_without_pixels_is_refused(tmp_path) -> None:
    refusal(png_header(tmp_path / "a.png", 0, 5))
    (tmp_path / "a.ppm").write_bytes(b"P6 0 0 255\n")
    refusal(tmp_path / "a.ppm")


def huge_files(folder: Path) -> list[Path]:
    png = png_header(folder / "a.png", 30000, 30000)
    deep = png_header(folder / "deep.png", 30000, 30000, depth=16)
    bmp = folder / "a.bmp"
    Image.new("RGB", (1, 1)).save(bmp)
    data = bytearray(bmp.read_bytes())
    data[18:26] = (30000).to_bytes(4, "little") * 2
    bmp.write_bytes(data)
    jpeg = folder / "a.jpg"
    Image.new("RGB", (16, 16)).save(jpeg)
    data = bytearray(jpeg.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = (30000).to_bytes(2, "big") * 2
    jpeg.write_bytes(data)
    ppm = folder / "a.ppm"
    ppm.write_bytes(b"P6 30000 30000 255\n")
    tiff = tiff16(folder / "a.tif", np.zeros((1, 1, 3), np.uint16), "<")
    data = bytearray(tiff.read_bytes())
    for tag in (256, 257, 278):
        place = data.index(tag.to_bytes(2, "little") + b"\4\0\1\0\0\0")
        data[place + 8 : place + 12] = (30000).to_bytes(4, "little")
    tiff.write_bytes(data)
    return [png, deep, bmp, jpeg, ppm, tiff]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no getrusage")
def test_a_huge_header_with_nothing_behind_it_is_refused_at_once(tmp_path) -> None:
    for path in huge_files(tmp_path):
        tracemalloc.start()
        refusal(path, memory=1 << 60)
        assert tracemalloc.get_traced_memory()[1] < 50e6
        tracemalloc.stop()
        done = subprocess.run([sys.executable, "-c", REFUSED, str(path)], capture_output=True, text=True, check=True)
        assert int(done.stdout) < 300e6, path.name


REFUSED = """
import contextlib, pathlib, resource, sys
from diif_viewer.errors import CutOffError, ImageError
from diif_viewer.imaging.load import load_picture

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
with contextlib.suppress(ImageError):
    load_picture(pathlib.Path(sys.argv[1]), memory=1 << 60)
print(peak() - before)
"""
"""By how much a refusal raises the peak of memory: in a process of its own, as threads of other tests take some too."""


def test_the_limit_is_memory_and_the_sentence_says_how_much(tmp_path) -> None:
    Image.new("L", (2000, 2000)).save(tmp_path / "a.png")
    assert "2000x2000 pixels need" in refusal(tmp_path / "a.png", memory=1_000_000)
    assert load_picture(tmp_path / "a.png", memory=100_000_000).pixels.shape == (2000, 2000, 1)


def test_pictures_above_pillows_limit_open(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    assert load_picture(tmp_path / "a.png").pixels.shape == (20, 20, 1)
    assert Image.MAX_IMAGE_PIXELS == 50


def test_any_thread_may_load(tmp_path) -> None:
    paths = []
    for n in range(6):
        paths.append(tmp_path / f"{n}.png")
        save_png(np.full((50, 50, 3), n * 1000, np.uint16), paths[-1])
    seen: dict[int, int] = {}

    def load(n: int) -> None:
        seen[n] = int(load_picture(paths[n]).pixels[0, 0, 0])

    threads = [threading.Thread(target=load, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {n: n * 1000 for n in range(6)}


# ---- any bytes -------------------------------------------------------------------------------------------


def seeds() -> list[bytes]:
    found = []
    for kind in ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "PPM", "JPEG2000", "ICO", "PCX", "SGI", "TGA", "DDS"):
        buffer = io.BytesIO()
        Image.fromarray(RGB).save(buffer, kind)
        found.append(buffer.getvalue())
    return found


SEEDS = seeds()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, min(len(data) - 1, 400)))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=200), damaged()), suffix=st.sampled_from([".png", ".tga", ""]))
def test_any_bytes_give_a_picture_or_one_error(tmp_path, data, suffix) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    with contextlib.suppress(ImageError):
        pixels = load_picture(path, memory=1 << 28).pixels
        assert pixels.dtype in (np.uint8, np.uint16)
        assert pixels.ndim == 3
        assert pixels.shape[2] in (1, 2, 3, 4)
        assert pixels.size > 0


# ---- pages and frames ------------------------------------------------------------------------------------


def frames(count: int) -> list[np.ndarray]:
    return [np.roll(RGB, 3 * n, axis=1) for n in range(count)]


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.tif", {}), ("a.png", {}), ("a.webp", {"lossless": True, "quality": 100, "minimize_size": False})],
)
def test_every_page_is_a_picture_of_its_own(tmp_path, name, options) -> None:
    first, *others = (Image.fromarray(frame) for frame in frames(4))
    first.save(tmp_path / name, save_all=True, append_images=others, **options)
    assert page_count(tmp_path / name) == 4
    for page in (2, 0, 3, 1):
        picture = load_picture(tmp_path / name, page=page)
        np.testing.assert_array_equal(picture.pixels[..., :3], frames(4)[page])
        assert (picture.page, picture.pages) == (page, 4)


def test_frames_that_are_painted_over_others_are_whole(tmp_path) -> None:
    canvas, frame = np.full((20, 30, 3), 60, np.uint8), []
    for n in range(5):
        canvas[2 * n : 2 * n + 4, 3 * n : 3 * n + 4] = (250, 40 * n, 10)
        frame.append(Image.fromarray(canvas.copy()))
    frame[0].save(tmp_path / "a.gif", save_all=True, append_images=frame[1:], duration=40)
    for n in (4, 1):
        shown = load_picture(tmp_path / "a.gif", page=n).pixels[..., :3]
        np.testing.assert_array_equal(shown, np.asarray(frame[n]))


def test_deep_pages_of_different_sizes(tmp_path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for rows in (13, 7):
            file.write(DEEP[:rows, :, :3], photometric="rgb")
    header = peek(tmp_path / "a.tif", page=1)
    assert (header.height, header.width, header.bits) == (7, 21, 16)
    np.testing.assert_array_equal(load_picture(tmp_path / "a.tif", page=1).pixels, DEEP[:7, :, :3])


def test_a_page_that_is_not_there_is_said(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    assert page_count(tmp_path / "a.png") == 1
    assert "there is no page 3; it has 1" in refusal(tmp_path / "a.png", page=2)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_without_its_package_heic_is_named_as_such(tmp_path, monkeypatch, brand) -> None:
    monkeypatch.setattr("diif_viewer.imaging.heic.provided", lambda: False)
    (tmp_path / "IMG_0001.HEIC").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(60))
    said = r"IMG_0001\.HEIC: HEIC needs the package pillow-heif, .* save the picture as JPEG"
    with pytest.raises(ImageError, match=said):
        load_picture(tmp_path / "IMG_0001.HEIC")


# ---- what other programs and hostile ones write ----------------------------------------------------------


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_an_orientation_that_only_xmp_has_is_not_heeded(suffix: str, tmp_path: Path) -> None:
    path, options = tmp_path / f"a{suffix}", {}
    if suffix == ".png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif suffix == ".tif":
        options["tiffinfo"] = {700: XMP}
    else:
        options["xmp"] = XMP
    Image.new("RGB", (40, 20)).save(path, **options)
    header = peek(path)
    assert (header.height, header.width) == load_picture(path).pixels.shape[:2] == (20, 40)


def test_nor_one_that_lies_behind_the_pixels_with_exif_beside_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0131] = "Painter 1"
    behind = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    behind += chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path = png_header(tmp_path / "a.png", 3, 2, data=(b"\0" + bytes(9)) * 2, after=behind)
    header = peek(path)
    assert (header.height, header.width, header.software) == (2, 3, "Painter 1")
    assert load_picture(path).pixels.shape == (2, 3, 3)


def test_a_broken_profile_costs_no_cmyk_picture(tmp_path: Path) -> None:
    broken = b"\0\0\x02\0lcms" + b"\0" * 8 + b"CMYKLab " + b"\0" * 100
    Image.new("CMYK", (20, 10), (0, 0, 0, 0)).save(tmp_path / "a.jpg", icc_profile=broken)
    assert (load_picture(tmp_path / "a.jpg").pixels == 255).all()


@pytest.mark.parametrize(
    ("samples", "extra", "channels"), [(3, None, 3), (4, "unspecified", 3), (4, "unassalpha", 4), (4, "assocalpha", 4)]
)
def test_planes_of_sixteen_bits_are_taken_for_what_they_are(samples, extra, channels, tmp_path: Path) -> None:
    planes = np.random.default_rng(5).integers(1, 65536, (samples, 9, 11), dtype=np.uint16)
    straight = np.moveaxis(planes, 0, -1)[..., :channels].copy()
    if extra == "assocalpha":
        planes[3] = straight[..., 3] = planes[3] | 0x8000
        planes[:3] = np.round(planes[:3] / 65535.0 * planes[3]).astype(np.uint16)
    options = {} if extra is None else {"extrasamples": [extra]}
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate", **options)
    header, found = peek(tmp_path / "a.tif"), load_picture(tmp_path / "a.tif").pixels
    assert (header.channels, header.bits) == (found.shape[2], 16)
    assert found.shape == (9, 11, channels)
    np.testing.assert_allclose(found.astype(int), straight, atol=3)


def test_floats_beyond_all_numbers_are_the_brightest_and_the_darkest(tmp_path: Path) -> None:
    values = np.array([[0.25, 0.5, np.inf, -np.inf, np.nan]] * 4, np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values * 4)
    grey = load_picture(tmp_path / "a.tif").pixels[0, :, 0]
    assert (grey[2], grey[3]) == (grey.max(), grey.min())
    assert grey.max() == 65535


def test_pages_of_a_hostile_tiff_are_counted_quickly_and_up_to_a_bound(tmp_path: Path) -> None:
    entries = [(256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    entries += [(277, 3, 1, 1), (278, 4, 1, 4), (279, 4, 1, 16)]
    count, size = MOST_PAGES + 20_000, 2 + 12 * len(entries) + 4
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    chain = b"".join(directory + struct.pack("<I", 24 + size * (k + 1)) for k in range(count))
    (tmp_path / "a.tif").write_bytes(struct.pack("<2sHI", b"II", 42, 24) + bytes(16) + chain)
    assert page_count(tmp_path / "a.tif") == MOST_PAGES  # and not after minutes
    assert load_picture(tmp_path / "a.tif").pixels.shape == (4, 4, 1)
    for big, order in itertools.product((False, True), "<>"):
        with tifffile.TiffWriter(tmp_path / "b.tif", bigtiff=big, byteorder=order) as writer:
            for _ in range(5):
                writer.write(np.zeros((4, 4), np.uint8))
        with (tmp_path / "b.tif").open("rb") as stream:  # not all of these are known to Pillow
            assert count_pages(stream) == 5
