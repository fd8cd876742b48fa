"""What is painted from what is there: exact at rest, never blank, nothing thrown away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from diif_viewer.engine.tiles import keys_for
from diif_viewer.geometry import Window
from diif_viewer.imaging.classic import resample
from diif_viewer.ui.compare import Layout, areas
from diif_viewer.ui.fallback import Frame
from diif_viewer.ui.images import opaque
from diif_viewer.ui.layers import Sharp
from diif_viewer.ui.scene import Scene
from diif_viewer.ui.state import Picture
from diif_viewer.viewport import Viewport, between

SOURCE = np.random.default_rng(11).integers(60, 255, (60, 80, 3), dtype=np.uint8)
BACKGROUND = 0xFF000000
MODEL = "diif-s-lite"


@pytest.fixture
def scene(qapp):
    made = Scene()
    made.set_picture(Picture(1, Path("x.png"), SOURCE, SOURCE, opaque(SOURCE)))
    return made


def view_at(scale: float, top: float = 0, left: float = 0) -> Viewport:
    return Viewport(60, 80, 200, 300, scale, top, left).clamped()


def painted(scene: Scene, view: Viewport, method: str = MODEL, layout: Layout = Layout.SINGLE, pane: int = 0):
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(0)
    with QPainter(image) as painter:
        scene.paint(painter, areas(layout, 200, 300, 0.5)[pane], method, view)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(200, 300, 4)
    return rows[..., 2::-1].copy()


def frame(view: Viewport, method: str = "bicubic") -> Frame:
    pixels = resample(SOURCE, method, view.lattice, view.window)
    return Frame(1, method, view.scale, view.window, opaque(pixels))


def sharpen(scene: Scene, view: Viewport, pane: int = 0, skip: int = 0) -> None:
    scene.aim(pane, MODEL, view, view.window)
    for key in keys_for(1, MODEL, view.scale, view.window, view.lattice.window)[skip:]:
        part = key.window.intersected(view.lattice.window)
        scene.add_tile(key, 255 - resample(SOURCE, "nearest", view.lattice, part))


def test_with_nothing_computed_the_reduced_copy_shows(scene):
    shown = painted(scene, view_at(20.0, 300, 500))
    assert shown.min() >= 60


def test_a_frame_of_this_view_shows_pixel_for_pixel(scene):
    view = view_at(7.3, 111, 97)
    scene.add_frame(frame(view))
    wanted = resample(SOURCE, "bicubic", view.lattice, view.window)
    np.testing.assert_array_equal(painted(scene, view), wanted)


def test_tiles_of_this_view_show_pixel_for_pixel(scene):
    view = view_at(7.3, 111, 97)
    scene.add_frame(frame(view))
    sharpen(scene, view)
    wanted = 255 - resample(SOURCE, "nearest", view.lattice, view.window)
    np.testing.assert_array_equal(painted(scene, view), wanted)


def test_a_missing_tile_shows_the_frame_and_nothing_else(scene):
    view = view_at(7.3, 111, 97)
    scene.add_frame(frame(view))
    sharpen(scene, view, skip=1)
    missing = keys_for(1, MODEL, view.scale, view.window, view.lattice.window)[0].window.intersected(view.window)
    rows = slice(missing.top - view.window.top, missing.bottom - view.window.top)
    columns = slice(missing.left - view.window.left, missing.right - view.window.left)
    wanted = resample(SOURCE, "bicubic", view.lattice, view.window)[rows, columns]
    np.testing.assert_array_equal(painted(scene, view)[rows, columns], wanted)


def test_tiles_are_never_thrown_away_because_they_are_late(scene):
    old, new = view_at(7.3, 111, 97), view_at(9.0, 0, 0)
    sharpen(scene, old)
    scene.aim(0, MODEL, new, new.window)
    late = keys_for(1, MODEL, 7.3, old.window.grown(100), old.lattice.window)[-1]
    part = late.window.intersected(old.lattice.window)
    scene.add_tile(late, 255 - resample(SOURCE, "nearest", old.lattice, part))
    assert scene.aim(0, MODEL, old, old.window) == []
    assert late in scene.cache
    wanted = 255 - resample(SOURCE, "nearest", old.lattice, old.window)
    np.testing.assert_array_equal(painted(scene, old), wanted)


def test_every_moment_of_a_zoom_shows_the_picture_all_over(scene):
    start, end = view_at(4.0, 10, 5), view_at(30.0, 900, 1100)
    scene.add_frame(frame(start))
    sharpen(scene, start)
    scene.aim(0, MODEL, end, end.window)
    scene.add_frame(frame(end))
    for direction in ((start, end), (end, start)):
        for fraction in np.linspace(0, 1, 17):
            assert painted(scene, between(*direction, float(fraction))).max(axis=2).min() > 0


def test_the_last_sharp_picture_stays_until_the_next_one_is_there(scene):
    start, end = view_at(8.0, 100, 100), view_at(10.0, 165, 165)
    sharpen(scene, start)
    scene.aim(0, MODEL, end, end.window)
    scene.add_frame(frame(end))
    inverted = 255 - resample(SOURCE, "nearest", end.lattice, end.window).astype(int)
    near = np.abs(painted(scene, end) - inverted).mean()
    assert near < 30, "the sharp picture of the scale before is on screen, transformed"


@pytest.mark.parametrize("tiles", [100, 1, 0])
def test_the_colour_that_is_told_is_on_screen_however_few_tiles_are_kept(scene, tiles):
    view = view_at(7.0, 111, 97)
    scene.cache.resize(tiles * 128 * 128 * 3)
    scene.add_frame(frame(view))
    sharpen(scene, view)
    shown = painted(scene, view)
    for y, x in ((3, 5), (60, 290), (120, 130), (190, 20)):
        told = scene.colour_at(0, MODEL, view, int(view.top) + y, int(view.left) + x)
        assert told == tuple(shown[y, x])


def test_no_colour_is_told_where_the_picture_of_another_scale_stands_in(scene):
    start, end = view_at(8.0, 100, 100), view_at(10.0, 165, 165)
    sharpen(scene, start)
    scene.aim(0, MODEL, end, end.window)
    scene.add_frame(frame(end))
    assert scene.colour_at(0, MODEL, end, 165 + 90, 165 + 150) is None
    sharpen(scene, end)
    assert scene.colour_at(0, MODEL, end, 165 + 90, 165 + 150) == tuple(painted(scene, end)[90, 150])


def test_another_method_never_shows_the_old_one(scene):
    view = view_at(8.0, 100, 100)
    scene.add_frame(frame(view))
    sharpen(scene, view)
    scene.aim(0, "liif-lite", view, view.window)
    wanted = resample(SOURCE, "bicubic", view.lattice, view.window)
    np.testing.assert_array_equal(painted(scene, view, "liif-lite"), wanted)


def test_results_of_another_picture_are_refused(scene):
    view = view_at(8.0)
    old = frame(view)
    scene.set_picture(Picture(2, Path("y.png"), SOURCE, SOURCE, opaque(SOURCE)))
    assert not scene.add_frame(old)
    key = keys_for(1, MODEL, 8.0, view.window, view.lattice.window)[0]
    assert scene.add_tile(key, np.zeros((128, 128, 3), np.uint8)) == []
    assert key not in scene.cache


def test_a_pan_beyond_the_gathered_tiles_takes_them_along(qapp):
    scene = Scene(budget=0)  # nothing is kept beside what is on screen
    scene.set_picture(Picture(1, Path("x.png"), SOURCE, SOURCE, opaque(SOURCE)))
    before, after = view_at(20.0, 256, 256), view_at(20.0, 300, 450)
    sharpen(scene, before)
    held = set(keys_for(1, MODEL, 20.0, before.window, before.lattice.window))
    wanted = keys_for(1, MODEL, 20.0, after.window, after.lattice.window)
    missing = scene.aim(0, MODEL, after, after.window)
    assert missing == [key for key in wanted if key not in held]
    assert 0 < len(missing) < len(wanted)
    shown = painted(scene, after)
    kept = [key.window.moved(-300, -450) for key in wanted if key in held]
    sharp = 255 - resample(SOURCE, "nearest", after.lattice, after.window)
    for place in kept:
        rows, columns = slice(max(0, place.top), place.bottom), slice(max(0, place.left), place.right)
        np.testing.assert_array_equal(shown[rows, columns], sharp[rows, columns])


def test_a_scale_that_a_wheel_passes_through_takes_no_memory():
    passed = Sharp(1, MODEL, 3.7, Window(0, 0, 256, 384))
    passed.take_over(Sharp(1, MODEL, 3.2, Window(0, 0, 256, 384)))
    assert passed.pixels is None
    assert not passed.complete
    assert (passed.canvas().height(), passed.canvas().width()) == (256, 384)
