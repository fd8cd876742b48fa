"""The pictures beside a picture, in the order people expect; where others are, and where what is made of one goes."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QDir, QStandardPaths

from diif_viewer.imaging.suffixes import PICTURES
from diif_viewer.paths import is_shipped


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order people expect; none where it cannot be read."""
    return [folder / name for name in sorted(_names_in(folder), key=_natural)]


def neighbour(path: Path, step: int) -> Path | None:
    """The picture `step` places after `path` in its folder, round the ends; None when it is the only one."""
    names = _names_in(path.parent)
    if not names:
        return None
    names = sorted({*names, path.name}, key=_natural)
    other = names[(names.index(path.name) + step) % len(names)]
    return None if other == path.name else path.parent / other


def users_pictures() -> Path:
    """The folder in which somebody keeps pictures, as far as the system knows."""
    named = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    return Path(named if os.path.isdir(named) else QDir.homePath())


def place_for(path: Path) -> Path:
    """The folder for what is made of the picture at `path`: beside it, unless it is one of the program's own."""
    return users_pictures() if is_shipped(path) else path.absolute().parent


def _names_in(folder: Path) -> list[str]:
    """Names alone: of some ten thousand files paths would take longer than all else."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [name for name in names if (dot := name.rfind(".")) > 0 and name[dot:].lower() in PICTURES]


@lru_cache(maxsize=2**16)
def _natural(name: str) -> tuple[str, str]:
    """picture-2 before picture-10: before a number stands how many digits it has."""
    return _NUMBER.sub(_sortable, name.casefold()), name


def _sortable(number: re.Match[str]) -> str:
    digits = str(int(number[0]))
    return f"\0{len(digits):03}{digits}"  # \0, for what goes on with a number comes before all that goes on otherwise


_NUMBER = re.compile(r"\d+")
