"""Quality as the papers measure it: low-resolution pictures enlarged to the truth's size and compared with it.

Protocols. `benchmark` (Set5, Set14, ...): luminance, a border of ``scale`` pixels left out. `div2k`: RGB, a border of
``scale + 6`` left out. The low-resolution picture is given, or made from the truth with Pillow's bicubic filter through
8 bits with ``floor(size / scale)`` pixels; the truth is cropped to ``round(scale * size)`` of it (LIIF's protocol).

Models are measured through the engine that the viewer uses, so that the figures describe what people see.
"""

from __future__ import annotations

import io
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.classic import resample
from diif_viewer.imaging.colour import expand_grey, rgb_to_y, split_alpha, to_8_bits
from diif_viewer.imaging.load import load_picture, peek
from diif_viewer.imaging.metrics import psnr, ssim
from diif_viewer.imaging.reduction import reduced_pair, truth_size

if TYPE_CHECKING:
    from diif_viewer.engine.field import Field
    from diif_viewer.engine.model import Model

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating[Any]]
Dtype = Literal["uint8", "float32"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm"})


_OF_SCALE = re.compile(r"HR_x(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Protocol:
    """How pictures are compared. luminance: Y of BT.601 instead of RGB. margin: pixels beyond the scale left out."""

    name: str
    luminance: bool
    margin: int

    def border(self, scale: float) -> int:
        """Pixels left out on every side; a fractional scale counts as the next whole one."""
        return math.ceil(scale - 1e-9) + self.margin

    def compared(self, picture: Floats | Bytes, scale: float) -> Floats:
        """The values that count: HWC RGB, uint8 or float in [0, 1] -> (h, w) luminance or (h, w, 3), in [0, 1]."""
        border = self.border(scale)
        inner = picture[border : picture.shape[0] - border, border : picture.shape[1] - border]
        unit = inner / 255.0 if inner.dtype == np.uint8 else inner.astype(np.float64)
        return rgb_to_y(unit) if self.luminance else unit


PROTOCOLS = {p.name: p for p in (Protocol("benchmark", True, 0), Protocol("div2k", False, 6))}


@dataclass(frozen=True, slots=True)
class Case:
    """One truth at one scale.

    low: the given low-resolution file, None to make it. Before that picture is enlarged, it is blurred and compressed:
    blur: standard deviation of a Gaussian in its pixels. jpeg: quality (colour at half the resolution), None for none.
    """

    dataset: str
    scale: float
    high: Path
    low: Path | None = None
    jpeg: int | None = None
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """What one method reached on one picture at one scale. psnr: dB. seconds: spent on enlarging it."""

    dataset: str
    picture: str
    method: str
    scale: float
    psnr: float
    ssim: float
    seconds: float


# ---- pictures --------------------------------------------------------------------------------------------


def dataset_names(folders: Sequence[Path]) -> dict[Path, str]:
    """What the data sets in `folders` are called: the last part of a path, with the one before where two share it."""
    whole = {folder: folder.resolve() for folder in folders}
    shared = Counter(path.name for path in set(whole.values()))
    return {
        folder: path.name if shared[path.name] == 1 else f"{path.parent.name}/{path.name}"
        for folder, path in whole.items()
    }


def find_cases(
    folder: Path, scale: float, *, low: Path | None = None, made: bool = False, name: str | None = None
) -> list[Case]:
    """The pictures of a data set at one scale, by name.

    folder: truths; or a benchmark folder with ``HR_x2``, ``LR_x2`` and so on, whose low-resolution pictures are taken
    where there are some for this scale, unless `made`; else they are made from the truths of its smallest scale.
    low: folder of low-resolution pictures with the truths' names (``0801.png`` or ``0801x4.png``). name: of the data
    set, else the folder's. Raises RequestError.
    """
    high, beside = folder / f"HR_x{scale:g}", folder / f"LR_x{scale:g}"
    if low is not None and not low.is_dir():
        raise RequestError(f"There is no folder {low}.")
    if low is None and not made and high.is_dir() and beside.is_dir():
        low = beside
    else:
        high = _truths(folder)
    dataset = name or folder.resolve().name
    return [Case(dataset, scale, file, _partner(file, low, scale)) for file in pictures_in(high)]


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder, by name. Raises RequestError when there is none."""
    if folder.is_file():
        raise RequestError(f"{folder} is a file; give the folder that holds the pictures.")
    if not folder.is_dir():
        raise RequestError(f"There is no folder {folder}.")
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    if not files:
        raise RequestError(f"{folder}: there is no picture in this folder.")
    return files


def _truths(folder: Path) -> Path:
    """The folder itself, or the subfolder of a benchmark whose truths are cropped least."""
    whole = folder / "HR"
    if whole.is_dir():
        return whole
    cropped = [
        (float(found[1]), f) for f in folder.glob("HR_x*") if (found := _OF_SCALE.fullmatch(f.name)) and f.is_dir()
    ]
    return min(cropped)[1] if cropped else folder


def _partner(truth: Path, low: Path | None, scale: float) -> Path | None:
    if low is None:
        return None
    for stem in (truth.stem, f"{truth.stem}x{scale:g}"):
        for suffix in (truth.suffix, *sorted(SUFFIXES)):
            if (file := low / (stem + suffix)).is_file():
                return file
    raise RequestError(f"{truth.name} has no low-resolution picture of its name in {low}.")


def check_cases(cases: Sequence[Case], protocol: Protocol) -> None:
    """Find out by the files' headers what would stop `measure` in the middle. Raises ImageError, RequestError."""
    sizes = {file: _size(file) for case in cases for file in (case.high, case.low) if file is not None}
    for case in cases:
        low = None if case.low is None else sizes[case.low]
        _check_inside(case, _compared_size(case, sizes[case.high], low), protocol)


def _size(file: Path) -> tuple[int, int]:
    header = peek(file)
    return header.height, header.width


def _check_inside(case: Case, size: tuple[int, int], protocol: Protocol) -> None:
    if min(size) <= 2 * protocol.border(case.scale):
        raise RequestError(f"{case.high.name}: nothing is left of the picture without its border at x{case.scale:g}.")


def _compared_size(case: Case, high: tuple[int, int], low: tuple[int, int] | None) -> tuple[int, int]:
    """(height, width) of the truth that is compared, from those of the files. Raises RequestError."""
    if case.low is None or low is None:
        try:
            return truth_size(high, case.scale)
        except RequestError as error:
            raise RequestError(f"{case.high.name}: {error}") from error
    height, width = (round(case.scale * n) for n in low)
    if height > high[0] or width > high[1]:
        size = f"{high[1]}x{high[0]}"
        raise RequestError(f"{case.high.name}: {size} pixels are too few for x{case.scale:g} of {case.low.name}.")
    rounding = math.ceil(case.scale)  # rows or columns that no whole pixel of the low picture covers
    if any(whole - n > max(0.1 * whole, rounding) for n, whole in zip((height, width), high, strict=True)):
        raise RequestError(
            f"{case.low.name} is not {case.high.name} at x{case.scale:g}: enlarged so much it has {width}x{height} "
            f"pixels of {high[1]}x{high[0]}."
        )
    return height, width


def load_case(case: Case) -> tuple[Bytes, Bytes]:
    """(low, truth), both HWC RGB; the truth cropped to the size that is compared. Raises ImageError, RequestError."""
    high = rgb_picture(case.high)
    size = (high.shape[0], high.shape[1])
    if case.low is None:
        _compared_size(case, size, None)
        low, truth = reduced_pair(high, case.scale)
        return _spoilt(low, case), truth
    low = rgb_picture(case.low)
    height, width = _compared_size(case, size, (low.shape[0], low.shape[1]))
    return _spoilt(low, case), high[:height, :width]


def _spoilt(picture: Bytes, case: Case) -> Bytes:
    """As light meets a camera: blurred, then compressed."""
    if case.blur > 0:
        picture = np.array(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(case.blur)))
    if case.jpeg is None:
        return picture
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=case.jpeg, subsampling=2)
    with Image.open(file) as compressed:
        return np.array(compressed)


def rgb_picture(path: Path) -> Bytes:
    """A picture file as HWC RGB in 8 bits, without its alpha. Raises ImageError."""
    return to_8_bits(expand_grey(split_alpha(load_picture(path).pixels)[0]))


# ---- measuring -------------------------------------------------------------------------------------------


def enlarged(
    low: Bytes, size: tuple[int, int], methods: Sequence[str | Model], dtype: Dtype = "float32", *, best: bool = False
) -> Iterator[tuple[str, Floats | Bytes, float]]:
    """`low` at `size` (height, width) by each method: (name, HWC picture, seconds). Arguments as in `views`."""
    lattice = Lattice.of_size(low.shape[0], low.shape[1], *size)
    return views(low, lattice, lattice.window, methods, dtype, best=best)


def views(
    low: Bytes,
    lattice: Lattice,
    window: Window,
    methods: Sequence[str | Model],
    dtype: Dtype = "float32",
    *,
    best: bool = False,
) -> Iterator[tuple[str, Floats | Bytes, float]]:
    """A window of the lattice of `low` by each method: (name, HWC picture, seconds).

    methods: names of classic methods, or loaded models; models with one encoder share the features (the first of them
    pays for the encoding). dtype: of the models' pictures, float32 in [0, 1] or uint8 as on screen. best: after each
    model the mean of its eight flips and rotations, in float32, by its name with a + (as with EDSR+).
    """
    from diif_viewer.engine.ensemble import Ensemble
    from diif_viewer.engine.field import encode

    field: Field | None = None
    for method in methods:
        started = time.perf_counter()
        if isinstance(method, str):
            name, picture = method, resample(low, method, lattice, window)
        else:
            name, field = method.name, field.with_model(method) if field else encode(low, method)
            compute = method.compute.in_float32() if dtype == "float32" else method.compute
            picture = field.render_window(lattice, window, compute, as_float=dtype == "float32")
        yield name, picture, time.perf_counter() - started
        if best and field is not None and not isinstance(method, str):
            started = time.perf_counter()
            picture = Ensemble(field).render_window(lattice, window)
            yield f"{name}+", picture, time.perf_counter() - started


def measure(
    cases: Sequence[Case],
    methods: Sequence[str | Model],
    protocol: Protocol,
    *,
    dtype: Dtype = "float32",
    best: bool = False,
    progress: Callable[[float], None] | None = None,
    scores: list[Score] | None = None,
) -> list[Score]:
    """Every method on every case, and with `best` every model's best quality. Raises ImageError, RequestError,
    before any work where headers tell.

    progress: called with the finished fraction. scores: the list to extend, which holds what was measured whatever
    happens next; else a new one.
    """
    check_cases(cases, protocol)
    scores, rows = (
        [] if scores is None else scores,
        len(methods) + best * sum(not isinstance(method, str) for method in methods),
    )
    for number, case in enumerate(cases):
        low, high = load_case(case)
        _check_inside(case, (high.shape[0], high.shape[1]), protocol)
        truth = protocol.compared(high, case.scale)
        for done, (name, picture, seconds) in enumerate(enlarged(low, high.shape[:2], methods, dtype, best=best), 1):
            guess = protocol.compared(picture, case.scale)
            figures = psnr(guess, truth), ssim(guess, truth)
            scores.append(Score(case.dataset, case.high.stem, name, case.scale, *figures, seconds))
            if progress is not None:
                progress((number + done / rows) / len(cases))
    return scores
