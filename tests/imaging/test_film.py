"""Films in every format: the right number of frames of the right size and duration, by readers that are not ours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.errors import ExportError
from diif_viewer.imaging import film as module
from diif_viewer.imaging.film import FILM_FORMS, FILM_SUFFIXES, Film, check_film, film_form_of, write_film

FILM = Film(46, 64, 7, Fraction(30000, 1001))
MOVING = [".webp", ".gif", ".png"]


def frames(film: Film = FILM) -> Iterator[np.ndarray]:
    """Smooth colours that move, with an edge, and a square whose place tells the number of the frame."""
    y, x = np.mgrid[: film.height, : film.width]
    for number in range(film.count):
        planes = [np.sin((x + 2 * number) / 9), np.cos((y - number) / 7), ((x + number) // 13 % 2) - 0.5]
        frame = ((np.stack(planes, -1) + 1) * 100 + 20).astype(np.uint8)
        frame[4:10, 6 * number + 2 : 6 * number + 8] = 255
        yield frame


def written(tmp_path: Path, suffix: str, film: Film = FILM, **options: object) -> Path:
    if suffix in (".mp4", ".webm"):
        pytest.importorskip("av")
    path = tmp_path / f"film{suffix}"
    write_film(path, film_form_of(path), frames(film), film, **options)
    return path


def decoded(path: Path) -> list[np.ndarray]:
    """All frames by Pillow."""
    with Image.open(path) as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGB")))
    return found


def error_of(found: list[np.ndarray], film: Film = FILM) -> float:
    assert len(found) == film.count
    return float(np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(found, frames(film), strict=True)]))


@pytest.mark.parametrize(("suffix", "options"), [(".png", {}), (".webp", {"lossless": True})])
def test_nothing_is_lost_where_nothing_may_be(suffix: str, options: dict[str, object], tmp_path: Path) -> None:
    for one, other in zip(decoded(written(tmp_path, suffix, **options)), frames(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("suffix", "limit"), [(".webp", 6), (".gif", 6)])
def test_little_is_lost_elsewhere(suffix: str, limit: float, tmp_path: Path) -> None:
    assert 0 < error_of(decoded(written(tmp_path, suffix))) < limit


@pytest.mark.parametrize(("suffix", "ticks"), [(".webp", 1000), (".png", 1000), (".gif", 100)])
def test_frames_last_as_long_as_they_should_and_the_film_repeats(suffix: str, ticks: int, tmp_path: Path) -> None:
    film = Film(20, 30, 61, Fraction(24))
    total = 0.0
    with Image.open(written(tmp_path, suffix, film)) as image:
        assert image.info.get("loop", 0) == 0
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            total += image.info["duration"]
    assert total / 1000 == pytest.approx(film.seconds, abs=1 / ticks)


def test_durations_do_not_drift() -> None:
    film = Film(2, 2, 600, Fraction(30000, 1001))
    for ticks in (100, 1000):
        lengths = list(film.durations(ticks))
        assert len(lengths) == 600
        assert sum(lengths) == round(600 * 1001 / 30000 * ticks)
        assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_qt_reads_them_too(suffix: str, tmp_path: Path) -> None:
    from PySide6.QtGui import QImage, QImageReader

    reader = QImageReader(str(written(tmp_path, suffix)))
    assert reader.supportsAnimation()
    found = []
    while not (image := reader.read()).isNull():
        rgb = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
        found.append(rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy())
    assert error_of(found) < 6


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif", ".png"])
def test_ffmpeg_reads_them(suffix: str, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = written(tmp_path, suffix)
    with av.open(str(path), format="apng" if suffix == ".png" else None) as container:
        stream = container.streams.video[0]
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert (stream.width, stream.height) == (FILM.width, FILM.height)
        if suffix in (".mp4", ".webm"):
            assert stream.average_rate == FILM.rate
            assert container.duration / 1e6 == pytest.approx(FILM.seconds, abs=0.002)
            context = stream.codec_context
            assert (context.colorspace, context.color_primaries, context.color_range) == (1, 1, 1)
    assert error_of(found) < 6  # chroma of half the resolution blurs the edges


def test_an_mp4_says_of_itself_how_long_it_is(tmp_path: Path) -> None:
    """Read box by box, as ISO/IEC 14496-12 has them; the index is in front, so that playing can begin at once."""
    data = written(tmp_path, ".mp4").read_bytes()

    def boxes(start: int, end: int) -> dict[bytes, tuple[int, int]]:
        found = {}
        while start < end:
            size, kind = struct.unpack(">I4s", data[start : start + 8])
            found[kind] = (start + 8, start + size)
            start += size
        return found

    top = boxes(0, len(data))
    assert list(top).index(b"moov") < list(top).index(b"mdat")
    media = boxes(*boxes(*boxes(*top[b"moov"])[b"trak"])[b"mdia"])
    (ticks,) = struct.unpack(">I", data[media[b"mdhd"][0] + 12 :][:4])
    place = boxes(*boxes(*media[b"minf"])[b"stbl"])[b"stts"][0]
    runs, frames_in_run, ticks_of_each = struct.unpack(">III", data[place + 4 :][:12])
    assert (runs, frames_in_run) == (1, FILM.count)
    assert Fraction(ticks, ticks_of_each) == FILM.rate


def test_quality_makes_a_difference(tmp_path: Path) -> None:
    for suffix in (".webp", ".mp4", ".webm"):
        poor = written(tmp_path, suffix, quality=10).stat().st_size
        assert written(tmp_path, suffix, quality=95).stat().st_size > 1.5 * poor


def test_the_best_quality_still_plays_everywhere(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(written(tmp_path, ".mp4", quality=100))) as film:
        next(film.decode(video=0))
        assert film.streams.video[0].codec_context.profile == "High"  # without loss it is one that few players know


@pytest.mark.parametrize("suffix", FILM_SUFFIXES)
def test_what_the_frames_raise_goes_through(suffix: str, tmp_path: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield next(frames())
        raise KeyboardInterrupt

    if suffix in (".mp4", ".webm"):
        pytest.importorskip("av")
    path = tmp_path / f"a{suffix}"
    with pytest.raises(KeyboardInterrupt):
        write_film(path, film_form_of(path), broken(), FILM)


def test_what_a_format_cannot_hold_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = {form.name: form for form in FILM_FORMS}
    for name, film, words in (
        ("GIF", Film(10, 10, 9, Fraction(60)), "at most 50 frames"),
        ("WebP", Film(10, 20_000, 9, Fraction(30)), "at most 16,383"),
        ("MP4", Film(11, 10, 9, Fraction(30)), "even width and height"),
    ):
        with pytest.raises(ExportError, match=words):
            check_film(Path("a"), forms[name], film)
    with pytest.raises(ExportError, match=r"\.webp or \.png"):
        check_film(Path("a.gif"), forms["GIF"], FILM, lossless=True)
    monkeypatch.setattr(module, "VIDEO_PACKAGE", "no_such_package")
    with pytest.raises(ExportError, match=r"pip install av"):
        film_form_of(Path("a.mp4"))
    with pytest.raises(ExportError, match=r"\.mp4, \.webm, \.webp, \.gif, \.png"):
        film_form_of(Path("a.mov"))


@pytest.mark.parametrize(("suffix", "seconds"), [(".png", 65), (".gif", 655)])
def test_a_frame_stays_as_long_as_its_format_can_say(suffix: str, seconds: int, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    form, frames = film_form_of(path), [np.zeros((4, 4, 3), np.uint8)] * 2
    slow = Film(4, 4, 2, Fraction(1, seconds))
    check_film(path, form, slow)
    write_film(path, form, frames, slow)
    with pytest.raises(ExportError, match=f"at most {seconds} seconds"):
        check_film(path, form, Film(4, 4, 2, Fraction(1, seconds + 1)))
