"""Low-resolution pictures as the super-resolution papers make them, with the truth that they are compared with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from diif_viewer.errors import RequestError

Bytes = npt.NDArray[np.uint8]


def reduced_pair(picture: npt.NDArray[Any], scale: float) -> tuple[Bytes, Bytes]:
    """`picture`, HWC RGB uint8, reduced `scale` times (> 0): (low, truth), as LIIF's protocol has it.

    low: ``floor(size / scale)`` pixels, made with Pillow's bicubic filter through 8 bits. truth: the first
    ``round(scale * floor(size / scale))`` rows and columns. Raises RequestError when nothing would be left.
    """
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    rows, columns = _low_size((picture.shape[0], picture.shape[1]), scale)
    truth = np.ascontiguousarray(picture[: round(scale * rows), : round(scale * columns)])
    low = np.array(Image.fromarray(truth).resize((columns, rows), Image.Resampling.BICUBIC))
    return low, truth


def truth_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """(height, width) of what `reduced_pair` gives as the truth of a picture of `size`. Raises RequestError."""
    rows, columns = _low_size(size, scale)
    return round(scale * rows), round(scale * columns)


def _low_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    rows, columns = (math.floor(n / scale + 1e-9) for n in size)
    if rows < 1 or columns < 1:
        raise RequestError(f"the picture is too small to be reduced x{scale:g}.")
    return rows, columns
