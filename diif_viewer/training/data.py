"""Training pictures, decoded once into a memory-mapped file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diif_viewer.errors import ImageError, TrainingError
from diif_viewer.imaging.colour import expand_grey, split_alpha, to_8_bits
from diif_viewer.imaging.load import load_picture

Bytes = npt.NDArray[np.uint8]

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


_FORM = 2
"""Of the decoded pictures: other ones are made again when it changes."""


def picture_files(folder: Path) -> list[Path]:
    """The pictures of a folder, sorted by name. Raises TrainingError when there are none."""
    if folder.is_file():
        raise TrainingError(f"{folder} is a file; give the folder that holds the pictures.")
    if not folder.is_dir():
        raise TrainingError(f"{folder}: there is no such folder of pictures.")
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in _SUFFIXES)
    if not files:
        raise TrainingError(f"{folder}: the folder holds no pictures.")
    return files


def open_pictures(folder: Path, cache: Path, smallest: int, report: Callable[[str], None]) -> list[Bytes]:
    """The pictures of `folder` as read-only (height, width, 3) views of one memory-mapped file.

    cache: directory for that file, made again when the folder changed. smallest: pictures with a shorter side are left
    out, and named through `report`, as are those that cannot be read. Raises TrainingError when none is left.
    """
    files, known = [], []
    for file in picture_files(folder):
        try:
            about = file.stat()
        except OSError as error:
            report(f"skipped {file.name}: not readable ({error.strerror or error})")
            continue
        files.append(file)
        known.append([file.name, about.st_size, about.st_mtime_ns])
    wanted: dict[str, Any] = {"form": _FORM, "smallest": smallest, "files": known}
    pixels, index = cache / "pictures.raw", cache / "pictures.json"
    held: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        held = json.loads(index.read_text(encoding="utf-8"))
    if held.get("source") != wanted or not pixels.is_file() or pixels.stat().st_size != held.get("bytes"):
        try:
            cache.mkdir(parents=True, exist_ok=True)
            index.unlink(missing_ok=True)
            shapes = _decode(files, pixels, smallest, report)
            held = {"source": wanted, "shapes": shapes, "bytes": pixels.stat().st_size}
            index.write_text(json.dumps(held), encoding="utf-8")
        except OSError as error:
            with suppress(OSError):
                pixels.with_suffix(".part").unlink()
            raise TrainingError(
                f"The decoded pictures cannot be kept in {cache}: {error.strerror or error}."
            ) from error
        if not shapes:
            index.unlink()
            raise TrainingError(f"{folder}: no picture is at least {smallest} pixels wide and high.")
    return list(_views(pixels, held["shapes"]))


def _decode(files: list[Path], target: Path, smallest: int, report: Callable[[str], None]) -> list[list[int]]:
    shapes = []
    partial = target.with_suffix(".part")
    with partial.open("wb") as out:
        for file in files:
            try:
                pixels = to_8_bits(expand_grey(split_alpha(load_picture(file).pixels)[0]))
            except ImageError as error:
                report(f"skipped {file.name}: not readable ({error})")
                continue
            height, width = pixels.shape[:2]
            if min(height, width) < smallest:
                report(f"skipped {file.name}: {width}x{height} is smaller than a patch of {smallest}x{smallest}")
                continue
            out.write(pixels.tobytes())
            shapes.append([height, width, 3])
    os.replace(partial, target)
    return shapes


def _views(pixels: Path, shapes: Iterable[list[int]]) -> Iterable[Bytes]:
    everything = np.memmap(pixels, dtype=np.uint8, mode="r")
    start = 0
    for height, width, channels in shapes:
        count = height * width * channels
        yield everything[start : start + count].reshape(height, width, channels)
        start += count
