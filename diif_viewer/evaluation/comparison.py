"""What a comparison figure shows: one region of a picture by several methods and scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from diif_viewer.errors import RequestError
from diif_viewer.evaluation.quality import Dtype, views
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.colour import expand_grey, rgb_to_y, to_8_bits
from diif_viewer.imaging.metrics import psnr, ssim
from diif_viewer.imaging.reduction import reduced_pair

if TYPE_CHECKING:
    from diif_viewer.engine.model import Model

Bytes = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
Progress = Callable[[float], None]

MOST_PIXELS = 1 << 25
"""Of one crop of a figure: more than any paper or screen shows, and all of them are held at once."""


@dataclass(frozen=True, slots=True)
class Crop:
    """The region by one method. pixels: HWC RGB. psnr: dB where the truth is known, infinite for the truth itself.

    ssim: not a number for regions below 11 x 11 pixels.
    """

    name: str
    pixels: Bytes
    psnr: float | None = None
    ssim: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The crops of one scale; all rows have the same names in the same order."""

    scale: float
    crops: tuple[Crop, ...]


def of_truth(
    truth: Bytes,
    scales: Sequence[float],
    methods: Sequence[str | Model],
    box: Box,
    *,
    dtype: Dtype = "float32",
    progress: Progress | None = None,
) -> list[Row]:
    """The picture is the truth: reduced by each scale as the papers do, enlarged by each method, and compared.

    truth: HWC RGB. box: (left, top, right, bottom) in its pixels. dtype: what is measured of models, float32 or what is
    on screen. The truth itself ends each row; PSNR and SSIM are those of the region's luminance. Raises RequestError
    for a region that does not lie in what is left at every scale.
    """
    left, top, right, bottom = whole_box(box)
    window, rows = Window(top, left, bottom, right), []
    for number, scale in enumerate(scales):
        low, high = reduced_pair(truth, scale)
        check_inside(box, high.shape, f" that can be compared at x{scale:g}")
        wanted = high[top:bottom, left:right]
        lattice, crops = Lattice.of_size(low.shape[0], low.shape[1], *high.shape[:2]), []
        luminance = rgb_to_y(wanted / 255.0)
        for name, pixels, _ in views(low, lattice, window, methods, dtype):
            own = rgb_to_y(pixels / 255.0 if pixels.dtype == np.uint8 else pixels)
            crops.append(Crop(name, _bytes(pixels), psnr(own, luminance), ssim(own, luminance)))
            _told(progress, number + len(crops) / len(methods), scales)
        rows.append(Row(scale, (*crops, Crop("truth", wanted, math.inf))))
    return rows


def of_picture(
    picture: npt.NDArray[Any],
    scales: Sequence[float],
    methods: Sequence[str | Model],
    box: Box,
    *,
    dtype: Dtype = "float32",
    progress: Progress | None = None,
) -> list[Row]:
    """The picture itself is enlarged; there is no truth. Raises RequestError.

    picture: HWC, grey or RGB, uint8 or uint16. box: in its pixels. dtype: as for `of_truth`.
    """
    check_inside(box, picture.shape, "")
    rows = []
    for number, scale in enumerate(scales):
        lattice, crops = Lattice.of_scale(picture.shape[0], picture.shape[1], scale), []
        window = lattice.window_of(box).intersected(lattice.window)
        if not window:
            raise RequestError(f"The region holds no output pixel at x{scale:g}.")
        if window.area > MOST_PIXELS:
            raise RequestError(
                f"At x{scale:g} the region is {window.width}x{window.height} pixels, more than a figure can show; "
                "choose a smaller one with --box, or a smaller scale."
            )
        for name, pixels, _ in views(picture, lattice, window, methods, dtype):
            crops.append(Crop(name, _bytes(pixels)))
            _told(progress, number + len(crops) / len(methods), scales)
        rows.append(Row(scale, tuple(crops)))
    return rows


def comparable_size(shape: tuple[int, ...], scales: Sequence[float]) -> tuple[int, int]:
    """(height, width) of the part of a truth that is left at every scale: ``round(s * floor(n / s))``."""
    height, width = (min(round(s * math.floor(n / s + 1e-9)) for s in scales) for n in shape[:2])
    return height, width


def whole_box(box: Box) -> tuple[int, int, int, int]:
    """The box in whole pixels. Raises RequestError when it is not."""
    if any(value != int(value) for value in box):
        raise RequestError("The box must hold whole pixels of the truth, like 40,30,136,126.")
    return int(box[0]), int(box[1]), int(box[2]), int(box[3])


def check_inside(box: Box, shape: tuple[int, ...], what: str) -> None:
    """Raise RequestError unless `box` is a part of a picture of `shape`."""
    left, top, right, bottom = box
    if not (0 <= left < right <= shape[1] and 0 <= top < bottom <= shape[0]):
        size = f"{shape[1]}x{shape[0]}"
        raise RequestError(f"The box {','.join(f'{v:g}' for v in box)} must lie inside the {size} pixels{what}.")


def _bytes(pixels: npt.NDArray[Any]) -> Bytes:
    levels = np.rint(pixels * 255).clip(0, 255).astype(np.uint8) if pixels.dtype.kind == "f" else to_8_bits(pixels)
    return np.asarray(expand_grey(levels))


def _told(progress: Progress | None, done: float, scales: Sequence[float]) -> None:
    if progress is not None:
        progress(done / len(scales))
