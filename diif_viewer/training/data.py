"""Training pictures, decoded once into a memory-mapped file, and the batches cut from them.

A batch is a function of (seed, step) alone, so that a resumed run sees exactly what an uninterrupted one would.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from diif_viewer.errors import TrainingError

Bytes = npt.NDArray[np.uint8]

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs for one step; all pictures of a batch have the same size.

    low: (B, patch, patch, 3) uint8. high: (B, side, side, 3) uint8. rows: output rows to learn from, ascending (R,).
    """

    low: Bytes
    high: Bytes
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sampler:
    """How batches are cut.

    patch: side of the low-resolution patch. batch: patches. pixels: outputs learnt from per patch. scales: smallest and
    largest, drawn uniformly. seed: of everything random.
    """

    patch: int
    batch: int
    pixels: int
    scales: tuple[float, float]
    seed: int

    @property
    def largest_side(self) -> int:
        """Smallest side that a training picture must have."""
        return round(self.patch * self.scales[1])

    def batch_of(self, pictures: list[Bytes], step: int) -> Batch:
        """The batch of one step: crops, flips, transposes, and their bicubic reductions through 8 bits."""
        rng = np.random.default_rng((self.seed, step))
        side = round(self.patch * rng.uniform(*self.scales))
        high = np.stack([_crop(pictures[rng.integers(len(pictures))], side, rng) for _ in range(self.batch)])
        low = np.stack([reduced(crop, self.patch, self.patch) for crop in high])
        count = max(4, min(side, self.pixels // side))
        rows = np.sort(rng.permutation(side)[:count]).astype(np.int64)
        return Batch(low, high, rows)


def reduced(picture: Bytes, height: int, width: int) -> Bytes:
    """A smaller picture as the benchmarks make them: PIL's bicubic filter, rounded to 8 bits."""
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def _crop(picture: Bytes, side: int, rng: np.random.Generator) -> Bytes:
    top, left = (int(rng.integers(size - side + 1)) for size in picture.shape[:2])
    crop = picture[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[::-1]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    if rng.random() < 0.5:
        crop = crop.transpose(1, 0, 2)
    return np.ascontiguousarray(crop)


def picture_files(folder: Path) -> list[Path]:
    """The pictures of a folder, sorted by name. Raises TrainingError when there are none."""
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
    files = picture_files(folder)
    wanted: dict[str, Any] = {
        "smallest": smallest,
        "files": [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files],
    }
    pixels, index = cache / "pictures.raw", cache / "pictures.json"
    held: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        held = json.loads(index.read_text(encoding="utf-8"))
    if held.get("source") != wanted or not pixels.is_file() or pixels.stat().st_size != held.get("bytes"):
        cache.mkdir(parents=True, exist_ok=True)
        index.unlink(missing_ok=True)
        shapes = _decode(files, pixels, smallest, report)
        if not shapes:
            raise TrainingError(f"{folder}: no picture is at least {smallest} pixels wide and high.")
        held = {"source": wanted, "shapes": shapes, "bytes": pixels.stat().st_size}
        index.write_text(json.dumps(held), encoding="utf-8")
    return list(_views(pixels, held["shapes"]))


def _decode(files: list[Path], target: Path, smallest: int, report: Callable[[str], None]) -> list[list[int]]:
    shapes = []
    partial = target.with_suffix(".part")
    with partial.open("wb") as out:
        for file in files:
            try:
                with Image.open(file) as picture:
                    pixels = np.asarray(picture.convert("RGB"))
            except (OSError, ValueError, Image.DecompressionBombError) as error:
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
