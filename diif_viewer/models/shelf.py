"""The user's own models: weights files in a folder of theirs, found by name wherever a model can be named.

A file's name without its ending is the model's. Free of torch, apart from `add`, which reads the file wholly.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from diif_viewer.errors import CheckpointError
from diif_viewer.models.registry import METHODS
from diif_viewer.paths import data_directory

SUFFIXES = (".safetensors", ".pth", ".pt")
RESERVED = {*METHODS, "truth", "difference"}
"""Names that no added model can have: the window shows something else by each of them."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def folder() -> Path:
    """Where the files are; it may not exist yet."""
    return data_directory() / "models"


def held() -> dict[str, Path]:
    """The models by name, in the order of their names; of two files of one name the first ending of SUFFIXES."""
    try:
        files = [path for path in folder().iterdir() if path.suffix in SUFFIXES and path.is_file()]
    except OSError:
        return {}
    files.sort(key=lambda path: (path.stem, -SUFFIXES.index(path.suffix)))
    return {path.stem: path for path in files if _NAME.fullmatch(path.stem) and path.stem not in RESERVED}


def add(file: Path, name: str | None = None, *, replace: bool = False) -> str:
    """Check a weights file and copy it to the others; its name there.

    name: default the file's own. replace: a model of that name may go. The copy is whole or not there. Raises
    CheckpointError for a file that cannot be used or a name that cannot be given, ExportError for a disk that is full.
    """
    from diif_viewer.imaging.save import atomic_path
    from diif_viewer.models.checkpoint import load_checkpoint

    load_checkpoint(file)
    called = name if name is not None else file.stem
    if not _NAME.fullmatch(called):
        raise CheckpointError(
            f"{called!r} cannot be a model's name: use letters, digits, dots, hyphens and underlines."
        )
    if called in RESERVED:
        raise CheckpointError(f"{called} is the name of a model or method that comes with the program; choose another.")
    old = held().get(called)
    if old is not None and not replace:
        raise CheckpointError(f"There is a model {called} already; remove it first, or replace it.")
    place = folder() / f"{called}{file.suffix.lower()}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{place.parent} cannot be made: {error.strerror or error}.") from error
    with atomic_path(place) as temporary:
        shutil.copyfile(file, temporary)
        load_checkpoint(temporary)  # what was copied, not what was there when it was read first
    if old is not None and old != place:
        old.unlink(missing_ok=True)
    return called


def remove(name: str) -> Path:
    """Delete the file of one of the user's models; where it was. Raises CheckpointError when there is none."""
    if name in METHODS:
        raise CheckpointError(f"{name} comes with the program and cannot be removed.")
    path = held().get(name)
    if path is None:
        names = ", ".join(held()) or "none so far"
        raise CheckpointError(f"There is no added model {name!r}; there are: {names}.")
    try:
        path.unlink()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be removed: {error.strerror or error}.") from error
    return path
