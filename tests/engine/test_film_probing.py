"""Before a film: the small one shows what the film will, and what it takes is told within a factor."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import diif_viewer as dv
from diif_viewer.engine import film_probing, filming
from diif_viewer.engine import messages as m
from diif_viewer.engine.exporting import field_painter
from diif_viewer.engine.film_probing import FIRST, FRAMES, film_probe_steps, small_film
from diif_viewer.engine.filming import film_steps, frame_steps, moving_painter
from diif_viewer.engine.strips import classic_painter
from diif_viewer.errors import RequestError
from diif_viewer.imaging.classic import reduced
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import ZoomPath
from tests.engine.conftest import picture
from tests.slowness import slowness

PIXELS = picture(300, 400)
POINT = (211.3, 140.9)


def order(file: Path, model: str = "bicubic", frames: int = 12, size: tuple[int, int] = (240, 320)) -> m.FilmRequest:
    plain = Viewport(*PIXELS.shape[:2], *size)
    start, end = (plain.at_scale(s).centred_on(POINT).rested() for s in (1.5, 12.0))
    return m.FilmRequest(1, 1, model, ZoomPath(start, end, frames / 10, Fraction(10)), str(file))


def probed(film: m.FilmRequest, load=lambda: None, side: int = 160) -> tuple[dict[int, np.ndarray], m.FilmProbed]:
    answers = [answer for answer in film_probe_steps(m.FilmProbe(-3, film, side), PIXELS, load, {}) if answer]
    assert {answer.serial for answer in answers} == {-3}
    (told,) = (answer for answer in answers if isinstance(answer, m.FilmProbed))
    return {answer.number: answer.pixels for answer in answers if isinstance(answer, m.FilmFrame)}, told


@given(count=st.integers(2, 5000))
def test_the_small_film_has_both_ends_and_even_steps(count: int) -> None:
    plain = Viewport(300, 400, 24, 32)
    numbers = small_film(ZoomPath(plain.at_scale(2.0), plain.at_scale(4.0), count / 10, Fraction(10)))
    assert len(numbers) == len(set(numbers)) == min(FRAMES, count)
    assert numbers[:2] == [0, count - 1]
    steps = np.diff(sorted(numbers))
    assert steps.max() - steps.min() <= 1
    assert np.diff(sorted(numbers[:FIRST])).max() <= max(1, count // 3)  # the first of them are all over the film


@pytest.mark.parametrize("model", ["bicubic", "diif-s"])
def test_its_frames_are_those_of_the_film_in_small(small_model, model: str, tmp_path: Path) -> None:
    film = order(tmp_path / "a.gif", model)
    field = dv.encode(PIXELS, small_model("diif-s"))
    frames, _ = probed(film, lambda: field)
    assert sorted(frames) == list(range(12))
    assert {frame.shape for frame in frames.values()} == {(120, 160, 3)}
    paint = moving_painter(PIXELS, classic_painter(PIXELS, "bicubic") if model == "bicubic" else field_painter(field))
    for number in (0, 5, 11):
        small = frames[number]
        *_, large = frame_steps(film.path.view(number), paint, film.background)
        wanted = reduced(large, 2, 2).astype(int)
        other = reduced(np.roll(large, 6, 1), 2, 2).astype(int)
        difference = np.abs(small.astype(int) - wanted).mean()
        assert model != "bicubic" or difference < 12  # random weights are noise, a point of which is not its mean
        assert difference < np.abs(small.astype(int) - other).mean()  # three pixels aside is worse


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".png"])
def test_the_size_of_the_file_is_told_beforehand(suffix: str, tmp_path: Path) -> None:
    film = order(tmp_path / f"a{suffix}")
    told = probed(film)[1]
    assert not list(tmp_path.iterdir())
    list(film_steps(film, PIXELS, lambda: None))
    assert 0.5 < told.file_bytes / (tmp_path / f"a{suffix}").stat().st_size < 2
    assert told.memory >= 3 * 240 * 320


def test_the_time_is_measured_here(small_model, tmp_path: Path) -> None:
    film, field = order(tmp_path / "a.webp", "diif-s", frames=30), dv.encode(PIXELS, small_model("diif-s"))

    def told_by_taken() -> float:
        told, started = probed(film, lambda: field)[1], time.perf_counter()
        list(film_steps(film, PIXELS, lambda: dv.encode(PIXELS, small_model("diif-s"))))
        return told.seconds / (time.perf_counter() - started)

    assert any(1 / 6 < told_by_taken() < 6 for _ in range(3)), "once is enough: other programs have a say in each"
    told = probed(film, lambda: field)[1]
    twice = probed(order(tmp_path / "a.webp", "diif-s", frames=60), lambda: field)[1]
    assert told.seconds < 4 * twice.seconds
    assert twice.file_bytes == pytest.approx(2 * told.file_bytes, rel=0.1)


@pytest.mark.parametrize("frames", [2, FIRST - 1, FIRST, FIRST + 1])
def test_estimates_come_once_however_short_the_film(frames: int, tmp_path: Path) -> None:
    shown, told = probed(order(tmp_path / "a.gif", frames=frames, size=(24, 32)))
    assert len(shown) == frames
    assert told.file_bytes > 0


def test_a_picture_that_was_closed_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="closed"):
        probed(order(tmp_path / "a.gif", "diif-s"))


def test_frames_smaller_than_the_detail_and_outside_of_the_picture(tmp_path: Path) -> None:
    """Two frames of 40 x 30 that show the corner of the picture, and mostly what is beside it."""
    plain = Viewport(*PIXELS.shape[:2], 30, 40)
    start, end = (plain.at_scale(scale).centred_on((-2, -1)) for scale in (3.0, 4.0))
    film = m.FilmRequest(1, 1, "nearest", ZoomPath(start, end, 0.2, Fraction(10)), str(tmp_path / "a.png"))
    frames, told = probed(film)
    assert [frame.shape for frame in frames.values()] == [(30, 40, 3)] * 2
    assert told.file_bytes > 0
    assert (Image.fromarray(frames[0]).getpixel((0, 0))) == (0, 0, 0)


def test_no_step_waits_for_the_small_copies_of_a_large_picture_or_for_a_slow_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view that is wanted meanwhile comes between two steps; a GIF took 0.8 seconds, 100 megapixels 0.3."""

    def after_a_while(function):
        def slow(*args, **kwargs):
            time.sleep(0.5)
            return function(*args, **kwargs)

        return slow

    monkeypatch.setattr(film_probing, "write_film", after_a_while(film_probing.write_film))
    monkeypatch.setattr(filming, "Pyramid", after_a_while(filming.Pyramid))
    plain = Viewport(*PIXELS.shape[:2], 100, 120)
    path = ZoomPath(plain.at_scale(0.5), plain.at_scale(2.0), 1.0, Fraction(10))
    film = m.FilmRequest(1, 1, "bicubic", path, str(tmp_path / "a.gif"))
    longest, before = 0.0, time.perf_counter()
    for _ in film_probe_steps(m.FilmProbe(-3, film, 80), PIXELS, lambda: None, {}):
        longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
    assert longest < 0.4 * slowness()
