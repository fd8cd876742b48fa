"""The mean of eight: the same points of the picture every time, and the same answer however it is turned."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import diif_viewer as dv
from diif_viewer.engine.ensemble import Ensemble, turned_lattice
from diif_viewer.geometry import Lattice, Window
from tests.engine.conftest import picture

TURNS = list(itertools.product((False, True), repeat=3))


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    scale=st.floats(1.01, 31),
    turn=st.sampled_from(TURNS),
    fractions=st.tuples(*[st.floats(0, 0.999)] * 2),
)
def test_a_turned_output_lies_at_the_same_point(height, width, scale, turn, fractions) -> None:
    lattice = Lattice.of_scale(height, width, scale)
    row, column = int(lattice.y.count * fractions[0]), int(lattice.x.count * fractions[1])
    there, window = turned_lattice(lattice, Window(row, column, row + 1, column + 1), turn)
    assert there.window.contains(window)
    y, x = there.y.positions(window.top, window.bottom)[0], there.x.positions(window.left, window.right)[0]
    _, over, across = turn
    y, x = (there.y.size - y if over else y), (there.x.size - x if across else x)
    if turn[0]:
        y, x = x, y
    assert y == pytest.approx(lattice.y.positions(row, row + 1)[0], abs=1e-6)
    assert x == pytest.approx(lattice.x.positions(column, column + 1)[0], abs=1e-6)


@pytest.mark.parametrize("kind", ["liif", "diif-s"])
@pytest.mark.parametrize("channels", [1, 4])
def test_the_mean_does_not_depend_on_how_the_picture_is_turned(small_model, kind: str, channels: int) -> None:
    pixels = picture(21, 30, channels)
    model = small_model(kind)
    lattice = Lattice.of_size(21, 30, 63, 90)
    straight = Ensemble(dv.encode(pixels, model)).render_window(lattice, lattice.window)
    quarter = Ensemble(dv.encode(np.ascontiguousarray(np.rot90(pixels)), model))
    lattice = Lattice.of_size(30, 21, 90, 63)
    turned = quarter.render_window(lattice, lattice.window)
    assert straight.shape == (63, 90, channels)
    np.testing.assert_allclose(np.rot90(straight), turned, atol=2e-4)
    single = dv.encode(pixels, model).render(3.0, dtype="float32")
    assert np.abs(single - straight).max() > 1e-3  # the network alone does depend on it


def test_it_is_the_mean_of_eight_renderings(small_model) -> None:
    """At a whole scale, where no lattice is shifted, each can be asked for through the public API."""
    pixels, model = picture(17, 23), small_model("diif-s")
    each = []
    for quarters, mirrored in itertools.product(range(4), (False, True)):
        turned = np.rot90(pixels[:, ::-1] if mirrored else pixels, quarters)
        out = np.rot90(dv.encode(np.ascontiguousarray(turned), model).render(4.0, dtype="float32"), -quarters)
        each.append(out[:, ::-1] if mirrored else out)
    lattice = Lattice.of_scale(17, 23, 4.0)
    best = Ensemble(dv.encode(pixels, model)).render_window(lattice, lattice.window)
    np.testing.assert_allclose(best, np.mean(each, axis=0), atol=2e-4)


def test_a_window_is_the_crop_of_the_whole(small_model) -> None:
    lattice, window = Lattice.of_scale(40, 50, 3.7), Window(31, 17, 101, 130)
    best = Ensemble(dv.encode(picture(40, 50), small_model("diif-s")))
    whole = best.render_window(lattice, lattice.window)
    np.testing.assert_allclose(best.render_window(lattice, window), whole[31:101, 17:130], atol=1e-4)


def test_at_x1_it_is_the_picture_itself(small_model) -> None:
    pixels = picture(9, 8)
    lattice = Lattice.of_scale(9, 8, 1.0)
    best = Ensemble(dv.encode(pixels, small_model("liif"))).render_window(lattice, lattice.window)
    assert np.array_equal(np.rint(best * 255), pixels)
