"""RDN without upsampling (Zhang et al., CVPR 2018): the large encoder of LIIF and DIIF; parameter names are public."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DenseConvolution(nn.Module):
    """Appends ``relu(conv(x))`` to its input."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(inputs, growth, 3, padding=1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, inputs, H, W) -> (B, inputs + growth, H, W)."""
        return torch.cat([x, self.conv(x)], dim=1)


class ResidualDenseBlock(nn.Module):
    """Convolutions that each see all before them, fused by a 1x1 convolution, and a skip."""

    def __init__(self, n_feats: int, n_convs: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(*(DenseConvolution(n_feats + k * growth, growth) for k in range(n_convs)))
        self.LFF = nn.Conv2d(n_feats + n_convs * growth, n_feats, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, n_feats, H, W) -> same shape."""
        y: Tensor = self.LFF(self.convs(x))
        return y + x


class Rdn(nn.Module):
    """Two shallow convolutions, dense blocks whose outputs are all fused at the end, and a global skip.

    n_feats (G0 of the paper): channels of the features. n_blocks (D), n_convs in each (C), growth (G). The defaults are
    the paper's RDN-B in LIIF's setting.
    """

    def __init__(self, n_feats: int = 64, n_blocks: int = 16, n_convs: int = 8, growth: int = 64) -> None:
        super().__init__()
        self.channels = n_feats
        self.radius = 3 + n_blocks * n_convs  # one pixel per 3x3 convolution: two shallow, all dense, one at the end
        self.SFENet1 = nn.Conv2d(3, n_feats, 3, padding=1)
        self.SFENet2 = nn.Conv2d(n_feats, n_feats, 3, padding=1)
        self.RDBs = nn.ModuleList(ResidualDenseBlock(n_feats, n_convs, growth) for _ in range(n_blocks))
        self.GFF = nn.Sequential(nn.Conv2d(n_blocks * n_feats, n_feats, 1), nn.Conv2d(n_feats, n_feats, 3, padding=1))

    def forward(self, image: Tensor) -> Tensor:
        """image: (B, 3, H, W) in [-1, 1] -> features (B, n_feats, H, W)."""
        shallow: Tensor = self.SFENet1(image)
        x, outputs = self.SFENet2(shallow), []
        for block in self.RDBs:
            x = block(x)
            outputs.append(x)
        fused: Tensor = self.GFF(torch.cat(outputs, dim=1))
        return shallow + fused
