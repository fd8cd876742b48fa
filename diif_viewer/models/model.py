"""A whole model: picture in, picture out, in the plainest form. The engine proves itself against this."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.classic import bicubic_taps
from diif_viewer.models.spec import ModelSpec, build_decoder, build_encoder
from diif_viewer.models.tables import table


class ImplicitModel(nn.Module):
    """An encoder and a decoder, and the bicubic picture under those decoders that give detail only.

    spec: what it is made of; the weights are random (the last layer of DIIF-S: zero) until loaded.
    Raises CheckpointError for a spec that is not on the list.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = build_encoder(spec.encoder)
        self.decoder = build_decoder(spec.decoder, self.encoder.channels)

    @property
    def base(self) -> str | None:
        """ "bicubic" when the decoder's output is added to that picture, else None."""
        return "bicubic" if getattr(self.decoder, "base", None) else None

    def forward(self, image: Tensor, lattice: Lattice, window: Window) -> Tensor:
        """image: (B, 3, H, W) in [-1, 1] -> (B, 3, window.height, window.width), not clamped."""
        picture: Tensor = self.decoder(self.encoder(image), lattice, window)
        if self.base == "bicubic":
            picture = picture + bicubic(image, lattice, window)
        return picture


def bicubic(image: Tensor, lattice: Lattice, window: Window) -> Tensor:
    """The base of DIIF-S: Keys' kernel with a = -1/2 and Pillow's border rule, at the lattice's own positions.

    image: (B, C, H, W) -> (B, C, window.height, window.width), same dtype.
    """
    first_y, weights_y = bicubic_taps(lattice.y, window.top, window.bottom)
    first_x, weights_x = bicubic_taps(lattice.x, window.left, window.right)
    taps = np.arange(4)
    iy = table(np.clip(first_y[:, None] + taps, 0, lattice.y.size - 1), image.device)  # taps outside weigh nothing
    ix = table(np.clip(first_x[:, None] + taps, 0, lattice.x.size - 1), image.device)
    rows = torch.einsum("bcytx,yt->bcyx", image[:, :, iy], table(weights_y, image.device, image.dtype))
    return torch.einsum("bcyxt,xt->bcyx", rows[..., ix], table(weights_x, image.device, image.dtype))
