"""The list of exports in the real window: what is under way, what failed and is tried again, what is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from diif_viewer.engine.messages import CancelExport
from diif_viewer.geometry import Lattice
from diif_viewer.imaging.load import load_picture
from tests.ui.export_steps import again, objects, opened
from tests.ui.fake_renderer import expected


def test_two_exports_in_a_row_are_both_whole(stage, photo, tmp_path):
    opened(stage, photo)
    stage.gate.clear()
    exporter, exports = stage.window.exporter, stage.window.exports
    sizes = {}
    for name, scale in (("one.png", 3.0), ("two.png", 5.0)):
        if exporter.dialog is None:
            stage.window.actions_by_name["export"].trigger()
        dialog = exporter.dialog
        dialog.form.parts["whole"].click()
        dialog.form.scale.setValue(scale)
        dialog.name_file(tmp_path / name)
        sizes[name] = scale
        dialog.go.click()
    assert len(exports.queue.rows) == 2
    assert exports.running == 2
    stage.gate.set()
    stage.until(lambda: exports.queue.text.count("Saved") == 2)
    for name, scale in sizes.items():
        pixels = load_picture(photo).pixels
        whole = Lattice.of_scale(*pixels.shape[:2], scale).window
        np.testing.assert_array_equal(
            np.asarray(Image.open(tmp_path / name)), expected(pixels, "diif-s-lite", scale, whole)
        )


def test_an_export_does_not_take_the_name_of_one_under_way(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    stage.gate.clear()
    first = dialog.path
    dialog.go.click()
    stage.window.actions_by_name["export"].trigger()
    dialog = stage.window.exporter.dialog
    assert dialog.path == first.with_stem(f"{first.stem} (2)")
    dialog.name_file(first)
    objects(dialog, "being written")
    dialog.reject()
    stage.gate.set()
    stage.until(lambda: "Saved" in stage.window.exports.queue.text)


def test_one_of_two_is_cancelled_and_the_window_stays_usable(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    stage.gate.clear()
    queue = stage.window.exports.queue
    dialog.name_file(tmp_path / "one.png")
    dialog.go.click()
    stage.until(lambda: "0%" in queue.text)
    row = next(iter(queue.rows.values()))
    row.cancel.click()
    assert "Cancelling" in queue.text
    stage.until(lambda: bool(stage.fake.of_kind(CancelExport)))
    stage.gate.set()
    stage.until(lambda: not queue.rows)
    assert not queue.isVisible()
    assert not (tmp_path / "one.png").exists()
    stage.qtbot.keyClicks(stage.window.canvas, "4")
    stage.sharp()


def test_the_next_picture_does_not_end_an_export_of_the_last(stage, photo, tmp_path):
    other = tmp_path / "zebra.png"
    Image.open(photo).rotate(180).save(other)
    dialog = opened(stage, photo)
    stage.gate.clear()
    dialog.name_file(tmp_path / "out.png")
    dialog.go.click()
    stage.until(lambda: "0%" in stage.window.exports.queue.text)
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    stage.gate.set()
    stage.until(lambda: "Saved" in stage.window.exports.queue.text)
    assert (tmp_path / "out.png").exists()
    stage.sharp()


def test_an_export_that_fails_says_why_and_leaves_by_its_cross(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    stage.gate.clear()
    folder = tmp_path / "gone"
    folder.mkdir()
    dialog.name_file(folder / "x.png")
    dialog.go.click()
    folder.rmdir()
    stage.gate.set()
    queue = stage.window.exports.queue
    stage.until(lambda: "cannot be written" in queue.text)
    next(iter(queue.rows.values())).cross.click()
    assert not queue.isVisible()


def failed(stage, photo, tmp_path) -> Path:
    """An export that could not be written, for its folder had gone; the folder."""
    folder = tmp_path / "gone"
    folder.mkdir()
    dialog = opened(stage, photo)
    stage.gate.clear()
    dialog.name_file(folder / "x.png")
    dialog.go.click()
    folder.rmdir()
    stage.gate.set()
    stage.until(lambda: "cannot be written" in stage.window.exports.queue.text)
    return folder


def test_an_export_that_failed_is_tried_again_in_its_place(stage, photo, tmp_path):
    folder, queue = failed(stage, photo, tmp_path), stage.window.exports.queue
    (row,) = queue.rows.values()
    assert row.again.isVisible()
    assert not row.cancel.isVisible()
    row.again.click()
    stage.until(lambda: "cannot be written" in queue.text)  # nothing has changed yet
    folder.mkdir()
    next(iter(queue.rows.values())).again.click()
    stage.until(lambda: "Saved" in queue.text)
    (row,) = queue.rows.values()
    assert not row.again.isVisible()
    with Image.open(folder / "x.png") as image:
        image.load()
    assert not stage.window.exports._orders


def test_trying_again_starts_a_renderer_that_has_stopped(stage, photo, tmp_path):
    folder, queue, client = failed(stage, photo, tmp_path), stage.window.exports.queue, stage.viewer.client
    folder.mkdir()
    client._end("It ended.")
    assert not client.running
    next(iter(queue.rows.values())).again.click()
    stage.until(lambda: "Saved" in queue.text)
    assert (folder / "x.png").exists()
    stage.sharp()


def test_what_cannot_be_tried_again_says_so(stage, photo, tmp_path):
    """The picture has been closed meanwhile, and its pixels with it."""
    other = tmp_path / "other.png"
    Image.new("RGB", (40, 30), "red").save(other)
    failed(stage, photo, tmp_path)
    stage.window.open_path(other)
    stage.until(lambda: stage.state.picture.path == other)
    (row,) = stage.window.exports.queue.rows.values()
    row.again.click()
    assert "open it and export it again" in stage.window.exports.queue.text
    assert not row.again.isVisible()
    assert row.cross.isVisible()


def test_trying_again_replaces_no_file_that_came_meanwhile(stage, photo, tmp_path):
    folder, queue = failed(stage, photo, tmp_path), stage.window.exports.queue
    folder.mkdir()
    (folder / "x.png").write_bytes(b"newer")
    next(iter(queue.rows.values())).again.click()
    stage.until(lambda: "x (2).png: Saved" in queue.text)
    assert (folder / "x.png").read_bytes() == b"newer"
    with Image.open(folder / "x (2).png") as image:
        image.load()
    assert not stage.window.exports._stamps


def test_trying_again_takes_no_name_of_an_export_under_way(stage, photo, tmp_path):
    folder, queue = failed(stage, photo, tmp_path), stage.window.exports.queue
    folder.mkdir()
    dialog = again(stage)
    stage.gate.clear()
    dialog.name_file(folder / "x.png")
    dialog.go.click()
    queue.rows[min(queue.rows)].again.click()
    stage.gate.set()
    stage.until(lambda: queue.text.count("Saved") == 2)
    assert sorted(path.name for path in folder.iterdir()) == ["x (2).png", "x.png"]


def test_a_file_that_was_to_be_replaced_still_is_when_that_is_tried_again(stage, photo, tmp_path):
    path, queue = tmp_path / "x.png", stage.window.exports.queue
    path.write_bytes(b"older")
    dialog = opened(stage, photo)
    stage.gate.clear()
    dialog.name_file(path)
    dialog.go.setFocus()
    dialog.go.click()
    stage.viewer.client._end("It ended.")
    stage.gate.set()
    next(iter(queue.rows.values())).again.click()
    stage.until(lambda: "x.png: Saved" in queue.text)
    with Image.open(path) as image:
        image.load()


def test_a_finished_export_can_be_opened_and_shown(stage, photo, tmp_path):
    opened(stage, photo)
    queue, urls, shown, there = stage.window.exports.queue, [], [], [True]
    queue._open_url = lambda url: urls.append(url.toLocalFile()) or there[0]
    queue._reveal = lambda path, _: shown.append(path)
    stage.save(tmp_path / "done.png")
    row = next(iter(queue.rows.values()))
    row.open.click()
    row.show_folder.click()
    assert (urls, shown) == ([str(tmp_path / "done.png")], [tmp_path / "done.png"])
    there[0] = False
    row.open.click()
    assert "No program was found that opens done.png." in queue.text


def test_the_window_asks_once_before_it_stops_an_export(stage, photo, tmp_path):
    dialog = opened(stage, photo)
    stage.gate.clear()
    dialog.name_file(tmp_path / "one.png")
    dialog.go.click()
    stage.window.actions_by_name["quit"].trigger()
    assert stage.window.isVisible()
    assert "under way" in stage.window.notice.text
    stage.gate.set()
    stage.window.actions_by_name["quit"].trigger()
    assert not stage.window.isVisible()
