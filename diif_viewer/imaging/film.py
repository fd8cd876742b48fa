"""Films: frames of one size, one after the other, in a file. The formats, what each can hold, and who writes it.

GIF, WebP and PNG (animated) are put together here from single pictures that Pillow or `imaging.png` encode; MP4 and
WebM need the package PyAV. Every writer takes frames as they come and keeps none of them.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diif_viewer.errors import ExportError

Frame = npt.NDArray[np.uint8]
"""(height, width, 3) uint8, sRGB."""


@dataclass(frozen=True, slots=True)
class Film:
    """height, width: of each frame. count: frames. rate: frames per second."""

    height: int
    width: int
    count: int
    rate: Fraction

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return float(self.count / self.rate)

    def durations(self, ticks: int) -> Iterator[int]:
        """How long each frame stays, in whole 1/`ticks` seconds; rounding does not add up."""
        times = [round(number * ticks / self.rate) for number in range(self.count + 1)]
        yield from (after - before for before, after in itertools.pairwise(times))


@dataclass(frozen=True, slots=True)
class FilmForm:
    """name: as people know it. longest: most pixels along a side. fastest: frames per second that are shown rightly.

    stays: seconds that a frame can be told to stay. quality: the default of 1 .. 100, None where there is none.
    lossless: can lose nothing, if asked. even: sides must be. video: needs PyAV.
    """

    name: str
    suffix: str
    longest: int
    fastest: int = 240
    stays: int = 3600
    quality: int | None = None
    lossless: bool = False
    even: bool = False
    video: bool = False


FILM_FORMS = (
    FilmForm("MP4", ".mp4", 8192, quality=70, even=True, video=True),
    FilmForm("WebM", ".webm", 16_384, quality=70, even=True, video=True),
    FilmForm("WebP", ".webp", 16_383, quality=90, lossless=True),
    FilmForm("GIF", ".gif", 65_535, fastest=50, stays=655),
    FilmForm("PNG", ".png", 65_535, stays=65, lossless=True),
)
FILM_SUFFIXES = tuple(form.suffix for form in FILM_FORMS)
VIDEO_PACKAGE = "av"


def has_video() -> bool:
    """True where PyAV is installed."""
    return importlib.util.find_spec(VIDEO_PACKAGE) is not None


def film_form_of(path: Path) -> FilmForm:
    """The format that the suffix of `path` names. Raises ExportError for another one, or one that PyAV lacks for."""
    for form in FILM_FORMS:
        if path.suffix.lower() == form.suffix or (form.name == "PNG" and path.suffix.lower() == ".apng"):
            if form.video and not has_video():
                raise ExportError(
                    f"{path}: {form.name} needs the package PyAV, which is not installed; "
                    "install it (pip install av), or choose .webp, .gif or .png."
                )
            return form
    raise ExportError(
        f"{path}: the format of a film is chosen by the name's ending: {', '.join((*FILM_SUFFIXES, '.apng'))}."
    )


def check_film(path: Path, form: FilmForm, film: Film, *, lossless: bool = False, quality: int | None = None) -> None:
    """Say before the work starts what `form` cannot hold. Raises ExportError."""
    size = f"{film.width}x{film.height}"
    if max(film.height, film.width) > form.longest:
        raise ExportError(
            f"{path}: {form.name} holds at most {form.longest:,} pixels along a side, and the frames have {size}."
        )
    if form.even and (film.height % 2 or film.width % 2):
        raise ExportError(f"{path}: {form.name} needs an even width and height, not {size}.")
    if film.rate > form.fastest:
        raise ExportError(f"{path}: {form.name} shows at most {form.fastest} frames per second; choose fewer.")
    if film.rate * form.stays < 1:
        raise ExportError(f"{path}: {form.name} shows a frame for at most {form.stays} seconds; choose more of them.")
    if lossless and not form.lossless:
        names = " or ".join(other.suffix for other in FILM_FORMS if other.lossless)
        raise ExportError(f"{path}: {form.name} always loses something; choose {names} for a lossless film.")
    if quality is not None and form.quality is None:
        names = ", ".join(other.suffix for other in FILM_FORMS if other.quality is not None)
        raise ExportError(f"{path}: {form.name} has no quality to choose; leave it out, or choose one of {names}.")


def write_film(
    path: Path,
    form: FilmForm,
    frames: Iterable[Frame],
    film: Film,
    *,
    quality: int | None = None,
    lossless: bool = False,
) -> None:
    """Write `film.count` frames to `path`; the memory of two or three of them, and of what the encoder looks ahead.

    quality: 1 .. 100, None for the format's own. Raises OSError (ExportError within `atomic_path`), ExportError, and
    whatever the frames raise.
    """
    level = quality or form.quality or 0
    counted = _counted(frames, film)
    if form.video:
        from diif_viewer.imaging.video import write_video

        write_video(path, form.name, counted, film, level)
    elif form.name == "WebP":
        from diif_viewer.imaging.moving_webp import write_moving_webp

        write_moving_webp(path, counted, film, level, lossless=lossless)
    elif form.name == "GIF":
        from diif_viewer.imaging.moving_gif import write_moving_gif

        write_moving_gif(path, counted, film)
    else:
        from diif_viewer.imaging.moving_png import write_moving_png

        write_moving_png(path, counted, film)


def _counted(frames: Iterable[Frame], film: Film) -> Iterator[Frame]:
    number = 0
    for frame in frames:
        assert frame.shape == (film.height, film.width, 3), frame.shape
        number += 1
        yield frame
    assert number == film.count, f"{number} frames for a film of {film.count}"
