"""The window's parts without a window: text, areas, images, threads."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.classic import resample
from diif_viewer.imaging.colour import to_8_bits
from diif_viewer.ui import folder
from diif_viewer.ui.compare import Layout, area_at, areas, view_size
from diif_viewer.ui.folder import neighbour, pictures_in
from diif_viewer.ui.images import DARK, LIGHT, opaque
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.shortcut_list import shortcut_lines, shortcut_table
from diif_viewer.ui.status import BUSY_AFTER, BusyMark
from diif_viewer.ui.zoom_text import format_time, format_zoom, parse_zoom
from diif_viewer.viewport import Viewport


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("x12.5", 12.5),
        ("12.5", 12.5),
        ("12,5", 12.5),
        ("×3", 3.0),
        ("3x", 3.0),
        ("1250 %", 12.5),
        ("1250%", 12.5),
        ("100", 1.0),
        ("x100", 100.0),
        (".5", 0.5),
        ("50 %", 0.5),
        ("64", 64.0),
    ],
)
def test_zooms_that_people_type(text, scale):
    assert parse_zoom(text) == pytest.approx(scale)


@pytest.mark.parametrize("text", ["", "x", "%", "0", "x0", "-3", "nan", "inf", "1e9999", "12 5", "x50 %", "a lot"])
def test_what_is_no_zoom(text):
    assert parse_zoom(text) is None


@given(st.floats(0.001, 64))
def test_written_zooms_are_read_back(scale):
    assert parse_zoom(format_zoom(scale)) == pytest.approx(scale, rel=0.06)


@given(st.sampled_from(Layout), st.integers(50, 3000), st.integers(200, 5000), st.floats(0, 1), st.integers(1, 5))
def test_areas_are_alike_apart_and_inside(layout, height, width, split, gap):
    parts = areas(layout, height, width, split, gap)
    assert [part.pane for part in parts] == list(range(layout.panes))
    assert {(p.view.height, p.view.width) for p in parts} == {view_size(layout, height, width, gap)}
    for part in parts:
        assert part.view.contains(part.clip)
        assert part.clip.right <= width
        assert part.clip.bottom <= height
    if layout.laid_over:
        assert {part.clip for part in parts} == {Window(0, 0, height, width)}
        return
    for one, other in itertools.combinations(parts, 2):
        assert not one.clip.intersected(other.clip)
    covered = sum(part.clip.area for part in parts)
    assert covered >= (height - gap - 1) * (width - (gap + 1) * layout.panes)


def test_what_a_pane_sees_is_its_part_of_the_window():
    view = Viewport(100, 100, 300, 400, 8.0, 100.4, 50.0)
    left, right = areas(Layout.SPLIT, 300, 400, 0.25)
    assert (left.seen(view).left, left.seen(view).right) == (50, 150)
    assert (right.seen(view).left, right.seen(view).right) == (150, 450)
    assert left.seen(view).top == 100
    assert area_at((left, right), 99, 10) is left
    assert area_at((left, right), 101, 10) is right


def pixels_of(image: QImage) -> np.ndarray:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., 2::-1].copy()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_images_hold_the_pixels_after_the_array_is_gone(channels, dtype):
    top = np.iinfo(dtype).max
    values = np.random.default_rng(1).integers(0, top, (7, 5, channels), dtype=dtype, endpoint=True)
    if channels in (2, 4):
        values[..., -1] = top
    wanted = to_8_bits(values)[..., : 3 if channels > 2 else 1]
    image = opaque(values)
    del values
    assert image.format() == QImage.Format.Format_RGB32
    np.testing.assert_array_equal(pixels_of(image), np.broadcast_to(wanted, (7, 5, 3)))


def test_sixteen_bits_are_rounded_as_everywhere():
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_8_bits(every), np.round(every / 257).astype(np.uint8))


def test_transparency_is_blended_to_the_nearest_level():
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    values = np.stack([colour, colour[::-1], 255 - colour, alpha], axis=2).astype(np.uint8)
    shown = pixels_of(opaque(values)).astype(int)
    odd = (np.arange(256)[:, None] // 8 + np.arange(256)[None, :] // 8) % 2
    board = np.where(odd == 0, LIGHT, DARK)[..., None]
    share = alpha[..., None] / 255
    np.testing.assert_array_equal(shown, np.floor(values[..., :3] * share + board * (1 - share) + 0.5).astype(int))
    values[..., 3] = 255
    np.testing.assert_array_equal(pixels_of(opaque(values)), values[..., :3])


def test_the_checkerboard_lies_on_the_lattice():
    clear = np.zeros((40, 40, 4), np.uint8)
    whole = pixels_of(opaque(clear))
    part = pixels_of(opaque(clear[:20, :20], 11, 5))
    np.testing.assert_array_equal(whole[11:31, 5:25], part)
    assert set(np.unique(whole)) == {LIGHT, DARK}


def test_the_newest_job_wins_and_the_thread_ends():
    done, begun, go = [], threading.Event(), threading.Event()

    def work(job: int) -> None:
        begun.set()
        go.wait(10)
        done.append(job)

    mailbox: Mailbox[int] = Mailbox("test", work)
    mailbox.post(1)
    assert begun.wait(10)
    for job in (2, 3, 4):
        mailbox.post(job)
    assert mailbox.overtaken
    begun.clear()
    go.set()
    assert begun.wait(10)
    mailbox.close()
    assert done == [1, 4]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_in_a_job_does_not_end_the_thread():
    done = threading.Event()

    def work(job: int) -> None:
        if job == 1:
            raise ZeroDivisionError
        done.set()

    mailbox: Mailbox[int] = Mailbox("test", work)
    mailbox.post(1)
    while mailbox.overtaken:
        done.wait(0.01)
    mailbox.post(2)
    assert done.wait(10)
    mailbox.close()


def test_neighbours_are_in_natural_order(tmp_path):
    for name in ("a2.png", "a10.png", "B1.JPG", "notes.txt"):
        (tmp_path / name).touch()
    assert neighbour(tmp_path / "a2.png", 1) == tmp_path / "a10.png"
    assert neighbour(tmp_path / "a10.png", 1) == tmp_path / "B1.JPG"
    assert neighbour(tmp_path / "a2.png", -1) == tmp_path / "B1.JPG"
    assert neighbour(tmp_path / "gone" / "x.png", 1) is None


def test_numbers_in_names_count_as_numbers_wherever_they_stand(tmp_path):
    names = ("1.png", "02.png", "2.png", "10.png", "a2b10.png", "a2b9c.png", "a10.png", "A.png", "a-1.png", "ab.png")
    wanted = ["1.png", "02.png", "2.png", "10.png", "a2b9c.png", "a2b10.png", "a10.png", "a-1.png", "A.png", "ab.png"]
    for name in (*names, "png", ".png", "a.png.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in pictures_in(tmp_path)] == wanted


def test_a_step_in_a_large_folder_looks_at_new_names_only(tmp_path):
    """A step in a folder of 20,000 pictures took 0.3 seconds, most of it for taking their names apart again."""
    for number in range(200):
        (tmp_path / f"p{number}.png").touch()
    assert neighbour(tmp_path / "p99.png", 1) == tmp_path / "p100.png"
    before = folder._natural.cache_info().misses
    (tmp_path / "p99a.png").touch()
    assert neighbour(tmp_path / "p99.png", 1) == tmp_path / "p99a.png"
    assert folder._natural.cache_info().misses == before + 1
    (tmp_path / "p98.png").unlink()
    assert neighbour(tmp_path / "p99.png", -1) == tmp_path / "p97.png"
    assert neighbour(tmp_path / "p98.png", 1) == tmp_path / "p99.png"


def test_the_list_of_shortcuts_names_everything():
    lines = {words: keys for _, group in shortcut_lines() for keys, words in group}
    assert lines["DIIF-S"] == "S"
    assert lines["Fit to the window"] == "0"
    assert "Wheel" in lines.values()


def test_the_page_about_the_window_lists_them_all():
    page = Path(__file__).resolve().parents[2] / "docs" / "window.md"
    assert shortcut_table() in page.read_text(encoding="utf-8")


def test_frames_cover_the_lattice_at_every_kind_of_scale():
    """What the fallback thread asks for is what `classic.resample` gives: shapes agree for reduced and enlarged."""
    pixels = np.zeros((50, 70, 3), np.uint8)
    for scale in (0.3, 1.0, 1.7, 12.5):
        view = Viewport(50, 70, 40, 60, scale).clamped()
        lattice = Lattice.of_scale(50, 70, view.scale)
        assert resample(pixels, "bicubic", lattice, view.window).shape[:2] == (view.window.height, view.window.width)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.2, "0 ms"),
        (43.4, "43 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (4315, "4.3 s"),
        (9949, "9.9 s"),
        (25559, "26 s"),
    ],
)
def test_times_are_written_as_people_read_them(milliseconds, text):
    assert format_time(milliseconds) == text


def test_the_busy_mark_is_for_what_takes_long_only(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    mark = BusyMark(parent)
    assert BUSY_AFTER == 300
    for _ in range(3):  # many short waits are no long one
        mark.set_busy(True)
        assert not mark.shown
        mark.set_busy(False)
    began = time.perf_counter()
    mark.set_busy(True)
    mark.set_busy(True)
    qtbot.waitUntil(lambda: mark.shown)
    assert time.perf_counter() - began >= 0.9 * BUSY_AFTER / 1000  # such timers may be 5 % early
    mark.set_busy(False)
    assert not mark.shown
