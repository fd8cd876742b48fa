"""The RDN encoder as the engine computes it: convolutions packed, ReLU and residual sums fused."""

from __future__ import annotations

import torch
from torch import Tensor

from diif_viewer.engine.layers import Conv, cut
from diif_viewer.geometry import Window
from diif_viewer.models.rdn import DenseConvolution, Rdn, ResidualDenseBlock


class PackedRdn:
    """An RDN encoder in one dtype. See `encoding.Encoder`."""

    native = False

    def __init__(self, encoder: Rdn, dtype: torch.dtype) -> None:
        def conv(layer: torch.nn.Module, relu: bool = False) -> Conv:
            assert isinstance(layer, torch.nn.Conv2d)
            return Conv(layer.weight, layer.bias, dtype, padding=layer.kernel_size[0] // 2, relu=relu)

        self.dtype = dtype
        self.radius = encoder.radius
        self.channels = encoder.channels
        self._shallow = conv(encoder.SFENet1), conv(encoder.SFENet2)
        self._blocks = []
        for block in encoder.RDBs:
            assert isinstance(block, ResidualDenseBlock)
            grown = []
            for dense in block.convs:
                assert isinstance(dense, DenseConvolution)
                grown.append(conv(dense.conv[0], relu=True))
            self._blocks.append((grown, conv(block.LFF)))
        self._fusion = conv(encoder.GFF[0]), conv(encoder.GFF[1])

    def __call__(self, image: Tensor, inside: Window) -> Tensor:
        """See `encoding.Encoder`."""
        first, second = self._shallow
        shallow = first(image)
        x, outputs = second(shallow), []
        for grown, fusion in self._blocks:
            seen = x
            for layer in grown:
                seen = torch.cat([seen, layer(seen)], dim=1)
            x = fusion(seen, residual=x)
            outputs.append(x)
        narrow, last = self._fusion
        return cut(last(narrow(torch.cat(outputs, dim=1)), residual=shallow), inside)
