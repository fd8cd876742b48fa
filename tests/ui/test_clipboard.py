"""Copying and pasting in the real window: views, regions, paths and pictures, and copies that nobody waits for."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage

from diif_viewer.ui import loader as loader_module
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.opening import PASTED
from tests.ui.conftest import to_array
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source, view_pixels
from tests.ui.test_files import other_photo


def clipboard_pixels() -> np.ndarray:
    image = QGuiApplication.clipboard().image()
    return to_array(image.convertToFormat(QImage.Format.Format_RGB888))


@pytest.fixture(autouse=True)
def empty_clipboard(qapp):
    QGuiApplication.clipboard().clear()


@pytest.mark.parametrize("method", ["S", "Z"])
def test_the_view_is_copied_as_it_is_on_screen(stage, photo, method):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, method + "5")
    stage.sharp()
    with stage.qtbot.waitSignal(stage.window.clipboard.copied):
        stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    shown, _ = view_pixels(stage)
    np.testing.assert_array_equal(clipboard_pixels(), shown)
    assert "x6" in stage.window.notice.text


def test_a_copy_waits_until_the_view_is_sharp(stage, photo):
    stage.gate.clear()
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.rest()
    stage.window.actions_by_name["copy"].trigger()
    assert "as soon as" in stage.window.notice.text
    with stage.qtbot.waitSignal(stage.window.clipboard.copied):
        stage.gate.set()
    view = stage.state.view
    np.testing.assert_array_equal(clipboard_pixels(), expected(source(photo), "diif-s-lite", 6.0, view.window))


def test_a_copy_that_nobody_waits_for_is_given_up(stage, photo):
    stage.gate.clear()
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.window.actions_by_name["copy"].trigger()
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.until(lambda: "Nothing was copied" in stage.window.notice.text)
    stage.gate.set()
    stage.sharp()
    assert QGuiApplication.clipboard().image().isNull()


def pending(stage, photo, layout="single", pane=0):
    """The window at x6 with a copy that waits until it is sharp."""
    stage.gate.clear()
    stage.show(photo)
    stage.window.actions_by_name[layout].trigger()
    stage.state.set_active(pane)
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.rest()
    stage.window.actions_by_name["copy"].trigger()
    assert "as soon as" in stage.window.notice.text


def back(stage, view, method="diif-s-lite"):
    """Make the view that was to be copied sharp after all."""
    QGuiApplication.clipboard().setText("Mine")
    stage.gate.set()
    stage.sharp()
    stage.state.set_layout(Layout.SINGLE)
    stage.state.set_method(method)
    stage.controller.go(view, animate=False)
    stage.sharp()
    stage.qtbot.wait(100)
    assert QGuiApplication.clipboard().text() == "Mine"


def test_another_method_gives_up_a_copy(stage, photo):
    pending(stage, photo)
    view = stage.state.view
    stage.state.set_method("bicubic")
    stage.until(lambda: "the view changed" in stage.window.notice.text)
    back(stage, view)


def test_a_view_that_moves_away_gives_up_its_copy(stage, photo):
    pending(stage, photo)
    view = stage.state.view
    stage.window.navigator.centre(10, 10)
    stage.gate.set()
    stage.sharp()
    assert "the view changed" in stage.window.notice.text
    back(stage, view)


def test_a_pane_that_leaves_gives_up_its_copy(stage, photo):
    pending(stage, photo, "three", 1)
    view = stage.state.view
    stage.window.actions_by_name["single"].trigger()
    stage.until(lambda: "the view changed" in stage.window.notice.text)
    back(stage, view, "liif-lite")


def test_a_copy_waits_while_the_other_method_is_held(stage, photo):
    pending(stage, photo)
    stage.state.set_flipped(True)
    stage.sharp()  # bicubic
    with stage.qtbot.waitSignal(stage.window.clipboard.copied):
        stage.state.set_flipped(False)
        stage.gate.set()
    wanted = expected(source(photo), "diif-s-lite", 6.0, stage.state.view.window)
    np.testing.assert_array_equal(clipboard_pixels(), wanted)


def test_what_is_copied_elsewhere_gives_up_a_copy(stage, photo):
    pending(stage, photo)
    QGuiApplication.clipboard().setText("Theirs")
    stage.until(lambda: "something else" in stage.window.notice.text)
    stage.gate.set()
    stage.sharp()
    stage.qtbot.wait(100)
    assert QGuiApplication.clipboard().text() == "Theirs"


def test_a_copied_path_gives_up_a_copy(stage, photo):
    pending(stage, photo)
    stage.window.actions_by_name["copy_path"].trigger()
    assert stage.window.notice.text == "Copied the path of the picture."
    stage.gate.set()
    stage.sharp()
    stage.qtbot.wait(100)
    assert QGuiApplication.clipboard().text() == str(photo)


def test_an_earlier_copy_does_not_give_up_a_later_one(stage, photo):
    stage.show(photo)
    stage.sharp()
    pending(stage, photo)
    clipboard = stage.window.clipboard
    clipboard._deliver(replace(clipboard._waiting), QImage(3, 2, QImage.Format.Format_RGB888))
    assert clipboard_pixels().shape == (2, 3, 3)
    with stage.qtbot.waitSignal(clipboard.copied):
        stage.gate.set()
    assert clipboard_pixels().shape != (2, 3, 3)


def test_a_region_is_copied(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.sharp()
    canvas, shown = stage.window.canvas, stage.canvas_pixels()
    stage.window.actions_by_name["copy_region"].trigger()
    with stage.qtbot.waitSignal(stage.window.clipboard.copied):
        stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 90))
        stage.qtbot.mouseMove(canvas, QPoint(260, 200))
        stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 200))
    np.testing.assert_array_equal(clipboard_pixels(), shown[90:200, 100:260])
    assert not stage.export_path.exists()


def test_transparency_is_copied(stage, tmp_path):
    pixels = np.random.default_rng(2).integers(0, 255, (40, 50, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[:20, :, 3] = 0
    path = tmp_path / "clear.png"
    Image.fromarray(pixels).save(path)
    stage.show(path)
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    stage.sharp()
    with stage.qtbot.waitSignal(stage.window.clipboard.copied) as told:
        stage.window.actions_by_name["copy"].trigger()
    image = told.args[0]
    assert image.hasAlphaChannel()
    assert image.pixelColor(image.width() // 2, 0).alpha() == 0
    assert image.pixelColor(image.width() // 2, image.height() - 1).alpha() == 255


def test_the_path_is_copied(stage, photo):
    stage.show(photo)
    stage.window.actions_by_name["copy_path"].trigger()
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == str(photo)
    assert data.urls() == [QUrl.fromLocalFile(str(photo))]


def test_a_picture_is_pasted_and_becomes_sharp(stage, photo):
    stage.show(photo)
    stage.sharp()
    pixels = np.random.default_rng(4).integers(0, 255, (33, 41, 3), dtype=np.uint8)
    QGuiApplication.clipboard().setImage(QImage(pixels.data, 41, 33, 3 * 41, QImage.Format.Format_RGB888).copy())
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: stage.state.picture.path == PASTED)
    np.testing.assert_array_equal(stage.state.picture.pixels, pixels)
    stage.sharp()
    assert not stage.window.actions_by_name["next"].isEnabled()
    assert not stage.window.actions_by_name["reload"].isEnabled()
    assert stage.window.files.recent == [photo]


def test_a_clipboard_that_gives_nothing_away_is_said(stage, photo, monkeypatch):
    class Locked:
        def mimeData(self):  # noqa: N802
            return None

    stage.show(photo)
    monkeypatch.setattr("diif_viewer.ui.clipboard.QGuiApplication.clipboard", Locked)
    stage.window.clipboard.paste()
    assert stage.window.notice.text == "The clipboard holds no picture and no path of one."


@pytest.mark.parametrize("form", ["path", "quoted", "address", "file"])
def test_a_path_is_pasted(stage, photo, tmp_path, form):
    other = other_photo(tmp_path, "a name with spaces.png")
    stage.show(photo)
    data = QMimeData()
    if form == "file":
        data.setUrls([QUrl.fromLocalFile(str(other))])
    else:
        address = QUrl.fromLocalFile(str(other)).toString(QUrl.ComponentFormattingOption.FullyEncoded)
        data.setText({"path": f" {other}\n", "quoted": f'"{other}"', "address": address}[form])
    QGuiApplication.clipboard().setMimeData(data)
    stage.window.actions_by_name["paste"].trigger()
    stage.until(lambda: stage.state.picture.path == other)


def test_several_lines_of_paths_are_pasted_and_walked_through(stage, photo, tmp_path):
    other = other_photo(tmp_path, "zz.png")
    other_photo(tmp_path, "between.png")
    stage.show(None)
    QGuiApplication.clipboard().setText(f"{photo}\n\n{QUrl.fromLocalFile(str(other)).toString()}\n")
    stage.window.actions_by_name["paste"].trigger()
    stage.until(lambda: stage.state.picture is not None and stage.state.picture.path == photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown)
    stage.until(lambda: stage.state.picture.path == other)


@pytest.mark.parametrize(
    "words", ["", "hello", "~nobody-here/a.png", "/a.png\nhello", "two\nlines", "https://example.org/a.png"]
)
def test_what_cannot_be_pasted_is_said(stage, photo, words):
    stage.show(photo)
    QGuiApplication.clipboard().setText(words)
    stage.window.actions_by_name["paste"].trigger()
    assert "clipboard" in stage.window.notice.text or "web" in stage.window.notice.text
    assert stage.state.picture.path == photo


def test_a_path_that_the_system_will_not_look_at_is_said(stage, photo):
    """As one too long for it, or in a folder without permission, which root has everywhere."""
    name = f"{'x' * 300}.png"
    stage.show(photo)
    QGuiApplication.clipboard().setText(str(photo.with_name(name)))
    stage.window.actions_by_name["paste"].trigger()
    stage.until(lambda: stage.state.picture is None)
    assert stage.window.page.text == f"{name}: there is no such file."


def test_of_two_pictures_pasted_at_once_the_second_stays(stage, photo, monkeypatch):
    stage.show(photo)
    stage.sharp()
    begun, go_on = threading.Event(), threading.Event()
    unpacked = loader_module._unpacked

    def slowly(image):
        begun.set()
        assert go_on.wait(20)
        return unpacked(image)

    monkeypatch.setattr(loader_module, "_unpacked", slowly)
    for colour in (0x102030, 0x405060):
        image = QImage(40, 30, QImage.Format.Format_RGB32)
        image.fill(colour)
        stage.window.opening.open_image(image)
        stage.until(begun.is_set)
    go_on.set()
    stage.until(lambda: stage.state.picture.path == PASTED and stage.state.picture.pixels[0, 0, 0] == 0x40)
