"""The file formats of results: what each can hold, known before the work starts. A literal table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diif_viewer.errors import ExportError


@dataclass(frozen=True, slots=True)
class Format:
    """name: Pillow's. suffixes: the first is ours. longest: most pixels along a side. bits: depths per channel.

    channels: of pictures that it can hold. quality: the default of 1 .. 100, None where nothing is lost. lossless: can
    lose nothing, if asked, though it has a quality. streams:
    written strip by strip, so that the result need not fit into memory. ratio: a low guess of file over pixel bytes.
    """

    name: str
    suffixes: tuple[str, ...]
    longest: int
    bits: tuple[int, ...] = (8,)
    channels: tuple[int, ...] = (1, 2, 3, 4)
    quality: int | None = None
    streams: bool = False
    lossless: bool = False
    ratio: float = 0.02


FORMATS = (
    Format("PNG", (".png",), (1 << 31) - 1, (8, 16), streams=True, ratio=0.1),
    Format("TIFF", (".tif", ".tiff"), (1 << 31) - 1, (8, 16), streams=True, ratio=0.1),
    Format("JPEG", (".jpg", ".jpeg"), 65_500, channels=(1, 3), quality=92),
    Format("WEBP", (".webp",), 16_383, quality=90, lossless=True),
    Format("AVIF", (".avif",), 16_384, quality=80),
)
SUFFIXES = tuple(suffix for form in FORMATS for suffix in form.suffixes)
_DEPTH_NAMES = ", ".join(form.name for form in FORMATS if 16 in form.bits)
_ALPHA_NAMES = ", ".join(form.name for form in FORMATS if 4 in form.channels)


def keeps_profile(form: Format, channels: int) -> bool:
    """Can a file hold pixels of so many channels with their own profile? WebP and AVIF make grey colour, and so on."""
    return channels >= 3 or form.name == "PNG" or (channels == 1 and form.name in ("TIFF", "JPEG"))


def format_of(path: Path) -> Format:
    """The format that the suffix of `path` names. Raises ExportError for another one, or one this Pillow lacks."""
    for form in FORMATS:
        if path.suffix.lower() in form.suffixes:
            if not _is_supported(form):
                raise ExportError(
                    f"{path}: this installation of Pillow cannot write {form.name}; choose another format."
                )
            return form
    raise ExportError(f"{path}: the format is chosen by the name's ending: {', '.join(SUFFIXES)}.")


def check_fit(path: Path, form: Format, shape: tuple[int, int, int], bits: int) -> None:
    """Say before the work starts what `form` cannot hold of (height, width, channels). Raises ExportError."""
    height, width, channels = shape
    if max(height, width) > form.longest:
        raise ExportError(
            f"{path}: {form.name} holds at most {form.longest:,} pixels along a side, and the result has "
            f"{width}x{height}; choose PNG or TIFF."
        )
    if bits not in form.bits:
        raise ExportError(f"{path}: {form.name} holds 8 bits per channel; choose one of {_DEPTH_NAMES} for {bits}.")
    if channels not in form.channels:
        raise ExportError(
            f"{path}: the picture has transparency, which {form.name} cannot hold; choose {_ALPHA_NAMES}."
        )


def _is_supported(form: Format) -> bool:
    if form.name not in ("WEBP", "AVIF"):
        return True
    from PIL import features

    return bool(features.check(form.name.lower()))
