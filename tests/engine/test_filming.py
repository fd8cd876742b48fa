"""Films: a still point stays still, every pixel is where it should be, edges glide, files are whole or not there."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import diif_viewer as dv
from diif_viewer.engine import device, filming
from diif_viewer.engine import messages as m
from diif_viewer.engine.exporting import field_painter
from diif_viewer.engine.filming import FADED, coverage, film_steps, frame_steps, moving_painter, sharpness
from diif_viewer.engine.model import Model
from diif_viewer.engine.strips import classic_painter
from diif_viewer.errors import ExportError
from diif_viewer.geometry import Axis
from diif_viewer.imaging import classic
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import ZoomPath
from tests.engine.conftest import COMPUTE, picture, reference

PIXELS = picture(90, 120)
STILL = (61.3719, 40.8273)  # no centre and no border of a pixel
BLACK = (0, 0, 0)


def frame_of(view: Viewport, paint, background=BLACK) -> np.ndarray:
    *_, frame = frame_steps(view, paint, background)
    assert frame is not None
    return frame


@functools.cache
def shipped_field() -> dv.Field:
    return dv.encode(PIXELS, dv.load_model("diif-s-lite", device="cpu"))


def zoom(first: float, last: float, frames: int = 24, size: tuple[int, int] = (25, 31)) -> Iterator[Viewport]:
    """Views of odd size about the still point: the middle of their middle pixel shows it."""
    plain = Viewport(*PIXELS.shape[:2], *size)
    start, end = (plain.at_scale(s).centred_on(STILL) for s in (first, last))
    path = ZoomPath(start, end, frames / 30)
    return (path.view(n) for n in range(path.count))


# ---- no shimmer ------------------------------------------------------------------------------------------


def test_beyond_x4_a_still_point_keeps_its_value() -> None:
    """DIIF-S is one function of position there, so only rounding is left.

    The position is wrong by some float64 roundings of a lattice coordinate: 1e-12 pixels among 2,000 outputs. The value
    comes through sums of at most 256 float32 terms, which the number of rows may order anew, three layers deep:
    3 * 256 * 2^-24 = 5e-5 for terms of one sign and size 1, a hundredth of a level of a byte.
    """
    field, values, rounded = shipped_field(), [], []
    for view in zoom(4.0, 30.0):
        for kept, shown in ((values, view), (rounded, view.rested())):
            lattice, window = shown.exactly
            frame = field.render_window(lattice, window, COMPUTE, as_float=True)
            kept.append(frame[window.height // 2, window.width // 2])
    assert np.ptp(values, axis=0).max() < 5e-5
    assert np.ptp(rounded, axis=0).max() > 50 * 5e-5  # what rounding the origin would do: this test can fail


def test_in_the_bytes_of_a_film_too() -> None:
    paint = moving_painter(PIXELS, field_painter(shipped_field()))
    values = [frame_of(view, paint)[12, 15].astype(int) for view in zoom(4.0, 30.0)]
    assert np.ptp(values, axis=0).max() <= 1  # a value between two levels may be rounded either way


def no_detail() -> Model:
    """DIIF-S whose last layer is zero: the bicubic base, which reproduces a ramp exactly."""
    made = reference("diif-s")
    last = made.decoder.imnet.tail[4]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    return Model("ramp", made, COMPUTE)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_every_pixel_is_where_it_should_be(axis: str) -> None:
    """A picture whose values are positions tells where each pixel of a frame was taken: to 1/1000 of a device pixel."""
    size = 200
    ramp = np.broadcast_to(np.arange(size, dtype=np.float32)[None, :, None] / size, (60, size, 1)).copy()
    if axis == "y":
        ramp = ramp.swapaxes(0, 1).copy()
    field = dv.encode(ramp, no_detail())
    plain = Viewport(*ramp.shape[:2], 40, 50)
    middle = (101.77, 31.13) if axis == "x" else (31.13, 101.77)
    path = ZoomPath(plain.at_scale(1.3).centred_on(middle), plain.at_scale(30.0).centred_on(middle), 0.5)
    for n in range(path.count):
        view = path.view(n)
        lattice, window = view.exactly
        inside = window.intersected(lattice.window)
        found = field.render_window(lattice, inside, COMPUTE, as_float=True)[..., 0] * size + 0.5
        line = found[0] if axis == "x" else found[:, 0]
        first = inside.left - window.left if axis == "x" else inside.top - window.top
        points = [(i + 0.5, i + 0.5) for i in range(first, first + len(line))]
        expected = np.array([view.position_at(p)[0 if axis == "x" else 1] for p in points])
        far = (expected > 3) & (expected < size - 3)  # the border bends the ramp
        assert far.sum() > 20
        assert np.abs(line - expected)[far].max() * view.scale < 1e-3


# ---- frames ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [FADED, 4.0, 12.7])
def test_a_frame_at_rest_is_the_export_of_its_view(scale: float) -> None:
    view = Viewport(*PIXELS.shape[:2], 60, 70).at_scale(scale).centred_on((50, 40)).clamped().rested()
    field = shipped_field()
    frame = frame_of(view, moving_painter(PIXELS, field_painter(field)))
    window = view.window
    assert np.array_equal(frame, field.render(scale, window=window))


def test_at_x1_a_frame_holds_the_pixels_of_the_file() -> None:
    view = Viewport(*PIXELS.shape[:2], 60, 70, 1.0, 11.0, 7.0)
    frame = frame_of(view, moving_painter(PIXELS, field_painter(shipped_field())))
    assert np.array_equal(frame, PIXELS[11:71, 7:77])


@pytest.mark.parametrize("scale", [0.125, 0.25, 0.5, 1.0, FADED, 4.0])
def test_nothing_jumps_where_the_way_of_painting_changes(scale: float) -> None:
    large = picture(800, 900)
    paint = moving_painter(large, classic_painter(large, "bicubic"))
    plain = Viewport(*large.shape[:2], 64, 80)
    frames = []
    for near in (scale * (1 - 1e-7), scale * (1 + 1e-7)):
        view = Viewport(*large.shape[:2], 64, 80, near, 400.3 * near - 32, 450.7 * near - 40)
        frames.append(frame_of(view, paint).astype(int))
    assert plain.view_height == len(frames[0])
    jump = np.abs(frames[1] - frames[0])
    assert jump.mean() < 0.6  # 0.4 at x1/8, nothing elsewhere
    assert jump.max() <= (6 if scale < 0.25 else 1)


def test_what_is_on_screen_would_jump() -> None:
    """The reason for a filter of its own: with `resample` the same step is seen."""
    large = picture(800, 900)
    view = [Viewport(*large.shape[:2], 64, 80, s, 400.3 * s - 32, 450.7 * s - 40) for s in (0.4999999, 0.5000001)]
    frames = [classic.resample(large, "bicubic", *v.exactly).astype(int) for v in view]
    assert np.abs(frames[1] - frames[0]).max() > 6


def test_the_order_of_painting_does_not_show() -> None:
    view = Viewport(*PIXELS.shape[:2], 700, 300).at_scale(9.3).centred_on(STILL)
    paint = moving_painter(PIXELS, field_painter(shipped_field()))
    *_, downwards = frame_steps(view, paint, BLACK)
    *_, upwards = frame_steps(view, paint, BLACK, upwards=True)
    assert np.array_equal(downwards, upwards)


def test_sharpness_grows_from_x1() -> None:
    values = [sharpness(s) for s in np.linspace(0.5, 2, 300)]
    assert values[0] == 0
    assert values[-1] == 1
    assert min(np.diff(values)) >= 0


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 40), scale=st.floats(0.3, 20), phase=st.floats(-0.5, 0.5))
def test_the_parts_that_are_covered_add_up_to_the_picture(size: int, scale: float, phase: float) -> None:
    axis = Axis(size, 1, scale, phase)
    shares = coverage(axis, -3, int(size * scale) + 4)
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert shares.sum() == pytest.approx(size * scale)


def test_the_edge_of_the_picture_glides() -> None:
    """The light of a white picture on black is its area, in frames between which it grows by less than a pixel."""
    white = np.full((30, 40, 3), 255, np.uint8)
    paint = moving_painter(white, classic_painter(white, "bicubic"))
    for scale in np.linspace(1.4, 1.5, 30):
        view = Viewport(30, 40, 64, 80, scale, 30 * scale / 2 - 32, 40 * scale / 2 - 40)
        light = frame_of(view, paint)[..., 0].sum() / 255
        assert light == pytest.approx(30 * 40 * scale * scale, rel=1e-3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_kind_of_picture_is_filmed_in_colour_over_the_background(channels: int) -> None:
    pixels = picture(30, 40, channels)
    if channels in (2, 4):
        pixels[:, 20:, -1] = 0
        pixels[:, :20, -1] = 255
    view = Viewport(30, 40, 60, 80, 1.0, -10, -10)
    frame = frame_of(view, moving_painter(pixels, classic_painter(pixels, "nearest")), (9, 8, 7))
    assert frame.shape == (60, 80, 3)
    assert tuple(frame[0, 0]) == (9, 8, 7)
    assert np.array_equal(frame[10:40, 10:30, 0], pixels[:, :20, 0])
    if channels in (2, 4):
        assert (frame[10:40, 31:50] == (9, 8, 7)).all()


# ---- files -----------------------------------------------------------------------------------------------


def request(path: Path, model: str = "bicubic", frames: int = 6, **options: object) -> m.FilmRequest:
    plain = Viewport(*PIXELS.shape[:2], 48, 64)
    way = ZoomPath(plain.fitted(), plain.at_scale(8.0).centred_on(STILL), frames / 10, Fraction(10))
    return m.FilmRequest(1, 1, model, way, str(path), **options)


def test_a_film_in_steps(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    steps = list(film_steps(request(path, "diif-s-lite"), PIXELS, shipped_field))
    assert isinstance(steps[-1], m.ExportDone)
    progress = [step for step in steps if isinstance(step, m.ExportProgress)]
    assert [p.fraction for p in progress] == [pytest.approx(n / 6) for n in range(1, 7)]
    assert os.listdir(tmp_path) == ["a.png"]
    way = request(path).path
    paint = moving_painter(PIXELS, field_painter(shipped_field()))
    with Image.open(path) as film:
        assert film.n_frames == 6
        for n in range(6):
            film.seek(n)
            assert np.array_equal(np.asarray(film.convert("RGB")), frame_of(way.view(n), paint))


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif"])
def test_a_film_that_is_given_up_leaves_the_old_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"old")
    steps = film_steps(request(tmp_path / name, frames=50), PIXELS, lambda: None)
    for _ in range(40):
        next(steps)
    steps.close()
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"old"


@pytest.mark.parametrize("name", ["a.avi", "a", "missing/a.png"])
def test_what_cannot_be_is_said_before_the_first_frame(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"\.$"):
        next(film_steps(request(tmp_path / name), PIXELS, lambda: None))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("left", [50.0, -3.0])
def test_an_edge_that_covers_most_of_a_row_glides_as_any_other(left: float) -> None:
    white = np.full((100, 200, 3), 255, np.uint8)
    paint = moving_painter(white, classic_painter(white, "bicubic"))
    for part in (0.0, 0.2, 0.49, 0.51, 0.8):
        frame = frame_of(Viewport(100, 200, 64, 64, 2.0, -part, left), paint)
        assert frame[0, 30, 0] == pytest.approx(255 * (1 - part), abs=1)
        assert frame[1, 30, 0] == 255


def test_a_film_keeps_no_more_than_people_and_devices_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "available_memory", lambda: 64 << 30)
    monkeypatch.setattr(filming, "available_memory", lambda: 64 << 30)
    monkeypatch.setattr(device, "free_memory", lambda *_: 3 << 30)
    assert filming.film_budget("cpu") == filming.MOST_FEATURES
    assert filming.film_budget("cpu", 512 << 20) == 512 << 20
    assert filming.film_budget("cuda") == device.cache_budget("cuda") == 3 << 29
