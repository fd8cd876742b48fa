"""Exports: the same pixels however they are cut, whole files only, and steps that wait for nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import diif_viewer as dv
from diif_viewer.engine import messages as m
from diif_viewer.engine.ensemble import Ensemble
from diif_viewer.engine.exporting import export_steps, field_painter
from diif_viewer.engine.planes import Plane
from diif_viewer.engine.strips import SOURCE, classic_painter, export_step, painted_strips
from diif_viewer.engine.tiles import TILE
from diif_viewer.errors import ExportError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging import background
from diif_viewer.imaging.background import BackgroundFile, BackgroundWriter
from diif_viewer.imaging.colour import srgb_profile
from diif_viewer.imaging.load import load_picture
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.imaging.save import save_png
from diif_viewer.imaging.turns import FLIP, RIGHT, Turn
from diif_viewer.paths import stamp_of
from tests.engine.conftest import picture

ROOT = Path(__file__).resolve().parents[2]
PIXELS = picture(61, 83)


def joined(strips) -> np.ndarray:
    return np.concatenate([strip for strip, _ in strips if strip is not None])


def exported(tmp_path: Path, name: str, pixels=PIXELS, load=lambda: None, **options: object) -> Path:
    lattice = Lattice.of_scale(*pixels.shape[:2], options.get("scale", 3.0))
    request = {"job": 1, "image": 1, "model": "bicubic", "scale": 3.0, "window": lattice.window} | options
    steps = list(export_steps(m.ExportRequest(path=str(tmp_path / name), **request), pixels, load))
    assert isinstance(steps[-1], m.ExportDone)
    return tmp_path / name


def until_alone(folder: Path, names: list[str]) -> None:
    """The threads have let go, and what they wrote is gone; on a busy machine that takes them a while."""
    end = time.monotonic() + 20
    while os.listdir(folder) != names and time.monotonic() < end:
        time.sleep(0.01)
    assert os.listdir(folder) == names


# ---- the same pixels -------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["liif", "diif", "diif-s"]),
    scale=st.floats(1.05, 12),
    cut=st.tuples(st.sampled_from([(128, 128), (128, 512), (256, 128)]), st.sampled_from([8, 16])),
    corners=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_crop_of_the_export_is_the_export_of_the_crop(small_model, kind, scale, cut, corners) -> None:
    """Bit for bit, at any scale and window, however the two are cut into pieces."""
    step, bits = cut
    lattice = Lattice.of_scale(*PIXELS.shape[:2], scale)
    rows = sorted(int(c * (lattice.y.count - 1)) for c in corners[:2])
    columns = sorted(int(c * (lattice.x.count - 1)) for c in corners[2:])
    window = Window(rows[0], columns[0], rows[1] + 1, columns[1] + 1)
    paint = field_painter(dv.encode(PIXELS, small_model(kind)), bits=bits)
    whole = joined(painted_strips(paint, lattice, lattice.window, (128, 128)))
    crop = joined(painted_strips(paint, lattice, window, step))
    assert np.array_equal(crop, whole[window.top : window.bottom, window.left : window.right])


def own_of(path: Path, profile: bytes) -> m.OwnColours:
    return m.OwnColours(str(path), 0, stamp_of(path), profile, 16)


@pytest.mark.parametrize("options", [{"model": "diif-s", "float32": True, "bits": 16}, {"bits": 16}])
def test_own_colours_are_read_from_the_file(small_model, tmp_path: Path, options: dict[str, object]) -> None:
    """The same result as from those pixels, whatever those of the screen are."""
    model, profile = small_model("diif-s"), srgb_profile()
    words = (PIXELS.astype(np.uint16) * 257)[::-1].copy()
    save_png(words, tmp_path / "own.png", icc_profile=profile)
    own = own_of(tmp_path / "own.png", profile)
    wanted = exported(tmp_path, "wanted.png", words, lambda: dv.encode(words, model), **options)
    made = exported(tmp_path, "made.png", PIXELS, lambda: dv.encode(PIXELS, model), own=own, **options)
    np.testing.assert_array_equal(load_picture(made).pixels, load_picture(wanted).pixels)


@pytest.mark.parametrize("turn", [RIGHT, FLIP])
def test_own_colours_lie_as_the_picture_does(small_model, tmp_path: Path, turn: Turn) -> None:
    model, profile = small_model("diif-s"), srgb_profile()
    save_png(PIXELS, tmp_path / "own.png", icc_profile=profile)
    turned = np.ascontiguousarray(turn.of_pixels(PIXELS))
    own = replace(own_of(tmp_path / "own.png", profile), turn=turn)
    wanted = exported(tmp_path, "wanted.png", turned, lambda: dv.encode(turned, model), float32=True, model="diif-s")
    made = exported(
        tmp_path, "made.png", turned, lambda: dv.encode(turned, model), float32=True, model="diif-s", own=own
    )
    np.testing.assert_array_equal(load_picture(made).pixels, load_picture(wanted).pixels)


def test_another_file_by_now_is_not_taken_for_the_picture(tmp_path: Path) -> None:
    path, profile = tmp_path / "own.png", srgb_profile()
    save_png(PIXELS, path, icc_profile=profile)
    own = own_of(path, profile)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ExportError, match=r"own\.png is not what it was when it was opened"):
        exported(tmp_path, "a.png", own=own)
    path.unlink()
    with pytest.raises(ExportError, match="not what it was"):
        exported(tmp_path, "a.png", own=own)
    save_png(PIXELS[:-1], path, icc_profile=profile)
    with pytest.raises(ExportError, match="not what it was"):
        exported(tmp_path, "a.png", own=own_of(path, profile))
    assert os.listdir(tmp_path) == ["own.png"]


@pytest.mark.parametrize("scale", [1.2, 2.5, 4.0, 9.3, 16.0, 30.0, 64.0])
def test_pieces_have_few_source_pixels_and_are_not_mostly_border(scale: float) -> None:
    """What is encoded around a piece is as wide as the network sees; 16 columns of x16 were a ninth of the work."""
    rows, columns = export_step(Window(0, 0, 36_000, 60_000), scale, 180_000, is_model=True)
    assert rows * columns <= SOURCE * scale**2
    assert columns / scale > 100
    assert columns % TILE == rows % TILE == 0


def test_sixteen_bits_are_those_of_the_float_result(small_model, tmp_path: Path) -> None:
    field = dv.encode(PIXELS, small_model("diif-s"))
    path = exported(tmp_path, "a.tif", load=lambda: field, model="diif-s", bits=16)
    expected = field.render(3.0, dtype="float32")
    deep = tifffile.imread(path)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 65535 - expected).max() < 1e-5
    assert len(np.unique(deep)) > 5000  # not 256 levels, widened


def test_sixteen_bits_of_a_part_do_not_take_sixteen_bits_of_the_whole_picture() -> None:
    """The dialog paints 26 parts for its estimate; a copy of the picture for each held up the view for seconds."""
    pixels = np.tile(PIXELS, (20, 20, 1))
    lattice, window = Lattice.of_scale(*pixels.shape[:2], 2.0), Window(1000, 1000, 1064, 1064)
    tracemalloc.start()
    (made,) = classic_painter(pixels, "bicubic", 16)(lattice, window)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made is not None
    assert made.dtype == np.uint16
    assert most < pixels.nbytes / 10


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg", "a.webp", "a.avif"])
def test_the_window_exports_every_format_with_what_belongs_to_it(name: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[305] = "DIIF Viewer 9"
    path = exported(tmp_path, name, quality=95, exif=exif.tobytes(), dpi=(200, 200))
    expected = joined(painted_strips(classic_painter(PIXELS, "bicubic"), *lattice_and_window(), (128, 128)))
    with Image.open(path) as image:
        assert image.getexif()[305] == "DIIF Viewer 9"
        assert np.abs(np.asarray(image.convert("RGB")).astype(int).mean(-1) - expected.mean(-1)).mean() < 4


def lattice_and_window() -> tuple[Lattice, Window]:
    lattice = Lattice.of_scale(*PIXELS.shape[:2], 3.0)
    return lattice, lattice.window


def test_what_a_format_cannot_hold_is_said_before_the_first_step(tmp_path: Path) -> None:
    request = m.ExportRequest(1, 1, "bicubic", 400.0, Window(0, 0, 10, 20_000), str(tmp_path / "a.webp"))
    with pytest.raises(ExportError, match="16,383"):
        next(export_steps(request, PIXELS, lambda: None))


# ---- steps and files -------------------------------------------------------------------------------------


def test_no_step_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, inside = threading.Event(), threading.Event()

    def slow(path: Path, form: object, strips, **options: object) -> None:
        for _ in strips:
            inside.set()
            gate.wait(20)

    monkeypatch.setattr(background, "write_strips", slow)
    lattice = Lattice.of_scale(*PIXELS.shape[:2], 12.0)
    request = m.ExportRequest(1, 1, "nearest", 12.0, lattice.window, str(tmp_path / "a.png"))
    steps, took, idle = export_steps(request, PIXELS, lambda: None), [], 0
    while idle < 30:  # two strips are taken, then the writer is stuck
        start = time.perf_counter()
        idle += next(steps) is None
        took.append(time.perf_counter() - start)
    assert inside.is_set()
    assert sorted(took)[len(took) // 2] < 0.1  # 0.01 s on an idle machine; a busy one may hold up some of them
    assert max(took) < 10, "the writer is stuck for 20 seconds"
    gate.set()
    assert isinstance(list(steps)[-1], m.ExportDone)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Encoders that take for ever, until this event is set."""
    gate, compute = threading.Event(), Plane.compute

    def waiting(self: Plane, parts: Iterable[Window]) -> None:
        gate.wait(60)
        compute(self, parts)

    monkeypatch.setattr(Plane, "compute", waiting)
    yield gate
    gate.set()


@pytest.mark.parametrize("options", [{}, {"best": True}, {"bits": 16}])
def test_no_step_waits_for_a_slow_model(small_model, slow: threading.Event, tmp_path: Path, options) -> None:
    """A block of a large encoder is seconds of work; views and cancels are looked for meanwhile."""
    _, window = lattice_and_window()
    request = m.ExportRequest(1, 1, "diif-s", 3.0, window, str(tmp_path / "a.png"), **options)
    field = dv.encode(PIXELS, small_model("diif-s"))
    steps, took = export_steps(request, PIXELS, lambda: field), []
    for _ in range(30):
        start = time.perf_counter()
        assert next(steps) is None
        took.append(time.perf_counter() - start)
    assert sorted(took)[15] < 0.1  # 0.01 s on an idle machine; a busy one may hold up some of them
    slow.set()
    assert isinstance(list(steps)[-1], m.ExportDone)


def test_a_cancel_takes_less_than_200_milliseconds_whatever_is_at_work(
    small_model, slow: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the model and the writer of the file both in the middle of a step that does not end."""
    gate, inside = threading.Event(), threading.Event()

    def stuck(path: Path, form: object, strips, **options: object) -> None:
        inside.set()
        gate.wait(60)
        list(strips)

    monkeypatch.setattr(background, "write_strips", stuck)
    _, window = lattice_and_window()
    field, took = dv.encode(PIXELS, small_model("diif-s")), []
    for number in range(3):
        inside.clear()
        request = m.ExportRequest(1, 1, "diif-s", 3.0, window, str(tmp_path / f"{number}.png"))
        steps = export_steps(request, PIXELS, lambda: field)
        while not inside.is_set():
            assert next(steps) is None
        start = time.perf_counter()
        steps.close()
        took.append(time.perf_counter() - start)
    assert min(took) < 0.2, took
    gate.set()
    until_alone(tmp_path, [])


def test_a_cancel_at_the_last_moment_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the system puts the bytes on the disk, after the last of them was written."""
    path, reached, gate = tmp_path / "a.png", threading.Event(), threading.Event()
    path.write_bytes(b"old")

    def slow_disk(handle: int) -> None:
        reached.set()
        gate.wait(60)

    monkeypatch.setattr(os, "fsync", slow_disk)
    request = m.ExportRequest(1, 1, "nearest", 3.0, lattice_and_window()[1], str(path))
    steps = export_steps(request, PIXELS, lambda: None)
    while not reached.is_set():
        next(steps)
    steps.close()
    gate.set()
    end = time.monotonic() + 20
    while os.listdir(tmp_path) != ["a.png"] and time.monotonic() < end:
        time.sleep(0.01)
    assert path.read_bytes() == b"old"


def test_a_large_strip_is_written_in_pieces_that_can_be_given_up(tmp_path: Path) -> None:
    strip, pieces = np.arange(9 << 20, dtype=np.uint32).astype(np.uint8).reshape(3072, 1024, 3), []
    with BackgroundWriter(tmp_path / "a.raw", len(strip), lambda _, strips: pieces.extend(strips)) as file:
        assert file.offer(strip, 5)
        while not file.finished():
            pass
    assert np.array_equal(np.concatenate(pieces), strip)
    assert max(piece.nbytes for piece in pieces) <= 4 << 20


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
def test_closing_an_export_leaves_the_old_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"old")
    lattice = Lattice.of_scale(*PIXELS.shape[:2], 40.0)
    request = m.ExportRequest(1, 1, "bicubic", 40.0, lattice.window, str(tmp_path / name))
    took = []
    for _ in range(3):
        steps = export_steps(request, PIXELS, lambda: None)
        for _ in range(12):
            next(steps)
        start = time.perf_counter()
        steps.close()
        took.append(time.perf_counter() - start)
        until_alone(tmp_path, [name])
        assert (tmp_path / name).read_bytes() == b"old"
    assert min(took) < 1.0  # 0.2 s where nothing else runs


def test_a_disk_that_fills_up_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(background, "write_strips", full)
    with pytest.raises(ExportError, match="no space left"):
        exported(tmp_path, "a.png")
    assert os.listdir(tmp_path) == []


def test_a_file_nobody_finishes_ends_with_its_context(tmp_path: Path) -> None:
    before = threading.active_count()
    with BackgroundFile(tmp_path / "a.png", shape=(9, 4, 3), dtype=np.uint8, about=Metadata()) as file:
        assert file.offer(np.zeros((5, 4, 3), np.uint8))
    assert os.listdir(tmp_path) == []
    assert threading.active_count() == before


WRITER = """
import sys
import numpy as np
from diif_viewer.engine import messages as m
from diif_viewer.engine.ensemble import Ensemble
from diif_viewer.engine.exporting import export_steps
from diif_viewer.geometry import Window
print("go", flush=True)
while True:
    for n in range(256):
        request = m.ExportRequest(1, 1, "nearest", 2.0, Window(0, 0, 800, 800), sys.argv[1])
        list(export_steps(request, np.full((400, 400, 3), n, np.uint8), lambda: None))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
def test_a_killed_export_leaves_the_old_file_or_the_whole_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (800, 800)).save(path)
    for pause in (0.005, 0.04, 0.09):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=ROOT) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"go\n"
            time.sleep(pause)  # whole files take some 20 ms
            writer.send_signal(signal.SIGKILL)
        pixels = load_picture(path).pixels
        assert pixels.shape == (800, 800, 3)
        assert (pixels == pixels[0, 0, 0]).all()


def test_the_best_is_exported_in_steps_of_one_rendering_each(small_model, tmp_path: Path) -> None:
    field = dv.encode(PIXELS, small_model("diif-s"))
    lattice, window = lattice_and_window()
    request = m.ExportRequest(1, 1, "diif-s", 3.0, window, str(tmp_path / "a.png"), best=True)
    steps = list(export_steps(request, PIXELS, lambda: field))
    assert sum(step is None for step in steps) >= 8 * len(list(window.split(2 * TILE)))
    values = Ensemble(field).render_window(lattice, window)
    difference = np.abs(load_picture(tmp_path / "a.png").pixels - values * 255)
    assert difference.max() < 0.51
