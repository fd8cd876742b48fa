"""Films of a zoom: chosen in a dialog beside the view, made by the renderer, told by the list of exports."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest
from PIL import Image
from PySide6.QtCore import QRect, Qt

from diif_viewer.engine.messages import CancelExport, FilmProbe, FilmRequest
from diif_viewer.ui import film_choices
from diif_viewer.ui.film_choices import FilmChoices, frame_size, path_of, remember, remembered
from diif_viewer.ui.settings import Settings
from diif_viewer.viewport import Viewport

VIEW = Viewport(900, 1200, 480, 640, 5.0, 1000.0, 2000.0)


def film(stage, photo):
    """The dialog, open, with a short film as GIF chosen."""
    stage.show(photo)
    stage.sharp()
    stage.window.actions_by_name["film"].trigger()
    dialog = stage.window.films.dialog
    assert dialog is not None
    dialog.seconds.setValue(0.2)
    dialog.rate.setValue(20)
    dialog.size_box.setCurrentIndex(dialog.size_box.findData("640x360"))
    dialog.form.setCurrentIndex(dialog.form.findData("GIF"))
    return dialog


# ---- paths -----------------------------------------------------------------------------------------------


def test_from_x1_to_x30_on_the_middle_of_the_view() -> None:
    path = path_of(FilmChoices(), VIEW, VIEW)
    assert (path.start.scale, path.end.scale) == (1.0, 30.0)
    middle = VIEW.position_at((320, 240))
    assert path.end.position_at((640, 360)) == pytest.approx(middle, abs=1)
    assert path.start == path.start.clamped().rested()
    assert (path.seconds, path.rate, path.count) == (5.0, Fraction(30), 150)


def test_a_view_of_the_screen_is_an_end_as_it_was() -> None:
    other = VIEW.at_scale(12.0).panned(300, 200)
    path = path_of(FilmChoices(start="view", end="view", size="view"), VIEW, other)
    assert (path.start, path.end) == (VIEW.rested(), other.rested())


def test_in_frames_of_another_size_it_shows_as_much() -> None:
    path = path_of(FilmChoices(start="view", end="whole", size="1920x1080"), VIEW, VIEW)
    assert path.start.scale == pytest.approx(5.0 * 1080 / 480)
    assert path.start.position_at((960, 540)) == pytest.approx(VIEW.position_at((320, 240)), abs=0.2)
    assert path.end.is_fitted


def test_x30_closes_in_on_the_middle_of_the_view_it_starts_from() -> None:
    path = path_of(FilmChoices(start="view", end="x30"), VIEW, VIEW.panned(2000, 900))
    assert path.end.position_at((640, 360)) == pytest.approx(VIEW.position_at((320, 240)), abs=1)


def test_frames_as_large_as_the_view_have_even_sides() -> None:
    assert frame_size("view", replace(VIEW, view_height=481, view_width=643)) == (480, 642)
    assert frame_size("1080x1920", VIEW) == (1920, 1080)


def test_choices_are_remembered_and_damage_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, chosen = Settings(), FilmChoices("view", "whole", 2.5, 24.0, "view", "out", "GIF", "/tmp")
    remember(chosen, settings)
    assert remembered(settings) == chosen
    for name, value in (("start", "moon"), ("seconds", "nan"), ("rate", "-5"), ("form", "AVI"), ("size", "1x1")):
        settings.put(f"film_{name}", value)
    assert remembered(settings) == FilmChoices(
        end="whole", rate=0.1, easing="out", folder="/tmp", form=remembered(Settings()).form
    )
    monkeypatch.setattr(film_choices, "has_video", lambda: False)
    assert remembered(Settings()).form == "WebP"


# ---- the dialog ------------------------------------------------------------------------------------------


def test_from_the_dialog_to_the_file(stage, photo, tmp_path) -> None:
    dialog = film(stage, photo)
    assert dialog.name.text() == "photo-zoom-x1-x30.gif"
    assert dialog.facts["size"].text() == "4 frames of 640 x 360"
    dialog.go.click()
    queue = stage.window.exports.queue
    stage.until(lambda: "Saved" in queue.text)
    (request,) = stage.fake.of_kind(FilmRequest)
    assert request.model == "diif-s-lite"
    assert request.path.easing == "smooth"
    with Image.open(tmp_path / "photo-zoom-x1-x30.gif") as made:
        assert (made.size, made.n_frames) == ((640, 360), 4)
    stage.window.actions_by_name["film"].trigger()
    again = stage.window.films.dialog
    assert again.choices.form == "GIF"
    assert again.name.text() == "photo-zoom-x1-x30 (2).gif"
    again.reject()


def grey(dialog) -> int:
    return dialog.preview.image.pixelColor(3, 3).red()


def test_a_small_film_plays_before_the_start_and_what_it_takes_is_told(stage, photo) -> None:
    dialog = film(stage, photo)
    stage.until(lambda: dialog.facts["file"].text() == "about 123 kB")
    assert (dialog.facts["time"].text(), dialog.facts["memory"].text()) == ("about 4 s", "50 MB")
    probe = stage.fake.of_kind(FilmProbe)[-1]
    assert probe.side == dialog.preview.side
    assert probe.film.path == dialog.order().path
    assert dialog.preview.frames == 4
    seen = set()
    stage.until(lambda: seen.add(grey(dialog)) or seen == {0, 1, 2, 3})  # it moves by itself
    stage.qtbot.mouseClick(dialog.preview, Qt.MouseButton.LeftButton)
    assert not dialog.preview.playing
    still = grey(dialog)
    stage.qtbot.wait(300)
    assert grey(dialog) == still
    stage.qtbot.mouseClick(dialog.preview, Qt.MouseButton.LeftButton)
    stage.until(lambda: grey(dialog) != still)
    before = len(stage.fake.of_kind(FilmProbe))
    dialog.name.setText("other.gif")
    dialog.refresh()
    dialog.easing.setCurrentIndex(dialog.easing.findData("linear"))
    stage.until(lambda: len(stage.fake.of_kind(FilmProbe)) == before + 1)  # a name alone is no other film
    assert stage.fake.of_kind(FilmProbe)[-1].film.path.easing == "linear"
    dialog.reject()


def test_what_a_film_takes_can_speak_against_it(stage, photo) -> None:
    dialog = film(stage, photo)
    stage.fake.estimate = (3.0, 10**18, 1000)
    dialog.seconds.setValue(0.5)
    stage.until(lambda: "The disk has" in dialog.words.text())
    assert not dialog.go.isEnabled()
    dialog.refresh()
    assert not dialog.go.isEnabled()
    stage.fake.estimate = (3.0, 1000, 10**15)
    dialog.seconds.setValue(0.3)
    stage.until(lambda: "of memory" in dialog.words.text())
    stage.fake.estimate = (3.0, 1000, 1000)
    dialog.seconds.setValue(0.4)
    stage.until(lambda: dialog.facts["memory"].text() == "1 kB")
    assert dialog.go.isEnabled()
    dialog.reject()


def test_a_model_that_fails_is_said_where_the_film_would_play(stage, photo) -> None:
    dialog = film(stage, photo)
    stage.fake.broken["diif-s-lite"] = "diif-s-lite.safetensors: the file is damaged."
    dialog.seconds.setValue(0.3)
    stage.until(lambda: "damaged" in dialog.preview.words)
    assert dialog.facts["time"].text() == "…"
    dialog.reject()


@pytest.mark.parametrize("size", [(120, 90), (240, 180)])
def test_the_dialog_stays_when_the_file_is_read_again(stage, photo, size) -> None:
    dialog = film(stage, photo)
    stage.window.navigator.zoom_to(8.0)
    stage.window.navigator.centre(30, 60)
    dialog.takes["start"].click()
    dialog.name_file(photo.with_name("typed.gif"))
    before, start = stage.state.picture, dialog.views["start"]
    x, y = start.position_at((320, start.view_height / 2))
    stage.window.navigator.zoom_to(None)
    Image.open(photo).resize(size).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(photo)
    stage.until(lambda: stage.state.picture is not before)
    assert stage.window.films.dialog is dialog
    start = dialog.views["start"]
    assert (start.scale, dialog.name.text()) == (8.0, "typed.gif")
    assert start.position_at((320, start.view_height / 2)) == pytest.approx((x * size[0] / 120, y * size[1] / 90))
    stage.until(lambda: stage.fake.of_kind(FilmProbe)[-1].film.image == stage.state.picture.image)
    start = stage.fake.of_kind(FilmProbe)[-1].film.path.start
    assert (start.width, start.height) == size
    dialog.reject()


@pytest.mark.parametrize("action", ["film", "export"])
def test_a_name_is_typed_as_in_any_field(stage, photo, action: str) -> None:
    """It begins selected but for its ending, takes spaces, and may be empty or without an ending for a while."""
    stage.show(photo)
    stage.window.actions_by_name[action].trigger()
    dialog = stage.window.films.dialog or stage.window.exporter.dialog
    suffix = dialog.path.suffix
    assert dialog.name.selectedText() == dialog.path.stem
    stage.qtbot.keyClicks(dialog.name, "my holiday")
    assert dialog.path == photo.parent / f"my holiday{suffix}"
    stage.qtbot.keyClick(dialog.name, Qt.Key.Key_Home)
    stage.qtbot.keyClicks(dialog.name, "in ")
    assert dialog.path == photo.parent / f"in my holiday{suffix}"  # the cursor stays where it is
    dialog.name.selectAll()
    stage.qtbot.keyClick(dialog.name, Qt.Key.Key_Delete)
    assert dialog.folder == photo.parent
    assert not dialog.go.isEnabled()
    stage.qtbot.keyClicks(dialog.name, "sea ")
    stage.qtbot.keyClicks(dialog.name, "side")
    assert dialog.path == photo.parent / f"sea side{suffix}"
    assert dialog.go.isEnabled()
    for name in ("trip v1.5", "Dr. Who"):
        dialog.name.selectAll()
        stage.qtbot.keyClicks(dialog.name, name)
        assert dialog.path == photo.parent / f"{name}{suffix}"
        assert dialog.go.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("action", ["film", "export"])
def test_the_buttons_of_the_dialog_are_on_a_low_screen(stage, photo, monkeypatch, action: str) -> None:
    """1920 x 1080 at 200 %, less a task bar."""
    low = SimpleNamespace(availableGeometry=lambda: QRect(0, 0, 960, 496))
    monkeypatch.setattr(stage.window, "screen", lambda: low)
    stage.show(photo)
    stage.window.actions_by_name[action].trigger()
    dialog = stage.window.films.dialog or stage.window.exporter.dialog
    stage.until(lambda: dialog.facts["time"].text() != "…")
    assert dialog.y() >= 0
    assert dialog.y() + dialog.height() <= 496
    assert dialog.preview.width() >= 96
    dialog.reject()


@pytest.mark.parametrize("action", ["film", "export"])
def test_a_picture_of_a_very_long_name_is_saved_by_one_that_fits(stage, photo, action: str) -> None:
    long = photo.rename(photo.with_name(f"{'長' * 80}.png"))
    stage.show(long)
    stage.window.actions_by_name[action].trigger()
    dialog = stage.window.films.dialog or stage.window.exporter.dialog
    assert len(os.fsencode(dialog.path.name)) <= 240
    assert dialog.path.name.startswith("長長")
    assert "x30." in dialog.path.name or "diif-s-lite" in dialog.path.name
    assert dialog.go.isEnabled()
    stage.qtbot.keyClicks(dialog.name, "a" * 260)
    assert not dialog.go.isEnabled()
    assert dialog.words.text() == "This name is too long; give the file a shorter one."
    dialog.reject()


@pytest.mark.parametrize(
    ("typed", "form", "as_webm"),
    [
        ("zoom.webp", "WebP", "zoom.webm"),
        ("zoom.png", "PNG", "zoom.webm"),
        ("zoom.apng", "PNG", "zoom.webm"),
        ("zoom.GIF ", "GIF", "zoom.webm"),
        ("trip v1.5", "GIF", "trip v1.5"),
        ("trip v1.5.webp", "WebP", "trip v1.5.webm"),
    ],
)
def test_an_ending_that_is_typed_chooses_the_format_and_the_name_stays(stage, photo, typed, form, as_webm) -> None:
    dialog = film(stage, photo)
    dialog.name.selectAll()
    stage.qtbot.keyClicks(dialog.name, typed)
    assert dialog.name.text() == typed
    assert dialog.form.chosen == form
    dialog.form.setCurrentIndex(dialog.form.findData("WebM"))
    assert dialog.name.text() == as_webm
    dialog.reject()


def test_the_window_moves_behind_the_dialog_and_its_view_is_taken(stage, photo) -> None:
    dialog = film(stage, photo)
    stage.window.navigator.zoom_to(4.0)
    stage.rest()
    dialog.takes["start"].click()
    taken = stage.state.view.rested()
    assert dialog.ends["start"].chosen == "view"
    assert dialog.views["start"] == taken
    stage.window.navigator.zoom_to(8.0)
    stage.rest()
    assert dialog.views["start"] == taken
    assert dialog.told["start"].text().startswith("x")
    stage.window.controller.state.set_method("bicubic")
    assert dialog.method == "bicubic"
    dialog.reject()


def test_what_speaks_against_it_is_said(stage, photo, tmp_path) -> None:
    dialog = film(stage, photo)
    dialog.rate.setValue(60)
    assert "at most 50 frames" in dialog.words.text()
    assert not dialog.go.isEnabled()
    dialog.rate.setValue(20)
    assert dialog.go.isEnabled()
    dialog.ends["end"].setCurrentIndex(dialog.ends["end"].findData("x1"))
    assert "the same view" in dialog.words.text()
    dialog.ends["end"].setCurrentIndex(dialog.ends["end"].findData("x30"))
    dialog.name_file(tmp_path / "missing" / "film.gif")
    assert "does not exist" in dialog.words.text()
    dialog.name_file(tmp_path / "film.avi")
    assert "chosen by the name's ending" in dialog.words.text()
    (tmp_path / "there.gif").touch()
    dialog.name_file(tmp_path / "there.gif")
    assert dialog.go.text() == "Replace"
    stage.qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    assert stage.window.films.dialog is dialog  # the first Enter only leads to the button
    dialog.reject()


def test_a_film_can_be_cancelled(stage, photo, tmp_path) -> None:
    dialog = film(stage, photo)
    stage.gate.clear()
    dialog.go.click()
    queue = stage.window.exports.queue
    stage.until(lambda: "50%" in queue.text)
    (row,) = queue.rows.values()
    row.cancel.click()
    stage.until(lambda: bool(stage.fake.of_kind(CancelExport)))
    stage.gate.set()
    stage.until(lambda: not queue.rows)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".gif"] == []


def test_a_film_under_way_keeps_its_name_from_the_next_one(stage, photo, tmp_path) -> None:
    """Its file is not there before it is whole: two films of one name would be one."""
    dialog = film(stage, photo)
    stage.gate.clear()
    dialog.go.click()
    stage.until(lambda: bool(stage.fake.of_kind(FilmRequest)))
    stage.window.actions_by_name["film"].trigger()
    again = stage.window.films.dialog
    assert again.name.text() == "photo-zoom-x1-x30 (2).gif"
    again.name_file(tmp_path / "photo-zoom-x1-x30.gif")
    assert "being written" in again.words.text()
    assert not again.go.isEnabled()
    again.reject()
    stage.gate.set()
    stage.until(lambda: "Saved" in stage.window.exports.queue.text)


def test_on_another_device_the_small_film_is_asked_for_anew(stage, photo) -> None:
    dialog = film(stage, photo)
    stage.until(lambda: dialog.facts["memory"].text() == "50 MB")
    stage.controller.renew()
    stage.until(lambda: len(stage.fakes) == 2 and bool(stage.fake.of_kind(FilmProbe)))
    dialog.reject()


def test_a_film_that_is_tried_again_replaces_no_file_that_came_meanwhile(stage, photo, tmp_path) -> None:
    dialog, queue, path = film(stage, photo), stage.window.exports.queue, tmp_path / "zoom.gif"
    stage.gate.clear()
    dialog.name_file(path)
    dialog.go.click()
    stage.viewer.client._end("It ended.")
    stage.gate.set()
    path.write_bytes(b"newer")
    next(iter(queue.rows.values())).again.click()
    stage.until(lambda: "zoom (2).gif: Saved" in queue.text)
    assert path.read_bytes() == b"newer"
    assert (tmp_path / "zoom (2).gif").exists()


def test_without_a_renderer_there_is_no_film(stage, photo) -> None:
    stage.show(photo)
    stage.window.controller.client.shutdown()
    stage.window.actions_by_name["film"].trigger()
    assert stage.window.films.dialog is None
    assert "renderer" in stage.window.notice.text


def test_another_picture_closes_the_dialog(stage, photo, tmp_path) -> None:
    film(stage, photo)
    Image.new("RGB", (50, 40), "red").save(tmp_path / "other.png")
    stage.window.open_path(tmp_path / "other.png")
    stage.until(lambda: stage.window.films.dialog is None)
