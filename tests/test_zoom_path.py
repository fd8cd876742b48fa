"""The way of a zoom: its ends, its middle, and nothing rounded on it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diif_viewer.errors import RequestError
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import EASINGS, ZoomPath, rate_of

START = Viewport(700, 900, 360, 640).fitted()
END = START.at_scale(30.0).centred_on((123.4, 456.7))


@given(st.sampled_from(sorted(EASINGS)), st.floats(0.01, 60), st.sampled_from([1, 25, 29.97, 50, 60]))
def test_the_first_frame_is_the_start_and_the_last_is_the_end(easing, seconds, rate) -> None:
    path = ZoomPath(START, END, seconds, rate_of(rate), easing)
    assert path.view(0) == START
    assert path.view(path.count - 1) == END
    if seconds * path.rate >= 1.5:  # below, two frames are longer than asked for
        assert abs(float(path.count / path.rate) - seconds) <= 0.51 / path.rate


@given(st.sampled_from(sorted(EASINGS)))
def test_easings_run_from_nothing_to_all_without_turning_back(easing) -> None:
    values = [EASINGS[easing](t) for t in np.linspace(0, 1, 501)]
    assert values[0] == 0
    assert values[-1] == pytest.approx(1)
    assert min(np.diff(values)) >= 0
    if easing == "smooth":
        assert values[1] < 1e-6


def test_the_scale_grows_by_the_same_factor_in_the_same_time_and_a_common_point_stays() -> None:
    path = ZoomPath(START, END, 2.0, Fraction(30), "linear")
    scales = np.array([path.view(n).scale for n in range(path.count)])
    assert np.ptp(scales[1:] / scales[:-1]) < 1e-9
    # where both views show the same point at the same place: left + x = position * scale in both
    x = (END.left * START.scale - START.left * END.scale) / (END.scale - START.scale)
    position = (START.left + x) / START.scale
    for n in range(path.count):
        assert path.view(n).point_at((position, 0.0))[0] == pytest.approx(x, abs=1e-7)


@given(
    scale=st.floats(0.05, 64),
    top=st.floats(-500, 60_000),
    left=st.floats(-500, 60_000),
    row=st.integers(0, 359),
)
def test_nothing_of_the_origin_is_lost(scale, top, left, row) -> None:
    """Device pixel (r, c) shows (r + 1/2 + top) / scale, to the last bits of a float64."""
    view = Viewport(700, 900, 360, 640, scale, top, left)
    lattice, window = view.exactly
    assert (window.height, window.width) == (360, 640)
    assert abs(lattice.y.phase) <= 0.5
    shown = lattice.y.positions(window.top + row, window.top + row + 1)[0]
    assert shown == pytest.approx(view.position_at((0.0, row + 0.5))[1], rel=1e-12, abs=1e-12)
    inside = window.intersected(lattice.window)
    if inside:  # exactly the outputs whose centres lie in the picture
        for index, axis in ((inside.top, lattice.y), (inside.bottom - 1, lattice.y), (inside.left, lattice.x)):
            centre = axis.positions(index, index + 1)[0]
            assert -1e-9 <= centre <= axis.size + 1e-9 or axis.count == 1


def test_a_view_at_rest_is_the_lattice_of_the_screen() -> None:
    rest = END.rested()
    lattice, window = rest.exactly
    assert lattice == rest.lattice
    assert window.intersected(lattice.window) == rest.window


def test_rates_as_films_have_them() -> None:
    assert rate_of(29.97) == Fraction(30000, 1001)
    assert rate_of(23.976) == Fraction(24000, 1001)
    assert rate_of(25) == 25
    assert rate_of(12.5) == Fraction(25, 2)
    for wrong in (0, -1, math.inf, math.nan, 1000):
        with pytest.raises(RequestError, match="frames per second"):
            rate_of(wrong)


@pytest.mark.parametrize(
    ("seconds", "rate", "easing", "end"),
    [
        (0, 30, "smooth", END),
        (4000, 30, "smooth", END),
        (1, 500, "smooth", END),
        (1, 30, "bouncy", END),
        (1, 30, "smooth", Viewport(700, 900, 100, 100)),
    ],
)
def test_a_zoom_that_makes_no_sense_is_one_sentence(seconds, rate, easing, end) -> None:
    with pytest.raises(RequestError, match=r"\.$"):
        ZoomPath(START, end, seconds, Fraction(rate), easing)
