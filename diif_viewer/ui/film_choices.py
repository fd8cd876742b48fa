"""What somebody chose for a film of a zoom, remembered from one to the next, and the path that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from diif_viewer.imaging.film import FILM_FORMS, FilmForm, has_video
from diif_viewer.ui.settings import Settings
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import EASINGS, ZoomPath, rate_of

ENDS = ("whole", "x1", "x30", "view")
SIZES = ("1280x720", "1920x1080", "3840x2160", "1080x1080", "1080x1920", "640x360")
ENDINGS = {form.suffix: form.name for form in FILM_FORMS} | {".apng": "PNG"}
"""The format that the ending of a name says."""

_NAMES = tuple(form.name for form in FILM_FORMS)
_AMONG = {"start": ENDS, "end": ENDS, "size": ("view", *SIZES), "easing": tuple(EASINGS), "form": _NAMES}
_PREFIX = "film_"


@dataclass(frozen=True, slots=True)
class FilmChoices:
    """How to film.

    start, end: one of ENDS; view is a view that was on screen. seconds: how long. rate: frames per second. size: WxH,
    or "view" for that of the window's. easing: one of EASINGS. form: name of the format. folder: where to, "" for
    beside the picture.
    """

    start: str = "x1"
    end: str = "x30"
    seconds: float = 5.0
    rate: float = 30.0
    size: str = "1280x720"
    easing: str = "smooth"
    form: str = "MP4"
    folder: str = ""

    @property
    def format(self) -> FilmForm:
        """The format's row in the table."""
        return FILM_FORMS[_NAMES.index(self.form)]


def remembered(settings: Settings) -> FilmChoices:
    """The last choices; where one is damaged or missing, its default, in a format that can be written here."""
    found: dict[str, object] = {}
    for row in fields(FilmChoices):
        name = _PREFIX + row.name
        if isinstance(row.default, float):
            found[row.name] = min(max(settings.number(name, row.default), 0.1), 3600.0)
        else:
            found[row.name] = settings.text(name, str(row.default), _AMONG.get(row.name, ()))
    choices = FilmChoices(**found)  # type: ignore[arg-type]
    return replace(choices, form="WebP") if choices.format.video and not has_video() else choices


def remember(choices: FilmChoices, settings: Settings) -> None:
    """Keep them for the next time."""
    for row in fields(FilmChoices):
        settings.put(_PREFIX + row.name, getattr(choices, row.name))


def path_of(choices: FilmChoices, start: Viewport, end: Viewport) -> ZoomPath:
    """The zoom that is chosen. start, end: views that were on screen, for an end that is one. Raises RequestError.

    What is not a view of the screen has the middle of the other end in its middle, where it can.
    """
    size = frame_size(choices.size, end)
    middles = [_middle(view) for view in (start, end)]
    at = middles[0] if choices.start == "view" else middles[1]
    return ZoomPath(
        _framed(choices.start, start, size, at),
        _framed(choices.end, end, size, middles[1] if choices.end == "view" else at),
        choices.seconds,
        rate_of(choices.rate),
        choices.easing,
    )


def frame_size(size: str, view: Viewport) -> tuple[int, int]:
    """(height, width) of the frames; those of the view made even, as videos must be."""
    if size == "view":
        return max(2, view.view_height // 2 * 2), max(2, view.view_width // 2 * 2)
    width, height = (int(part) for part in size.split("x"))
    return height, width


def _middle(view: Viewport) -> tuple[float, float]:
    x, y = view.position_at((view.view_width / 2, view.view_height / 2))
    return min(max(x, 0.0), float(view.width)), min(max(y, 0.0), float(view.height))


def _framed(end: str, view: Viewport, size: tuple[int, int], at: tuple[float, float]) -> Viewport:
    """One end, at rest, so that it holds what the window would show."""
    frame = Viewport(view.height, view.width, *size)
    if end == "whole":
        return frame.fitted().rested()
    if end != "view":
        return frame.at_scale(float(end.removeprefix("x"))).centred_on(at).clamped().rested()
    if size == (view.view_height, view.view_width):
        return view.rested()
    box = (*view.position_at((0, 0)), *view.position_at((view.view_width, view.view_height)))
    return frame.showing(box).rested()
