"""The conventions that everything else rests on: groups, lattices, windows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diif_viewer.errors import RequestError
from diif_viewer.geometry import Axis, Lattice, Window

scales = st.one_of(
    st.floats(1.0, 64.0),
    st.sampled_from([1.0, 1.1, 1.3, 1.37, 2.0, 2.5, 3.3, 4.0, 7 / 3, 12.5, 30.0]),
    st.tuples(st.integers(1, 400), st.integers(1, 40)).map(lambda t: max(1.0, t[0] / t[1])),
)
sizes = st.integers(1, 300)


def axis(size: int, scale: float, phase: float = 0.0) -> Axis:
    return Axis(size, max(1, math.ceil(size * scale - 0.5)), scale, phase)


@given(sizes, scales, st.sampled_from([0.0, 0.25, -0.4]))
def test_groups_are_the_outputs_that_fall_into_each_pixel(size: int, scale: float, phase: float) -> None:
    made = axis(size, scale, phase)
    first, width = made.groups(0, size)
    outputs = np.arange(-2, made.count + 3)
    cells = np.floor((outputs + 0.5 + phase) / scale).astype(int)
    for cell in {0, size // 2, size - 1}:
        members = outputs[cells == cell]
        assert first[cell] == members[0]
        assert width[cell] == len(members)
        assert made.first_output(cell) == first[cell]
    assert (first[1:] == first[:-1] + width[:-1]).all()
    assert width.max() == made.widest_group()
    assert set(width) <= {math.floor(scale), math.ceil(scale)}


def test_group_arithmetic_at_a_fractional_scale_by_hand() -> None:
    # s = 2.5: pixel i begins at output ceil(2.5 i - 0.5): 0, 2, 5, 7, 10
    first, width = axis(4, 2.5).groups(0, 4)
    assert first.tolist() == [0, 2, 5, 7]
    assert width.tolist() == [2, 3, 2, 3]


@given(sizes, scales)
def test_output_centres_stay_inside_the_picture(size: int, scale: float) -> None:
    made = axis(size, scale)
    positions = made.positions(0, made.count)
    assert positions[0] > 0
    assert positions[-1] <= size
    assert (np.diff(made.cells(positions)) >= 0).all()
    assert made.cells(positions)[-1] == size - 1


@given(sizes, scales, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_neighbouring_boxes_tile(size: int, scale: float, a: float, b: float, c: float) -> None:
    lattice = Lattice.of_scale(size, size, scale)
    x0, x1, x2 = sorted(v * size for v in (a, b, c))
    left, right = lattice.window_of((x0, 0, x1, size)), lattice.window_of((x1, 0, x2, size))
    assert left.right == right.left
    assert lattice.window_of((0, 0, size, size)) == lattice.window


@given(sizes, sizes, st.integers(1, 900), st.integers(1, 900))
def test_an_exact_size_is_exact(height: int, width: int, out_height: int, out_width: int) -> None:
    lattice = Lattice.of_size(height, width, out_height, out_width)
    assert lattice.window == Window(0, 0, out_height, out_width)
    assert lattice.y.positions(0, out_height)[-1] <= height


def test_nonsense_is_refused() -> None:
    for wrong in (0, -1, math.nan, math.inf):
        with pytest.raises(RequestError):
            Lattice.of_scale(10, 10, wrong)
    with pytest.raises(RequestError):
        Lattice.of_scale(0, 10, 2)
    with pytest.raises(RequestError):
        Lattice.of_size(10, 10, 0, 5)
    with pytest.raises(RequestError):
        Lattice.of_scale(10, 10, 2).window_of((0, 0, math.nan, 5))


windows = st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.integers(0, 60), st.integers(0, 60)).map(
    lambda t: Window(t[0], t[1], t[0] + t[2], t[1] + t[3])
)


@given(windows, windows, st.integers(1, 17))
def test_windows(one: Window, two: Window, step: int) -> None:
    common = one.intersected(two)
    assert common == two.intersected(one)
    if common:
        assert one.contains(common)
        assert two.contains(common)
    assert one.moved(3, -4).area == one.area
    if one:
        cells = list(one.split(step))
        assert sum(c.intersected(one).area for c in cells) == one.area
        assert one.aligned(step).contains(one)
        assert one.aligned(step).area == len(cells) * step * step
        assert one.grown(2).contains(one)
