"""The open dialog shows what is pointed at, reads it in a thread, and says why where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QLineEdit

from diif_viewer.ui import open_dialog
from diif_viewer.ui.open_dialog import SIDE, OpenDialog, preview_of


@pytest.fixture
def dialog(qtbot, tmp_path):
    made = OpenDialog(None, "Open pictures", str(tmp_path), several=True)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shutdown()
    made.close()


def shown(qtbot, dialog, path):
    with qtbot.waitSignal(dialog.previewed, timeout=20_000, check_params_cb=lambda seen, _: seen == path) as told:
        dialog.point_at(str(path))
    return told.args[1]


def test_what_is_pointed_at_is_shown_with_its_size(qtbot, dialog, photo, tmp_path):
    preview = shown(qtbot, dialog, photo)
    assert dialog.words.text() == "120 x 90 · PNG"
    assert (preview.image.width(), preview.image.height()) == (120, 90)
    assert dialog.picture.pixmap().width() == 120
    large = tmp_path / "large.jpg"
    Image.fromarray(np.full((900, 1800, 3), (200, 90, 30), np.uint8)).save(large)
    preview = shown(qtbot, dialog, large)
    assert (preview.image.width(), preview.image.height()) == (SIDE, SIDE // 2)
    colour = preview.image.pixelColor(9, 9)
    assert (colour.red(), colour.green(), colour.blue()) == pytest.approx((200, 90, 30), abs=4)
    dialog.point_at(str(tmp_path))
    assert dialog.words.text() == ""


def test_a_name_that_is_typed_is_shown_too(qtbot, dialog, photo):
    line = dialog.findChild(QLineEdit, "fileNameEdit")
    with qtbot.waitSignal(dialog.previewed, timeout=20_000, check_params_cb=lambda seen, _: seen == photo):
        line.setText("photo.png")  # key by key a list of names would come up, which this platform complains about


def test_what_is_broken_is_said_and_pages_are_counted(qtbot, dialog, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    assert "not a picture" in shown(qtbot, dialog, broken).words
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tif", save_all=True, append_images=[Image.new("RGB", (8, 8))] * 2)
    assert "3 pages" in shown(qtbot, dialog, tmp_path / "a.tif").words


def test_a_preview_is_upright_and_too_large_ones_are_left_out(tmp_path, monkeypatch):
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :30] = (250, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: what is left comes to the top
    for name in ("turned.tif", "turned.jpg", "turned.png"):
        Image.fromarray(pixels).save(tmp_path / name, exif=exif)
        image = preview_of(tmp_path / name, 100).image
        assert (image.width(), image.height()) == (40, 60)
        assert image.pixelColor(20, 5).red() > 240
        assert image.pixelColor(20, 55).red() < 10
    monkeypatch.setattr("diif_viewer.imaging.thumbnail.MOST_BYTES", 1000)
    preview = preview_of(tmp_path / "turned.png", 100)
    assert preview.image.isNull()
    assert "too large for a preview" in preview.words


@pytest.mark.skipif(open_dialog.sys.platform in ("win32", "darwin"), reason="the system's own dialog")
def test_the_action_opens_what_was_chosen_in_it(stage, photo):
    stage.show(None)

    tries = iter(range(60))

    def choose():
        dialog = next((w for w in QApplication.topLevelWidgets() if isinstance(w, OpenDialog) and w.isVisible()), None)
        if dialog is not None and next(tries, None) is None:
            dialog.reject()
        elif dialog is not None:
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            line.setText(str(photo))
            stage.qtbot.keyClick(line, Qt.Key.Key_Return)

    timer = QTimer(stage.window)
    timer.timeout.connect(choose)
    timer.start(100)
    stage.window.actions_by_name["open"].trigger()
    timer.stop()
    stage.until(lambda: stage.state.picture is not None and stage.state.picture.path == photo)
