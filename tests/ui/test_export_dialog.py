"""The export dialog in the real window: what is chosen is what is written, and what cannot be is said beforehand."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage

from diif_viewer.cli import main
from diif_viewer.engine.messages import ExportRequest, ProbeRequest, Ready
from diif_viewer.imaging.load import load_picture
from diif_viewer.ui import export_order
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.export_choices import remembered
from tests.ui.conftest import Stage
from tests.ui.export_steps import again, objects, opened
from tests.ui.fake_renderer import expected


def order(stage: Stage) -> ExportRequest:
    stage.until(lambda: "Saved" in stage.window.exports.queue.text)
    return stage.fake.of_kind(ExportRequest)[-1]


def test_two_keystrokes_save_what_is_on_screen(stage, photo):
    dialog = opened(stage, photo)
    shown = stage.canvas_pixels()
    area = stage.controller.areas[0]
    window = area.seen(stage.state.view)
    stage.qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    request = order(stage)
    assert (request.scale, request.window, request.model, request.float32) == (6.0, window, "diif-s-lite", True)
    assert Path(request.path).parent == photo.parent
    saved = np.asarray(Image.open(request.path))
    top, left = window.top - int(stage.state.view.rested().top), window.left - int(stage.state.view.rested().left)
    np.testing.assert_array_equal(saved, shown[top : top + window.height, left : left + window.width])
    assert stage.window.exporter.dialog is None


def test_a_crop_of_the_export_is_the_export_of_the_crop(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    dialog.form.parts["whole"].click()
    dialog.form.scale.setValue(3.7)
    stage.save(tmp_path / "whole.png")
    whole = np.asarray(Image.open(tmp_path / "whole.png"))
    dialog = again(stage)
    dialog.form.parts["region"].click()
    for box, value in (
        (dialog.form.left, 20.5),
        (dialog.form.top, 11.25),
        (dialog.form.wide, 61.0),
        (dialog.form.high, 40),
    ):
        box.setValue(value)
    dialog.form.scale.setValue(3.7)
    window = dialog.plan.window
    stage.save(tmp_path / "crop.png")
    crop = np.asarray(Image.open(tmp_path / "crop.png"))
    assert crop.shape[:2] == (round(40 * 3.7), round(61 * 3.7))
    np.testing.assert_array_equal(crop, whole[window.top : window.bottom, window.left : window.right])


def test_the_detail_and_the_estimates_are_the_renderers(stage, photo):
    dialog = opened(stage, photo)
    request = stage.fake.of_kind(ProbeRequest)[-1]
    wanted = expected(load_picture(photo).pixels, "diif-s-lite", 6.0, request.detail)
    image = dialog.preview.image
    assert (image.height(), image.width()) == wanted.shape[:2]
    middle = image.pixelColor(image.width() // 2, image.height() // 2)
    assert (middle.red(), middle.green(), middle.blue()) == tuple(wanted[image.height() // 2, image.width() // 2])
    assert dialog.facts["file"].text() == "about 123 kB"
    assert dialog.facts["time"].text() == "about 4 s"
    assert dialog.facts["memory"].text() == "50 MB"
    assert dialog.facts["size"].text() == f"{request.export.window.width} x {request.export.window.height} pixels"
    stage.qtbot.mousePress(dialog.preview, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    stage.qtbot.mouseMove(dialog.preview, QPoint(120, 160))
    stage.qtbot.mouseRelease(dialog.preview, Qt.MouseButton.LeftButton, pos=QPoint(120, 160))
    stage.until(lambda: stage.fake.of_kind(ProbeRequest)[-1].detail != request.detail)
    assert stage.fake.of_kind(ProbeRequest)[-1].detail == request.detail.moved(40, 80)
    dialog.reject()


def test_the_last_choices_are_remembered(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    form = dialog.form
    form.parts["whole"].click()
    form.width_box.setValue(500)
    form.method.setCurrentIndex(form.method.findData("bicubic"))
    form.form.setCurrentIndex(form.form.findData("JPEG"))
    form.quality.setValue(77)
    form.strip.click()
    stage.save(tmp_path / "elsewhere.jpg")
    first = stage.fake.of_kind(ExportRequest)[-1]
    assert (first.window.width, first.window.height, first.model, first.quality) == (500, 375, "bicubic", 77)
    dialog = again(stage)
    assert dialog.choices == remembered(stage.window.settings)
    assert dialog.path.parent == tmp_path
    stage.qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    stage.until(lambda: stage.window.exports.queue.text.count("Saved") == 2)
    second = stage.fake.of_kind(ExportRequest)[-1]
    assert (second.window, second.model, second.quality, Path(second.path).suffix) == (
        *(first.window, first.model, first.quality, ".jpg"),
    )


def test_a_cancelled_dialog_is_forgotten(stage, photo):
    dialog = opened(stage, photo)
    dialog.form.parts["whole"].click()
    stage.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert stage.window.exporter.dialog is None
    assert remembered(stage.window.settings).part == "view"
    assert not stage.fake.of_kind(ExportRequest)


# ---- regions ---------------------------------------------------------------------------------------------


def test_the_frame_on_the_canvas_and_the_numbers_are_one(stage, photo):
    dialog = opened(stage, photo)
    frame = stage.window.exporter.frame
    assert not frame.isVisible()
    dialog.form.parts["region"].click()
    assert frame.isVisible()
    before = frame.rect_of(frame.box)
    corner, target = before.bottomRight().toPoint(), before.bottomRight().toPoint() + QPoint(-60, -30)
    stage.qtbot.mousePress(frame, Qt.MouseButton.LeftButton, pos=corner)
    stage.qtbot.mouseMove(frame, target)
    stage.qtbot.mouseRelease(frame, Qt.MouseButton.LeftButton, pos=target)
    after = frame.rect_of(frame.box)
    assert after.topLeft() == before.topLeft()
    assert abs(after.right() - before.right() + 60) <= 1
    assert dialog.form.wide.value() == pytest.approx(frame.box[2] - frame.box[0], abs=0.01)
    dialog.form.left.setValue(30)
    dialog.form.wide.setValue(50)
    assert frame.box[0] == pytest.approx(30)
    assert frame.box[2] - frame.box[0] == pytest.approx(50)
    dialog.form.aspect.setCurrentIndex(dialog.form.aspect.findData("1:1"))
    assert frame.box[2] - frame.box[0] == pytest.approx(frame.box[3] - frame.box[1])
    dialog.reject()
    assert not frame.isVisible()


@pytest.mark.parametrize("side", [0.08, 0.55])
def test_the_dialog_leaves_the_frame_in_sight(stage, photo, side):
    """A region in the left half and one in the right half of the window."""
    stage.show(photo)
    view = stage.state.view
    x0, x1 = (view.position_at((view.view_width * part, 0))[0] for part in (side, side + 0.37))
    stage.window.exporter.export_region((x0, 30.0, x1, 60.0))
    dialog, frame = stage.window.exporter.dialog, stage.window.exporter.frame
    shown = frame.rect_of(frame.box).toAlignedRect().translated(frame.mapToGlobal(QPoint(0, 0)))
    room = stage.window.screen().availableGeometry()
    places = range(room.left(), max(room.left() + 1, room.right() - dialog.width()), 10)
    parts = [QRect(QPoint(left, dialog.y()), dialog.size()).intersected(shown) for left in places]
    covered = dialog.geometry().intersected(shown)
    assert covered.width() <= min(part.width() for part in parts) + 12
    dialog.reject()


def test_the_view_moves_beside_the_frame_and_the_region_stays(stage, photo):
    dialog = opened(stage, photo)
    dialog.form.parts["region"].click()
    frame, box = stage.window.exporter.frame, stage.window.exporter.frame.box
    left = stage.state.view.left
    stage.qtbot.mousePress(frame, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    stage.qtbot.mouseMove(frame, QPoint(40, 10))
    stage.qtbot.mouseRelease(frame, Qt.MouseButton.LeftButton, pos=QPoint(40, 10))
    assert stage.state.view.left < left
    assert frame.box == box
    assert dialog.plan.box == box
    dialog.reject()


def read_again(stage, photo, pixels) -> None:
    """Write other pixels into the file that is open, and wait until they are on screen."""
    before = stage.state.picture
    Image.fromarray(pixels).save(photo)
    stage.until(lambda: stage.state.picture is not before)


def test_the_dialog_stays_when_the_file_is_read_again(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    form, new = dialog.form, 255 - load_picture(photo).pixels
    form.parts["region"].click()
    for box, value in ((form.left, 20), (form.top, 10), (form.wide, 60), (form.high, 40), (form.scale, 3.5)):
        box.setValue(value)
    dialog.name_file(tmp_path / "typed.png")
    region, window = form.region, dialog.plan.window
    read_again(stage, photo, new)
    assert stage.window.exporter.dialog is dialog
    assert (form.region, dialog.plan.window, dialog.name.text()) == (region, window, "typed.png")
    image = stage.state.picture.image
    stage.until(lambda: stage.fake.of_kind(ProbeRequest)[-1].export.image == image)
    stage.until(lambda: not dialog.preview.busy)
    stage.save(tmp_path / "typed.png")
    saved = np.asarray(Image.open(tmp_path / "typed.png"))
    np.testing.assert_array_equal(saved, expected(new, "diif-s-lite", 3.5, window))


def test_a_region_stays_at_its_place_when_the_file_has_another_size(stage, photo):
    dialog = opened(stage, photo)
    form = dialog.form
    form.parts["region"].click()
    for box, value in ((form.left, 60), (form.top, 30), (form.wide, 60), (form.high, 40)):
        box.setValue(value)
    form.aspect.setCurrentIndex(form.aspect.findData("3:2"))
    larger = np.asarray(Image.open(photo).resize((240, 180)))
    read_again(stage, photo, larger)
    assert form.region == pytest.approx((120, 60, 240, 140))
    assert stage.window.exporter.frame.box == form.region
    assert (form.wide.maximum(), form.high.maximum()) == (240, 180)
    read_again(stage, photo, larger[:90, :90])
    left, top, right, bottom = form.region
    assert 0 <= left < right <= 90
    assert 0 <= top < bottom <= 90
    assert (right - left) / (bottom - top) == pytest.approx(1.5)
    assert dialog.go.isEnabled()
    dialog.reject()


def test_the_last_region_is_proposed_after_the_file_was_read_again(stage, photo):
    dialog = opened(stage, photo)
    dialog.form.parts["region"].click()
    for box, value in ((dialog.form.left, 20), (dialog.form.top, 10), (dialog.form.wide, 60), (dialog.form.high, 40)):
        box.setValue(value)
    dialog.reject()
    read_again(stage, photo, np.asarray(Image.open(photo).resize((240, 180))))
    dialog = again(stage)
    dialog.form.parts["region"].click()
    assert dialog.form.region == pytest.approx((40, 20, 160, 100))
    dialog.reject()


def test_the_dialog_goes_with_its_picture(stage, photo, tmp_path):
    """What is pasted twice is two pictures of one name."""
    dialog = opened(stage, photo)
    other = tmp_path / "other.png"
    Image.new("RGB", (40, 30), "red").save(other)
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    assert stage.window.exporter.dialog is None
    for colour in ("red", "blue"):
        before = stage.state.picture
        image = QImage(40, 30, QImage.Format.Format_RGB32)
        image.fill(QColor(colour))
        stage.window.opening.open_image(image)
        stage.until(lambda was=before: stage.state.picture is not was)
        assert stage.window.exporter.dialog is None
        stage.sharp()
        dialog = again(stage)
    dialog.reject()


# ---- said beforehand -------------------------------------------------------------------------------------


def test_what_cannot_be_is_said_before_the_start(stage, photo, tmp_path, monkeypatch):
    dialog = opened(stage, photo)
    form = dialog.form
    form.parts["whole"].click()
    form.width_box.setValue(70_000)
    assert dialog.go.isEnabled()
    form.form.setCurrentIndex(form.form.findData("JPEG"))
    objects(dialog, "65,500")
    form.width_box.setValue(20_000)
    assert dialog.go.isEnabled()
    form.form.setCurrentIndex(form.form.findData("WEBP"))
    objects(dialog, "16,383")
    form.form.setCurrentIndex(form.form.findData("PNG"))
    dialog.name_file(tmp_path / "no" / "such.png")
    objects(dialog, "does not exist")
    dialog.name_file(photo)
    objects(dialog, "is the picture itself")
    dialog.name_file(tmp_path / "x.bmp")
    objects(dialog, "ending")
    monkeypatch.setattr(os, "access", lambda *_: False)
    dialog.name_file(tmp_path / "x.png")
    objects(dialog, "no permission")
    monkeypatch.undo()
    usage = type("Usage", (), {"free": 1_000_000})()
    monkeypatch.setattr(export_order.shutil, "disk_usage", lambda _: usage)
    dialog.refresh()
    objects(dialog, "The disk has 1 MB free")
    assert not stage.fake.of_kind(ExportRequest)
    dialog.reject()


def test_another_device_may_compute_the_screen_exactly_or_not(stage, photo):
    dialog = opened(stage, photo)
    client = stage.controller.client
    for dtype in ("bfloat16", "float32"):
        client.ready.emit(Ready("cpu", dtype, client.description, client.devices))
        assert dialog.form.exact.isVisibleTo(dialog) == (dtype != "float32")
    dialog.reject()


def test_what_the_renderer_tells_counts_too(stage, photo):
    dialog = opened(stage, photo)
    assert dialog.go.isEnabled()
    stage.fake.estimate = (3.0, 10**18, 1000)
    dialog.form.scale.setValue(5)
    stage.until(lambda: not dialog.preview.busy)
    objects(dialog, "the file needs about 1e+06 TB")
    stage.fake.estimate = (3.0, 1000, 10**15)
    dialog.form.scale.setValue(4)
    stage.until(lambda: not dialog.preview.busy)
    objects(dialog, "of memory")
    stage.fake.estimate = (3.0, 1000, 1000)
    dialog.form.scale.setValue(3)
    stage.until(lambda: not dialog.preview.busy)
    assert dialog.go.isEnabled()
    dialog.reject()


def test_on_another_device_the_detail_is_asked_for_anew(stage, photo):
    dialog = opened(stage, photo)
    stage.controller.renew()
    stage.until(lambda: len(stage.fakes) == 2 and bool(stage.fake.of_kind(ProbeRequest)))
    stage.until(lambda: not dialog.preview.busy)
    dialog.reject()


def test_a_picture_with_transparency_is_no_jpeg(stage, tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    dialog = opened(stage, tmp_path / "clear.png")
    dialog.form.form.setCurrentIndex(dialog.form.form.findData("JPEG"))
    objects(dialog, "transparency")
    dialog.reject()


def test_what_was_mended_outside_speaks_against_nothing_any_more(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    dialog.name_file(tmp_path / "later" / "a.png")
    objects(dialog, "does not exist")
    (tmp_path / "later").mkdir()
    dialog.activateWindow()
    stage.until(dialog.isActiveWindow)
    stage.window.activateWindow()  # there and back, as to the file manager
    stage.until(lambda: not dialog.isActiveWindow())
    dialog.activateWindow()
    stage.until(dialog.isActiveWindow)
    assert dialog.go.isEnabled()
    assert dialog.words.text() == ""
    dialog.reject()


def test_a_name_that_exists_is_asked_about(stage, photo, tmp_path):
    (tmp_path / "old.png").write_bytes(b"old")
    dialog = opened(stage, photo)
    dialog.name_file(tmp_path / "old.png")
    assert "exists already" in dialog.words.text()
    assert dialog.go.text() == "Replace"
    stage.qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    assert stage.window.exporter.dialog is dialog
    assert (tmp_path / "old.png").read_bytes() == b"old"
    stage.qtbot.keyClick(dialog.go, Qt.Key.Key_Return)
    order(stage)
    assert (tmp_path / "old.png").read_bytes().startswith(b"\x89PNG")


def test_enter_in_the_name_replaces_nothing_where_the_mouse_rests_on_the_button(stage, photo, tmp_path):
    (tmp_path / "old.png").write_bytes(b"old")
    dialog = opened(stage, photo)
    stage.qtbot.mouseMove(dialog.go)
    stage.until(dialog.go.underMouse)
    dialog.name.selectAll()
    stage.qtbot.keyClicks(dialog.name, "old.png")
    stage.qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    assert stage.window.exporter.dialog is dialog
    assert stage.fake.of_kind(ExportRequest) == []
    dialog.name.setFocus()
    stage.qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    order(stage)
    assert (tmp_path / "old.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_that_fails_is_said_where_the_detail_would_be(stage, photo):
    dialog = opened(stage, photo)
    stage.fake.broken["liif-lite"] = "liif-lite.safetensors: the file is damaged."
    dialog.form.method.setCurrentIndex(dialog.form.method.findData("liif-lite"))
    stage.until(lambda: "damaged" in dialog.preview.words)
    dialog.reject()


# ---- what belongs to a picture ---------------------------------------------------------------------------


def test_metadata_are_kept_and_personal_ones_can_be_left_out(stage, tmp_path):
    exif = Image.Exif()
    exif[0x0110], exif[0x013B] = "Camera 7", "A. Person"
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.jpg", exif=exif, dpi=(200, 200))
    dialog = opened(stage, tmp_path / "in.jpg")
    stage.save(tmp_path / "kept.png")
    with Image.open(tmp_path / "kept.png") as kept:
        assert kept.getexif()[0x013B] == "A. Person"
        assert kept.getexif()[0x0110] == "Camera 7"
        assert "DIIF Viewer" in kept.getexif()[0x0131]
        assert kept.info["dpi"][0] == pytest.approx(200, abs=0.1)
    dialog = again(stage)
    dialog.form.strip.click()
    dialog.form.dpi.setValue(600)
    dialog.form.print_width.setValue(20)
    stage.save(tmp_path / "bare.png")
    with Image.open(tmp_path / "bare.png") as bare:
        assert 0x013B not in bare.getexif()
        assert bare.getexif()[0x0110] == "Camera 7"
        assert bare.info["dpi"][0] == pytest.approx(600, abs=0.1)
        assert bare.width == round(20 / 25.4 * 600)


# ---- the real renderer -----------------------------------------------------------------------------------


PATIENCE = 150_000
"""Milliseconds, on a busy machine."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_file_is_the_sharp_picture_on_screen(qtbot, photo, tmp_path, monkeypatch, dtype):
    """Exactly where the screen computes in float32, within a few levels of a screen of bfloat16 and bytes."""
    monkeypatch.setenv("DIIF_VIEWER_DTYPE", dtype)
    viewer = Viewer()
    viewer.scene.fade = 0.0
    viewer.window.resize(1000, 520)
    viewer.show(photo)
    qtbot.waitExposed(viewer.window)
    try:
        qtbot.waitUntil(lambda: viewer.controller.sharp, timeout=PATIENCE)
        viewer.window.navigator.zoom_to(7.3)
        qtbot.waitUntil(lambda: viewer.controller.sharp, timeout=PATIENCE)
        shown = Stage.canvas_pixels(viewer)
        view, exporter, queue = viewer.state.view.rested(), viewer.window.exporter, viewer.window.exports.queue
        exporter.export_view()
        qtbot.waitUntil(lambda: exporter.dialog.facts["time"].text() != "…", timeout=PATIENCE)
        window = exporter.dialog.plan.window
        assert exporter.dialog.form.exact.isHidden() == (dtype == "float32")
        exporter.dialog.name_file(tmp_path / "screen.png")
        exporter.dialog.command.click()
        command = shlex.split(QGuiApplication.clipboard().text())
        exporter.dialog.go.click()
        qtbot.waitUntil(lambda: "Saved" in queue.text, timeout=PATIENCE)
        saved = np.asarray(Image.open(tmp_path / "screen.png")).astype(int)
        seen = shown[window.top - int(view.top) :, window.left - int(view.left) :][: window.height, : window.width]
        difference = np.abs(saved - seen)
        assert difference.max() <= (0 if dtype == "float32" else 4)
        assert main([*command[1:-1], str(tmp_path / "command.png")]) == 0
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "command.png")), saved)
        took = []
        for number in range(3):
            exporter.export_view()
            exporter.dialog.form.parts["whole"].click()
            exporter.dialog.form.scale.setValue(40)
            exporter.dialog.name_file(tmp_path / f"long-{number}.png")
            exporter.dialog.go.click()
            job = max(queue.rows)
            qtbot.waitUntil(lambda job=job: "%" in queue.rows[job].words.text(), timeout=PATIENCE)
            started = time.perf_counter()
            queue.rows[job].cancel.click()
            qtbot.waitUntil(lambda job=job: job not in queue.rows, timeout=PATIENCE)
            took.append(time.perf_counter() - started)
        assert min(took) < 1.0  # under 0.2 s where nothing else runs
        qtbot.waitUntil(lambda: not list(tmp_path.glob("*long*")), timeout=PATIENCE)  # its thread clears away
    finally:
        QGuiApplication.clipboard().clear()
        viewer.window.close()
        viewer.shutdown()
        viewer.window.deleteLater()
