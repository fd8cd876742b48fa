"""PSNR and SSIM, as the super-resolution papers compute them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_RADIUS, _SIGMA = 5, 1.5
_OFFSETS = np.arange(-_RADIUS, _RADIUS + 1)
_GAUSSIAN = np.exp(-(_OFFSETS**2) / (2 * _SIGMA**2)) / np.exp(-(_OFFSETS**2) / (2 * _SIGMA**2)).sum()


def psnr(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Peak signal-to-noise ratio in dB of two arrays of one shape with values in [0, 1]; infinite when equal."""
    assert a.shape == b.shape, (a.shape, b.shape)
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
    return -10 * math.log10(error) if error > 0 else math.inf


def ssim(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Structural similarity (Wang et al. 2004) of two pictures, (H, W) or (H, W, C), with values in [0, 1].

    The authors' settings: Gaussian window of 11 x 11 with sigma 1.5, only where it fits, K1 = 0.01, K2 = 0.03; the mean
    over channels. Not a number for pictures below 11 x 11.
    """
    assert a.shape == b.shape, (a.shape, b.shape)
    if min(a.shape[:2]) < 2 * _RADIUS + 1:
        return math.nan
    if a.ndim == 3:
        return float(np.mean([ssim(a[..., c], b[..., c]) for c in range(a.shape[2])]))
    x, y = a.astype(np.float64), b.astype(np.float64)
    c1, c2 = 0.01**2, 0.03**2
    mean_x, mean_y = _smoothed(x), _smoothed(y)
    var_x = _smoothed(x * x) - mean_x**2
    var_y = _smoothed(y * y) - mean_y**2
    covariance = _smoothed(x * y) - mean_x * mean_y
    similar = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(similar / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))))


def _smoothed(x: Floats) -> Floats:
    """Gaussian window where it fits: (H, W) -> (H - 10, W - 10)."""
    height, width = x.shape[0] - 2 * _RADIUS, x.shape[1] - 2 * _RADIUS
    rows: Floats = sum((w * x[k : k + height] for k, w in enumerate(_GAUSSIAN)), np.zeros(()))
    columns: Floats = sum((w * rows[:, k : k + width] for k, w in enumerate(_GAUSSIAN)), np.zeros(()))
    return columns
