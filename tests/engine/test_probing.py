"""Probes: the detail is the export's own, and the estimates come true within a factor that people would forgive."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import numpy as np
import pytest

import diif_viewer as dv
from diif_viewer.engine import messages as m
from diif_viewer.engine import probing
from diif_viewer.engine.exporting import export_steps
from diif_viewer.engine.probing import STEP, TIMES, Encoding, encoding_steps, probe_steps
from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.load import load_picture
from tests.engine.conftest import picture
from tests.slowness import slowness

PIXELS = picture(120, 160)


def request(path: Path, model: str = "bicubic", scale: float = 6.0, **options: object) -> m.ExportRequest:
    lattice = Lattice.of_scale(*PIXELS.shape[:2], scale)
    return m.ExportRequest(1, 1, model, scale, lattice.window, str(path), **options)


def probed(export: m.ExportRequest, detail: Window, load=lambda: None, known=None) -> m.ProbeDone:
    known = {} if known is None else known
    *_, last = probe_steps(m.ProbeRequest(7, export, detail), PIXELS, load, known)
    assert isinstance(last, m.ProbeDone)
    assert last.serial == 7
    return last


@pytest.mark.parametrize("options", [{}, {"float32": True}, {"best": True}, {"bits": 16}])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_the_detail_is_that_part_of_the_file(small_model, tmp_path: Path, name: str, options: dict) -> None:
    field, detail = dv.encode(PIXELS, small_model("diif-s")), Window(100, 200, 260, 420)
    export = request(tmp_path / name, "diif-s", **options)
    done = probed(export, detail, lambda: field)
    assert not list(tmp_path.iterdir())
    list(export_steps(export, PIXELS, lambda: field))
    saved = load_picture(tmp_path / name).pixels[100:260, 200:420]
    assert np.abs(saved / np.iinfo(saved.dtype).max * 255 - done.pixels).max() <= 0.51


def test_own_colours_are_shown_as_on_screen_and_their_memory_is_counted(tmp_path: Path) -> None:
    """The file is not read for a detail: there is none here."""
    detail = Window(100, 200, 260, 420)
    own = m.OwnColours(str(tmp_path / "not there.png"), 0, None, b"", 16)
    plain, kept = (probed(request(tmp_path / "a.png", own=each), detail) for each in (None, own))
    np.testing.assert_array_equal(kept.pixels, plain.pixels)
    assert kept.memory == plain.memory + PIXELS.size * 2


def test_losses_of_the_format_are_in_the_detail(tmp_path: Path) -> None:
    detail = Window(100, 200, 260, 420)
    coarse, fine = (probed(request(tmp_path / "a.jpg", quality=q), detail) for q in (5, 98))
    plain = probed(request(tmp_path / "a.png"), detail)
    difference = [np.abs(one.pixels.astype(int) - plain.pixels).mean() for one in (coarse, fine)]
    assert difference[0] > 4 * difference[1] > 0
    assert coarse.file_bytes < fine.file_bytes / 4


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg", "a.webp", "a.avif"])
def test_the_size_of_the_file_is_told_beforehand(tmp_path: Path, name: str) -> None:
    export = request(tmp_path / name, scale=8.0)
    told = probed(export, Window(0, 0, 200, 200)).file_bytes
    list(export_steps(export, PIXELS, lambda: None))
    assert 0.5 < told / os.path.getsize(tmp_path / name) < 2


def test_a_picture_that_is_not_alike_everywhere(tmp_path: Path) -> None:
    """A smooth corner does not tell the size of a picture full of detail."""
    noisy = np.random.default_rng(3).integers(0, 255, (120, 160, 3), np.uint8)
    noisy[:20, :20] = 128
    export = request(tmp_path / "a.png", scale=6.0)
    *_, done = probe_steps(m.ProbeRequest(1, export, Window(0, 0, 100, 100)), noisy, lambda: None, {})
    assert isinstance(done, m.ProbeDone)
    list(export_steps(export, noisy, lambda: None))
    assert 0.5 < done.file_bytes / os.path.getsize(tmp_path / "a.png") < 2


def test_the_time_is_measured_here_and_what_is_encoded_counts(small_model, tmp_path: Path) -> None:
    field = dv.encode(PIXELS, small_model("diif-s"))
    export = request(tmp_path / "a.png", "diif-s", 12.0, float32=True)
    known: dict[str, list[Encoding]] = {}
    probed(export, Window(0, 0, 128, 128), lambda: field, known)
    told = probed(export, Window(0, 0, 128, 128), lambda: field, known)
    took = []
    for _ in range(4):
        started = time.perf_counter()
        list(export_steps(export, PIXELS, lambda: field))
        took.append(time.perf_counter() - started)
    assert 0.1 < told.seconds / min(took) < 10  # other programs have a say in both
    after = probed(
        export, Window(0, 0, 128, 128), lambda: field, {"diif-s True": [Encoding(1.0, 0.0, 4000.0, 3)] * TIMES}
    )
    fresh = dv.encode(PIXELS, small_model("diif-s"))
    before = probed(
        export, Window(0, 0, 128, 128), lambda: fresh, {"diif-s True": [Encoding(1.0, 0.0, 4000.0, 3)] * TIMES}
    )
    assert before.seconds > after.seconds + 1000  # nothing was left to encode
    assert before.memory > after.memory


def test_eight_renderings_are_told_as_such(small_model, tmp_path: Path) -> None:
    field, known = dv.encode(PIXELS, small_model("liif")), {"liif True": [Encoding(0.0, 0.0, 0.0, 3)] * TIMES}
    load, detail = (lambda: field), Window(0, 0, 128, 128)

    def seconds(**options: bool) -> float:
        return min(
            probed(request(tmp_path / "a.tif", "liif", **options), detail, load, known).seconds for _ in range(3)
        )

    # once is enough: other programs have a say in each
    assert any(3 < seconds(best=True) / seconds(float32=True) < 20 for _ in range(5))


def test_what_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="empty"):
        probed(request(tmp_path / "a.png"), Window(9000, 0, 9100, 100))
    with pytest.raises(RequestError, match="closed"):
        probed(request(tmp_path / "a.png", "diif-s"), Window(0, 0, 9, 9))


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    probed(request(tmp_path / "a.jpg"), Window(0, 0, 90, 90))
    assert not list(tmp_path.iterdir())


def test_what_a_tiny_picture_takes_says_nothing_of_others(small_model, tmp_path: Path) -> None:
    for side, kept in ((STEP - 1, 0), (STEP, 1)):
        known: dict[str, list[Encoding]] = {}
        field = dv.encode(picture(side, STEP), small_model("diif-s"))
        assert encoding_of(field, known).features > 0
        assert len(known) == kept


def encoding_of(field, known: dict[str, list[Encoding]]) -> Encoding:
    """What one probe makes of it."""
    steps = encoding_steps("diif-s", field, known, exact=False)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_machine_that_stood_still_during_a_measurement_is_not_slow_for_good(
    small_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours for a second in one of the first measurements, or in all of the first probe."""
    field = dv.encode(picture(STEP, STEP), small_model("diif-s"))
    for hours in ((0,), (1,), (0, 1)):
        count, known = itertools.count(), {}

        def still(*_, count=count, hours=hours, **__) -> Encoding:
            return Encoding(100.0 if next(count) in hours else 1e-6, 2e-6, 4000.0, 3)

        monkeypatch.setattr(probing, "_encoding", still)
        told = [encoding_of(field, known).features for _ in range(5)]
        assert told[1:] == [1e-6] * 4
        assert (told[0] == 100.0) == (len(hours) == 2)
        assert next(count) == TIMES, "no more is measured than that"


def test_no_step_waits_for_a_slow_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that is wanted meanwhile comes between two steps; AVIF took 0.3 seconds."""
    write = probing.write_strips

    def slow(*args, **kwargs):
        time.sleep(0.5)
        return write(*args, **kwargs)

    monkeypatch.setattr(probing, "write_strips", slow)
    export = m.ExportRequest(1, 1, "bicubic", 2.0, Window(0, 0, 100, 100), str(tmp_path / "a.avif"))
    longest, before = 0.0, time.perf_counter()
    for _ in probe_steps(m.ProbeRequest(1, export, Window(0, 0, 50, 50)), picture(60, 60), lambda: None, {}):
        longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
    assert longest < 0.4 * slowness()
