"""Different pictures in panes: dropped there, seen through one viewport by place or by pixel, compared and let go."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest

from diif_viewer.engine.messages import CloseImage
from diif_viewer.ui import open_dialog
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.guests import beside
from diif_viewer.ui.state import Picture
from diif_viewer.viewport import Viewport
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import assert_shows, turn_wheel
from tests.ui.on_screen import source as pixels_of
from tests.ui.test_comparing import assert_map_shows, hold, let_go
from tests.ui.test_files import held_back, jpeg_of


@pytest.fixture
def larger(photo, tmp_path):
    """The scene of `photo` with three times as many pixels along each side, and colours of its own."""
    with Image.open(photo) as image:
        grown = np.asarray(image.resize((360, 270), Image.Resampling.BICUBIC))
    path = tmp_path / "larger.png"
    Image.fromarray(255 - grown).save(path)
    return path


@pytest.fixture
def twin(photo, tmp_path):
    """Another picture of the size of `photo`."""
    path = tmp_path / "twin.png"
    Image.fromarray(np.roll(pixels_of(photo), 9, axis=1)).save(path)
    return path


def drop_on(stage, pane, path):
    """Let a file go in the middle of a pane."""
    clip, canvas = stage.controller.areas[pane].clip, stage.window.canvas
    middle = QPoint((clip.left + clip.right) // 2, (clip.top + clip.bottom) // 2)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    position = QPointF(canvas.mapTo(stage.window, middle))
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    stage.window.dropEvent(QDropEvent(position, Qt.DropAction.CopyAction, data, button, none))


def guest_in(stage, pane, path):
    drop_on(stage, pane, path)
    stage.until(lambda: stage.controller.looks.picture(pane).path == path)
    stage.sharp()


def pane_pixels(stage, pane):
    """(what a pane shows within its picture, its view, the window of that)."""
    view = stage.controller.looks.view(pane).rested()
    area = stage.controller.areas[pane]
    window = area.seen(view)
    top, left = window.top - int(view.top) + area.view.top, window.left - int(view.left) + area.view.left
    return stage.canvas_pixels()[top : top + window.height, left : left + window.width], view, window


def assert_pane_shows(stage, pane, path):
    shown, view, window = pane_pixels(stage, pane)
    method = stage.state.methods[pane]
    assert window.area > 5000
    wanted = expected(pixels_of(path), method, view.scale, window)
    assert_shows(shown[:-2], wanted[:-2], method)  # the mark of the active pane is at its foot


def test_a_file_dropped_on_a_pane_is_seen_at_the_same_place(stage, photo, larger, tmp_path):
    stage.window.report._path = tmp_path / "status.json"
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F4)
    stage.sharp()
    guest_in(stage, 0, larger)
    assert stage.state.picture.path == photo
    for turn in (360, 480):
        turn_wheel(stage.window.canvas, QPoint(500, 200), turn)
        stage.sharp()
        own, theirs = stage.state.view.rested(), stage.controller.looks.view(0).rested()
        assert theirs.scale == pytest.approx(own.scale / 3)
        for point in ((0, 0), (200, 100)):
            x, y = own.position_at(point)
            assert theirs.position_at(point) == pytest.approx((3 * x, 3 * y))
        assert_pane_shows(stage, 0, larger)
        assert_pane_shows(stage, 1, photo)
    names = [pane["picture"] for pane in json.loads((tmp_path / "status.json").read_text())["panes"]]
    assert names == ["larger.png", "photo.png"]
    assert "larger.png" in stage.window.badge_row.badges[0].text


def test_by_pixel_both_are_at_the_same_scale(stage, photo, larger):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F4)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    guest_in(stage, 0, larger)
    stage.window.actions_by_name["by_place"].trigger()
    assert not stage.window.actions_by_name["by_place"].isChecked()
    stage.sharp()
    own, theirs = stage.state.view, stage.controller.looks.view(0)
    assert (theirs.scale, theirs.top, theirs.left) == (own.scale, own.top, own.left)
    assert_pane_shows(stage, 0, larger)
    assert_pane_shows(stage, 1, photo)


def test_space_swaps_the_pictures_in_place_and_nothing_stays_of_a_guest_that_goes(stage, photo, twin):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F4)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    guest_in(stage, 0, twin)
    guest = stage.controller.looks.picture(0)
    hold(stage)
    stage.sharp()
    assert [stage.controller.looks.picture(pane).name for pane in (0, 1)] == ["photo.png", "twin.png"]
    assert_pane_shows(stage, 1, twin)
    let_go(stage)
    stage.sharp()
    assert_pane_shows(stage, 0, twin)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    stage.sharp()
    assert_pane_shows(stage, 0, photo)
    stage.until(lambda: CloseImage(guest.image) in stage.fake.received)
    assert stage.window.badge_row.badges[0].text.count(".png") == 0


def test_the_difference_of_two_files(stage, photo, twin):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F3)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    guest_in(stage, 0, twin)
    for pane in (0, 1):
        stage.state.set_method("nearest", pane)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F8)
    stage.sharp()
    view = stage.state.view
    first, second = (
        expected(pixels_of(path), "nearest", view.scale, view.window).astype(int) for path in (twin, photo)
    )
    wanted = np.clip(np.abs(second - first) * 4, 0, 255)
    assert wanted.std() > 10
    assert_map_shows(stage, wanted, 4)


def test_what_is_asked_for_in_a_pane_goes_there_and_what_fails_is_said(stage, photo, twin, tmp_path, monkeypatch):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F6)
    stage.sharp()
    names = iter([twin, tmp_path / "missing.png"])
    monkeypatch.setattr(open_dialog, "choose_files", lambda *_, several: [next(names)])
    stage.state.set_active(2)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier)
    stage.until(lambda: stage.controller.looks.picture(2).path == twin)
    stage.sharp()
    assert_pane_shows(stage, 2, twin)
    stage.state.set_active(1)
    stage.window.actions_by_name["open_here"].trigger()
    stage.until(lambda: "missing.png: there is no such file." in stage.window.notice.text)
    stage.window.notice.hide()
    stage.sharp()
    assert_pane_shows(stage, 1, photo)
    drop_on(stage, 3, twin)  # the main pane: opened
    stage.until(lambda: stage.state.picture.path == twin)
    stage.sharp()


def test_diagnostics_name_no_file_of_a_pane_and_nothing_that_was_closed(stage, photo, tmp_path):
    broken = tmp_path / "holiday secret.png"
    broken.write_bytes(b"no picture")
    stage.show(photo)
    stage.window.actions_by_name["split"].trigger()
    stage.window.pane_files.open_path(0, broken)
    notice = stage.window.notice
    stage.until(lambda: "holiday secret.png" in notice.text)
    stage.window.copy_diagnostics()
    copied = QGuiApplication.clipboard().text()
    assert "Message: PICTURE.png: " in copied
    assert "holiday" not in copied
    notice.tell("The disk is full.")
    QTest.mouseClick(notice._close, Qt.MouseButton.LeftButton)
    stage.qtbot.wait(20)
    stage.window.actions_by_name["diagnostics"].trigger()
    assert "Message" not in QGuiApplication.clipboard().text()


def test_the_active_pane_decides_which_picture_is_exported(stage, photo, larger):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F4)
    stage.qtbot.keyClicks(stage.window.canvas, "7")
    stage.sharp()
    guest_in(stage, 0, larger)
    stage.state.set_active(0)
    stage.window.actions_by_name["export"].trigger()
    assert stage.window.exporter._subject().width == 360
    assert stage.window.exporter._subject().view.scale == pytest.approx(4.0)
    stage.state.set_active(1)
    assert stage.window.exporter.dialog is None
    stage.window.actions_by_name["export"].trigger()
    assert stage.window.exporter._subject().width == 120
    stage.window.exporter.dialog.reject()


def test_of_another_shape_the_middles_meet():
    view = Viewport(100, 200, 300, 400, 2.0, 10.0, 20.0)
    guest = Picture(1, None, np.zeros((300, 400, 3), np.uint8), None, None)
    theirs = beside(view, guest, by_place=True)
    assert theirs.scale == 1.0
    for x in (0, 77):
        assert theirs.position_at((x, 5))[0] == pytest.approx(2 * view.position_at((x, 5))[0])
    assert theirs.point_at((0, 150))[1] == pytest.approx(view.point_at((0, 50))[1])


def test_of_another_shape_pixel_lies_on_pixel_wherever_the_view_rests(stage, photo, tmp_path):
    taller = tmp_path / "taller.png"
    pixels = pixels_of(photo)
    Image.fromarray(np.vstack([pixels, pixels[-1:]])).save(taller)
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F4)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    guest_in(stage, 0, taller)
    looks = stage.controller.looks
    view = replace(stage.state.view, scale=9.0, top=200.0)
    for top in (200.0, 200.3, 200.6):
        stage.controller.go(replace(view, top=top), animate=False)
        stage.sharp()
        assert looks.shown(0) == looks.view(0).rested()
        assert_pane_shows(stage, 0, taller)
        for place in (QPoint(150, 130), QPoint(153, 132)):
            stage.qtbot.mouseMove(stage.window.canvas, place)
        values = stage.canvas_pixels()[132, 153]
        stage.until(lambda v=values: stage.window.status.rendered.text() == f"→ {v[0]} {v[1]} {v[2]}")


def four_panes_with(stage, photo, **guests):
    stage.show(photo)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F6)
    stage.sharp()
    for pane, path in guests.items():
        guest_in(stage, int(pane.removeprefix("pane")), path)


def test_a_guest_whose_file_changes_is_read_again(stage, photo, twin):
    four_panes_with(stage, photo, pane1=twin)
    before = stage.controller.looks.picture(1)
    Image.fromarray(255 - pixels_of(twin)).save(twin)
    stage.until(lambda: stage.controller.looks.picture(1) is not before)
    stage.sharp()
    assert_pane_shows(stage, 1, twin)
    assert stage.controller.looks.picture(0).path == photo
    before = stage.controller.looks.picture(1)
    stage.state.set_active(1)
    stage.window.actions_by_name["reload"].trigger()
    stage.until(lambda: stage.controller.looks.picture(1) is not before)
    assert stage.state.picture.path == photo


def shows(stage, pane, pixels):
    return lambda: np.array_equal(stage.controller.looks.picture(pane).pixels, pixels)


def test_a_guest_whose_file_changes_while_it_is_read_is_read_once_more(stage, photo, twin, tmp_path):
    four_panes_with(stage, photo, pane1=twin)
    files, new = stage.window.pane_files, 255 - pixels_of(twin)
    begun, go_on = held_back(files._loader)
    Image.fromarray(new // 2).save(twin)
    stage.until(begun.is_set)
    Image.fromarray(new).save(twin)
    stage.until(lambda: len(files._waiting) == 2)
    go_on.set()
    stage.until(shows(stage, 1, new))
    stage.until(lambda: not files.busy)


def test_a_file_that_changes_on_its_way_into_a_pane_is_read_once_more(stage, photo, twin, larger):
    four_panes_with(stage, photo, pane1=larger)
    files, new = stage.window.pane_files, 255 - pixels_of(twin)
    begun, go_on = held_back(files._loader)
    files.open_path(0, twin)
    stage.until(begun.is_set)
    Image.fromarray(new).save(twin)
    stage.until(lambda: len(files._waiting) == 2)
    go_on.set()
    stage.until(shows(stage, 0, new))


def test_a_change_is_noticed_whatever_becomes_of_other_guests_meanwhile(stage, photo, twin):
    four_panes_with(stage, photo, pane1=twin)
    new = 255 - pixels_of(twin)
    Image.fromarray(new).save(twin)
    stage.window.actions_by_name["by_place"].trigger()
    stage.until(shows(stage, 1, new))


def test_of_a_folder_in_a_pane_the_first_picture_is_shown(stage, photo, twin, tmp_path):
    folder, empty = tmp_path / "folder", tmp_path / "empty"
    for place in (folder, empty):
        place.mkdir()
    for name in ("p10.png", "p2.png", "about.txt"):
        shutil.copy(twin, folder / name)
    four_panes_with(stage, photo)
    drop_on(stage, 1, folder)
    stage.until(lambda: stage.controller.looks.picture(1).path == folder / "p2.png")
    drop_on(stage, 1, empty)
    stage.until(lambda: stage.window.notice.text == "empty: there is no picture in this folder.")
    assert stage.controller.looks.picture(1).path == folder / "p2.png"
    drop_on(stage, 3, folder)
    stage.until(lambda: stage.state.picture.path == folder / "p2.png")


def test_a_half_written_file_does_not_replace_a_whole_guest(stage, photo, tmp_path):
    """A JPEG gives a part, a PNG nothing."""
    path, whole = jpeg_of(photo, tmp_path)
    other = tmp_path / "other.png"
    Image.open(photo).save(other)
    four_panes_with(stage, photo, pane1=path, pane2=other)
    looks, notice = stage.controller.looks, stage.window.notice
    for pane, file, data in ((1, path, whole), (2, other, other.read_bytes())):
        before = looks.picture(pane)
        file.write_bytes(data[: len(data) // 2])
        stage.until(lambda name=file.name: name in notice.text and "is still shown" in notice.text)
        assert looks.picture(pane) is before
        file.write_bytes(data)
        stage.until(lambda pane=pane, was=before: looks.picture(pane) is not was)
        assert not looks.picture(pane).lack
        assert notice.isHidden(), "what it said is true no more"


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_a_guest_that_is_half_written_is_read_again_when_it_is_whole(stage, photo, tmp_path, ending):
    path = tmp_path / f"copied{ending}"
    Image.fromarray(255 - pixels_of(photo)).save(path)
    whole, wanted = path.read_bytes(), np.asarray(Image.open(path))
    path.write_bytes(whole[: len(whole) // 2])
    four_panes_with(stage, photo)
    drop_on(stage, 1, path)
    stage.until(lambda: path.name in stage.window.notice.text)
    path.write_bytes(whole)
    stage.until(shows(stage, 1, wanted))
    assert stage.window.notice.isHidden()


def test_a_file_that_could_not_be_read_does_not_come_where_another_was_asked_for_since(stage, photo, twin, tmp_path):
    path = tmp_path / "copied.png"
    path.write_bytes(photo.read_bytes()[:400])
    four_panes_with(stage, photo)
    drop_on(stage, 1, path)
    stage.until(lambda: path.name in stage.window.notice.text)
    guest_in(stage, 1, twin)
    path.write_bytes(photo.read_bytes())
    Image.fromarray(255 - pixels_of(twin)).save(twin)  # told together
    stage.until(shows(stage, 1, pixels_of(twin)))
    stage.until(lambda: not stage.window.pane_files.busy)
    assert stage.controller.looks.picture(1).path == twin


def test_a_guest_whose_pane_is_not_there_is_not_opened_when_its_file_changes(stage, photo, twin):
    four_panes_with(stage, photo, pane0=twin)
    stage.state.set_layout(Layout.SINGLE)
    Image.fromarray(255 - pixels_of(twin)).save(twin)
    guests = stage.controller.looks.guests
    stage.until(lambda: np.array_equal(guests.pictures[0].pixels, pixels_of(twin)))
    assert stage.state.picture.path == photo


def test_a_guest_whose_file_has_fewer_pages_by_now_is_at_its_last(stage, photo, tmp_path):
    pages = [Image.fromarray(np.roll(pixels_of(photo), shift, axis=0)) for shift in (0, 20, 40)]
    path = tmp_path / "pages.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    four_panes_with(stage, photo, pane2=path)
    stage.window.pane_files.open_path(2, path, 2)
    stage.until(lambda: stage.controller.looks.picture(2).page == 2)
    pages[2].save(path, save_all=True, append_images=pages[:1])
    stage.until(shows(stage, 2, np.asarray(pages[0])))
    assert stage.controller.looks.picture(2).page == 1


def test_the_pages_of_a_guest_are_turned_in_its_pane(stage, photo, tmp_path):
    pages = [Image.fromarray(np.roll(pixels_of(photo), shift, axis=0)) for shift in (0, 20, 40)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    four_panes_with(stage, photo, pane2=tmp_path / "pages.tif")
    turn = stage.window.actions_by_name["page_previous"]
    stage.state.set_active(0)
    assert not turn.isEnabled()
    stage.state.set_active(2)
    assert turn.isEnabled()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ShiftModifier)
    stage.until(lambda: stage.controller.looks.picture(2).page == 2)
    stage.sharp()
    shown, view, window = pane_pixels(stage, 2)
    wanted = expected(np.asarray(pages[2]), stage.state.methods[2], view.scale, window)
    assert_shows(shown[:-4], wanted[:-4], stage.state.methods[2])  # the mark of the active pane is at its foot


def test_the_bar_is_about_the_frames_of_the_active_pane(stage, photo, tmp_path):
    moving, scan = tmp_path / "moving.gif", tmp_path / "scan.tif"
    frames = [Image.fromarray(np.roll(pixels_of(photo), shift, axis=0)) for shift in (0, 20, 40)]
    frames[0].save(moving, save_all=True, append_images=frames[1:], duration=40)
    frames[0].save(scan, save_all=True, append_images=[*frames, *frames])
    four_panes_with(stage, scan, pane1=moving)
    bar, area = stage.window.pages, stage.controller.areas[1].clip
    assert (bar.count, bar._count.text()) == (7, "/ 7")
    stage.state.set_active(1)
    assert (bar.count, bar.box.text(), bar._count.text()) == (3, "1", "/ 3 · stands still here")
    assert bar.isVisible()
    assert not bar.play.isVisible(), "a guest does not play"
    assert area.left <= bar.x() < bar.x() + bar.width() <= area.right
    assert area.top <= bar.y() < bar.y() + bar.height() <= area.bottom
    stage.qtbot.mouseClick(bar.next, Qt.MouseButton.LeftButton)
    stage.until(lambda: stage.controller.looks.picture(1).page == 1)
    assert bar.box.text() == "2"
    bar.box.setFocus()
    bar.box.selectAll()
    stage.qtbot.keyClicks(bar.box, "3")
    stage.qtbot.keyClick(bar.box, Qt.Key.Key_Return)
    stage.until(lambda: stage.controller.looks.picture(1).page == 2)
    assert stage.state.picture.page == 0
    stage.state.set_active(0)
    assert (bar.count, bar.box.text()) == (7, "1")
    stage.sharp()


@pytest.mark.parametrize("order", ["export", "film"])
def test_a_dialog_stays_while_space_shows_the_other_file(stage, photo, twin, order):
    stage.show(photo)
    stage.state.set_layout(Layout.TWO)
    guest_in(stage, 0, twin)
    stage.window.actions_by_name[order].trigger()
    dialog = stage.window.films.dialog or stage.window.exporter.dialog
    hold(stage)
    assert dialog.isVisible()
    let_go(stage)
    assert dialog.isVisible()
    assert (stage.window.films.dialog or stage.window.exporter.dialog) is dialog
    dialog.reject()


@pytest.mark.parametrize("order", ["export", "film"])
def test_a_dialog_stays_when_its_guest_or_the_open_picture_is_read_again(stage, photo, twin, order):
    stage.show(photo)
    stage.state.set_layout(Layout.TWO)
    guest_in(stage, 0, twin)
    stage.state.set_active(0)
    stage.window.actions_by_name[order].trigger()
    dialog = stage.window.films.dialog or stage.window.exporter.dialog
    for pane, path in ((0, twin), (1, photo)):
        before = stage.controller.looks.picture(pane)
        Image.fromarray(255 - pixels_of(path)).save(path)
        stage.until(lambda pane=pane, was=before: stage.controller.looks.picture(pane) is not was)
        assert dialog.isVisible()
    assert dialog.picture is stage.controller.looks.picture(0)
    stage.state.set_active(1)
    assert not dialog.isVisible()
