"""Files of several pages in the real window: walked with keys and with the bar, the view kept, the next one ready."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from diif_viewer.ui.loader import Sheet
from tests.imaging.raws import write_dng
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import view_pixels

SHIFT = Qt.KeyboardModifier.ShiftModifier


def page(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (90, 120, 3), dtype=np.uint8)


@pytest.fixture
def scan(tmp_path):
    """Five pages of 90 x 120 pixels."""
    first, *others = (Image.fromarray(page(n)) for n in range(5))
    first.save(tmp_path / "scan.tif", save_all=True, append_images=others)
    return tmp_path / "scan.tif"


def on_page(stage, number):
    stage.until(lambda: stage.state.picture.page == number - 1)


def test_keys_walk_through_the_pages_and_the_view_stays(stage, scan, tmp_path):
    stage.window.report._path = tmp_path / "status.json"
    stage.show(scan)
    assert stage.window.pages.isVisible()
    assert "scan.tif 1/5" in stage.window.windowTitle()
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Right)
    stage.sharp()
    view = stage.state.view
    for number in (2, 3):
        stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown, SHIFT)
        on_page(stage, number)
    assert stage.state.view == view
    stage.sharp()
    shown, _ = view_pixels(stage)
    np.testing.assert_array_equal(shown, expected(page(2), "diif-s-lite", 8.0, view.window))
    assert json.loads((tmp_path / "status.json").read_text())["page"] == [3, 5]
    for _ in range(3):
        stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageUp, SHIFT)
    on_page(stage, 5)  # round the end, and not through every page on the way


def test_the_bar_leads_to_a_page_and_the_next_one_is_kept_ready(stage, scan):
    with stage.qtbot.waitSignal(stage.viewer.loader.read_ahead, timeout=20_000) as ahead:
        stage.show(scan)
    assert ahead.args == [Sheet(scan, 1)]
    bar = stage.window.pages
    bar.box.setFocus()
    bar.box.selectAll()
    stage.qtbot.keyClicks(bar.box, "4")
    with stage.qtbot.waitSignal(stage.viewer.loader.read_ahead, timeout=20_000) as ahead:
        stage.qtbot.keyClick(bar.box, Qt.Key.Key_Return)
        on_page(stage, 4)
        stage.sharp()
    assert ahead.args == [Sheet(scan, 4)]
    assert stage.window.canvas.hasFocus()
    stage.qtbot.mouseClick(bar.next, Qt.MouseButton.LeftButton)
    on_page(stage, 5)
    assert bar.box.text() == "5"
    bar.box.setFocus()
    stage.qtbot.keyClicks(bar.box, "9")
    stage.qtbot.keyClick(bar.box, Qt.Key.Key_Escape)
    assert bar.box.text() == "5"
    assert stage.window.canvas.hasFocus()


def test_reading_again_keeps_the_page_and_other_pictures_have_no_bar(stage, scan, photo):
    stage.show(scan)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown, SHIFT)
    on_page(stage, 2)
    image = stage.state.picture.image
    stage.window.actions_by_name["reload"].trigger()
    stage.until(lambda: stage.state.picture.image != image)
    on_page(stage, 2)
    stage.window.open_path(photo)
    stage.until(lambda: stage.state.picture.name == "photo.png")
    assert stage.window.pages.isHidden()
    assert not stage.window.actions_by_name["page_next"].isEnabled()
    stage.window.open_path(scan)
    on_page(stage, 1)


def test_a_file_that_has_fewer_pages_by_now_is_shown_at_its_last(stage, scan):
    stage.show(scan)
    stage.window.pages.go_to(3)
    on_page(stage, 4)
    stage.sharp()
    first, *others = (Image.fromarray(page(n)) for n in (10, 11, 12))
    first.save(scan, save_all=True, append_images=others)
    on_page(stage, 3)
    np.testing.assert_array_equal(stage.state.picture.pixels, page(12))
    assert stage.window.opening.page == 2
    assert stage.window.pages.box.text() == "3"
    assert stage.window.notice.isHidden()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown, SHIFT)
    on_page(stage, 1)
    first.save(scan)
    stage.until(lambda: stage.state.picture.pages == 1)
    assert stage.window.pages.isHidden()


def test_a_number_that_is_left_behind_gives_way_to_that_of_the_page(stage, scan):
    stage.show(scan)
    stage.sharp()
    box = stage.window.pages.box
    box.setFocus()
    box.selectAll()
    stage.qtbot.keyClicks(box, "3")
    stage.window.canvas.setFocus()
    assert box.text() == "1"
    assert stage.state.picture.page == 0


@pytest.mark.parametrize("typed", ["0", ""])
def test_enter_without_a_page_leaves_the_number_as_it_was(stage, scan, typed):
    stage.show(scan)
    stage.sharp()
    box = stage.window.pages.box
    box.setFocus()
    box.clear()
    stage.qtbot.keyClicks(box, typed)
    stage.qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.text() == "1"
    assert stage.window.canvas.hasFocus()


def test_the_bar_tells_the_cameras_picture_from_what_was_developed(stage, tmp_path):
    pytest.importorskip("rawpy", reason="Raw files need rawpy.")
    stage.show(write_dng(tmp_path / "a.dng", page(1), page(2)))
    bar = stage.window.pages
    assert (bar.isVisible(), bar._count.text(), bar.play.isVisible()) == (True, "/ 2 · the camera's JPEG", False)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown, SHIFT)
    on_page(stage, 2)
    assert bar._count.text() == "/ 2 · developed"
