"""The line and its profile: it lies where it was laid, and the curves are what the panes show along it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from diif_viewer.ui import language
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.line import Line, straightened
from diif_viewer.ui.panel import MARGIN
from diif_viewer.ui.profile import rise_of, sampled
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source, turn_wheel
from tests.ui.test_files import other_photo
from tests.ui.test_guests import guest_in

WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def laid(stage, photo, keys="s6"):
    """A line over the photo, sharp; its overlay."""
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, keys)
    stage.sharp()
    stage.rest()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    overlay = stage.window.profile.overlay
    assert overlay.line is not None
    return overlay


def measured(stage):
    """The profile of what is on screen now."""
    panel = stage.window.profile
    panel.profile = None
    panel._facts = None
    panel._side_work.stir()
    stage.until(lambda: panel.profile is not None)
    return panel.profile


def ends(overlay, area=0):
    return overlay._ends_in(overlay._controller.areas[area])


def pull(stage, start, end, modifiers=Qt.KeyboardModifier.NoModifier):
    canvas = stage.window.profile.overlay
    places = [QPointF(point).toPoint() for point in (start, end)]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, modifiers, places[0])
    stage.qtbot.wait(1)
    QTest.mouseMove(canvas, places[0] + QPoint(1, 1))
    move(canvas, places[1], modifiers)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, modifiers, places[1])


def move(widget, place, modifiers):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    left = Qt.MouseButton.LeftButton
    at = QPointF(place)
    QApplication.sendEvent(
        widget, QMouseEvent(QEvent.Type.MouseMove, at, QPointF(widget.mapToGlobal(place)), left, left, modifiers)
    )


def test_it_begins_across_the_middle_of_what_is_seen(stage, photo):
    overlay = laid(stage, photo)
    view = stage.state.view.rested()
    left, top = view.position_at((0, 0))
    right, bottom = view.position_at((view.view_width, view.view_height))
    line = overlay.line
    assert line.start == pytest.approx((left + (right - left) / 4, (top + bottom) / 2))
    assert line.end == pytest.approx((right - (right - left) / 4, (top + bottom) / 2))
    assert stage.window.actions_by_name["line"].isChecked()
    panel = stage.window.profile
    assert panel.isVisible()
    assert panel.words.text() == f"{line.length:.1f} px, 0.0°"
    stage.window.actions_by_name["line"].trigger()
    assert overlay.line is None
    assert not panel.isVisible()
    assert not overlay.isVisible()
    assert not stage.window.actions_by_name["line"].isChecked()


@pytest.mark.parametrize("key", ["s6", "n6", "b4", "s1", "s0"])
def test_the_curves_are_what_is_on_screen_along_it(stage, photo, key):
    overlay = laid(stage, photo, key)
    view = stage.state.view.rested()
    x, y = view.position_at((view.view_width / 2, view.view_height / 2))
    overlay.lay(Line((x - 6.3, y - 4.1), (x + 5.2, y + 3.7)))
    profile = measured(stage)
    assert profile.distances[-1] == pytest.approx(overlay.line.length)
    assert len(profile.distances) == math.ceil(4 * overlay.line.length * view.scale) + 1
    assert [curve.name for curve in profile.curves] == ["Red", "Green", "Blue", "Luminance"]
    shown = stage.canvas_pixels().astype(float)
    start, end = (np.array(view.point_at(place)) for place in (overlay.line.start, overlay.line.end))
    for number in (0, len(profile.distances) // 3, len(profile.distances) - 1):
        part = number / (len(profile.distances) - 1)
        column, row = start + part * (end - start) - 0.5  # of a pixel's centre
        top, left = math.floor(row), math.floor(column)
        down, across = row - top, column - left
        corners = shown[top : top + 2, left : left + 2]
        wanted = (corners[0] * (1 - down) + corners[1] * down) * 1.0
        wanted = wanted[0] * (1 - across) + wanted[1] * across
        got = [curve.values[number] for curve in profile.curves]
        assert got[:3] == pytest.approx(wanted, abs=1e-6)
        assert got[3] == pytest.approx(wanted @ WEIGHTS, abs=1e-6)


def test_its_ends_are_pulled_and_all_of_it_is_moved(stage, photo):
    overlay = laid(stage, photo)
    scale, before = stage.state.view.scale, overlay.line
    start, end = ends(overlay)
    pull(stage, end, end + QPointF(24, -40))
    assert overlay.line.start == before.start
    assert overlay.line.end == pytest.approx((before.end[0] + 24 / scale, before.end[1] - 40 / scale))
    angle = math.degrees(math.atan2(40, end.x() + 24 - start.x()))
    assert overlay.line.angle == pytest.approx(angle, abs=0.01)
    assert stage.window.profile.words.text().endswith(f", {angle:.1f}°")
    middle = (ends(overlay)[0] + ends(overlay)[1]) / 2
    before = overlay.line
    pull(stage, middle, middle + QPointF(-16, 8))
    assert overlay.line.start == pytest.approx((before.start[0] - 16 / scale, before.start[1] + 8 / scale), abs=0.2)
    assert overlay.line.length == pytest.approx(before.length)
    origin = stage.state.view.rested()
    assert (origin.top, origin.left) == (stage.state.view.rested().top, stage.state.view.rested().left)


def test_with_shift_an_end_goes_level_upright_or_aslant(stage, photo):
    overlay = laid(stage, photo)
    end = ends(overlay)[1]
    pull(stage, end, end + QPointF(30, 17), Qt.KeyboardModifier.ShiftModifier)
    assert overlay.line.angle == pytest.approx(0, abs=1e-9)
    for degrees, wanted in ((50, 45), (80, 90), (-170, 180), (-120, -135)):
        turn = math.radians(degrees)
        line = straightened(Line((10, 10), (10 + 5 * math.cos(turn), 10 - 5 * math.sin(turn))), "end")
        assert abs(line.angle) == pytest.approx(abs(wanted))


def test_beside_it_the_canvas_is_dragged_and_zoomed(stage, photo):
    overlay = laid(stage, photo)
    before, line = stage.state.view, overlay.line
    place = QPoint(20, 20)
    assert not overlay.takes(QPointF(place))
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, pos=place)
    move(overlay, place + QPoint(30, 12), Qt.KeyboardModifier.NoModifier)
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, pos=place + QPoint(30, 12))
    stage.rest()
    assert stage.state.view.rested() != before.rested()
    assert overlay.line == line, "it stays where it is in the picture"
    turn_wheel(stage.window.canvas, QPoint(100, 100), 120)
    stage.rest()
    assert stage.state.view.scale > before.scale
    assert overlay.line == line


def test_several_panes_are_compared_by_their_luminance(stage, photo):
    overlay = laid(stage, photo, "s4")
    stage.state.set_layout(Layout.TWO)
    stage.sharp()
    stage.rest()
    x, y = overlay.line.start
    overlay.lay(Line((x, y), (x + 9.0, y + 2.0)))
    view = stage.state.view.rested()
    profile = measured(stage)
    assert [curve.name for curve in profile.curves] == ["Bicubic", "DIIF-S"]
    assert len({curve.colour.rgb() for curve in profile.curves}) == 2
    for curve, method in zip(profile.curves, stage.state.methods, strict=True):
        whole = expected(source(photo), method, view.scale, view.lattice.window).astype(float)
        corner = np.array([view.left, view.top]) - 0.5
        spots = [view.point_at(place) + corner for place in (overlay.line.start, overlay.line.end)]
        wanted = sampled(whole, np.array([spot[::-1] for spot in spots])) @ WEIGHTS
        assert curve.values[[0, -1]] == pytest.approx(wanted, abs=1.5)
    first, second = (ends(overlay, area)[0] for area in (0, 1))
    assert second.x() - first.x() == stage.controller.areas[1].view.left - stage.controller.areas[0].view.left
    assert overlay.takes(first)
    assert overlay.takes(second)


def test_what_a_pane_does_not_show_is_a_gap(stage, photo):
    overlay = laid(stage, photo, "s6")
    overlay.lay(Line((-20.0, 45.0), (140.0, 45.0)))
    profile = measured(stage)
    known = ~np.isnan(profile.curves[0].values)
    view = stage.state.view.rested()
    assert known.any()
    assert not known.all()
    shown = profile.distances[known] - 20.0
    assert shown.min() == pytest.approx(view.left / view.scale, abs=0.2)
    assert shown.max() == pytest.approx((view.left + view.view_width) / view.scale, abs=0.2)
    stage.window.profile.grab()


def test_a_guest_is_sampled_at_the_same_place_on_screen(stage, photo, tmp_path):
    other = other_photo(tmp_path, "other.png", size=(240, 180))
    overlay = laid(stage, photo, "n4")
    stage.state.set_layout(Layout.TWO)
    stage.state.set_method("nearest", 0)
    guest_in(stage, 0, other)
    stage.sharp()
    stage.rest()
    overlay.lay(overlay.across(stage.state.view.rested()))
    profile = measured(stage)
    shown = stage.canvas_pixels().astype(float)
    for area, curve in zip(stage.controller.areas, profile.curves, strict=True):
        start, _ = ends(overlay, area.pane)
        column, row = start.x() - 0.5, start.y() - 0.5
        top, left = math.floor(row), math.floor(column)
        down, across = row - top, column - left
        corners = shown[top : top + 2, left : left + 2] @ WEIGHTS
        upper, lower = corners[:, 0] * (1 - across) + corners[:, 1] * across
        assert curve.values[0] == pytest.approx(upper * (1 - down) + lower * down, abs=0.01)


def test_the_values_are_copied_as_a_table(stage, photo):
    laid(stage, photo)
    profile = measured(stage)
    stage.window.profile.copy.click()
    assert stage.window.profile.copy.text() == "Copied"
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    QGuiApplication.clipboard().clear()
    assert lines[0] == ["Distance", "Red", "Green", "Blue", "Luminance"]
    assert len(lines) == len(profile.distances) + 1
    values = np.array(lines[1:], float)
    assert values[:, 0] == pytest.approx(profile.distances, abs=1e-4)
    for column, curve in enumerate(profile.curves, 1):
        assert values[:, column] == pytest.approx(curve.values, abs=0.005)
    measured(stage)
    assert stage.window.profile.copy.text() == "Copy"


def test_grey_has_one_curve(stage, tmp_path):
    Image.fromarray(np.arange(90 * 120, dtype=np.uint32).reshape(90, 120).astype(np.uint8)).save(tmp_path / "grey.png")
    laid(stage, tmp_path / "grey.png")
    assert [curve.name for curve in measured(stage).curves] == ["Luminance"]


def test_it_goes_with_its_picture(stage, photo, tmp_path):
    other = other_photo(tmp_path, "other.png")
    overlay = laid(stage, photo)
    line = overlay.line
    stage.window.actions_by_name["reload"].trigger()
    stage.until(lambda: not stage.viewer.loader.busy)
    stage.sharp()
    assert overlay.line == line, "the same file"
    stage.window.actions_by_name["turn_right"].trigger()
    stage.until(lambda: stage.state.picture.turn.quarters == 1)
    assert overlay.line is None
    stage.window.actions_by_name["line"].trigger()
    assert overlay.line is not None
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    assert overlay.line is None


def test_the_panel_stands_over_the_histogram(stage, photo):
    laid(stage, photo)
    panel, canvas = stage.window.profile, stage.window.canvas
    alone = panel.geometry()
    assert alone.bottom() == canvas.height() - MARGIN - 1
    stage.qtbot.keyClicks(canvas, "h")
    assert panel.geometry().bottom() < stage.window.histogram.geometry().top()
    assert not panel.geometry().intersects(stage.window.histogram.geometry())
    stage.qtbot.keyClicks(canvas, "h")
    assert panel.geometry() == alone


def test_the_hint_leaves_the_corner_to_it(stage, photo):
    stage.show(photo)
    hint, canvas = stage.window.hint, stage.window.canvas
    assert hint.isVisible()
    for name in ("line", "histogram"):
        stage.window.actions_by_name[name].trigger()
        assert not hint.isVisible()
        canvas.resized.emit(*canvas.device_size(), 2)
        assert not hint.isVisible()
        stage.window.actions_by_name[name].trigger()
        assert hint.isVisible()


def test_a_point_is_a_line_too(stage, photo):
    overlay = laid(stage, photo)
    overlay.lay(Line((30.0, 30.0), (30.0, 30.0)))
    assert len(measured(stage).distances) == 2
    stage.window.profile.grab()
    overlay.grab()


def test_samples_are_linear_between_pixels_and_end_half_a_pixel_outside():
    pixels = np.array([[[0.0], [10.0]], [[20.0], [30.0]]])
    points = np.array([[0, 0], [0.5, 0.5], [1, 0.25], [-0.5, 0], [1.5, 1.5], [-0.6, 0], [0, 1.51]])
    values = sampled(pixels, points)[:, 0]
    assert values[:5] == pytest.approx([0, 15, 22.5, 0, 30])
    assert np.isnan(values[5:]).all()
    assert sampled(pixels[:1, :1], np.array([[0.0, 0.2]]))[0, 0] == 0


def test_the_width_of_an_edge_is_that_of_its_ramp():
    distances = np.linspace(0, 10, 1001)
    for width, start in ((0.5, 3.0), (2.0, 4.2), (5.0, 1.0)):
        ramp = np.clip((distances - start) / width, 0, 1) * 150 + 40
        assert rise_of(distances, ramp) == pytest.approx(0.8 * width, abs=1e-6)
        assert rise_of(distances, ramp[::-1]) == pytest.approx(0.8 * width, abs=1e-6)
        halo = ramp + 20 * np.exp(-(((distances - start - width) / 0.4) ** 2))
        assert rise_of(distances, halo) < 0.8 * width, "it is reached earlier, and the halo does not count"
    step = np.where(distances < 5, 10.0, 90.0)
    assert rise_of(distances, step) == pytest.approx(0.008, abs=1e-6), "between two samples"


@pytest.mark.parametrize(
    "values",
    [
        np.full(50, 80.0),
        np.linspace(0, 20, 50),
        np.r_[np.linspace(0, 200, 25), np.linspace(200, 0, 25)],
        [0.0, np.nan, 99],
    ],
)
def test_what_is_no_single_edge_has_no_width(values):
    assert rise_of(np.arange(len(values), dtype=float), np.array(values)) is None


def test_a_sharper_edge_has_a_smaller_number(stage, tmp_path):
    pixels = np.where(np.arange(120) < 60, 30, 220).astype(np.uint8)[None].repeat(90, 0)
    Image.fromarray(pixels).save(tmp_path / "edge.png")
    overlay = laid(stage, tmp_path / "edge.png", "n6")
    stage.state.set_layout(Layout.TWO)
    stage.state.set_method("bicubic", 0)
    stage.sharp()
    stage.rest()
    overlay.lay(Line((50.0, 45.0), (70.0, 45.0)))
    profile = measured(stage)
    soft, hard = (curve.rise for curve in profile.curves)
    assert stage.window.profile.toolTip().endswith("10 to 90 % of the edge")
    assert hard == pytest.approx(0.8 / 8, abs=0.01), "one device pixel"
    assert 0.6 < soft < 1.2
    assert profile.curves[1].words == f"Nearest {hard:.2f}"
    stage.window.profile.grab()
    stage.state.set_layout(Layout.FOUR)
    for pane in range(4):
        stage.state.set_method("lanczos", pane)
    stage.sharp()
    stage.rest()
    measured(stage)
    rows = [row for *_, row in stage.window.profile._legend()]
    assert rows[0] == 0
    assert rows[-1] == 1, "there is room for all"


def test_its_words_follow_the_language(stage, photo, monkeypatch):
    overlay = laid(stage, photo)
    language.use("de")
    try:
        overlay.lay(Line((10.0, 10.0), (13.0, 14.0)))
        assert stage.window.profile.words.text() == "5,0 px, −53,1°"
        assert [curve.name for curve in measured(stage).curves] == ["Rot", "Grün", "Blau", "Luminanz"]
    finally:
        language.use("en")
