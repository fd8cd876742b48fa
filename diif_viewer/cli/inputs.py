"""Which pictures are meant: files, patterns that the shell left alone, folders, and `-` for standard input."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer.errors import ImageError
from diif_viewer.imaging.suffixes import PICTURES

if TYPE_CHECKING:
    from diif_viewer.imaging.load import Header

STANDARD = Path("-")


def expand(words: Sequence[str]) -> list[Path]:
    """The pictures that `words` mean, each once, in their order; within a folder or pattern as people count.

    Raises ImageError for a pattern or folder without pictures, a folder without permission, and `-` beside other words.
    """
    check_standard(words)
    found: dict[Path, None] = {}
    for word in words:
        found.update(dict.fromkeys(_meant(word)))
    return list(found)


def check_standard(words: Sequence[str]) -> None:
    """Raises ImageError for `-` beside other words."""
    if "-" in words and len(words) > 1:
        raise ImageError("Standard input (-) is one picture; name no others beside it.")


def names_folders(words: Sequence[str]) -> bool:
    """Whether one of `words` is a folder or a pattern, which may mean any number of pictures."""
    return any(os.path.isdir(word) or _is_pattern(word) for word in words)


@contextlib.contextmanager
def standard_input() -> Iterator[Path]:
    """The picture that comes by standard input, as a file for as long as the block lasts.

    Raises ImageError where nothing comes, or nothing can be read.
    """
    try:
        data = sys.stdin.buffer.read() if sys.stdin is not None else b""
    except OSError as error:
        raise ImageError(f"Standard input cannot be read: {error.strerror or error}.") from None
    if not data:
        raise ImageError("Standard input holds no picture.")
    with tempfile.TemporaryDirectory(prefix="diif-viewer-") as folder:
        file = Path(folder, "standard input")
        file.write_bytes(data)
        yield file


@contextlib.contextmanager
def in_full(path: Path) -> Iterator[None]:
    """What is said of the picture at `path` in this block names it with its folder: here one is typed, or many are."""
    try:
        yield
    except ImageError as error:
        name, colon, rest = str(error).partition(": ")
        if not colon or name != path.name:
            raise
        raise type(error)(f"{path}: {rest}") from error


def ending(header: Header, name: Path | None) -> str:
    """The ending that says which model a picture is for; that of its kind where it came without a name."""
    if name is not None:
        return name.suffix
    return ".jpg" if header.format in ("JPEG", "MPO") else ""


def _meant(word: str) -> list[Path]:
    path = Path(word)
    if os.path.isdir(path):
        try:
            pictures = sorted((p for p in path.iterdir() if _is_picture(p)), key=_natural)
        except PermissionError:
            raise ImageError(f"{word}: there is no permission to read this folder.") from None
        if not pictures:
            raise ImageError(f"{word}: there is no picture in this folder.")
        return pictures
    if _is_pattern(word):
        matches = sorted((Path(p) for p in glob.glob(word, recursive=True) if os.path.isfile(p)), key=_natural)
        if not matches:
            raise ImageError(f"{word}: no file matches this pattern.")
        return matches
    return [path]


def _is_pattern(word: str) -> bool:
    return glob.has_magic(word) and not os.path.exists(word)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and os.path.isfile(path)


def _natural(path: Path) -> tuple[str, list[tuple[int, int | str]], str]:
    """picture-2 before picture-10."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return str(path.parent), [(0, int(part)) if part.isdecimal() else (1, part) for part in parts], path.name
