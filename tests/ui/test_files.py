"""Files in the real window: dropped, read again, read ahead, walked through, remembered."""

from __future__ import annotations

import io
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QObject, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel

from diif_viewer.ui import loader as loader_module
from diif_viewer.ui.file_watch import CALM, FileWatch
from diif_viewer.ui.settings import Settings
from tests.ui.on_screen import source


def other_photo(folder: Path, name: str, size=(90, 120), seed=1) -> Path:
    path = folder / name
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)
    return path


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
