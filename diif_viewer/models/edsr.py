"""EDSR-baseline without upsampling (Lim et al., CVPRW 2017): the encoder of LIIF, DIIF and DIIF-S."""

from __future__ import annotations

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """``x + res_scale * conv(relu(conv(x)))``; no normalisation."""

    def __init__(self, n_feats: int, res_scale: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_feats, n_feats, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(n_feats, n_feats, 3, padding=1),
        )
        self.res_scale = res_scale

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, n_feats, H, W) -> same shape."""
        y: Tensor = self.body(x)
        return x + y * self.res_scale


class Edsr(nn.Module):
    """Head, residual blocks, tail and a global skip; every convolution pads with zeros.

    n_feats: channels of the features. n_resblocks: residual blocks. res_scale: factor on each block's branch.
    """

    def __init__(self, n_feats: int = 64, n_resblocks: int = 16, res_scale: float = 1.0) -> None:
        super().__init__()
        self.channels = n_feats
        self.radius = 2 * n_resblocks + 2  # one pixel per 3x3 convolution: head, two per block, tail
        self.res_scale = res_scale
        self.head = nn.Sequential(nn.Conv2d(3, n_feats, 3, padding=1))
        blocks = [ResidualBlock(n_feats, res_scale) for _ in range(n_resblocks)]
        self.body = nn.Sequential(*blocks, nn.Conv2d(n_feats, n_feats, 3, padding=1))

    def forward(self, image: Tensor) -> Tensor:
        """image: (B, 3, H, W) in [-1, 1] -> features (B, n_feats, H, W)."""
        x: Tensor = self.head(image)
        y: Tensor = self.body(x)
        return x + y
