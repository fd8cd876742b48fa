"""The commands that the dialogs of exports, films and figures copy write the files that the dialogs write."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColorSpace, QGuiApplication

from diif_viewer.cli import animate, main
from diif_viewer.imaging.save import save_png
from diif_viewer.imaging.turns import LEFT
from diif_viewer.ui import commands
from diif_viewer.ui.commands import as_one_line
from tests.ui.export_steps import again, opened
from tests.ui.on_screen import assert_shows
from tests.ui.test_figures import complete, drag_region, save, type_scales
from tests.ui.test_ground_truth import reduce
from tests.ui.test_turning import laid

ADOBE = bytes(QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb).iccProfile())


@pytest.fixture(autouse=True)
def cleared(qapp):
    yield
    QGuiApplication.clipboard().clear()


def copied(dialog) -> list[str]:
    """The words on the clipboard after the button was pressed."""
    assert dialog.command.isEnabled()
    dialog.command.click()
    assert dialog.command.text() == "Copied"
    return shlex.split(QGuiApplication.clipboard().text())


def both_ways(stage, dialog, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """What the command writes, and what the dialog does."""
    dialog.name_file(path)
    words = copied(dialog)
    assert words[0] == "diif-viewer"
    assert main(words[1:]) == 0
    by_command = np.asarray(Image.open(path))
    path.unlink()
    dialog.refresh()
    stage.save(path)
    return by_command, np.asarray(Image.open(path))


@pytest.mark.parametrize("method", ["bicubic", "nearest"])
def test_the_view_as_it_is_on_screen(stage, photo, tmp_path, method):
    dialog = opened(stage, photo)
    dialog.form.method.setCurrentIndex(dialog.form.method.findData(method))
    assert_shows(*both_ways(stage, dialog, tmp_path / "it's a view.png"), method)


def test_a_region_of_a_turned_picture(stage, photo, tmp_path):
    stage.show(photo)
    for name in ("mirror", "turn_right"):
        stage.window.actions_by_name[name].trigger()
    stage.until(lambda: stage.state.picture.turn.mirrored and stage.state.picture.turn.is_sideways)
    laid(stage, stage.state.picture.turn)
    stage.qtbot.keyClicks(stage.window.canvas, "b5")
    stage.sharp()
    dialog = again(stage)
    dialog.form.parts["region"].click()
    for box, value in (
        (dialog.form.left, 20.5),
        (dialog.form.top, 31.25),
        (dialog.form.wide, 41),
        (dialog.form.high, 22),
    ):
        box.setValue(value)
    dialog.form.scale.setValue(3.7)
    one, other = both_ways(stage, dialog, tmp_path / "region.png")
    assert one.shape == (round(22 * 3.7), round(41 * 3.7), 3)
    assert_shows(one, other, "bicubic")


def test_every_choice_has_its_word(stage, tmp_path):
    path = tmp_path / "deep.png"
    words = np.random.default_rng(3).integers(0, 65536, (100, 150, 3)).astype(np.uint16)
    save_png(words, path, icc_profile=ADOBE)
    dialog = opened(stage, path)
    form, window = dialog.form, dialog.plan.window
    place = f"{window.top},{window.left},{window.bottom},{window.right}"
    begin = ["diif-viewer", "render", str(path), "--scale", "6.0", "--window", place, "--model", "diif-s-lite"]
    assert copied(dialog)[: len(begin)] == begin
    assert copied(dialog)[len(begin) : -2] == ["--dtype", "float32", "--bits", "16"]
    form.best.click()
    form.colours.setCurrentIndex(form.colours.findData("srgb"))
    form.strip.click()
    assert copied(dialog)[len(begin) : -2] == ["--best", "--bits", "8", "--srgb", "--strip"]
    form.parts["whole"].click()
    form.form.setCurrentIndex(form.form.findData("JPEG"))
    form.quality.setValue(77)
    form.dpi.setValue(300)
    form.print_width.setValue(80)
    words = copied(dialog)
    assert "--window" not in words
    assert words[words.index("--dpi") + 1] == "300"
    assert words[words.index("--quality") + 1] == "77"
    assert "--bits" not in words, "JPEG has 8 anyway"
    assert words[-2:] == ["-o", str(dialog.path)]
    assert dialog.command.text() == "Copied"
    form.quality.setValue(78)
    assert dialog.command.text() == "Copy command", "it is another one now"
    form.form.setCurrentIndex(form.form.findData("PNG"))
    form.bits.setCurrentIndex(form.bits.findData("8"))
    form.best.click()
    form.exact.setCurrentIndex(form.exact.findData("screen"))
    words = copied(dialog)
    assert words[words.index("--bits") + 1] == "8"
    assert "--dtype" not in words
    dialog.reject()


def test_a_page_is_named(stage, tmp_path):
    pages = [Image.fromarray(np.full((20, 30, 3), level, np.uint8)) for level in (10, 90, 200)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    stage.show(tmp_path / "pages.tif")
    stage.window.actions_by_name["page_next"].trigger()
    stage.until(lambda: stage.state.picture.page == 1)
    stage.qtbot.keyClicks(stage.window.canvas, "b4")
    stage.sharp()
    one, other = both_ways(stage, again(stage), tmp_path / "page.png")
    assert (one == 90).all()
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "zoom", [("whole", "x30", 24), ("view", "x1", 29.97), ("x1", "view", 12.5), ("view", "view", 60)]
)
def test_a_film_goes_the_same_way(stage, photo, tmp_path, monkeypatch, zoom):
    start, end, rate = zoom
    stage.show(photo)
    stage.window.actions_by_name["turn_left"].trigger()
    laid(stage, LEFT)
    stage.qtbot.keyClicks(stage.window.canvas, "5")
    stage.window.navigator.pan(31.5, -17.0)
    stage.rest()
    stage.window.films.begin()
    dialog = stage.window.films.dialog
    dialog.form.choose("WebP")
    dialog.takes["start"].click()
    stage.window.navigator.zoom_to(3.21)
    stage.rest()
    dialog.takes["end"].click()
    dialog.ends["start"].choose(start)
    dialog.ends["end"].choose(end)
    dialog.rate.setValue(rate)
    dialog.seconds.setValue(0.75)
    dialog.size_box.choose("640x360")
    dialog.name_file(tmp_path / "a film.webp")
    words, wanted = copied(dialog), dialog.order()
    dialog.reject()
    orders = []
    monkeypatch.setattr(animate, "_write", lambda order, pixels, args: orders.append((order, pixels.shape)) or 1.0)
    assert main(words[1:]) == 0
    (order, shape), size = orders[0], stage.state.picture.pixels.shape
    assert shape == size
    assert (order.model, order.file) == (wanted.model, wanted.file)
    assert order.path.rate == wanted.path.rate
    assert (order.path.easing, order.path.seconds) == (wanted.path.easing, wanted.path.seconds)
    for one, other in ((order.path.start, wanted.path.start), (order.path.end, wanted.path.end)):
        assert (one.scale, one.top, one.left, one.view_width) == (other.scale, other.top, other.left, other.view_width)


def test_there_is_none_for_what_has_no_file(stage, photo):
    dialog = opened(stage, photo)
    assert dialog.command.isEnabled()
    photo.unlink()
    dialog.refresh()
    assert not dialog.command.isEnabled()
    dialog.reject()


def test_there_is_none_for_a_picture_that_was_shrunk(stage, photo):
    stage.show(photo)
    reduce(stage, "x2")
    stage.sharp()
    dialog = again(stage)
    assert not dialog.command.isEnabled()
    dialog.reject()


def test_windows_has_quotes_of_its_own(monkeypatch):
    words = ["diif-viewer", "render", "it's a photo.png"]
    assert shlex.split(as_one_line(words)) == words
    monkeypatch.setattr(commands.sys, "platform", "win32")
    assert as_one_line(words) == 'diif-viewer render "it\'s a photo.png"'


@pytest.mark.parametrize("way", ["view", "truth", "turned"])
def test_a_figure(stage, photo, tmp_path, way):
    """Classic methods only: the stand-in for the renderer has no models."""
    stage.show(photo)
    if way == "truth":
        reduce(stage)
    elif way == "turned":
        stage.window.actions_by_name["turn_right"].trigger()
        stage.until(lambda: stage.state.picture.turn.is_sideways)
        laid(stage, stage.state.picture.turn)
    dialog = drag_region(stage)
    for name, box in dialog.boxes.items():
        box.setChecked(name in ("bicubic", "lanczos"))
    dialog.whole.setChecked(way != "turned")
    type_scales(stage, dialog, "x2, x3.5")
    complete(stage, dialog)
    words = copied(dialog)
    assert words[:2] == ["diif-viewer", "compare"]
    assert words[-1] == str(photo.parent / "photo-comparison.png")
    assert main([*words[1:-1], str(tmp_path / "by command.png"), "-q"]) == 0
    save(stage, dialog, tmp_path / "by dialog.png")
    one, other = (np.asarray(Image.open(tmp_path / f"by {way}.png").convert("RGB")) for way in ("command", "dialog"))
    np.testing.assert_array_equal(one, other)


def test_a_figure_without_a_command(stage, tmp_path):
    """What is transparent is a chequer in the window, and white on paper."""
    pixels = np.random.default_rng(5).integers(0, 256, (90, 120, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    stage.show(tmp_path / "clear.png")
    dialog = drag_region(stage)
    complete(stage, dialog)
    assert not dialog.command.isEnabled()
    dialog.reject()
