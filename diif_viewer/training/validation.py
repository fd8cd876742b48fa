"""A quick measure of quality while training: PSNR on a few fixed crops. Published figures come from evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from diif_viewer.geometry import Lattice
from diif_viewer.models.model import bicubic
from diif_viewer.training.batches import Bytes, reduced
from diif_viewer.training.forms import picture_rows

SCALES = (2, 4)
_SIDE = 240
_LOOK = 120
_ROWS = 60


def validate(encoder: nn.Module, decoders: nn.ModuleDict, pictures: list[Bytes], device: str) -> dict[str, float]:
    """Mean PSNR of the middle of each picture, by decoder and scale, bicubic beside them.

    PSNR in dB over RGB, without a border of `scale` pixels. pictures: HWC uint8, of each at most the middle 240x240 is
    used. -> {"bicubic x2": dB, "liif x2": dB, ...}
    """
    found: dict[str, list[float]] = {}
    for picture in pictures:
        for scale in SCALES:
            target = _middle(picture, scale)
            for name, levels in _enlarged(encoder, decoders, target, scale, device).items():
                found.setdefault(f"{name} x{scale}", []).append(psnr(levels, target, scale))
    return {name: float(np.mean(values)) for name, values in found.items()}


def look(encoder: nn.Module, decoders: nn.ModuleDict, picture: Bytes, device: str) -> dict[str, Bytes]:
    """A crop of a picture at x4 by bicubic and each decoder, and its truth, for the eye: HWC uint8, all of one size."""
    truth = _detailed(picture, SCALES[-1])
    crops = _enlarged(encoder, decoders, truth, SCALES[-1], device)
    return {name: np.nan_to_num(levels).astype(np.uint8) for name, levels in crops.items()} | {"truth": truth}


@torch.no_grad()
def _enlarged(
    encoder: nn.Module, decoders: nn.ModuleDict, target: Bytes, scale: int, device: str
) -> dict[str, npt.NDArray[Any]]:
    """`target` reduced and enlarged again, by "bicubic" and each decoder: HWC in whole levels of 255."""
    height, width = target.shape[0] // scale, target.shape[1] // scale
    low = torch.from_numpy(reduced(target, height, width)).to(device).float().div(127.5).sub(1)
    low = low.permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
    lattice = Lattice.of_size(height, width, *target.shape[:2])
    features = encoder(low)
    base = bicubic(low, lattice, lattice.window).movedim(1, -1)
    guesses = {"bicubic": base}
    for name, decoder in decoders.items():
        bands = np.array_split(np.arange(target.shape[0]), max(1, target.shape[0] // _ROWS))
        guess = torch.cat([picture_rows(decoder, features, lattice, rows) for rows in bands], dim=1)
        guesses[name] = guess + base if decoder.base else guess
    return {name: guess[0].add(1).mul(127.5).round().clamp(0, 255).cpu().numpy() for name, guess in guesses.items()}


def psnr(guess: npt.NDArray[Any], target: Bytes, border: int) -> float:
    """Peak signal-to-noise ratio in dB of two HWC pictures in levels of 255, without a `border`; 99 when equal."""
    inner = (slice(border, -border), slice(border, -border))
    error = float(np.mean((guess[inner].astype(np.float64) - target[inner]) ** 2))
    return 10 * float(np.log10(255**2 / error)) if error else 99.0


def _middle(picture: Bytes, multiple: int) -> Bytes:
    sides = [min(_SIDE, size) // multiple * multiple for size in picture.shape[:2]]
    top, left = ((size - side) // 2 for size, side in zip(picture.shape, sides, strict=False))
    return np.ascontiguousarray(picture[top : top + sides[0], left : left + sides[1]])


def _detailed(picture: Bytes, multiple: int) -> Bytes:
    """The square of a coarse grid whose pixels differ most from their neighbours."""
    side = min(_LOOK, *picture.shape[:2]) // multiple * multiple
    tops, lefts = (range(0, size - side + 1, max(1, side // 2)) for size in picture.shape[:2])
    squares = [picture[top : top + side, left : left + side] for top in tops for left in lefts]
    return np.ascontiguousarray(max(squares, key=lambda s: float(np.abs(np.diff(s.astype(np.int16), axis=1)).mean())))
