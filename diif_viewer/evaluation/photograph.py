"""A picture like a photograph, of any size, made of numbers: the benchmark needs large ones and ships none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

_COARSEST = 8
"""Pixels along the shorter side of the coarsest detail."""


def photograph(height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Detail of every size, falling off as in nature, with hard edges and soft colours: (height, width, 3).

    The same for the same arguments.
    """
    dice = np.random.default_rng(seed)

    def field(across: int) -> npt.NDArray[np.float32]:
        """A smooth random field with about `across` bumps along the shorter side, standard deviation about 1."""
        step = min(height, width) / across
        rough = dice.standard_normal((round(height / step) + 3, round(width / step) + 3)).astype(np.float32)
        made = Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC, (1, 1, *_inner(rough)))
        return np.asarray(made)

    light, across, strength = np.zeros((height, width), np.float32), _COARSEST, 30.0
    while across <= min(height, width):
        light += strength * field(across)
        across, strength = across * 2, strength * 0.75
    light += 40 * np.sign(field(4 * _COARSEST))  # hard edges, as between things
    picture = np.empty((height, width, 3), np.uint8)
    for channel in range(3):
        picture[..., channel] = np.clip(light + 24 * field(_COARSEST) + 128, 0, 255)
    return picture


def _inner(rough: npt.NDArray[np.float32]) -> tuple[int, int]:
    return rough.shape[1] - 1, rough.shape[0] - 1
