"""What somebody chose for an export, remembered from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from diif_viewer.imaging.formats import FORMATS, Format
from diif_viewer.ui.settings import Settings

PARTS = ("view", "region", "whole")
ANCHORS = ("screen", "scale", "width", "height", "print")
ASPECTS = ("free", "picture", "1:1", "4:3", "3:2", "16:9", "2:3", "9:16")
_NAMES = tuple(form.name for form in FORMATS)
_AMONG = {"part": PARTS, "anchor": ANCHORS, "aspect": ASPECTS, "form": _NAMES}
_PREFIX = "export_"


@dataclass(frozen=True, slots=True)
class Choices:
    """How to export.

    part: one of PARTS. aspect: of a region, one of ASPECTS. anchor: what decides the size, one of ANCHORS: the view's
    scale, or `size` as a scale, in pixels of width or height, or in millimetres of width at `dpi`. method: its name, ""
    for that on screen. form: Pillow's name of the format. bits: 8, 16, or 0 for those of the picture. quality_jpeg and
    so on: 1 .. 100. exact: in float32, else as the screen computes. best: the mean of eight flips and rotations.
    strip: without personal metadata. srgb: in sRGB, whatever colours the file has of its own. folder: where to, "" for
    beside the picture.
    """

    part: str = "view"
    aspect: str = "free"
    anchor: str = "screen"
    size: float = 0.0
    dpi: float = 300.0
    method: str = ""
    form: str = "PNG"
    bits: int = 0
    quality_jpeg: int = 92
    quality_webp: int = 90
    quality_avif: int = 80
    exact: bool = True
    best: bool = False
    strip: bool = False
    srgb: bool = False
    folder: str = ""

    @property
    def format(self) -> Format:
        """The format's row in the table."""
        return FORMATS[_NAMES.index(self.form)]

    @property
    def quality(self) -> int | None:
        """1 .. 100; None for formats that lose nothing."""
        return None if self.format.quality is None else int(getattr(self, f"quality_{self.form.lower()}"))

    def with_quality(self, quality: int) -> Choices:
        """Another quality for the present format."""
        return replace(self, **{f"quality_{self.form.lower()}": quality})  # type: ignore[arg-type]

    def bits_for(self, bits: int) -> int:
        """Bits per channel of the result for a picture of `bits`: what the format can hold goes before."""
        wanted = self.bits or bits
        return wanted if wanted in self.format.bits else 8


def remembered(settings: Settings) -> Choices:
    """The last choices; where one is damaged or missing, its default."""
    found: dict[str, object] = {}
    for row in fields(Choices):
        name, default = _PREFIX + row.name, row.default
        if isinstance(default, bool):
            found[row.name] = settings.flag(name, default)
        elif isinstance(default, int | float):
            found[row.name] = _limited(row.name, settings.number(name, default), default)
        else:
            found[row.name] = settings.text(name, str(default), _AMONG.get(row.name, ()))
    choices = Choices(**found)  # type: ignore[arg-type]
    return replace(choices, anchor="screen") if choices.anchor != "screen" and choices.size <= 0 else choices


def remember(choices: Choices, settings: Settings) -> None:
    """Keep them for the next time."""
    for row in fields(Choices):
        settings.put(_PREFIX + row.name, getattr(choices, row.name))


def _limited(name: str, value: float, default: float) -> float:
    """A number brought within what it can mean."""
    if name == "bits":
        return int(value) if value in (8, 16) else 0
    if name.startswith("quality"):
        return int(value) if 1 <= value <= 100 else default
    return value if value >= 0 and (name != "dpi" or value >= 1) else default
