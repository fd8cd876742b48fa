"""Comparison figures: what a drag, a dialog and a file give, read back pixel for pixel."""

from __future__ import annotations

import base64
import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from diif_viewer.engine.messages import CancelExport, CropRequest
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.colour import rgb_to_y
from diif_viewer.imaging.metrics import psnr, ssim
from diif_viewer.imaging.reduction import reduced_pair
from diif_viewer.ui.figure import Crop, Figure, Row, plan
from diif_viewer.ui.figure_dialog import choose_figure_path, parse_scales
from diif_viewer.ui.figure_file import write_figure
from diif_viewer.ui.keys_dialog import KeysDialog
from diif_viewer.ui.open_dialog import OpenDialog
from tests.ui.conftest import image_format, to_array
from tests.ui.fake_renderer import expected
from tests.ui.on_screen import source
from tests.ui.test_export_dialog import read_again
from tests.ui.test_ground_truth import large, reduce

__all__ = ["large"]

SVG = "{http://www.w3.org/2000/svg}"


def drag_region(stage, start=(200, 150), end=(330, 250)):
    """Key C, then a drag; the dialog that opens."""
    start, end = QPoint(*start), QPoint(*end)
    canvas = stage.window.canvas
    stage.qtbot.keyClick(canvas, Qt.Key.Key_C)
    stage.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    stage.qtbot.mouseMove(canvas, end)
    stage.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    assert stage.window.figures.dialog is not None
    return stage.window.figures.dialog


def complete(stage, dialog):
    stage.until(lambda: dialog.figure is not None)
    return dialog.figure


def type_scales(stage, dialog, text):
    dialog.scales.setFocus()
    dialog.scales.setText(text)
    stage.qtbot.keyClick(dialog.scales, Qt.Key.Key_Return)


def save(stage, dialog, path):
    stage.window.figures.choose = lambda *_: path
    stage.qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    stage.until(lambda: stage.window.notice.text.startswith("Saved"))


def panel(picture, figure, row, column):
    """The pixels of one crop on a drawn figure, as many as it has."""
    laid = plan(figure)
    place = laid.place(row, column).toRect()
    height, width = figure.rows[row].size
    factor = laid.panel[0] // height
    part = picture[place.top() : place.top() + laid.panel[0], place.left() : place.left() + laid.panel[1]]
    assert part.shape[:2] == (height * factor, width * factor)
    return part[::factor, ::factor]


@pytest.mark.parametrize("name", ["figure", "models", "keys", "open"])
def test_no_dialog_begins_larger_than_the_screen(stage, photo, qtbot, name):
    """Where that has 800 x 800 logical pixels."""
    stage.show(photo)
    if name == "figure":
        dialog = drag_region(stage)
        complete(stage, dialog)
    elif name == "models":
        stage.window.models.show()
        dialog = stage.window.models.dialog
    else:
        parent = stage.window
        keys = name == "keys"
        dialog = KeysDialog(parent.keys, parent) if keys else OpenDialog(parent, "Open", str(photo), several=True)
        qtbot.addWidget(dialog)
        dialog.show()
    room = dialog.screen().availableSize()
    assert dialog.width() <= room.width()
    assert dialog.height() <= room.height()
    dialog.reject()
    if name == "open":
        dialog.shutdown()


def test_a_figure_holds_the_region_by_every_method_and_scale(stage, photo, tmp_path):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    dialog = drag_region(stage)
    assert stage.window.notice.isHidden()
    assert [name for name, box in dialog.boxes.items() if box.isChecked()] == list(dialog.wish.methods)
    assert dialog.wish.methods == ("bicubic", "liif-lite", "diif-lite", "diif-s-lite")
    assert dialog.wish.scales == (8.0,)
    type_scales(stage, dialog, "x3, x8")
    figure = complete(stage, dialog)
    save(stage, dialog, tmp_path / "figure.png")
    assert stage.window.figures.dialog is None
    with Image.open(tmp_path / "figure.png") as image:
        picture = np.asarray(image.convert("RGB"))
    box = (figure.box[0] * 120, figure.box[1] * 90, figure.box[2] * 120, figure.box[3] * 90)
    assert box[2] - box[0] == pytest.approx(130 / 8)
    for row, scale in enumerate((3.0, 8.0)):
        window = Lattice.of_scale(90, 120, scale).window_of(box)
        for column, method in enumerate(dialog_methods := ("bicubic", "liif-lite", "diif-lite", "diif-s-lite")):
            wanted = expected(source(photo), method, scale, window)
            if row == 1:  # the largest crops are enlarged by whole factors
                np.testing.assert_array_equal(panel(picture, figure, row, column), wanted)
        assert len(figure.rows[row].crops) == len(dialog_methods)
    assert list(tmp_path.glob(".figure*")) == []


def test_with_the_truth_each_crop_is_measured_as_the_papers_do(stage, large, tmp_path):
    stage.show(large)
    stage.sharp()
    reduce(stage)
    dialog = drag_region(stage)
    for name in ("nearest", "liif-lite", "diif-lite"):
        dialog.boxes[name].setChecked(False)
    type_scales(stage, dialog, "4, 2.5")
    figure = complete(stage, dialog)
    assert [crop.label for crop in figure.rows[0].crops] == ["Bicubic", "DIIF-S", "Truth"]
    height, width = source(large).shape[:2]  # a little more than is compared at x4
    left, top, right, bottom = (
        round(part * extent) for part, extent in zip(figure.box, (width, height) * 2, strict=True)
    )
    for row in figure.rows:
        low, truth = reduced_pair(source(large), row.scale)
        lattice = Lattice.of_size(*low.shape[:2], *truth.shape[:2])
        window = Window(top, left, bottom, right)
        assert row.size == (bottom - top, right - left)
        for crop, method in zip(row.crops, ("bicubic", "diif-s-lite", None), strict=True):
            real = truth[top:bottom, left:right]
            shown = to_array(crop.pixels.convertToFormat(image_format()))
            if method is None:
                np.testing.assert_array_equal(shown, real)
                assert math.isinf(crop.psnr)
                continue
            assert lattice.window.contains(window)
            pair = rgb_to_y(shown / 255.0), rgb_to_y(real / 255.0)
            assert crop.psnr == pytest.approx(psnr(*pair))
            assert crop.ssim == pytest.approx(ssim(*pair))
    assert figure.rows[0].crops[0].psnr > 20  # bicubic: the right place of the right picture
    save(stage, dialog, tmp_path / "figure.svg")
    root = ET.parse(tmp_path / "figure.svg").getroot()
    texts = ["".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")]
    assert texts.count("DIIF-S") == 2
    assert f"{figure.rows[0].crops[0].psnr:.2f} dB / {figure.rows[0].crops[0].ssim:.3f}" in texts
    assert any(text.startswith("large.png, region") for text in texts)


def test_pictures_and_text_in_svg_and_pdf(stage, photo, tmp_path):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    stage.sharp()
    dialog = drag_region(stage, (100, 120), (200, 200))
    dialog.whole.setChecked(False)
    figure = complete(stage, dialog)
    write_figure(figure, tmp_path / "figure.svg")
    root = ET.parse(tmp_path / "figure.svg").getroot()
    images = [image.get("{http://www.w3.org/1999/xlink}href") for image in root.iter(f"{SVG}image")]
    assert len(images) == 4
    held = QImage.fromData(base64.b64decode(images[2].split(",")[1])).convertToFormat(image_format())
    crop = figure.rows[0].crops[2].pixels.convertToFormat(image_format())
    factor = held.width() // crop.width()
    np.testing.assert_array_equal(to_array(held)[::factor, ::factor], to_array(crop))
    write_figure(figure, tmp_path / "figure.pdf")
    document = (tmp_path / "figure.pdf").read_bytes()
    assert document.startswith(b"%PDF-")
    assert document.rstrip().endswith(b"%%EOF")
    assert document.count(b"/Subtype /Image") == 4
    assert b"/FontFile" in document  # letters, not pictures of letters
    laid = plan(figure)
    numbers = document.split(b"/MediaBox [")[1].split(b"]")[0].split()
    assert [float(n) for n in numbers] == pytest.approx([0, 0, laid.width * 0.75, laid.height * 0.75], abs=1)
    dialog.reject()


def test_what_is_there_is_not_rendered_again_and_closing_stops_the_rest(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    dialog = drag_region(stage)
    complete(stage, dialog)
    assert len(stage.fake.of_kind(CropRequest)) == 4
    dialog.whole.setChecked(False)
    complete(stage, dialog)
    dialog.boxes["lanczos"].setChecked(True)
    complete(stage, dialog)
    assert [r.model for r in stage.fake.of_kind(CropRequest)[4:]] == ["lanczos"]
    stage.qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().image().size() == dialog.image.size()
    stage.gate.clear()
    type_scales(stage, dialog, "x5")
    stage.until(lambda: len(stage.fake.of_kind(CropRequest)) == 10)
    assert not dialog.save_button.isEnabled()
    dialog.reject()
    stage.until(lambda: len(stage.fake.of_kind(CancelExport)) == 5)
    stage.gate.set()


def test_what_goes_wrong_is_said_and_the_dialog_stays(stage, photo, tmp_path):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    stage.fake.broken["liif-lite"] = "There was not enough memory for this view; the preview stays."
    dialog = drag_region(stage)
    stage.until(lambda: "memory" in dialog.words.text())
    assert not dialog.save_button.isEnabled()
    dialog.boxes["liif-lite"].setChecked(False)
    complete(stage, dialog)
    stage.window.figures.choose = lambda *_: tmp_path / "no such folder" / "figure.pdf"
    stage.qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    stage.until(lambda: "folder" in dialog.words.text())
    type_scales(stage, dialog, "nonsense")
    assert dialog.wish is None
    assert "scales" in dialog.words.text()
    dialog.reject()


@pytest.mark.parametrize("size", [(120, 90), (240, 180)])
def test_the_dialog_stays_when_the_file_is_read_again(stage, photo, tmp_path, size):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    dialog = drag_region(stage)
    dialog.boxes["nearest"].setChecked(True)
    box = complete(stage, dialog).box
    new = np.asarray(Image.fromarray(255 - source(photo)).resize(size))
    read_again(stage, photo, new)
    assert stage.window.figures.dialog is dialog
    assert not dialog.save_button.isEnabled()
    assert not dialog.image.isNull()  # what was seen, until the new one is there
    figure = complete(stage, dialog)
    assert figure.box == pytest.approx(box)
    methods = dialog.wish.methods
    assert "nearest" in methods
    save(stage, dialog, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as image:
        picture = np.asarray(image.convert("RGB"))
    place = tuple(part * extent for part, extent in zip(figure.box, size * 2, strict=True))
    window = Lattice.of_scale(size[1], size[0], 8).window_of(place)
    for column, method in enumerate(methods):
        np.testing.assert_array_equal(panel(picture, figure, 0, column), expected(new, method, 8.0, window))


def test_the_dialog_goes_with_its_picture(stage, photo, tmp_path):
    stage.show(photo)
    stage.sharp()
    drag_region(stage)
    Image.new("RGB", (40, 30), "red").save(tmp_path / "other.png")
    stage.window.open_path(tmp_path / "other.png")
    stage.until(lambda: stage.state.picture.path.name == "other.png")
    assert stage.window.figures.dialog is None


def test_a_figure_is_made_though_the_renderer_dies(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    stage.gate.clear()
    dialog = drag_region(stage)
    first = stage.fake
    stage.until(lambda: bool(first.of_kind(CropRequest)))
    first.kill()
    stage.gate.set()
    stage.until(lambda: stage.fake is not first)
    figure = complete(stage, dialog)
    assert figure.complete
    assert "pixels" in dialog.words.text()
    dialog.reject()


@pytest.mark.parametrize(("answer", "name"), [("Yes", "fig.pdf"), ("Cancel", None)])
def test_a_name_without_an_ending_replaces_nothing_unasked(qtbot, monkeypatch, tmp_path, answer, name):
    """The file dialog asks about the name as it was typed."""
    given = str(tmp_path / "fig"), "PDF document (*.pdf)"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: given)
    parent, asked = QWidget(), []
    qtbot.addWidget(parent)

    def press():
        box = QApplication.activeModalWidget()
        asked.append(box.text())
        box.button(QMessageBox.StandardButton[answer]).click()

    assert choose_figure_path(parent, tmp_path / "photo-comparison.png") == tmp_path / "fig.pdf"
    (tmp_path / "fig.pdf").touch()
    QTimer.singleShot(0, press)
    path = choose_figure_path(parent, tmp_path / "photo-comparison.png")
    assert asked == ["fig.pdf exists already. Replace it, or give another name."]
    assert (path and path.name) == name
    given = str(tmp_path / "fig.pdf"), "PDF document (*.pdf)"
    assert choose_figure_path(parent, tmp_path / "photo-comparison.png") == tmp_path / "fig.pdf"


@pytest.mark.parametrize(
    ("text", "scales"),
    [("x4", (4.0,)), ("4, 8;12.5", (4.0, 8.0, 12.5)), ("400 %", (4.0,)), ("", None), ("x1", None), ("4,4", (4.0,))],
)
def test_scales_as_people_write_them(text, scales):
    assert parse_scales(text) == scales


@pytest.mark.parametrize(("height", "width"), [(60, 60), (240, 240), (1800, 1800), (40, 1800), (1800, 300)])
def test_words_can_be_read_beside_small_and_large_crops(height, width):
    pixels = QImage(width, height, QImage.Format.Format_RGB32)
    laid = plan(Figure(None, (0, 0, 1, 1), (Row(4.0, (height, width), (Crop("LIIF", pixels, 30.0, 0.9),)),), ""))
    assert laid.text / laid.panel[1] > 1 / 22 or laid.text >= 26
    assert laid.text <= max(26, laid.panel[0] / 15)


def test_the_best_of_a_row_is_the_highest_that_is_known():
    def crop(label, value):
        return Crop(label, None, value)

    row = Row(4, (9, 9), (crop("a", 30.0), crop("b", 31.0), crop("Truth", math.inf)))
    assert row.best == 31.0
    assert math.isnan(Row(4, (9, 9), (crop("a", None),)).best)
    assert not Figure(None, (0, 0, 1, 1), (row,), "").complete


def test_without_a_mouse_enter_takes_what_the_pane_shows(stage, photo):
    stage.show(photo)
    stage.qtbot.keyClicks(stage.window.canvas, "6")
    stage.sharp()
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_C)
    assert "Enter" in stage.window.notice.text
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_Return)
    dialog = stage.window.figures.dialog
    figure = complete(stage, dialog)
    window = stage.state.view.window
    assert figure.rows[0].size == (window.height, window.width)
    assert not stage.window.canvas.choosing_region
    dialog.reject()
