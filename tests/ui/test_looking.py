"""What helps to look: the overview, the pixel grid, the colours under the cursor."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from diif_viewer.ui.compare import Layout
from diif_viewer.ui.grid import borders
from tests.ui.conftest import image_format, to_array
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source, view_pixels
from tests.ui.test_comparing import lens_pixels


def test_the_overview_comes_with_the_zoom_and_can_be_switched_off(stage, photo):
    stage.show(photo)
    overview = stage.window.overview
    assert not overview.isVisible()
    stage.qtbot.keyClicks(stage.window.canvas, "7")
    assert overview.isVisible()
    stage.qtbot.keyClicks(stage.window.canvas, "M")
    assert not overview.isVisible()
    stage.qtbot.keyClicks(stage.window.canvas, "8")
    assert not overview.isVisible()
    stage.qtbot.keyClicks(stage.window.canvas, "M")
    assert overview.isVisible()
    stage.qtbot.keyClicks(stage.window.canvas, "0")
    assert not overview.isVisible()
    assert stage.window.settings.flag("overview") is True


def test_a_tiny_frame_is_pointed_at(stage, tmp_path):
    large = tmp_path / "large.png"
    Image.fromarray(np.full((3000, 4000, 3), 90, np.uint8)).save(large)
    stage.show(large)
    stage.qtbot.keyClicks(stage.window.canvas, "9")
    stage.rest()
    overview = stage.window.overview
    frame, shown = overview.frame(), to_array(overview.grab().toImage().convertToFormat(image_format())).astype(int)
    blue = np.argwhere(shown[..., 2] - shown[..., 0] > 60)
    (top, left), (bottom, right) = blue.min(axis=0), blue.max(axis=0)
    assert max(frame.width(), frame.height()) < 8
    assert min(right - left, bottom - top) > 25


def test_the_frame_lies_where_the_view_is_and_leads_it(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "8")
    stage.rest()
    overview, view = stage.window.overview, stage.viewer.motion.shown
    frame = overview.frame()
    per_pixel = overview.width() / 120
    assert frame.width() == pytest.approx(view.view_width / 16 * per_pixel, abs=0.01)
    assert frame.left() == pytest.approx(view.left / 16 * per_pixel, abs=0.01)
    start = frame.center().toPoint()
    stage.qtbot.mousePress(overview, Qt.MouseButton.LeftButton, pos=start)
    stage.qtbot.mouseMove(overview, start + QPoint(20, -15))
    stage.qtbot.mouseRelease(overview, Qt.MouseButton.LeftButton, pos=start + QPoint(20, -15))
    now = stage.state.view
    assert now.left - view.left == pytest.approx(20 / per_pixel * 16, abs=1)
    assert now.top - view.top == pytest.approx(-15 / per_pixel * 16, abs=1)
    stage.qtbot.mouseClick(overview, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert (stage.state.view.left, stage.state.view.top) == (0, 0)
    stage.sharp()


@given(st.floats(8, 64), st.floats(0, 5000), st.integers(0, 50), st.integers(1, 900))
def test_borders_are_where_the_picture_pixel_changes(scale, origin, first, length):
    origin = float(round(origin))
    owners = np.floor((np.arange(first - 1, first + length) + origin + 0.5) / scale)
    wanted = [first + int(i) for i in np.flatnonzero(np.diff(owners))]
    assert borders(origin, scale, first, first + length) == wanted


def test_the_grid_shows_from_x8_and_only_when_wanted(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "N6")
    stage.sharp()
    plain, window = view_pixels(stage)
    stage.window.actions_by_name["grid"].trigger()
    lined, _ = view_pixels(stage)
    changed = (plain != lined).any(axis=2)
    rows = (np.arange(window.top, window.bottom) % 8 == 0)[:, None]
    columns = (np.arange(window.left, window.right) % 8 == 0)[None, :]
    np.testing.assert_array_equal(changed | ~(rows | columns), np.ones_like(changed))
    assert not changed[~(rows | columns)].any()
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.sharp()
    below, window = view_pixels(stage)
    np.testing.assert_array_equal(below, expected(source(photo), "nearest", 6.0, window))


def test_each_line_of_the_grid_is_painted_once_in_every_layout(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "N6")
    stage.window.actions_by_name["grid"].trigger()
    stage.sharp()
    once, _ = view_pixels(stage)
    stage.state.set_layout(Layout.LENS)
    for pane in (0, 1):
        stage.state.set_method("nearest", pane)
    stage.sharp()
    lens, window = view_pixels(stage)
    for mask in lens_pixels(stage):
        part = mask[: once.shape[0], : once.shape[1]]
        np.testing.assert_array_equal(lens[part], once[part])
    stage.state.set_layout(Layout.DIFFERENCE)
    stage.sharp()
    lined = np.arange(window.left, window.right) % 8 == 0
    between = np.flatnonzero(np.arange(window.top, window.bottom) % 8)[10]  # a row below the note, on no line itself
    stage.until(lambda: not view_pixels(stage)[0][between + 80, ~lined].any())
    assert view_pixels(stage)[0][between + 80, lined].tolist() == [[75, 75, 75]] * lined.sum()  # 128 * 150 / 255


@pytest.mark.parametrize("method", ["S", "N"])
def test_the_colour_on_screen_stands_beside_that_of_the_picture(stage, photo, method):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, method + "6")
    stage.sharp()
    shown = stage.canvas_pixels()
    for place in (QPoint(140, 150), QPoint(171, 133)):
        stage.qtbot.mouseMove(stage.window.canvas, place)
    values = shown[133, 171]
    stage.until(lambda: stage.window.status.rendered.text() == f"→ {values[0]} {values[1]} {values[2]}")
    x, y = (int(v) for v in stage.state.view.position_at((171.5, 133.5)))
    own = source(photo)[y, x]
    assert stage.window.status.colour.text() == f"RGB {own[0]} {own[1]} {own[2]}"


def test_values_that_are_stretched_on_screen_are_told_as_the_file_has_them(stage, tmp_path):
    values = np.linspace(-5, 15, 40 * 60).astype(np.float32).reshape(40, 60)
    Image.fromarray(values).save(tmp_path / "heights.tif")
    stage.show(tmp_path / "heights.tif")
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.rest()
    status = stage.window.status
    assert status.size_text.text() == "60 x 40  -5 … 15"
    assert "-5 is shown black, 15 white" in status.size_text.toolTip()
    stage.qtbot.mouseMove(stage.window.canvas, QPoint(150, 160))
    x, y = (int(v) for v in stage.state.view.position_at((150.5, 160.5)))
    stage.until(lambda: status.colour.text().startswith("Grey"))
    assert float(status.colour.text().split()[1]) == pytest.approx(values[y, x], abs=20 / 65535)


def test_under_the_lens_the_colour_on_screen_is_that_in_the_lens(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.state.set_layout(Layout.LENS)
    stage.sharp()
    for place in (QPoint(140, 150), QPoint(174, 133)):
        stage.qtbot.mouseMove(stage.window.canvas, place)
    values = stage.canvas_pixels()[133, 174]
    stage.until(lambda: stage.window.status.rendered.text() == f"→ {values[0]} {values[1]} {values[2]}")


def test_over_a_difference_map_no_colour_is_said_to_be_on_screen(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    for place in (QPoint(140, 150), QPoint(171, 133)):
        stage.qtbot.mouseMove(stage.window.canvas, place)
    stage.until(lambda: stage.window.status.rendered.text() != "")
    stage.state.set_layout(Layout.DIFFERENCE)
    stage.sharp()
    stage.qtbot.mouseMove(stage.window.canvas, QPoint(173, 131))
    assert stage.window.status.colour.text().startswith("RGB")
    assert stage.window.status.rendered.text() == ""
    stage.state.set_layout(Layout.LENS)
    stage.sharp()
    assert stage.window.status.rendered.text() != ""
    stage.state.set_layout(Layout.DIFFERENCE)
    stage.sharp()
    assert stage.window.status.rendered.text() == "", "under a cursor that rests, too"


def test_a_divider_that_passes_under_the_cursor_changes_the_colour_that_is_told(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.state.set_layout(Layout.SPLIT)
    stage.sharp()
    for place in (QPoint(140, 150), QPoint(351, 133)):
        stage.qtbot.mouseMove(stage.window.canvas, place)
    shown = stage.window.status.rendered
    stage.until(lambda: shown.text() != "")
    by_the_right = shown.text()
    stage.state.set_split(0.7)
    stage.sharp()
    values = stage.canvas_pixels()[133, 351]
    assert shown.text() == f"→ {values[0]} {values[1]} {values[2]}" != by_the_right


def test_a_right_click_opens_the_menu_where_it_was_made(stage, photo, monkeypatch):
    asked = []
    stage.show(photo)
    canvas, menu = stage.window.canvas, stage.window.menu
    monkeypatch.setattr(menu, "popup", asked.append)  # the offscreen platform has no popups
    canvas.customContextMenuRequested.emit(QPoint(50, 60))
    assert asked == [canvas.mapToGlobal(QPoint(50, 60))]
    named = {action.text(): action for action in menu.actions()}
    assert {"Copy view", "Appearance", "Copy diagnostics"} <= set(named)
    within = cast(QMenu, named["Appearance"].menu())
    assert "Background" in {action.text() for action in within.actions()}
