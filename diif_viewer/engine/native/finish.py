"""Pixels from a decoder's colours through the compiled kernel: what it is handed, as it reads it."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diif_viewer.engine.native import library


class Taps(NamedTuple):
    """Along an axis, the four source pixels that make each output: see `kernels.bicubic_taps`."""

    low: int
    high: int
    """Source pixels that are read, from `low` up to `high`: at least four."""
    first: Tensor
    """(n,) int32: of each four, counted from `low`."""
    weights: Tensor
    """(n, 4) float32."""


class Base(NamedTuple):
    """The bicubic picture that is added."""

    pixels: npt.NDArray[Any]
    """(rows, columns, 3 or 4) uint8, uint16, or float32 in [0, 1]: what the taps name, from `low` to `high`."""
    rows: Taps
    columns: Taps


class _Taps(ctypes.Structure):
    """`Taps` of finish.c."""

    _fields_ = (("first", ctypes.c_void_p), ("weights", ctypes.c_void_p))


class _Source(ctypes.Structure):
    """`Source` of finish.c."""

    _fields_ = (
        ("pixels", ctypes.c_void_p),
        *((name, ctypes.c_ssize_t) for name in ("row", "pixel", "channel")),
        *((name, ctypes.c_int32) for name in ("across", "most")),
    )


_MOST = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535, np.dtype(np.float32): 1}


class _Finish(ctypes.Structure):
    """`Finish` of finish.c."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width")),
        ("source", _Source),
        ("rows", _Taps),
        ("columns", _Taps),
        ("colours", ctypes.c_void_p),
        *((name, ctypes.c_ssize_t) for name in ("plane", "stride")),
        ("out", ctypes.c_void_p),
        *((name, ctypes.c_ssize_t) for name in ("out_stride", "step")),
    )


def can_finish(dtype: torch.dtype) -> bool:
    """Whether there is a kernel on a machine that computes in `dtype`."""
    return library.kernels(dtype) is not None


def finish(
    colours: Tensor, base: Base | None, first: tuple[int, int], out: npt.NDArray[Any], dtype: torch.dtype
) -> None:
    """Write colours as bytes, on the CPU.

    colours: (h, w, 3) float32, planes in memory. base: added to them, for outputs of which the first is `first` (row,
    column) of the taps. out: (h, w, 3 or 4) uint8, its outputs packed; a fourth channel is left as it is. dtype: of
    `can_finish`. Raises MemoryError where there is none for the kernel's buffers.
    """
    height, width, _ = colours.shape
    stride, one, plane = colours.stride()
    assert one == 1 or width == 1  # torch leaves the stride of a single column as it was
    assert out.dtype == np.uint8
    kernels = library.kernels(dtype)
    assert kernels is not None
    source, rows, columns = _Source(), _Taps(), _Taps()
    if base is not None:
        pixels = base.pixels
        source = _Source(pixels.ctypes.data, *pixels.strides, pixels.shape[1], _MOST[pixels.dtype])
        rows, columns = _at(base.rows, first[0]), _at(base.columns, first[1])
    request = _Finish(
        height, width, source, rows, columns, colours.data_ptr(), plane, stride,
        out.ctypes.data, out.strides[0], out.strides[1],
    )  # fmt: skip
    if kernels.dll.diif_viewer_finish(ctypes.byref(request)):
        raise MemoryError("the kernel's buffers")


def _at(taps: Taps, skipped: int) -> _Taps:
    first, weights = taps.first, taps.weights
    return _Taps(first.data_ptr() + 4 * skipped, weights.data_ptr() + 16 * skipped)
