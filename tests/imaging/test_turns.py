"""Turned and mirrored pictures: the eight ways are a group, and places go where pixels go."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image, ImageOps

from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.turns import FLIP, LEFT, MIRROR, OF_EXIF, RIGHT, STEPS, UPRIGHT, Turn

TURNS = [Turn.of_code(code) for code in range(8)]
PIXELS = np.arange(3 * 4 * 3, dtype=np.uint8).reshape(3, 4, 3)


def test_what_they_are_called() -> None:
    np.testing.assert_array_equal(UPRIGHT.of_pixels(PIXELS), PIXELS)
    np.testing.assert_array_equal(MIRROR.of_pixels(PIXELS), PIXELS[:, ::-1])
    np.testing.assert_array_equal(FLIP.of_pixels(PIXELS), PIXELS[::-1])
    np.testing.assert_array_equal(RIGHT.of_pixels(PIXELS)[0], PIXELS[::-1, 0])  # the left column is the top row
    np.testing.assert_array_equal(LEFT.of_pixels(PIXELS)[0], PIXELS[:, -1])


@pytest.mark.parametrize(("first", "second"), list(itertools.product(TURNS, TURNS)))
def test_one_after_the_other_is_one_of_them(first: Turn, second: Turn) -> None:
    both = first.then(second)
    assert both in TURNS
    np.testing.assert_array_equal(both.of_pixels(PIXELS), second.of_pixels(first.of_pixels(PIXELS)))
    assert both.of_place(0.2, 0.3) == pytest.approx(second.of_place(*first.of_place(0.2, 0.3)))


@pytest.mark.parametrize("turn", TURNS)
def test_each_can_be_taken_back_and_told_by_its_number(turn: Turn) -> None:
    assert turn.then(turn.inverse) == turn.inverse.then(turn) == UPRIGHT
    assert Turn.of_code(turn.code) == turn
    assert turn.is_sideways == (turn.of_pixels(PIXELS).shape[:2] == (4, 3))


@pytest.mark.parametrize("turn", TURNS)
def test_places_go_where_pixels_go(turn: Turn) -> None:
    turned = turn.of_pixels(PIXELS)
    for row, column in np.ndindex(3, 4):
        x, y = turn.of_place((column + 0.5) / 4, (row + 0.5) / 3)
        place = int(y * turned.shape[0]), int(x * turned.shape[1])
        np.testing.assert_array_equal(turned[place], PIXELS[row, column])


@pytest.mark.parametrize("turn", TURNS)
def test_each_has_words(turn: Turn) -> None:
    found = UPRIGHT
    for word in filter(None, turn.words.split(",")):
        found = found.then(STEPS[word])
    assert found == turn


def test_numbers_that_are_none_are_upright() -> None:
    assert {Turn.of_code(code) for code in (-1, 8, 10**20)} == {UPRIGHT}


@pytest.mark.parametrize("orientation", OF_EXIF)
def test_orientations_of_exif_are_what_pillow_makes_of_them(orientation: int, tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PIXELS).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        wanted = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels, wanted)
