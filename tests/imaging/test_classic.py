"""Classic resampling: windows of one lattice, Pillow's own answers, and the pyramid."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from diif_viewer.errors import RequestError
from diif_viewer.geometry import Axis, Lattice, Window
from diif_viewer.imaging.classic import METHODS, Pyramid, bicubic_taps, resample
from diif_viewer.imaging.pyramid import reduced

SHAPES = [(40, 57, 3), (1, 1, 3), (1, 30, 1), (37, 1, 3), (21, 22, 1)]
SCALES = [1.0, 1.37, 2.0, 4.0, 12.5, 30.0, 0.77, 0.5, 0.3, 0.04]


def noise(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(shape: tuple[int, int, int]) -> np.ndarray:
    y, x, c = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return (127.5 + 60 * np.sin(y / 7 + c) + 60 * np.cos(x / 9)).astype(np.uint8)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).max())


@settings(max_examples=150, deadline=None)
@given(
    shape=st.sampled_from(SHAPES),
    scale=st.sampled_from(SCALES),
    method=st.sampled_from(METHODS),
    corners=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_window_equals_the_crop_of_the_whole(shape, scale, method, corners) -> None:
    pixels = smooth(shape)
    lattice = Lattice.of_scale(shape[0], shape[1], scale)
    height, width = lattice.window.height, lattice.window.width
    top, bottom = sorted(int(c * (height - 1)) for c in corners[:2])
    left, right = sorted(int(c * (width - 1)) for c in corners[2:])
    whole = resample(pixels, method, lattice, lattice.window)
    part = resample(pixels, method, lattice, Window(top, left, bottom + 1, right + 1))
    assert part.dtype == np.uint8
    crop = whole[top : bottom + 1, left : right + 1]
    assert apart(part, crop) <= (0 if method == "nearest" and scale >= 1 else 2)  # two passes, a rounding tie in each
    line = max(part.shape[:2]) * part.shape[2]  # a tie is one of a whole row or column, where the picture is smooth
    assert np.abs(part.astype(float) - crop).sum() < max(0.1 * part.size, 2 * line + 1)


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [1.0, 1.41, 3.0, 8.0])
def test_the_whole_equals_what_pillow_makes(shape, method, factor) -> None:
    pixels = noise(shape)
    size = tuple(max(n, round(n * factor)) for n in shape[:2])
    lattice = Lattice.of_size(*shape[:2], *size)
    image = Image.fromarray(pixels[..., 0] if shape[2] == 1 else pixels)
    expected = np.array(image.resize(size[::-1], getattr(Image.Resampling, method.upper())))
    assert apart(resample(pixels, method, lattice, lattice.window), expected.reshape(*size, shape[2])) <= 1


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos"])
def test_a_distant_window_of_a_large_picture_is_as_exact_as_its_corner(method) -> None:
    """Boxes go through Pillow in single precision: positions must not lose accuracy far from the origin."""
    strip = smooth((16, 20000, 1))
    far, width = Lattice.of_scale(16, 20000, 12.5), 300
    left = 240_000
    window = resample(strip.astype(np.float32), method, far, Window(20, left, 30, left + width))
    near_source = strip[:, 19000:].astype(np.float32)  # 19000 * 12.5 is whole: the same lattice, moved
    near = resample(near_source, method, Lattice.of_scale(16, 1000, 12.5), Window(20, 2500, 30, 2500 + width))
    assert apart(window, near) < 0.01


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_scale_one_shows_the_source_pixels(method, dtype, channels) -> None:
    pixels = noise((9, 13, channels)).astype(dtype)
    lattice = Lattice.of_scale(9, 13, 1.0)
    np.testing.assert_array_equal(resample(pixels, method, lattice, Window(2, 3, 9, 11)), pixels[2:9, 3:11])


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("scale", [0.3, 0.6, 1.37, 4.0, 12.5])
def test_other_depths_agree_with_bytes(method, scale) -> None:
    pixels = smooth((33, 46, 3))
    lattice = Lattice.of_scale(33, 46, scale)
    eight = resample(pixels, method, lattice, lattice.window)
    sixteen = resample(pixels.astype(np.uint16) * 257, method, lattice, lattice.window)
    floats = resample((pixels / 255.0).astype(np.float32), method, lattice, lattice.window)
    assert sixteen.dtype == np.uint16
    assert floats.dtype == np.float32
    assert apart(sixteen, floats.clip(0, 1) * 65535) <= (1 if scale > 0.5 else 4)  # levels of 65535; halves are rounded
    assert apart(floats * 255, eight) <= 2  # bytes are rounded between the passes


def test_nearest_takes_the_pixel_that_the_output_falls_in() -> None:
    pixels = noise((11, 17, 4))
    lattice = Lattice.of_scale(11, 17, 3.7)
    rows = lattice.y.cells(lattice.y.positions(0, lattice.y.count))
    columns = lattice.x.cells(lattice.x.positions(0, lattice.x.count))
    np.testing.assert_array_equal(resample(pixels, "nearest", lattice, lattice.window), pixels[rows][:, columns])


@pytest.mark.parametrize("method", METHODS)
def test_below_one_every_method_is_the_area_filter(method) -> None:
    pixels = noise((64, 96, 3))
    half, quarter = Lattice.of_scale(64, 96, 0.5), Lattice.of_scale(64, 96, 0.25)
    means = pixels.reshape(32, 2, 48, 2, 3).mean(axis=(1, 3))
    assert apart(resample(pixels, method, half, half.window), means) <= 0.51
    means = pixels.reshape(16, 4, 24, 4, 3).mean(axis=(1, 3))
    assert apart(resample(pixels, method, quarter, quarter.window), means) <= 0.51


@pytest.mark.parametrize("scale", [0.9, 0.41, 0.13])
def test_a_reduced_checkerboard_is_even_grey(scale) -> None:
    board = (np.indices((300, 300)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None]
    lattice = Lattice.of_scale(300, 300, scale)
    out = resample(board, "lanczos", lattice, lattice.window).astype(float)[2:-2, 2:-2]
    assert out.mean() == pytest.approx(127.5, abs=1.5)
    if scale < 0.5:
        assert out.std() < 3


@pytest.mark.parametrize("scale", [0.9, 0.5, 0.3, 0.07])
@pytest.mark.parametrize("shape", [(301, 407, 3), (1, 1000, 1), (129, 64, 4)])
def test_a_pyramid_gives_the_same_picture(scale, shape) -> None:
    pixels = smooth(shape)
    lattice = Lattice.of_scale(shape[0], shape[1], scale)
    direct = resample(pixels, "bicubic", lattice, lattice.window)
    assert apart(resample(Pyramid(pixels), "bicubic", lattice, lattice.window), direct) <= (5 if shape[2] == 4 else 2)


def test_a_pyramid_may_be_read_by_many_threads() -> None:
    pyramid, seen = Pyramid(noise((512, 512, 3))), []
    threads = [threading.Thread(target=lambda n=n: seen.append(pyramid.level(n % 6).shape)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(seen)) == [(16, 16, 3), (32, 32, 3), (64, 64, 3), (128, 128, 3), (256, 256, 3), (512, 512, 3)]
    assert pyramid.level(3) is pyramid.level(3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_reduction_takes_the_mean_of_what_there_is_at_the_border(dtype) -> None:
    pixels = noise((5, 7, 1)).astype(dtype)
    out = reduced(pixels, 2, 4)
    assert out.shape == (3, 2, 1)
    assert out.dtype == dtype
    assert float(out[2, 1, 0]) == pytest.approx(
        float(pixels[4:, 4:].astype(float).mean()), abs=1 if dtype == np.uint8 else 0.51
    )


@pytest.mark.parametrize("factor", [2, 16, 512])
@pytest.mark.parametrize("height", [255, 256, 257, 1030])
def test_tall_pictures_are_reduced_in_strips_without_a_trace(height, factor) -> None:
    pixels = noise((height, 3, 1))
    edges = range(0, height, factor)
    expected = [pixels[top : top + factor].mean() for top in edges]
    out = reduced(pixels, factor, 3)
    assert out.shape == (len(edges), 1, 1)
    np.testing.assert_allclose(out[:, 0, 0], expected, atol=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("scale", [0.4, 3.3])
def test_invisible_colours_do_not_bleed(dtype, scale) -> None:
    """Half the picture is opaque white, half is transparent black: where anything shows, it is white."""
    top = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    pixels = np.zeros((20, 20, 4), dtype)
    pixels[:, :10] = top
    lattice = Lattice.of_scale(20, 20, scale)
    out = resample(pixels, "bilinear", lattice, lattice.window).astype(float) / float(top)
    assert out[..., 3].min() == 0
    assert out[..., 3].max() == pytest.approx(1)
    visible = out[out[..., 3] > 0.05]
    assert visible[..., :3].min() > 0.97


def test_one_axis_may_shrink_while_the_other_grows() -> None:
    pixels = smooth((50, 50, 3))
    lattice = Lattice.of_size(50, 50, 100, 25)
    out = resample(pixels, "bicubic", lattice, lattice.window)
    assert out.shape == (100, 25, 3)
    across = pixels.reshape(50, 25, 2, 3).mean(axis=2).round().astype(np.uint8)
    expected = resample(across, "bicubic", Lattice.of_size(50, 25, 100, 25), Window(0, 0, 100, 25))
    assert apart(out, expected) <= 2


def test_an_unknown_method_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match=r"'cubic'.*bicubic"):
        resample(noise((2, 2, 3)), "cubic", Lattice.of_scale(2, 2, 2), Window(0, 0, 1, 1))


@settings(max_examples=100, deadline=None)
@given(
    size=st.integers(1, 40),
    scale=st.floats(1, 64),
    phase=st.floats(-0.99, 0.99),
    data=st.data(),
)
def test_bicubic_taps_are_a_partition_of_unity_inside_the_picture(size, scale, phase, data) -> None:
    count = max(1, int(np.ceil(size * scale - 0.5)))
    start = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(start + 1, min(count, start + 50)))
    first, weights = bicubic_taps(Axis(size, count, scale, phase), start, stop)
    assert first.shape == (stop - start,)
    assert weights.shape == (stop - start, 4)
    assert first.min() >= -2
    assert first.max() <= size - 2
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    index = first[:, None] + np.arange(4)
    assert (weights[(index < 0) | (index >= size)] == 0).all()


@pytest.mark.parametrize("scale", [1.0, 1.37, 4.0, 12.5, 30.0])
def test_bicubic_taps_make_the_bicubic_picture(scale) -> None:
    pixels = smooth((19, 23, 1)).astype(np.float32)
    lattice = Lattice.of_scale(19, 23, scale)
    (fy, wy), (fx, wx) = bicubic_taps(lattice.y, 0, lattice.y.count), bicubic_taps(lattice.x, 0, lattice.x.count)
    rows = np.clip(fy[:, None] + np.arange(4), 0, 18)
    columns = np.clip(fx[:, None] + np.arange(4), 0, 22)
    expected = np.einsum("ykxl,yk,xl->yx", pixels[..., 0][rows][:, :, columns], wy, wx)
    assert apart(resample(pixels, "bicubic", lattice, lattice.window)[..., 0], expected) < 0.01


def test_bicubic_taps_reproduce_straight_lines_away_from_the_border() -> None:
    axis = Axis(30, 300, 10.0)
    first, weights = bicubic_taps(axis, 20, 280)
    line = np.arange(-2, 33) + 0.5
    values = (line[first[:, None] + np.arange(4) + 2] * weights).sum(axis=1)
    np.testing.assert_allclose(values, axis.positions(20, 280), atol=1e-12)
