"""What cameras and the web do to pictures, done to low-resolution patches, so that a model learns to undo it."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Bytes = npt.NDArray[np.uint8]

_BLOCK = 8  # of JPEG
_KINDS = 0.7  # probability of each kind of damage in a damaged patch


@dataclass(frozen=True, slots=True)
class Damage:
    """How much of what, at most.

    share: of the patches that are damaged at all. blur: standard deviation of a Gaussian in low-resolution pixels.
    noise: standard deviation in levels of 255, Gaussian. jpeg: lowest and highest quality, both chroma samplings; None
    for no compression.
    """

    share: float
    blur: float
    noise: float
    jpeg: tuple[int, int] | None

    def done_to(self, patch: Bytes, rng: np.random.Generator) -> Bytes:
        """The patch, perhaps blurred, then perhaps noisy, then perhaps compressed, as light meets a camera.

        patch: (h, w, 3). rng: decides. JPEG's blocks lie anywhere, as they do in a crop of a photograph.
        """
        wanted, blurred, noisy, compressed, coarse = rng.random(5)
        radius, sigma = rng.random() * self.blur, rng.random() * self.noise
        top, left = (int(v) for v in rng.integers(0, _BLOCK, 2))
        if wanted >= self.share:
            return patch
        if blurred < _KINDS and radius > 0:
            patch = np.array(Image.fromarray(patch).filter(ImageFilter.GaussianBlur(radius)))
        if noisy < _KINDS and sigma > 0:
            patch = np.rint(patch + rng.normal(0, sigma, patch.shape)).clip(0, 255).astype(np.uint8)
        if compressed < _KINDS and self.jpeg is not None:
            quality = int(rng.integers(self.jpeg[0], self.jpeg[1] + 1))
            height, width = patch.shape[:2]
            around = np.pad(patch, ((top, _BLOCK - top), (left, _BLOCK - left), (0, 0)), mode="symmetric")
            patch = jpeg(around, quality, coarse_colour=coarse < 0.5)[top : top + height, left : left + width]
        return patch


def jpeg(picture: Bytes, quality: int, *, coarse_colour: bool = True) -> Bytes:
    """An RGB picture after JPEG. quality: 1 .. 100. coarse_colour: colour at half the resolution (4:2:0)."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=2 if coarse_colour else 0)
    with Image.open(file) as compressed:
        return np.array(compressed)
