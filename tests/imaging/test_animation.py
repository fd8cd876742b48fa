"""Frames of animated pictures: the same pixels as opened one by one, each with its time, round and round."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from diif_viewer.errors import ImageError
from diif_viewer.imaging.animation import UNSAID, Animation, seconds_of
from diif_viewer.imaging.load import load_picture

TIMES = [40, 200, 70, 120]


def frames() -> list[Image.Image]:
    """Four flat pictures with a square that moves, which every format keeps apart."""
    made = []
    for number in range(4):
        pixels = np.full((40, 60, 3), (30, 90, 150), np.uint8)
        pixels[10:20, 10 * number : 10 * number + 10] = (250, 40, 10)
        made.append(Image.fromarray(pixels))
    return made


@pytest.fixture(params=["gif", "webp", "png", "avif"])
def moving(request, tmp_path):
    first, *others = frames()
    path = tmp_path / f"moving.{request.param}"
    words = {"lossless": True} if request.param == "webp" else {}
    first.save(path, save_all=True, append_images=others, duration=TIMES, loop=0, **words)
    return path


def test_frames_equal_those_that_are_opened_alone_and_keep_their_times(moving):
    with Animation(moving) as animation:
        assert animation.frames == 4
        number, seen = animation.first, []
        for _ in range(6):  # beyond the end it begins anew
            picture = animation.frame(number)
            alone = load_picture(moving, page=number)
            assert (picture.page, picture.pages) == (number, 4) == (alone.page, alone.pages)
            np.testing.assert_array_equal(picture.pixels, alone.pixels)
            assert animation.seconds(number) == pytest.approx(TIMES[number] / 1000)
            seen.append(number)
            number = animation.after(number)
        assert seen == [0, 1, 2, 3, 0, 1]


@pytest.mark.parametrize("disposal", [0, 1, 2])
@pytest.mark.parametrize("blend", [0, 1])
def test_frames_of_png_are_disposed_of_as_they_ask(tmp_path, disposal, blend):
    made = []
    for number in range(4):
        pixels = np.zeros((20, 30, 4), np.uint8)
        pixels[5:15, 7 * number : 7 * number + 8] = (250, 40 * number, 10, 255)
        made.append(Image.fromarray(pixels))
    path = tmp_path / "moving.png"
    made[0].save(path, save_all=True, append_images=made[1:], duration=50, disposal=disposal, blend=blend)
    with Animation(path) as animation:
        for number in [0, 1, 2, 3, 0, 1]:
            np.testing.assert_array_equal(animation.frame(number).pixels, load_picture(path, page=number).pixels)


def test_a_time_is_known_before_its_frame_was_asked_for(moving):
    with Animation(moving) as animation:
        assert animation.seconds(2) == pytest.approx(TIMES[2] / 1000)


def test_a_picture_for_programs_that_cannot_play_is_no_frame(tmp_path):
    first, *others = frames()
    path = tmp_path / "moving.png"
    first.save(path, save_all=True, default_image=True, append_images=others, duration=50)
    with Animation(path) as animation:
        assert animation.first == 1
        assert animation.after(animation.frames - 1) == 1


@pytest.mark.parametrize(("said", "taken"), [(None, UNSAID), (0, UNSAID), (10, UNSAID), (20, 0.02), (33.5, 0.0335)])
def test_times_that_nobody_means_are_taken_as_browsers_do(said, taken):
    assert seconds_of(said) == pytest.approx(taken)


def test_pages_and_single_pictures_do_not_move(tmp_path):
    first, *others = frames()
    first.save(tmp_path / "pages.tif", save_all=True, append_images=others)
    first.save(tmp_path / "one.gif")
    for name in ("pages.tif", "one.gif"):
        with pytest.raises(ImageError, match=f"{name}: this picture does not move"):
            Animation(tmp_path / name)


def test_a_file_that_ends_too_early_is_one_sentence(moving):
    data = moving.read_bytes()
    moving.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ImageError, match=r"^moving\.\w+: "):
        every_frame(moving)


def every_frame(path):
    with Animation(path) as animation:
        return [animation.frame(number) for number in range(animation.frames)]
