"""Files and the clipboard: copied, pasted, dropped, read again, read ahead, remembered."""

from __future__ import annotations

import io
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel

from diif_viewer.ui import loader as loader_module
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.file_watch import CALM, FileWatch
from diif_viewer.ui.opening import PASTED
from diif_viewer.ui.settings import Settings
from tests.ui.conftest import to_array
from tests.ui.fake_renderer import expected
from tests.ui.test_window import source, view_pixels


def clipboard_pixels() -> np.ndarray:
    image = QGuiApplication.clipboard().image()
    return to_array(image.convertToFormat(QImage.Format.Format_RGB888))


def other_photo(folder: Path, name: str, size=(90, 120), seed=1) -> Path:
    path = folder / name
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)
    return path


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


def test_a_picture_that_came_through_a_pipe_is_nobodys_file(stage, photo, tmp_path):
    """Its file goes when the program ends: nothing may be written beside it, and nobody be reminded of it."""
    piped = tmp_path / "temporary" / "standard input"
    piped.parent.mkdir()
    piped.write_bytes(photo.read_bytes())
    stage.viewer.show(piped=piped)
    stage.until(lambda: stage.state.picture is not None)
    stage.window.navigator.zoom_to(4.0)
    stage.sharp()
    picture = stage.state.picture
    assert picture.name == "standard input"
    np.testing.assert_array_equal(picture.pixels, np.asarray(Image.open(photo)))
    assert not stage.window.files.recent
    assert stage.window.opening.path is None
    stage.window.actions_by_name["export"].trigger()
    dialog = stage.window.exporter.dialog
    assert dialog.folder == Path.cwd()
    assert dialog.name.text().startswith("standard input-")
    dialog.reject()
    stage.window.session.save(stage.window)
    assert "standard input" not in stage.window.settings.text("last", "")


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


def test_a_pane_comes_back_without_a_file_that_may_not_be_looked_at_any_more(stage, photo):
    stage.window.pane_files.return_to(photo, [(0, loader_module.Sheet(photo.with_name("x" * 300)))])
    stage.show(photo)
    assert not stage.window.pane_files.busy


def drop(window, paths) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    position = QPointF(100, 100)
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(position, Qt.DropAction.CopyAction, data, button, none))


def test_several_dropped_files_are_walked(stage, photo, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    other, third = other_photo(folder, "z.png"), other_photo(tmp_path, "not-dropped.png")
    stage.show(None)
    drop(stage.window, [other, photo])
    stage.until(lambda: stage.state.picture is not None and stage.state.picture.path == other)
    for wanted in (photo, other, photo):
        stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown)
        stage.until(lambda wanted=wanted: stage.state.picture.path == wanted)
    assert third not in stage.window.files.recent
    assert stage.window.files.recent == [photo, other]


def test_recent_files_open_from_the_menu_and_can_be_forgotten(stage, photo, tmp_path):
    other = other_photo(tmp_path, "zz.png")
    stage.show(photo)
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    recent = stage.window.menu.recent
    recent.fill()
    assert [a.text() for a in recent.actions()][:2] == ["zz.png", "photo.png"]
    twin = tmp_path / "other place" / "zz.png"
    twin.parent.mkdir()
    stage.window.settings.put("recent", [str(twin), *stage.window.settings.texts("recent")])
    recent.fill()
    names = [a.text() for a in recent.actions()][:3]
    assert names == ["zz.png  (other place)", f"zz.png  ({tmp_path.name})", "photo.png"]
    stage.window.settings.put("recent", stage.window.settings.texts("recent")[1:])
    recent.fill()
    recent.actions()[1].trigger()
    stage.until(lambda: stage.state.picture.path == photo)
    recent.fill()
    recent.actions()[-1].trigger()
    assert stage.window.files.recent == []


def test_a_very_long_name_does_not_widen_the_menu_of_recent_files(stage, photo):
    stage.show(photo)
    stage.window.settings.put("recent", [str(photo.with_name("beginning" + "w" * 200 + "end.png"))])
    recent = stage.window.menu.recent
    recent.fill()
    name = recent.actions()[0].text()
    assert name.startswith("beginning")
    assert name.endswith("end.png")
    assert recent.sizeHint().width() < 560


def look_inside(stage) -> None:
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.rest()
    stage.window.navigator.pan(120, 70)
    stage.rest()


def test_reading_again_keeps_the_view(stage, photo):
    stage.show(photo)
    look_inside(stage)
    view, number = stage.state.view, stage.state.picture.image
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    stage.until(lambda: stage.state.picture.image != number)
    assert stage.state.view == view
    stage.sharp()


def test_a_file_that_changes_on_disk_is_read_again(stage, photo, tmp_path):
    stage.show(photo)
    look_inside(stage)
    view = stage.state.view
    new = 255 - source(photo)
    draft = tmp_path / "draft.tmp"
    Image.fromarray(new).save(draft, "PNG")
    draft.replace(photo)  # as careful programs write
    stage.until(lambda: np.array_equal(stage.state.picture.pixels, new))
    assert stage.state.view == view
    Image.fromarray(new // 2).save(photo)  # as careless ones do, and a second time
    stage.until(lambda: np.array_equal(stage.state.picture.pixels, new // 2))
    stage.sharp()


def held_back(loader):
    """(begun, go on): events of the reading of each picture from now on, which is told when it has been read."""
    begun, go_on = threading.Event(), threading.Event()
    load = loader._load

    def slowly(path, page):
        decoded = load(path, page)
        begun.set()
        assert go_on.wait(20)
        return decoded

    loader._load = slowly
    return begun, go_on


def test_a_file_that_changes_again_while_it_is_read_is_shown_as_it_is_in_the_end(stage, photo):
    stage.show(photo)
    stage.sharp()
    new = 255 - source(photo)
    begun, go_on = held_back(stage.viewer.loader)
    Image.fromarray(new // 2).save(photo)
    stage.until(begun.is_set)
    with stage.qtbot.waitSignal(stage.window.opening.waiting, timeout=20_000):
        Image.fromarray(new).save(photo)
    go_on.set()
    stage.until(lambda: np.array_equal(stage.state.picture.pixels, new))


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


@pytest.mark.skipif(not hasattr(os, "link"), reason="no hard links")
def test_a_file_in_the_place_of_one_that_lives_on_is_watched_too(qtbot, tmp_path):
    path, draft, parent = tmp_path / "a", tmp_path / "draft", QObject()
    path.write_text("one")
    os.link(path, tmp_path / "kept")
    watch = FileWatch(parent)
    watch.watch([path])
    with qtbot.waitSignal(watch.changed, timeout=20_000):
        draft.write_text("another")
        draft.replace(path)
    with qtbot.waitSignal(watch.changed, timeout=20_000):
        path.write_text("the third")


def test_what_is_watched_already_is_compared_with_what_it_was(qtbot, tmp_path):
    path, other, parent = tmp_path / "a", tmp_path / "b", QObject()
    path.write_text("one")
    other.write_text("one")
    watch = FileWatch(parent)
    watch.watch([path])
    path.write_text("another")
    with qtbot.waitSignal(watch.changed, timeout=20_000) as told:
        watch.watch([path, other])
    assert told.args == [path]
    with qtbot.assertNotEmitted(watch.changed, wait=3 * CALM):
        path.write_text("read again by hand")
        watch.watch([path, other], anew=True)


def test_a_file_that_becomes_damaged_leaves_the_picture_on_screen(stage, photo):
    stage.show(photo)
    stage.sharp()
    photo.write_bytes(b"torn")
    stage.until(lambda: "still shown" in stage.window.notice.text)
    assert stage.window.stack.currentWidget() is stage.window.canvas
    Image.fromarray(np.zeros((90, 120, 3), np.uint8)).save(photo)
    stage.until(lambda: not stage.state.picture.pixels.any())
    assert stage.window.notice.isHidden(), "what it said is true no more"


def jpeg_of(photo, folder):
    path = folder / "cut.jpg"
    Image.open(photo).resize((480, 360)).save(path, quality=95)
    return path, path.read_bytes()


def test_what_there_is_of_a_jpeg_that_was_cut_off_is_shown_and_the_rest_when_it_comes(stage, photo, tmp_path):
    path, whole = jpeg_of(photo, tmp_path)
    path.write_bytes(whole[: len(whole) // 2])
    stage.show(path)
    assert stage.window.stack.currentWidget() is stage.window.canvas
    stage.until(lambda: "ends before the picture" in stage.window.notice.text)
    shown, wanted = stage.state.picture.pixels, np.asarray(Image.open(io.BytesIO(whole)))
    np.testing.assert_array_equal(shown[:120], wanted[:120])
    assert (shown[-40:] == shown[-1, 0]).all(), "the rest is empty"
    stage.sharp()
    path.write_bytes(whole)
    stage.until(lambda: np.array_equal(stage.state.picture.pixels, wanted))
    assert stage.window.notice.isHidden(), "what it said is true no more"


def test_a_half_written_jpeg_does_not_replace_the_whole_one_on_screen(stage, photo, tmp_path):
    path, whole = jpeg_of(photo, tmp_path)
    stage.show(path)
    stage.sharp()
    before = stage.state.picture
    path.write_bytes(whole[: len(whole) // 2])
    stage.until(lambda: "still shown" in stage.window.notice.text)
    assert stage.state.picture is before
    stage.window.open_path(photo)
    stage.until(lambda: stage.state.picture.path == photo)
    assert stage.window.notice.isHidden()
    stage.window.open_path(path)  # asked for anew: better a part than nothing
    stage.until(lambda: stage.state.picture.path == path)
    assert stage.state.picture.lack


@pytest.mark.parametrize("size", [(90, 120), (45, 60)])
def test_the_view_is_kept_when_the_picture_changes(stage, photo, tmp_path, size):
    other_photo(tmp_path, "q.png", size)
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_K)
    assert stage.window.actions_by_name["keep_view"].isChecked()
    look_inside(stage)
    view = stage.state.view
    x, y = view.position_at((view.view_width / 2, view.view_height / 2))
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown)
    stage.until(lambda: stage.state.picture.name == "q.png")
    now = stage.state.view
    assert now.scale == view.scale
    if size == (90, 120):
        assert now == view
    else:
        middle = now.position_at((now.view_width / 2, now.view_height / 2))
        assert middle == pytest.approx((x / 2, y / 2), abs=12)  # the smaller picture's border may be nearer
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_K)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageUp)
    stage.until(lambda: stage.state.picture.name == "photo.png")
    assert stage.state.view.is_fitted


def test_the_neighbours_are_read_ahead_and_once(stage, photo, tmp_path, monkeypatch):
    other = other_photo(tmp_path, "q.png")
    read = []

    def load(path, page):
        read.append(path.name)
        return loader_module._load(path, page)

    stage.viewer.loader._load = load
    with stage.qtbot.waitSignal(stage.viewer.loader.read_ahead, timeout=20_000) as ahead:
        stage.show(photo)
    assert ahead.args == [loader_module.Sheet(other)]
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown)
    stage.until(lambda: stage.state.picture.name == "q.png")
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageUp)
    stage.until(lambda: stage.state.picture.name == "photo.png")
    stage.sharp()
    assert read == ["photo.png", "q.png"]


def test_settings_survive_and_nonsense_in_them_does_no_harm(tmp_path):
    def opened():
        return Settings(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))

    one = opened()
    one.put("recent", ["/a b,c.png", "/d.png"])
    one.put("keep_view", True)
    one.put("scale", 12.5)
    one.sync()
    two = opened()
    assert two.texts("recent") == ["/a b,c.png", "/d.png"]
    assert two.flag("keep_view") is True
    assert two.number("scale") == 12.5
    two.put("recent", ["/only.png"])
    two.put("scale", "a lot")
    two.put("keep_view", "perhaps")
    two.put("theme", "purple")
    two.sync()
    three = opened()
    assert three.texts("recent") == ["/only.png"]
    assert three.number("scale", 1.0) == 1.0
    assert three.flag("keep_view") is False
    assert three.text("theme", "dark", ("dark", "light")) == "dark"
    assert three.data("geometry").isEmpty()


def test_a_folder_stands_for_its_pictures(stage, photo, tmp_path, monkeypatch):
    folder, empty = tmp_path / "folder", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    for name in ("b 10.png", "b 2.png"):
        shutil.copy(photo, folder / name)
    (folder / "notes.txt").write_text("no picture")
    stage.show(folder)
    assert stage.state.picture.name == "b 2.png"
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageDown)
    stage.until(lambda: stage.state.picture.name == "b 10.png")
    stage.window.opening.open_paths([empty])
    stage.until(lambda: stage.state.picture is None)
    assert stage.window.page.text == "empty: there is no picture in this folder."
    with monkeypatch.context() as closed:  # root may read everything
        closed.setattr(os, "access", lambda *_: False)
        stage.window.opening.open_paths([empty])
    stage.until(lambda: stage.window.page.text == "empty: there is no permission to read this folder.")
    stage.window.opening.open_paths([photo, folder])
    stage.until(lambda: stage.state.picture is not None and stage.state.picture.name == photo.name)
    stage.window.opening.walk(-1)
    stage.until(lambda: stage.state.picture.name == "b 10.png")


def test_a_long_sentence_takes_more_lines_and_stays_in_the_window(stage, photo):
    stage.show(photo)
    notice = stage.window.notice
    notice.tell("A sentence of some length about something that went wrong. " * 4, "Do something", lambda: None)
    assert notice.geometry().left() >= 0
    assert notice.width() <= notice.parentWidget().width()
    assert notice._text.height() >= notice._text.heightForWidth(notice._text.width()), "all of it can be read"
    notice.tell("Short.")
    assert notice.height() < 60


def test_a_name_without_a_place_to_break_widens_neither_window_nor_dialog(stage, photo, tmp_path):
    broken = tmp_path / f"broken_{'x' * 200}.png"
    broken.write_bytes(b"no picture")
    stage.show(None)
    stage.window.open_path(broken)
    stage.until(lambda: stage.window.page.failed)
    assert stage.window.page.text.startswith(broken.name), "diagnostics take the whole name out of it"
    assert stage.window.width() == 640
    stage.window.open_path(photo)
    stage.until(lambda: stage.state.picture is not None)
    stage.window.actions_by_name["export"].trigger()
    dialog = stage.window.exporter.dialog
    width = dialog.sizeHint().width()
    dialog.name_file(broken)
    assert "exists already" in dialog.words.text()
    assert dialog.sizeHint().width() == width
    dialog.reject()


def test_names_that_look_like_html_or_keys_are_shown_letter_by_letter(stage, photo, tmp_path):
    folder = tmp_path / "Tom & Jerry"
    folder.mkdir()
    tagged = Path(shutil.copy(photo, folder / "<b>one.png"))
    stage.show(tagged)
    stage.window.actions_by_name["export"].trigger()
    dialog = stage.window.exporter.dialog
    dialog.name_file(tagged.with_name("<i>two.png"))
    assert dialog.place.text().endswith("Tom && Jerry")  # a single & would underline what follows
    dialog.name_file(tagged)
    stage.window.notice.tell(f"{tagged.name}: said.")
    for label in (dialog.words, *stage.window.notice.findChildren(QLabel)):
        assert label.textFormat() is Qt.TextFormat.PlainText
    dialog.reject()


def test_a_dialog_that_is_cancelled_leaves_the_list_that_is_walked(stage, photo, tmp_path, monkeypatch):
    from diif_viewer.ui import open_dialog

    files = [other_photo(tmp_path, f"{name}.png") for name in "abx"]
    stage.show(files[0])
    stage.window.opening.open_paths([files[0], files[2]])
    stage.until(lambda: not stage.viewer.loader.busy)
    monkeypatch.setattr(open_dialog, "choose_files", lambda *_, **__: [])
    stage.window.actions_by_name["open"].trigger()
    stage.window.actions_by_name["next"].trigger()
    stage.until(lambda: stage.state.picture.path == files[2])
