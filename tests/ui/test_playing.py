"""Animated pictures in the real window: they play at once, stay where they are stopped, and are sharp there."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from diif_viewer.engine.messages import OpenImage, ViewRequest
from diif_viewer.imaging.load import load_picture
from tests.imaging.files import PngFrame, moving_png
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import view_pixels

SHIFT = Qt.KeyboardModifier.ShiftModifier
FRAMES = 6


def frame(number: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(number).integers(0, 255, (90, 120, 3), dtype=np.uint8))


@pytest.fixture
def moving(tmp_path):
    """Six frames of 90 x 120 pixels, 60 ms each."""
    first, *others = (frame(n) for n in range(FRAMES))
    path = tmp_path / "moving.webp"
    first.save(path, save_all=True, append_images=others, duration=60, loop=0, lossless=True)
    return path


def playing(stage, moving):
    """The picture plays and has turned at least twice."""
    stage.show(moving)
    stage.until(lambda: stage.window.player.playing)
    turned = []
    stage.state.picture_changed.connect(lambda: turned.append(stage.state.picture.page))
    stage.until(lambda: len(turned) > 2)
    return turned


def test_it_plays_round_and_round_and_the_renderer_is_left_alone(stage, moving):
    turned = playing(stage, moving)
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    begun = len(turned)
    sent = len(stage.fake.received)
    stage.until(lambda: len(turned) > begun + 2 * FRAMES)
    assert all(after == (before + 1) % FRAMES for before, after in pairwise(turned))
    asked = [m for m in stage.fake.received[sent:] if isinstance(m, ViewRequest | OpenImage)]
    assert asked == [], "nothing becomes sharp that is gone at once"
    assert "plays, bicubic" in stage.window.badge_row.badges[0].text
    assert not stage.window.status.busy.shown
    assert stage.state.view.scale == 4


def test_what_is_stopped_is_the_frame_on_screen_and_becomes_sharp(stage, moving):
    playing(stage, moving)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.qtbot.keyClicks(stage.window.canvas, "a")
    assert not stage.window.player.playing
    page, view = stage.state.picture.page, stage.state.view
    stage.sharp()
    shown, _ = view_pixels(stage)
    pixels = load_picture(moving, page=page).pixels
    np.testing.assert_array_equal(shown, expected(pixels, "diif-s-lite", 8.0, view.window)[..., :3])
    assert stage.window.pages.box.text() == str(page + 1)
    assert stage.window.opening.page == page
    stage.qtbot.mouseClick(stage.window.pages.play, Qt.MouseButton.LeftButton)
    stage.until(lambda: stage.state.picture.page == (page + 2) % FRAMES)


def test_a_zoom_glides_on_while_frames_come_and_go(stage, moving):
    playing(stage, moving)
    stage.rest()
    stage.qtbot.keyClicks(stage.window.canvas, "+")
    motion, view = stage.viewer.motion, stage.state.view
    assert motion.moving
    stage.controller.turn(replace(stage.state.picture, image=stage.viewer.loader.number()), [])
    assert motion.moving, "not cut short by the next frame"
    stage.rest()
    assert motion.shown.scale == stage.state.view.scale == view.scale


def test_going_to_a_frame_stops_and_reading_again_plays_on(stage, moving):
    turned = playing(stage, moving)
    stage.window.actions_by_name["reload"].trigger()
    begun = len(turned)
    stage.until(lambda: len(turned) > begun + 3)
    assert stage.window.player.playing
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown, SHIFT)
    assert not stage.window.player.playing
    stage.until(lambda: not stage.viewer.loader.busy)
    stage.sharp()
    stage.qtbot.wait(150)
    assert not stage.window.player.playing
    assert stage.state.picture.page == stage.window.opening.page


def test_what_is_saved_is_the_frame_on_screen(stage, moving):
    playing(stage, moving)
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    stage.export()
    assert not stage.window.player.playing
    page, view = stage.state.picture.page, stage.state.view
    written = np.asarray(Image.open(stage.export_path).convert("RGB"))
    pixels = load_picture(moving, page=page).pixels
    np.testing.assert_array_equal(written, expected(pixels, "diif-s-lite", 4.0, view.window)[..., :3])


def test_other_pictures_end_it_and_pages_do_not_play(stage, moving, photo, tmp_path):
    playing(stage, moving)
    assert stage.window.pages.play.isVisible()
    stage.window.open_path(photo)
    stage.until(lambda: stage.state.picture.name == "photo.png")
    assert not stage.window.player.playing
    assert not stage.window.actions_by_name["play"].isEnabled()
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    stage.sharp()
    first, *others = (frame(n) for n in range(3))
    first.save(tmp_path / "pages.tif", save_all=True, append_images=others)
    stage.window.open_path(tmp_path / "pages.tif")
    stage.until(lambda: stage.state.picture.name == "pages.tif")
    stage.sharp()
    assert stage.window.pages.isVisible()
    assert not stage.window.pages.play.isVisible()
    assert not stage.window.player.playing
    stage.window.open_path(moving)
    stage.until(lambda: stage.window.player.playing)


def test_a_file_that_breaks_under_way_stays_at_its_last_frame(stage, moving):
    playing(stage, moving)
    data = moving.read_bytes()
    moving.write_bytes(data[: len(data) // 2])
    stage.until(lambda: not stage.window.player.playing)
    assert stage.state.picture is not None


def test_a_file_that_has_fewer_frames_by_now_plays_on(stage, moving):
    first, *others = (frame(n) for n in range(4))
    first.save(moving, save_all=True, append_images=others, duration=[40, 40, 40, 20_000], lossless=True)
    stage.show(moving)
    stage.until(lambda: stage.state.picture.page == 3)
    first, *others = (frame(n) for n in range(50, 53))
    first.save(moving, save_all=True, append_images=others, duration=60, loop=0, lossless=True)
    stage.until(lambda: stage.state.picture.pages == 3 and stage.window.player.playing)
    assert stage.window.notice.isHidden()


def test_a_file_of_another_size_by_now_plays_on(stage, moving, monkeypatch):
    """Replaced after its first frame was read, and before it was opened to be played."""
    arrival, larger = stage.window.files.arrival, [frame(n).resize((120, 96)) for n in range(FRAMES)]

    def replaced(picture, fitted):
        monkeypatch.undo()
        other = moving.with_name("other.webp")
        larger[0].save(other, save_all=True, append_images=larger[1:], duration=60, loop=0, lossless=True)
        other.replace(moving)
        return arrival(picture, fitted)

    monkeypatch.setattr(stage.window.files, "arrival", replaced)
    stage.show(moving)
    assert stage.state.picture.height == 90
    stage.until(lambda: stage.state.picture.height == 96 and stage.window.player.playing)


def test_a_deep_grey_png_plays_with_frames_that_lie_over_others(stage, tmp_path):
    grey = np.arange(90 * 120).reshape(90, 120, 1) * 6
    frames = [PngFrame(grey), *(PngFrame(grey[:30, :40], 20 * n, 10 * n, dispose=n % 3, blend=1) for n in range(4))]
    path = moving_png(tmp_path / "deep.png", frames, depth=16, colour=0)
    turned = playing(stage, path)
    stage.until(lambda: len(turned) > 12)
    stage.qtbot.keyClicks(stage.window.canvas, "a")
    picture = stage.state.picture
    np.testing.assert_array_equal(picture.pixels, load_picture(path, page=picture.page).pixels)
