"""Interpolation kernels, the taps they make on an axis, and Pillow's name for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from diif_viewer.geometry import Axis, Floats, Ints


def _triangle(x: Floats) -> Floats:
    return np.clip(1.0 - np.abs(x), 0.0, None)


def _keys(x: Floats) -> Floats:
    """Cubic convolution with a = -1/2 (Keys 1981, eq. 4), support 2."""
    a, d = -0.5, np.abs(x)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = (((d - 5) * d + 8) * d - 4) * a
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))


def _lanczos(x: Floats) -> Floats:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


def _hamming(x: Floats) -> Floats:
    return np.where(np.abs(x) < 1, np.sinc(x) * (0.54 + 0.46 * np.cos(math.pi * x)), 0.0)


@dataclass(frozen=True, slots=True)
class Kernel:
    """radius: support on either side, in source pixels (widened below x1). function: value at an offset."""

    radius: float
    function: Callable[[Floats], Floats]
    pillow: Image.Resampling


KERNELS = {
    "bilinear": Kernel(1.0, _triangle, Image.Resampling.BILINEAR),
    "bicubic": Kernel(2.0, _keys, Image.Resampling.BICUBIC),
    "lanczos": Kernel(3.0, _lanczos, Image.Resampling.LANCZOS),
}
SHRINKING = Kernel(1.0, _hamming, Image.Resampling.HAMMING)
"""For what is left below x1 (x1/2 to x1) after exact area reduction: as sharp as a box, without its dislocations."""


def bicubic_taps(axis: Axis, start: int, stop: int) -> tuple[Ints, Floats]:
    """The four source pixels and weights that make outputs ``start .. stop - 1`` of `axis` bicubically.

    Keys' kernel with a = -1/2, not widened: for scales >= 1. -> (first (n,), weights (n, 4)): output ``start + r`` is
    ``sum_k weights[r, k] * source[first[r] + k]``. Weights of a row add up to 1. `first` runs from -2 to size - 2:
    taps outside the picture have weight 0 (clamp the index before reading) and the others are renormalised, as Pillow
    does. A picture of one pixel has one tap of weight 1.
    """
    positions = np.clip(axis.positions(start, stop), 0.0, float(axis.size))
    first = np.floor(positions - 0.5).astype(np.int64) - 1
    index = first[:, None] + np.arange(4)
    return first, _normalised(_keys(index + 0.5 - positions[:, None]), index, axis.size)


def taps(kernel: Kernel, positions: Floats, step: float, size: int) -> tuple[Ints, Floats]:
    """Clamped source indices and weights, (n, K) each, of outputs centred at `positions` (source pixels, n of them).

    step: source pixels per output; the kernel is widened where it is above 1. size: source pixels.
    """
    widen = max(step, 1.0)
    support = kernel.radius * widen
    first = np.floor(positions - support + 0.5).astype(np.int64)
    index = first[:, None] + np.arange(math.ceil(support) * 2 + 1)
    weights = kernel.function((index + 0.5 - positions[:, None]) / widen)
    return np.clip(index, 0, size - 1), _normalised(weights, index, size)


def _normalised(weights: Floats, index: Ints, size: int) -> Floats:
    """Taps outside the picture dropped, the others of each row made to add up to 1."""
    inside = np.where((index >= 0) & (index < size), weights, 0.0)
    normalised: Floats = inside / inside.sum(axis=1, keepdims=True)
    return normalised
