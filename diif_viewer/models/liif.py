"""LIIF (Chen, Liu, Wang, CVPR 2021), as published: a pixel is an MLP of the latent codes around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from diif_viewer.geometry import Axis, Floats, Ints, Lattice, Window
from diif_viewer.models.unfold import unfolded


class Mlp(nn.Module):
    """Linear layers with ReLU between them; public keys ``layers.{0, 2, 4, ...}``."""

    def __init__(self, inputs: int, hidden: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., inputs) -> (..., outputs)."""
        y: Tensor = self.layers(x)
        return y


def begin_with_nothing(last: nn.Module) -> None:
    """Make the last layer of an untrained decoder give zeros, so that the model shows the bicubic picture."""
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)


class Liif(nn.Module):
    """The local implicit image function.

    channels: of the features. hidden: widths of the MLP. local_ensemble: blend the four nearest latents (else
    the nearest alone). feat_unfold: concatenate the 3x3 features around a latent. cell_decode: give the MLP the
    extent of the pixel. skip: the output is detail to be added to the bicubic picture.
    """

    def __init__(
        self,
        channels: int,
        hidden: tuple[int, ...] = (256, 256, 256, 256),
        local_ensemble: bool = True,
        feat_unfold: bool = True,
        cell_decode: bool = True,
        *,
        skip: bool = False,
    ) -> None:
        super().__init__()
        self.base: str | None = "bicubic" if skip else None
        self.channels = channels
        self.hidden = tuple(hidden)
        self.local_ensemble = local_ensemble
        self.feat_unfold = feat_unfold
        self.cell_decode = cell_decode
        inputs = channels * (9 if feat_unfold else 1) + 2 + (2 if cell_decode else 0)
        self.imnet = Mlp(inputs, self.hidden, 3)
        if skip:
            begin_with_nothing(self.imnet.layers[-1])

    def forward(self, features: Tensor, lattice: Lattice, window: Window) -> Tensor:
        """features: (B, channels, H, W) -> (B, 3, window.height, window.width) in [-1, 1] space, not clamped."""
        z = features
        if self.feat_unfold:
            z = unfolded(features, 3)  # (B, 9 * channels, H, W)
        areas_vanish = self._on_last(lattice.y, window.top, window.bottom)[:, None] | self._on_last(
            lattice.x, window.left, window.right
        )
        result = torch.zeros((), dtype=features.dtype, device=features.device)
        for iy, rel_y, weight_y in self._latents(lattice.y, window.top, window.bottom):
            for ix, rel_x, weight_x in self._latents(lattice.x, window.left, window.right):
                latent = z[:, :, torch.from_numpy(iy)][..., torch.from_numpy(ix)].movedim(1, -1)  # (B, h, w, inputs)
                columns = [
                    np.broadcast_to(rel_y[:, None], (len(iy), len(ix))),
                    np.broadcast_to(rel_x, (len(iy), len(ix))),
                ]
                if self.cell_decode:
                    columns += [np.full((len(iy), len(ix)), axis.cell) for axis in (lattice.y, lattice.x)]
                coords = torch.from_numpy(np.stack(columns, axis=-1)).to(latent)  # (h, w, 2 or 4)
                prediction = self.imnet(torch.cat([latent, coords.expand(len(latent), -1, -1, -1)], dim=-1))
                # weight by the opposite area (LIIF, eq. 4)
                area = np.where(areas_vanish, 0.25, weight_y[:, None] * weight_x)[..., None]
                result = result + torch.from_numpy(area).to(latent) * prediction
        return result.movedim(-1, 1)

    def _on_last(self, axis: Axis, start: int, stop: int) -> npt.NDArray[np.bool_]:
        """Outputs at scale exactly 1 that sit on the last latent of an axis, both of their neighbours clamped to it.

        All four areas of the ensemble are zero there, and the public code's 1e-9 makes the four weights equal.
        """
        if axis.scale != 1.0 or not self.local_ensemble:
            return np.zeros(stop - start, dtype=np.bool_)
        return np.asarray(axis.positions(start, stop) == axis.size - 0.5)

    def _latents(self, axis: Axis, start: int, stop: int) -> list[tuple[Ints, Floats, Floats]]:
        """Per neighbour along one axis: latent index (clamped), relative coordinate, weight; one entry per output."""
        y = axis.positions(start, stop)
        if not self.local_ensemble:
            index = axis.cells(y)
            return [(index, 2 * (y - index - 0.5), np.ones_like(y))]
        lower = np.floor(y - 0.5)
        upper_weight = y - 0.5 - lower
        found = []
        for step, weight in ((0, 1 - upper_weight), (1, upper_weight)):
            index = np.clip(lower.astype(np.int64) + step, 0, axis.size - 1)
            found.append((index, 2 * (y - index - 0.5), weight))
        return found
