"""The list of what there is to know of a picture: it follows the active pane, and says nothing that is not known."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational
from PySide6.QtCore import Qt
from PySide6.QtGui import QColorSpace, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel

from diif_viewer.imaging.save import save_png
from diif_viewer.ui import language
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.opening import PASTED
from tests.ui.test_files import other_photo
from tests.ui.test_guests import guest_in
from tests.ui.test_playing import moving, playing  # noqa: F401

BASE = ExifTags.Base


def asked(stage) -> dict[str, str]:
    """What the list says, opened where it is closed."""
    if stage.window.information.dialog is None:
        stage.window.actions_by_name["information"].trigger()
    stage.until(lambda: bool(stage.window.information.dialog.rows))
    return dict(stage.window.information.dialog.rows)


@pytest.fixture
def shot(tmp_path):
    exif = Image.Exif()
    exif[BASE.Model], exif[BASE.Artist] = "Nokia <b>7</b>", "Ann"
    exif[ExifTags.IFD.Exif] = {
        BASE.DateTimeOriginal: "2024:05:01 12:30:07",
        BASE.ExposureTime: IFDRational(1, 250),
        BASE.FNumber: IFDRational(28, 10),
        BASE.ISOSpeedRatings: 100,
        BASE.FocalLength: IFDRational(41, 10),
        BASE.FocalLengthIn35mmFilm: 27,
    }
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (48.0, 51.0, 30.0), 3: "W", 4: (2.0, 17.0, 24.0)}
    path = tmp_path / "shot.jpg"
    pixels = np.random.default_rng(2).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, exif=exif, dpi=(300, 300))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def test_a_photograph_tells_how_it_was_taken(stage, shot):
    stage.show(shot)
    stage.qtbot.keyClick(stage.window.canvas, Qt.Key.Key_F9)
    assert stage.window.information.dialog.isVisible()
    said = asked(stage)
    assert said["Name"] == "shot.jpg"
    assert said["Folder"] == str(shot.parent)
    assert said["File"].startswith("JPEG, ")
    assert "changed 2023-11-1" in said["File"]
    assert said["Size"] == "120 x 90 pixels, 0.0108 MP"
    assert said["Colours"] == "RGB, 8 bits, no profile, taken for sRGB"
    assert said["Resolution"] == "300 dpi"
    assert said["Taken"] == "2024-05-01 12:30:07"
    assert said["Exposure"] == "1/250 s, f/2.8, ISO 100, 4.1 mm, as 27 mm on 35 mm film"
    assert said["Place"] == "48.85833° N, 2.29000° W"
    assert (said["Camera"], said["Artist"]) == ("Nokia <b>7</b>", "Ann")
    shown = {label.text(): label.textFormat() for label in stage.window.information.dialog.findChildren(QLabel)}
    assert shown["Nokia <b>7</b>"] == Qt.TextFormat.PlainText
    assert "Lens" not in said


def test_it_follows_the_picture_and_the_pane(stage, shot, tmp_path):
    other = other_photo(tmp_path, "other.png", size=(40, 50))
    stage.show(shot)
    assert asked(stage)["Name"] == "shot.jpg"
    stage.window.actions_by_name["turn_right"].trigger()
    stage.until(lambda: asked(stage).get("Turned") == "to the right")
    assert asked(stage)["Size"].startswith("90 x 120")
    stage.state.set_layout(Layout.TWO)
    guest_in(stage, 0, other)
    stage.state.set_active(0)
    stage.until(lambda: asked(stage)["Name"] == "other.png")
    stage.state.set_active(1)
    stage.until(lambda: asked(stage)["Name"] == "shot.jpg")
    stage.window.information.dialog.copy.click()
    assert QGuiApplication.clipboard().text().splitlines()[0] == "Name: shot.jpg"
    QGuiApplication.clipboard().clear()
    dialog = stage.window.information.dialog
    stage.window.actions_by_name["information"].trigger()
    assert stage.window.information.dialog is dialog, "there is one of it"
    dialog.reject()
    assert stage.window.information.dialog is None
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    assert asked(stage)["Name"] == "other.png"


def test_long_texts_have_room_and_end_somewhere(stage, tmp_path):
    exif = Image.Exif()
    exif[BASE.Copyright], exif[BASE.ImageDescription] = "all rights " * 15, "word " * 2000
    Image.fromarray(np.zeros((9, 12, 3), np.uint8)).save(tmp_path / "long.jpg", exif=exif)
    stage.show(tmp_path / "long.jpg")
    said, dialog = asked(stage), stage.window.information.dialog
    assert len(said["Description"]) > 9000
    dialog.grab()  # lays it out
    for label in dialog.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
    assert dialog.height() < 480


def test_a_name_that_cannot_be_broken_does_not_widen_it_without_end(stage, tmp_path):
    path = tmp_path / ("name" * 50 + ".png")
    Image.fromarray(np.zeros((9, 12, 3), np.uint8)).save(path)
    stage.show(path)
    assert asked(stage)["Name"] == path.name, "the whole of it is copied"
    dialog = stage.window.information.dialog
    assert dialog.width() < 800
    names = [label.text() for label in dialog.findChildren(QLabel) if label.text().endswith("name.png")]
    assert len(names) == 1
    assert names[0].startswith("namename")
    assert "…" in names[0]


def test_depth_and_colours_are_those_of_the_file(stage, tmp_path):
    profile = bytes(QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb).iccProfile())
    words = np.random.default_rng(1).integers(0, 65536, (40, 50, 4)).astype(np.uint16)
    save_png(words, tmp_path / "deep.png", icc_profile=profile)
    stage.show(tmp_path / "deep.png")
    said = asked(stage)
    assert said["Colours"].startswith("RGB, transparency, 16 bits, ")
    assert "Adobe" in said["Colours"]
    assert "Resolution" not in said


def test_what_has_no_file_says_what_is_known(stage, photo):
    stage.show(photo)
    QGuiApplication.clipboard().setImage(QImage(str(photo)))
    stage.window.actions_by_name["paste"].trigger()
    stage.until(lambda: stage.state.picture.path == PASTED)
    assert list(asked(stage)) == ["Name", "Size", "Colours"]
    QGuiApplication.clipboard().clear()


def test_a_reduced_picture_is_told_as_the_whole_one(stage, photo):
    stage.show(photo)
    stage.window.ground_truth.reduce(2.0)
    stage.until(lambda: stage.state.picture.reduced is not None)
    assert asked(stage)["Size"].startswith("120 x 90")


def test_frames_that_play_are_not_told_one_by_one(stage, moving):  # noqa: F811
    turned = playing(stage, moving)
    said = asked(stage)
    assert said["Page"].endswith(" / 6")
    begun = len(turned)
    stage.until(lambda: len(turned) > begun + 6)
    assert asked(stage) == said
    stage.window.player.stop()
    stage.window.pages.go_to(3)
    stage.until(lambda: asked(stage)["Page"] == "4 / 6")


def test_numbers_are_written_as_the_language_has_them(stage, shot, monkeypatch):
    monkeypatch.setattr(language, "_present", "de")
    stage.show(shot)
    said = asked(stage)
    assert said["Belichtung"] == "1/250 s, f/2,8, ISO 100, 4,1 mm, wie 27 mm bei Kleinbild"
    assert said["Ort"] == "48,85833° N, 2,29000° W"


def test_without_a_picture_there_is_nothing_to_ask(stage):
    stage.show(None)
    assert not stage.window.actions_by_name["information"].isEnabled()
