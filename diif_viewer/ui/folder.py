"""The pictures beside a picture, in the order people expect."""

from __future__ import annotations

import re
from pathlib import Path

from diif_viewer.imaging.suffixes import PICTURES


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order people expect; none where it cannot be read."""
    try:
        return sorted((p for p in folder.iterdir() if p.suffix.lower() in PICTURES), key=_natural)
    except OSError:
        return []


def neighbour(path: Path, step: int) -> Path | None:
    """The picture `step` places after `path` in its folder, round the ends; None when it is the only one."""
    names = pictures_in(path.parent)
    if not names:
        return None
    if path not in names:
        names = sorted([*names, path], key=_natural)
    other = names[(names.index(path) + step) % len(names)]
    return None if other == path else other


def _natural(path: Path) -> tuple[list[tuple[int, int | str]], str]:
    """picture-2 before picture-10."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts], path.name
