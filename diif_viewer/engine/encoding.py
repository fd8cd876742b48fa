"""Encoding by region: the encoder on blocks with an exact halo, so that blocks equal the whole."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from diif_viewer.engine.dense import PackedRdn
from diif_viewer.engine.layers import Conv
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.errors import CheckpointError
from diif_viewer.geometry import Window
from diif_viewer.models.edsr import Edsr, ResidualBlock
from diif_viewer.models.rdn import Rdn

STEP = 16
"""Side of a block of features: a view takes whole blocks, and what reaches out of it is encoded in vain."""

REACH = 160
"""Side of about the largest encoding step: long enough that the halo costs little, short enough to be interrupted."""

GPU_REACH = 384
"""The same on a GPU, where a step as small as on the CPU would be launches and halo more than arithmetic."""


class PackedEdsr:
    """An EDSR encoder in one dtype, convolutions packed, ReLU and residual sums fused."""

    def __init__(self, encoder: Edsr, dtype: torch.dtype) -> None:
        def conv(layer: torch.nn.Module, relu: bool = False, scale: float = 1.0) -> Conv:
            assert isinstance(layer, torch.nn.Conv2d)
            assert layer.bias is not None
            return Conv(layer.weight * scale, layer.bias * scale, dtype, padding=1, relu=relu)

        *blocks, tail = encoder.body
        self.dtype = dtype
        self.radius = encoder.radius
        self.channels = encoder.channels
        self._head = conv(encoder.head[0])
        self._blocks = []
        for block in blocks:
            assert isinstance(block, ResidualBlock)
            scale = encoder.res_scale
            self._blocks.append((conv(block.body[0], relu=True), conv(block.body[2], scale=scale)))
        self._tail = conv(tail)

    def __call__(self, image: Tensor) -> Tensor:
        """image: (1, 3, H, W) in [-1, 1], channels-last, in the encoder's dtype -> (1, channels, H, W)."""
        shallow = x = self._head(image)
        for first, second in self._blocks:
            x = second(first(x), residual=x)
        return self._tail(x, residual=shallow)


def pack_encoder(encoder: torch.nn.Module, dtype: torch.dtype) -> PackedEdsr | PackedRdn:
    """The engine's form of a reference encoder in one dtype. Raises CheckpointError for kinds it does not know."""
    match encoder:
        case Edsr():
            return PackedEdsr(encoder, dtype)
        case Rdn():
            return PackedRdn(encoder, dtype)
    raise CheckpointError(f"The engine has no encoder for {type(encoder).__name__}.")


def feature_plane(
    cache: BlockCache, encoder: PackedEdsr | PackedRdn, limits: Window, read: Callable[[Window], Tensor], device: str
) -> Plane:
    """The features of a picture that covers `limits`, encoded where they are asked for.

    read: window (within the picture) -> (1, 3, h, w) in [-1, 1], channels-last, in the encoder's dtype and on its
    device. Zero padding happens at the picture's true borders only: elsewhere the halo, as wide as the encoder's
    receptive radius, holds the neighbouring pixels and is cut off again.
    """

    def fill(window: Window) -> Tensor:
        outer = window.grown(encoder.radius).intersected(limits)
        encoded = encoder(read(outer))[0].permute(1, 2, 0)  # (h, w, channels)
        inside = window.intersected(limits).moved(-outer.top, -outer.left)
        encoded = encoded[inside.top : inside.bottom, inside.left : inside.right]
        if encoded.shape[:2] == (window.height, window.width):
            return encoded
        padded = encoded.new_zeros(window.height, window.width, encoder.channels)
        padded[: encoded.shape[0], : encoded.shape[1]] = encoded  # blocks reach over the right and bottom borders only
        return padded

    reach = REACH if device == "cpu" else GPU_REACH
    return Plane(cache, limits, fill, block=STEP, reach=reach, halo=encoder.radius, device=device)
