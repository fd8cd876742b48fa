"""Pixels as the engine reads and writes them: every type and number of channels that pictures come in."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from diif_viewer.engine.native.finish import Taps
from diif_viewer.errors import RequestError
from diif_viewer.geometry import Axis
from diif_viewer.imaging import classic

Array = npt.NDArray[Any]
"""HWC pixels: uint8, uint16, or float32 in [0, 1]; 1 to 4 channels."""


def known(image: Image.Image | Array) -> Array:
    """A picture as an HWC array of a known type and number of channels. Raises RequestError for others."""
    if isinstance(image, Image.Image):
        image = _array(image)
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4) or 0 in array.shape:
        raise RequestError(f"A picture must be an HWC array with 1 to 4 channels, not one of shape {array.shape}.")
    if array.dtype in (np.uint8, np.uint16):
        return array
    if np.issubdtype(array.dtype, np.floating):
        return array.astype(np.float32, copy=False)
    raise RequestError(f"A picture must be uint8, uint16 or float in [0, 1], not {array.dtype}.")


def _array(image: Image.Image) -> Array:
    mode = image.mode
    if mode.startswith("I"):  # grey of 16 bits; what is beyond them is cut off
        return np.asarray(image).clip(0, 65535).astype(np.uint16)
    clear = image.has_transparency_data
    if mode in ("F", "LA", "RGBA") or (mode in ("L", "RGB") and not clear):
        return np.asarray(image)
    if mode in ("1", "L", "La"):
        image = image.convert("LA" if clear else "L")
    else:
        image = image.convert("RGBA" if clear else "RGB")
    return np.asarray(image)


def unit(values: Array) -> npt.NDArray[np.float32]:
    """Any source type to float32 in [0, 1]."""
    if values.dtype == np.float32:
        return values.clip(0, 1)
    return np.divide(values, np.iinfo(values.dtype).max, dtype=np.float32)


def as_bytes(values: Array) -> npt.NDArray[np.uint8]:
    """Any source type to uint8."""
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    return (unit(values) * 255 + 0.5).astype(np.uint8)


def finished(values: Tensor, channels: int, as_float: bool) -> Tensor:
    """Model output (h, w, 3), overwritten, for a picture of so many channels: one for grey, bytes or [0, 1]."""
    if channels >= 3 and not as_float:
        return values.mul_(127.5).add_(128.0).clamp_(0.5, 255.5).to(torch.uint8)  # rounded
    values = values.mul_(0.5).add_(0.5).clamp_(0, 1)
    if channels < 3:
        values = values.mean(-1, keepdim=True)
    return values if as_float else values.mul_(255).add_(0.5).to(torch.uint8)


@functools.lru_cache(maxsize=512)
def bicubic_matrix(axis: Axis, start: int, stop: int, device: str) -> tuple[int, Tensor]:
    """Pillow's bicubic as a matrix over the source pixels it touches: (first pixel, (stop - start, pixels) float32)."""
    first, weights = classic.bicubic_taps(axis, start, stop)
    low, high = max(0, int(first.min())), min(axis.size, int(first.max()) + 4)
    matrix = np.zeros((stop - start, high - low + 8))  # room for taps outside the picture: their weight is 0
    for tap in range(4):
        matrix[np.arange(stop - start), first + tap - low + 4] += weights[:, tap]
    return low, torch.from_numpy(matrix[:, 4:-4].astype(np.float32)).to(device)


@functools.lru_cache(maxsize=512)
def bicubic_fours(axis: Axis, start: int, stop: int) -> Taps | None:
    """The same as four source pixels for each output, all of them inside; None for fewer than four in the picture."""
    if axis.size < 4:
        return None
    first, weights = classic.bicubic_taps(axis, start, stop)
    inside = first.clip(0, axis.size - 4)
    index = np.arange(4) + (inside - first)[:, None]  # taps that were outside count for nothing
    held = np.take_along_axis(np.pad(weights, ((0, 0), (0, 3))), index.clip(0), 1) * (index >= 0)
    low = int(inside.min())
    return Taps(
        low, int(inside.max()) + 4, torch.from_numpy((inside - low).astype(np.int32)), torch.from_numpy(held).float()
    )
