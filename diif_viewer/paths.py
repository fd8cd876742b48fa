"""Where shipped files live: beside the package in the source tree, inside it once installed."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


_IN_THE_TREE = {"cards": "docs/models"}
"""Folders that are called otherwise in the source tree."""


def shipped(folder: str) -> Path:
    """The directory of shipped files `folder` ("weights", "resources" or "cards")."""
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent / _IN_THE_TREE.get(folder, folder)


def is_shipped(path: Path) -> bool:
    """Is it one of the program's own pictures? Among those nobody looks for others, or wants to save."""
    return path.absolute().parent == shipped("resources")


def may_write(folder: Path) -> bool:
    """Has this user the permission to make files in `folder`? Also False where there is none."""
    return os.access(folder, os.W_OK | os.X_OK)


def stamp_of(path: Path) -> object:
    """Something that changes with the file; None when it cannot be told."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def cache_directory() -> Path:
    """Per-user directory for measurements that can be made again (not created here)."""
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = _xdg("XDG_CACHE_HOME") or Path.home() / ".cache"
    return base / "diif-viewer"


def data_directory() -> Path:
    """Per-user directory for what people have added, such as models (not created here)."""
    if os.name == "nt":
        return Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming")) / "diif-viewer"
    return (_xdg("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "diif-viewer"


def _xdg(variable: str) -> Path | None:
    """The folder that a variable names; one that is empty or relative counts for nothing, as its specification says."""
    named = os.environ.get(variable, "")
    return Path(named) if os.path.isabs(named) else None


def without_home(words: str) -> str:
    """`words` with ~ for the user's folder, whose name is often a person's."""
    try:
        home = Path.home()
    except RuntimeError:  # nobody's
        return words
    return words if home == home.parent else re.sub(re.escape(str(home)) + r"(?![\w.-])", "~", words)
