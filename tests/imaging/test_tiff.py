"""TIFFs of every depth: whole numbers of 12, 16 and 32 bits, floats, planes."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from diif_viewer.imaging.load import load_picture, page_count, peek
from diif_viewer.imaging.thumbnail import thumbnail
from diif_viewer.imaging.tiff_pages import MOST_PAGES, count_pages
from tests.imaging.files import refusal, tiff12, tiff16

RGB = np.random.default_rng(1).integers(0, 256, (13, 21, 3), dtype=np.uint8)
DEEP = np.random.default_rng(2).integers(0, 65536, (13, 21, 4), dtype=np.uint16)


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


def test_deep_pages_of_different_sizes(tmp_path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for rows in (13, 7):
            file.write(DEEP[:rows, :, :3], photometric="rgb")
    header = peek(tmp_path / "a.tif", page=1)
    assert (header.height, header.width, header.bits) == (7, 21, 16)
    np.testing.assert_array_equal(load_picture(tmp_path / "a.tif", page=1).pixels, DEEP[:7, :, :3])


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
