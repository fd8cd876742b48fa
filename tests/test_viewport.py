"""Properties of a view: the anchor never drifts, the limits hold, rest lies on the lattice."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diif_viewer.viewport import LARGEST, Viewport, between

views = st.builds(
    Viewport,
    height=st.integers(1, 12_000),
    width=st.integers(1, 12_000),
    view_height=st.integers(1, 2_200),
    view_width=st.integers(1, 4_000),
    scale=st.floats(0.02, LARGEST),
    top=st.floats(-2_000, 500_000),
    left=st.floats(-2_000, 500_000),
)


@given(st.integers(0, 2**32), st.floats(0, 1280), st.floats(0, 720))
@settings(max_examples=25, deadline=None)
def test_the_point_under_the_cursor_never_drifts(seed, x, y):
    """Thousands of random wheel steps, to x64 and back: the anchor stays within a millionth of a pixel on screen."""
    view = Viewport(height=6_000, width=4_000, view_height=720, view_width=1280, scale=1.0, top=2_000.0, left=1_500.0)
    position = view.position_at((x, y))
    direction, dice = 1, random.Random(seed)
    for _ in range(3_000):
        view = view.zoomed_about((x, y), 1.25 ** (direction * dice.uniform(0.01, 1.5)))
        direction = -1 if view.scale >= LARGEST else 1 if view.scale <= view.smallest else direction
        shown = view.point_at(position)
        assert math.dist(shown, (x, y)) < 1e-6


@given(views, st.floats(0, 4_000), st.floats(0, 2_200), st.floats(0.01, 100))
def test_zoom_about_a_point_keeps_it(view, x, y, factor):
    zoomed = view.zoomed_about((x, y), factor)
    wanted = view.position_at((x, y))
    got = zoomed.position_at((x, y))
    assert got == pytest.approx(wanted, rel=1e-9, abs=1e-7)
    assert view.smallest <= zoomed.scale <= LARGEST


@given(views)
def test_clamped_keeps_the_picture_in_view_or_centred(view):
    view = view.clamped()
    left, top, right, bottom = view.image_box
    for low, high, extent in ((left, right, view.view_width), (top, bottom, view.view_height)):
        if high - low <= extent:
            assert (low + high) / 2 == pytest.approx(extent / 2, abs=0.5)
        else:
            assert low <= 0.5
            assert high >= extent - 0.5 - 1e-6
    assert view.clamped() == view


@given(views)
def test_fit_shows_everything_and_touches(view):
    fitted = view.fitted()
    left, top, right, bottom = fitted.image_box
    assert fitted.is_fitted
    if view.smallest < fitted.scale < LARGEST and fitted.scale != 1:
        assert min(left, top) == pytest.approx(0, abs=0.51)
        assert right <= view.view_width + 0.51
        assert bottom <= view.view_height + 0.51


@given(views)
def test_rest_lies_on_the_lattice_within_half_a_pixel(view):
    rest = view.rested()
    assert rest.top == int(rest.top)
    assert abs(rest.top - view.top) <= 0.5
    assert abs(rest.left - view.left) <= 0.5
    window = view.clamped().window
    assert window
    assert view.lattice.of_scale(view.height, view.width, view.clamped().scale).window.contains(window)
    assert window.height <= view.view_height
    assert window.width <= view.view_width


@given(views, st.floats(0, 1), st.floats(0, 2_000), st.floats(0, 1_000), st.floats(0.05, 20))
def test_animation_holds_the_anchor_all_the_way(view, fraction, x, y, factor):
    end = view.zoomed_about((x, y), factor)
    middle = between(view, end, fraction)
    assert min(view.scale, end.scale) * (1 - 1e-9) <= middle.scale <= max(view.scale, end.scale) * (1 + 1e-9)
    position = view.position_at((x, y))
    if not math.isclose(view.scale, end.scale, rel_tol=1e-6):
        assert math.dist(middle.point_at(position), (x, y)) < 1e-2
    assert between(view, end, 0) == view
    assert between(view, end, 1) == end


def test_resizing_keeps_the_middle():
    view = Viewport(1000, 1000, 600, 800, 4.0, 500.0, 700.0)
    other = view.resized(400, 1000)
    assert other.position_at((500, 200)) == view.position_at((400, 300))


def test_showing_a_box_fills_the_view_with_it():
    view = Viewport(1000, 1000, 600, 800).showing((100, 100, 180, 160))
    assert view.scale == 10
    assert view.point_at((100, 100)) == pytest.approx((0, 0))


def test_a_picture_that_nearly_fills_the_view_fits_at_its_own_pixels():
    assert Viewport(780, 1200, 784, 1280).fitted().scale == 1
    assert Viewport(600, 800, 784, 1280).fitted().scale > 1.3
    assert Viewport(790, 1200, 784, 1280).fitted().scale < 1


def test_small_pictures_may_fill_the_view_and_never_shrink_below_one():
    view = Viewport(10, 10, 600, 800)
    assert view.fitted().scale == 60
    assert view.at_scale(0.001).scale == 1
