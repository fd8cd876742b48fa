"""The shipped weights do what they are shipped for, through the reference definitions alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diif_viewer.geometry import Lattice
from diif_viewer.models.checkpoint import encoder_fingerprint, load_checkpoint
from diif_viewer.models.model import bicubic

FAMILIES = ("lite", "edsr-baseline")
ROOT = Path(__file__).parents[2]
SET5 = ROOT.parent / "shared" / "data" / "benchmark" / "Set5"


def picture(folder: str) -> torch.Tensor:
    """The butterfly, (1, 3, H, W) in [-1, 1]."""
    pixels = np.array(Image.open(SET5 / folder / "003.png").convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(127.5).sub(1)


def psnr(guess: torch.Tensor, target: torch.Tensor) -> float:
    inner = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    error = (guess.clamp(-1, 1) - target)[inner].div(2).square().mean()
    return float(-10 * torch.log10(error))


@pytest.mark.parametrize("name", [f"{kind}-{family}" for family in FAMILIES for kind in ("liif", "diif", "diif-s")])
def test_shipped_weights_sharpen_far_beyond_bicubic(name: str) -> None:
    if not SET5.is_dir():
        pytest.skip("the benchmark pictures (../shared/data/benchmark) are not here")
    low, target = picture("LR_x4"), picture("HR_x4")
    lattice = Lattice.of_scale(*low.shape[2:], 4.0)
    with torch.no_grad():
        found = load_checkpoint(ROOT / "weights" / f"{name}.safetensors")(low, lattice, lattice.window)
    assert psnr(found, target) > psnr(bicubic(low, lattice, lattice.window), target) + 2.5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_encodes_a_picture_once(family: str) -> None:
    files = [ROOT / "weights" / f"{kind}-{family}.safetensors" for kind in ("liif", "diif", "diif-s")]
    assert len({encoder_fingerprint(load_checkpoint(file)) for file in files}) == 1
