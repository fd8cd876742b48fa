"""The histogram in the real window: it counts what the active pane shows, or the whole picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from diif_viewer.ui.compare import Layout
from diif_viewer.ui.histogram import SAMPLES, counted
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source, view_pixels


def shares(levels):
    return np.bincount(np.asarray(levels).ravel(), minlength=256) / np.asarray(levels).size


def shown(stage):
    """The counts, once they are of what is on screen."""
    panel = stage.window.histogram
    stage.until(lambda: panel.counts is not None and not panel._side_work.due)
    return panel.counts


def test_it_counts_what_is_in_sight_and_follows_view_method_and_pane(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    assert stage.window.histogram.isHidden()
    stage.qtbot.keyClicks(stage.window.canvas, "H")
    assert stage.window.actions_by_name["histogram"].isChecked()

    def agrees(method):
        counts, view = shown(stage), stage.state.view
        wanted = expected(source(photo), method, view.scale, view.window)
        return all(np.allclose(counts.colours[c], shares(wanted[..., c]), atol=0.002) for c in range(3))

    stage.until(lambda: agrees("diif-s-lite"))
    stage.qtbot.keyClicks(stage.window.canvas, "N")
    stage.until(lambda: agrees("nearest"))
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Right)
    stage.sharp()
    stage.until(lambda: agrees("nearest"))
    stage.qtbot.keyClicks(stage.window.canvas, "H")
    assert stage.window.histogram.isHidden()


def test_of_the_whole_picture_and_remembered(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "8H")
    panel = stage.window.histogram
    panel.whole.click()
    panel.log.click()
    pixels = source(photo)
    stage.until(lambda: panel.counts is not None and np.allclose(panel.counts.colours[1], shares(pixels[..., 1])))
    levels = np.round(pixels @ np.array([54, 183, 19]) / 256)
    assert panel.counts.luminance @ np.arange(256) == pytest.approx(levels.mean(), abs=0.5)
    assert [stage.window.settings.flag(f"histogram{end}") for end in ("", "_whole", "_log")] == [True] * 3
    image = panel.grab().toImage()
    middle = [image.pixelColor(x, 60).lightness() for x in range(20, 250)]
    assert max(middle) > 60, "curves reach half of the panel's height"
    assert stage.canvas_pixels() is not None


def test_grey_has_one_curve_and_its_ends_are_told(stage, tmp_path):
    grey = np.full((64, 100), 90, np.uint8)
    grey[:, :10], grey[:32, 90:] = 0, 255
    Image.fromarray(grey).save(tmp_path / "grey.png")
    stage.show(tmp_path / "grey.png")
    stage.qtbot.keyClicks(stage.window.canvas, "H")
    stage.window.histogram.whole.click()
    stage.until(lambda: stage.window.histogram.words.text() == "Black 10.0 %, white 5.0 %")
    assert stage.window.histogram.counts.colours == ()


def test_large_pictures_are_thinned_out_evenly():
    pixels = np.zeros((3000, 2000, 3), np.uint8)
    pixels[1500:] = (10, 20, 30)
    counts = counted(pixels)
    assert counts.colours[2][30] == pytest.approx(0.5, abs=0.01)
    assert 1 / counts.luminance.max() < SAMPLES
    assert counts.luminance.sum() == pytest.approx(1.0)


def test_the_panel_has_room_beside_the_picture_only_where_there_is_some(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "H")
    shown(stage)
    assert stage.window.histogram.isVisible()
    stage.window.resize(400, 330)
    stage.until(stage.window.histogram.isHidden)
    _, window = view_pixels(stage)
    assert window


def test_in_a_small_window_the_badges_lie_above_it(stage, photo):
    stage.window.resize(640, 400)
    stage.show(photo)
    stage.state.set_layout(Layout.FOUR)
    stage.window.navigator.zoom_to(8.0)
    stage.window.actions_by_name["histogram"].trigger()
    stage.sharp()
    window, canvas = stage.window, stage.window.canvas
    assert window.histogram.isVisible()
    assert window.overview.isVisible()
    badges = [badge for badge in window.badge_row.badges if badge.isVisible()]
    assert len(badges) == 4
    panels = (window.histogram.geometry(), window.overview.geometry())
    assert any(badge.geometry().intersects(panel) for badge in badges for panel in panels)
    for badge in badges:
        corners = (badge.geometry().topLeft(), badge.geometry().bottomRight())
        on_top = [canvas.childAt(corner) for corner in corners]
        assert all(widget is badge or badge.isAncestorOf(widget) for widget in on_top)
