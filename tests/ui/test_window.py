"""The real window, offscreen, driven by real events."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QToolButton

from diif_viewer.engine.messages import ExportRequest, ViewRequest
from diif_viewer.engine.tiles import TILE, keys_for
from diif_viewer.geometry import Lattice
from diif_viewer.imaging.classic import resample
from diif_viewer.ui.badge import words_of
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.images import opaque
from diif_viewer.ui.zoom_text import format_time
from tests.ui.fake_renderer import TILE_MILLISECONDS, expected
from tests.ui.on_screen import assert_shows, source, turn_wheel, view_pixels


def test_a_picture_opens_fitted_and_becomes_sharp(stage, photo):
    stage.show(photo)
    stage.sharp()
    view = stage.state.view
    assert view.is_fitted
    shown, window = view_pixels(stage)
    assert window == view.window
    np.testing.assert_array_equal(shown, expected(source(photo), "diif-s-lite", view.scale, window))
    assert stage.window.windowTitle() == f"photo.png - {stage.window.tools.zoom_box.text()} - DIIF-S - DIIF Viewer"
    assert "sharp" in stage.window.accessibleDescription()
    assert stage.window.badge_row.badges[0].text.startswith("DIIF-S · x")
    assert "40 ms" in stage.window.badge_row.badges[0].text
    assert stage.window.badge_row.badges[0].text.endswith(" · Fake")


def test_the_bicubic_fallback_shows_first_and_the_badge_says_so(stage, photo):
    stage.gate.clear()
    stage.show(photo)
    view = stage.state.view
    stage.until(lambda: stage.controller.scene.has_frame("bicubic", view.scale, view.window))
    shown, window = view_pixels(stage)
    wanted = resample(source(photo), "bicubic", view.lattice, window)
    np.testing.assert_array_equal(shown, wanted)
    assert not stage.controller.sharp
    assert "preview (bicubic)" in stage.window.badge_row.badges[0].text
    stage.until(lambda: stage.window.status.busy.shown)
    stage.gate.set()
    stage.sharp()
    assert "preview" not in stage.window.badge_row.badges[0].text
    assert not stage.window.status.busy.shown


def test_the_view_is_asked_for_long_before_the_animation_ends(stage, photo):
    stage.gate.clear()
    stage.show(photo)
    stage.rest()
    turn_wheel(stage.window.canvas, QPoint(300, 200), 120)
    wanted = stage.state.view.scale
    stage.until(lambda: any(r.scale == wanted for r in stage.fake.of_kind(ViewRequest)))
    stage.gate.set()
    stage.sharp()


def test_never_blank_while_moving(stage, photo):
    """Every frame of an animated zoom and of its fallback shows the picture all over."""
    stage.show(photo)
    stage.sharp()
    times = itertools.count(0.0, 0.012)
    stage.viewer.motion._clock = lambda: next(times)  # every step is seen, however busy the machine is
    turn_wheel(stage.window.canvas, QPoint(300, 200), 960)
    frames = 0
    while stage.viewer.motion.moving:
        shown = stage.canvas_pixels()
        left, top, right, bottom = stage.viewer.motion.shown.image_box
        inside = shown[max(0, math.ceil(top)) : math.floor(bottom), max(0, math.ceil(left)) : math.floor(right)]
        assert (inside == (40, 40, 42)).all(axis=2).mean() < 0.001
        assert (inside == (22, 22, 24)).all(axis=2).mean() < 0.001
        frames += 1
        QApplication.processEvents()
    assert frames > 5


def test_at_one_to_one_the_source_pixels_show_untouched(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    stage.sharp()
    shown, _ = view_pixels(stage)
    np.testing.assert_array_equal(shown, source(photo))
    assert stage.window.badge_row.badges[0].text.startswith("Source pixels · x1")


@pytest.mark.parametrize(
    ("key", "method"),
    [("N", "nearest"), ("I", "bilinear"), ("B", "bicubic"), ("Z", "lanczos"), ("L", "liif-lite"), ("D", "diif-lite")],
)
def test_letters_choose_the_method(stage, photo, key, method):
    stage.show(photo)
    stage.sharp()
    stage.qtbot.keyClicks(stage.window.canvas, key)
    assert stage.state.methods == (method,)
    stage.sharp()
    shown, window = view_pixels(stage)
    assert_shows(shown, expected(source(photo), method, stage.state.view.scale, window), method)


def test_dragging_pans_and_tiles_are_used_again(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    canvas, view = stage.window.canvas, stage.state.view
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    stage.qtbot.mouseMove(canvas, QPoint(280, 190))
    stage.qtbot.mouseMove(canvas, QPoint(420, 80))
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(420, 80))
    assert stage.state.view == view.panned(-120, 120)
    stage.sharp()
    shown, window = view_pixels(stage)
    np.testing.assert_array_equal(shown, expected(source(photo), "diif-s-lite", 8.0, window))
    last = stage.fake.of_kind(ViewRequest)[-1]
    assert last.held, "tiles that were there already were asked for again"


def test_split_shows_two_methods_with_a_divider_that_drags(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F3)
    assert stage.state.methods == ("bicubic", "diif-s-lite")
    canvas = stage.window.canvas
    middle = canvas.width() // 2
    stage.sharp()
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(middle, 100))
    stage.qtbot.mouseMove(canvas, QPoint(middle + 60, 110))
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(middle + 60, 110))
    assert stage.state.split == pytest.approx((middle + 60) / canvas.width())
    stage.qtbot.keyClicks(canvas, "]]")
    assert stage.state.split == pytest.approx((middle + 60) / canvas.width() + 0.04)
    stage.sharp()
    for area, method in enumerate(stage.state.methods):
        shown, window = view_pixels(stage, area)
        wanted = expected(source(photo), method, stage.state.view.scale, window)
        far = slice(20, -20)  # the divider and its grip lie over the seam
        assert_shows(shown[:150, far], wanted[:150, far], method)


def test_three_panes_stay_in_step(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["three"].trigger()
    assert stage.state.methods == ("bicubic", "liif-lite", "diif-s-lite")
    stage.sharp()
    areas = stage.controller.areas
    assert len({(a.view.height, a.view.width) for a in areas}) == 1
    turn_wheel(stage.window.canvas, QPoint(areas[1].clip.left + 40, 120), 240)
    stage.sharp()
    windows = set()
    for area, method in enumerate(stage.state.methods):
        shown, window = view_pixels(stage, area)
        windows.add(window)
        wanted = expected(source(photo), method, stage.state.view.scale, window)
        assert_shows(shown[:-4], wanted[:-4], method)  # the foot marks the active pane
    assert len(windows) == 1
    stage.window.facts.place_badges()  # they were hidden for the look at the pixels
    assert [badge.isVisible() for badge in stage.window.badge_row.badges] == [True] * 3 + [False]


def test_words_leave_a_badge_that_has_too_little_room(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["two"].trigger()
    stage.sharp()
    badge, status = stage.window.badge_row.badges[1], stage.controller.statuses[1]
    words = words_of(status, "Fake, float32", "31.40 dB, SSIM 0.912")
    took = format_time(status.milliseconds)
    assert words[2:] == [took, "Fake", "31.40 dB, SSIM 0.912"]
    badge.show_status(status, active=False, words=words)
    wide, spoken = badge.width(), badge.accessibleName()
    assert badge.text.endswith(f"{took} · Fake · 31.40 dB, SSIM 0.912")
    badge.show_status(status, active=False, words=words, room=wide - 1)
    assert badge.width() < wide
    assert badge.text.endswith(f"{took} · 31.40 dB, SSIM 0.912")
    badge.show_status(status, active=False, words=words, room=10)
    assert badge.text == f"DIIF-S · {took} · 31.40 dB, SSIM 0.912"
    assert badge.accessibleName() == spoken  # a screen reader has room for all


def test_milliseconds_are_those_of_the_tiles_in_sight(stage, photo):
    def of_tiles_in_sight(pane=0):
        seen = stage.controller.areas[pane].seen(stage.state.view)
        rows = -(-seen.bottom // TILE) - seen.top // TILE
        columns = -(-seen.right // TILE) - seen.left // TILE
        return rows * columns * TILE_MILLISECONDS

    def told(pane=0):
        stage.rest()
        stage.sharp()
        return stage.controller.statuses[pane].milliseconds

    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "7")
    assert told() == of_tiles_in_sight() > 0
    stage.window.navigator.pan(70, 40)  # only what came into sight is made
    assert told() == of_tiles_in_sight()
    stage.window.resize(stage.window.width() + 150, stage.window.height())
    stage.until(lambda: stage.controller.areas[0].view.width == stage.window.canvas.device_size()[1])
    assert told() == of_tiles_in_sight()
    stage.window.actions_by_name["split"].trigger()
    stage.state.set_split(0.8)
    assert told(1) == of_tiles_in_sight(1)
    stage.qtbot.keyClicks(stage.window.canvas, "1")
    assert told(1) is None


def test_a_badge_changes_the_method_of_its_pane(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["two"].trigger()
    badge = stage.window.badge_row.badges[0]
    next(action for action in badge._group.actions() if action.data() == "nearest").trigger()
    assert stage.state.methods == ("nearest", "diif-s-lite")
    assert stage.state.active == 0
    stage.qtbot.keyClicks(stage.window.canvas, "L")
    assert stage.state.methods == ("liif-lite", "diif-s-lite")
    stage.window.actions_by_name["single"].trigger()
    assert stage.state.methods == ("diif-s-lite",)
    stage.sharp()


def test_layout_button_that_is_down_stays_down(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["split"].trigger()
    stage.window.actions_by_name["split"].trigger()
    assert stage.state.layout is Layout.SPLIT
    assert stage.window.actions_by_name["split"].isChecked()


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "folder"])
def test_an_unreadable_file_gets_a_page_and_the_window_stays_usable(stage, photo, tmp_path, kind):
    path = tmp_path / "broken.png"
    if kind == "text":
        path.write_text("not a picture")
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    stage.show(None)
    stage.window.opening.open_path(path)
    stage.until(lambda: "broken.png" in stage.window.page.text and "Opening" not in stage.window.page.text)
    assert stage.window.stack.currentWidget() is stage.window.page
    assert stage.window.page.text.count("\n") == 0
    stage.window.opening.open_path(photo)
    stage.sharp()
    assert stage.window.stack.currentWidget() is stage.window.canvas


def test_a_dropped_file_opens(stage, photo):
    stage.show(None)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(photo))])
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    stage.window.dropEvent(event)  # Qt hands drops to the target of a drag only
    stage.sharp()
    assert stage.state.picture.name == "photo.png"


def test_walking_through_a_folder(stage, photo):
    for name in ("photo2.png", "photo10.png"):
        Image.open(photo).save(photo.with_name(name))
    stage.show(photo)
    seen = []
    for key in ("next", "next", "next", "previous"):
        old = stage.state.picture
        stage.window.actions_by_name[key].trigger()
        stage.until(lambda old=old: stage.state.picture is not old)
        seen.append(stage.state.picture.name)
    assert seen == ["photo2.png", "photo10.png", "photo.png", "photo10.png"]
    stage.sharp()


def test_several_pictures_are_walked_through_instead_of_the_folder(stage, photo, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    for path in (other / "one.png", tmp_path / "beside.png"):
        Image.open(photo).save(path)
    stage.show(None)
    stage.window.opening.open_paths([photo, other / "one.png"])
    names = []
    for key in ("next", "next"):
        stage.until(lambda: stage.state.picture is not None)
        old = stage.state.picture
        stage.window.actions_by_name[key].trigger()
        stage.until(lambda old=old: stage.state.picture is not old)
        names.append(stage.state.picture.name)
    assert names == ["one.png", "photo.png"]
    stage.sharp()


def test_what_lies_just_out_of_sight_is_made_while_the_view_rests(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "9")
    stage.sharp()
    view, limits = stage.state.view, stage.state.view.lattice.window
    around = keys_for(stage.state.picture.image, "diif-s-lite", 30.0, view.window.grown(TILE), limits)
    stage.until(lambda: not stage.controller.scene.cache.missing(around))
    asked = len(stage.fake.of_kind(ViewRequest))
    stage.window.navigator.pan(TILE - 10, 10 - TILE)
    assert stage.controller.statuses[0].sharp, "a small pan finds its tiles there"
    shown, window = view_pixels(stage)
    assert_shows(shown, expected(source(photo), "diif-s-lite", 30.0, window))
    assert stage.controller.statuses[0].milliseconds, "those that were made ahead took their time too"
    stage.until(lambda: len(stage.fake.of_kind(ViewRequest)) > asked)


def test_export_equals_the_screen(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.sharp()
    shown, window = view_pixels(stage)
    stage.export()
    request = stage.fake.of_kind(ExportRequest)[-1]
    assert (request.window, request.scale, request.model) == (window, 6.0, "diif-s-lite")
    np.testing.assert_array_equal(np.asarray(Image.open(stage.export_path)), shown)


def test_a_method_that_fails_leaves_the_fallback_and_says_so(stage, photo):
    stage.show(photo)
    stage.sharp()
    stage.fake.broken["liif-lite"] = "liif-lite.safetensors: the file is damaged."
    stage.qtbot.keyClicks(stage.window.canvas, "L")
    stage.until(lambda: stage.controller.statuses[0].sentence is not None)
    assert "stays bicubic" in stage.window.badge_row.badges[0].text
    stage.qtbot.keyClicks(stage.window.canvas, "S")
    stage.sharp()


def test_a_renderer_that_dies_is_started_again_once(stage, photo):
    stage.show(photo)
    stage.sharp()
    stage.fake.die()
    stage.until(lambda: len(stage.fakes) == 2)
    turn_wheel(stage.window.canvas, QPoint(200, 200), 120)
    stage.sharp()


def test_a_renderer_that_dies_at_once_again_is_given_up_with_one_notice(stage, photo):
    stage.gate.clear()
    stage.show(photo)
    stage.fake.die()
    stage.until(lambda: len(stage.fakes) == 2)
    stage.fakes[1].die()
    stage.until(lambda: "stopped working" in stage.window.notice.text)
    assert len(stage.fakes) == 2
    stage.gate.set()
    stage.window.notice._action.click()
    stage.sharp()
    assert len(stage.fakes) == 3


def test_closing_in_the_middle_of_rendering_is_clean(stage, photo):
    stage.gate.clear()
    stage.show(photo)
    turn_wheel(stage.window.canvas, QPoint(200, 200), 600)
    stage.until(lambda: bool(stage.fake.of_kind(ViewRequest)))
    stage.window.close()
    assert not stage.viewer.client.running


def test_resizing_keeps_the_fit(stage, photo):
    stage.show(photo)
    stage.window.resize(800, 500)
    stage.until(lambda: stage.window.canvas.width() == 800)
    assert stage.state.view.is_fitted
    stage.sharp()


def test_a_narrow_window_keeps_every_button_within_reach(stage, photo):
    stage.show(photo)
    stage.window.resize(420, 380)
    more = stage.window.tools.findChild(QToolButton, "qt_toolbar_ext_button")
    stage.until(more.isVisible)
    assert not more.icon().isNull()
    stage.sharp()
    assert not stage.window.grab().isNull()


def test_full_screen_hides_the_bars_and_escape_brings_them_back(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F11)
    assert not stage.window.tools.isVisible()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Escape)
    assert stage.window.tools.isVisible()
    assert not stage.window.isFullScreen()


@pytest.mark.qt_log_ignore("does not support (raise|grabbing the keyboard|propagateSizeHints)")
@pytest.mark.parametrize("leave", ["enter", "escape", "click", "tab", "menu"])
def test_in_full_screen_the_toolbar_is_there_while_a_zoom_is_typed(stage, photo, leave):
    stage.show(photo)
    window, canvas, box = stage.window, stage.window.canvas, stage.window.tools.zoom_box
    window.activateWindow()
    stage.until(window.isActiveWindow)
    stage.qtbot.keyClick(canvas, Qt.Key.Key_F11)
    stage.qtbot.keyClick(canvas, Qt.Key.Key_X)
    assert box.isVisible()
    assert box.hasFocus()
    if leave == "enter":
        stage.qtbot.keyClicks(box, "nonsense")
        stage.qtbot.keyClick(box, Qt.Key.Key_Return)
        assert box.isVisible()
        box.clear()
        stage.qtbot.keyClicks(box, "x12.5")
        stage.qtbot.keyClick(box, Qt.Key.Key_Return)
        assert stage.state.view.scale == 12.5
    elif leave == "escape":
        stage.qtbot.keyClick(box, Qt.Key.Key_Escape)
    elif leave == "click":
        stage.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton)
    elif leave == "tab":
        stage.qtbot.keyClick(box, Qt.Key.Key_Tab)
    else:
        stage.qtbot.keyClick(box, Qt.Key.Key_Down)
        stage.until(box.menu.isVisible)
        assert box.isVisible()
        stage.qtbot.keyClick(box.menu, Qt.Key.Key_Up)
        stage.qtbot.keyClick(box.menu, Qt.Key.Key_Return)
        assert stage.state.view.scale == 30
    stage.until(lambda: QApplication.focusWidget() is canvas)
    assert not window.tools.isVisible()
    assert window.isFullScreen()
    stage.qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert window.tools.isVisible()


def test_every_action_can_be_found_and_read(stage):
    for name, action in stage.window.actions_by_name.items():
        assert action.text(), name
        assert action.toolTip(), name
        assert action.shortcut().toString(), name
    used = [k.toString() for action in stage.window.actions_by_name.values() for k in action.shortcuts()]
    assert len(used) == len(set(used)), "a shortcut is taken twice"
    for action in stage.window.tools.actions():
        button = stage.window.tools.widgetForAction(action)
        if action.text():
            assert not action.icon().isNull()
            assert button.accessibleName()


def test_the_status_line_tells_what_is_under_the_cursor(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.rest()
    view = stage.state.view
    stage.qtbot.mouseMove(stage.window.canvas, QPoint(150, 160))
    x, y = (math.floor(v) for v in view.position_at((150.5, 160.5)))
    values = source(photo)[y, x]
    stage.until(lambda: stage.window.status.colour.text() == f"RGB {values[0]} {values[1]} {values[2]}")
    assert stage.window.status.device.text() == "Fake, float32"


def test_the_status_file_says_what_is_on_screen(stage, photo, tmp_path):
    stage.window.report._path = tmp_path / "status.json"
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "9")
    stage.sharp()
    facts = json.loads((tmp_path / "status.json").read_text())
    assert facts["sharp"] is True
    assert facts["scale"] == 30
    assert facts["window"] == [
        stage.state.view.window.top,
        stage.state.view.window.left,
        stage.state.view.window.bottom,
        stage.state.view.window.right,
    ]
    assert Lattice.of_scale(90, 120, 30.0).window.contains(stage.state.view.window)


def odd_pictures():
    dice = np.random.default_rng(5)

    def noise(*shape, dtype=np.uint8):
        return dice.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)

    yield "one pixel", Image.fromarray(noise(1, 1, 3))
    yield "one row", Image.fromarray(noise(1, 3000, 3))
    yield "one column", Image.fromarray(noise(3000, 1, 3))
    yield "grey", Image.fromarray(noise(50, 60))
    yield "grey and alpha", Image.fromarray(noise(50, 60, 2))
    yield "alpha", Image.fromarray(noise(50, 60, 4))
    yield "sixteen bits", Image.fromarray(noise(50, 60, dtype=np.uint16))
    yield "palette", Image.fromarray(noise(50, 60, 3)).quantize(16)
    yield "bits", Image.fromarray(noise(50, 60)).convert("1")


@pytest.mark.parametrize(("name", "picture"), [pytest.param(*odd, id=odd[0]) for odd in odd_pictures()])
def test_odd_pictures_open_and_zoom(stage, tmp_path, name, picture):
    path = tmp_path / f"{name}.png"
    picture.save(path)
    stage.show(path)
    stage.sharp()
    for key in ("1", "4", "9"):
        stage.qtbot.keyClicks(stage.window.canvas, key)
        stage.sharp()
        view = stage.state.view
        pixels = stage.state.picture.pixels
        shown, window = view_pixels(stage)
        image = opaque(expected(pixels, "diif-s-lite", view.scale, window), window.top, window.left)
        wanted = np.frombuffer(image.constBits(), np.uint8).reshape(*shown.shape[:2], 4)[..., 2::-1]
        assert_shows(shown, wanted.astype(int))
    for _ in range(3):
        turn_wheel(stage.window.canvas, QPoint(300, 200), -600)
    stage.sharp()


def test_a_jpeg_is_shown_by_the_model_made_for_it_until_somebody_chooses(stage, photo, tmp_path):
    jpeg = tmp_path / "photo.jpg"
    Image.open(photo).convert("RGB").save(jpeg)
    stage.show(jpeg)
    stage.until(lambda: stage.state.picture.path == jpeg)
    assert stage.state.methods == ("diif-s-lite-photo",)
    stage.show(photo)
    stage.until(lambda: stage.state.picture.path == photo)
    assert stage.state.methods == ("diif-s-lite",)
    stage.qtbot.keyClicks(stage.window.canvas, "L")
    stage.show(jpeg)
    stage.until(lambda: stage.state.picture.path == jpeg)
    assert stage.state.methods == ("liif-lite",)


def test_the_bars_come_back_whoever_ends_the_full_screen(stage, photo):
    stage.show(photo)
    window = stage.window
    for leave in (window.windowHandle().showNormal, window.actions_by_name["leave"].trigger):
        window.toggle_full_screen()
        QApplication.processEvents()
        assert (window.tools.isVisible(), window.status.isVisible()) == (False, False)
        assert window.actions_by_name["fullscreen"].isChecked()
        leave()
        QApplication.processEvents()
        assert (window.tools.isVisible(), window.status.isVisible()) == (True, True)
        assert not window.actions_by_name["fullscreen"].isChecked()


def test_a_drag_ends_when_somebody_else_had_the_release(stage, photo):
    stage.show(photo)
    stage.window.navigator.zoom_to(8.0)
    stage.rest()
    canvas = stage.window.canvas

    def move(x: int, buttons: Qt.MouseButton) -> None:
        place, none = QPointF(x, 100), Qt.MouseButton.NoButton
        event = QMouseEvent(QEvent.Type.MouseMove, place, place, none, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)

    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    before = stage.state.view
    move(220, Qt.MouseButton.LeftButton)
    moved = stage.state.view
    assert moved != before
    move(260, Qt.MouseButton.NoButton)  # a menu was open meanwhile
    assert stage.state.view == moved
    assert canvas.cursor().shape() == Qt.CursorShape.ArrowCursor
