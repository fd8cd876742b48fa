"""Encoding by region: the encoder on blocks with an exact halo, so that blocks equal the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from diif_viewer.engine.dense import PackedRdn
from diif_viewer.engine.layers import Conv, cut
from diif_viewer.engine.native.edsr import Layer, NativeEdsr
from diif_viewer.engine.native.edsr8 import NativeEdsr8
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.engine.threads import parallel
from diif_viewer.errors import CheckpointError
from diif_viewer.geometry import Window
from diif_viewer.models.edsr import Edsr, ResidualBlock
from diif_viewer.models.rdn import Rdn

STEP = 16
"""Side of a block of features: a view takes whole blocks, and what reaches out of it is encoded in vain."""

REACH = 176
"""Side of about the largest encoding step: long enough that the halo costs little, short enough to be interrupted."""

GPU_REACH = 384
"""The same on a GPU, where a step as small as on the CPU would be launches and halo more than arithmetic."""


class Encoder(Protocol):
    """An encoder packed for one dtype and device.

    radius: how far an output sees. channels: of the features. native: a compiled kernel computes it, on all cores.
    """

    dtype: torch.dtype
    radius: int
    channels: int
    native: bool

    def __call__(self, image: Tensor, inside: Window) -> Tensor:
        """Features of a part of an image.

        image: (1, 3, H, W) in [-1, 1], channels-last, in the encoder's dtype. inside: the part, in the image's
        positions; where it is nearer to a side than the radius, that side is the picture's. -> (h, w, channels).
        """
        ...


class PackedEdsr:
    """An EDSR encoder in one dtype, convolutions packed, ReLU and residual sums fused. See `Encoder`."""

    def __init__(self, encoder: Edsr, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.radius = encoder.radius
        self.channels = encoder.channels
        layers = _layers(encoder)
        self._native = NativeEdsr8.of(layers, dtype) or NativeEdsr.of(layers, dtype)
        self.native = self._native is not None
        head, *inner, tail = (
            Conv(layer.weight, layer.bias, dtype, padding=1, relu=n % 2 == 1 and n < len(layers) - 1)
            for n, layer in enumerate(layers)
        )
        self._head, self._tail = head, tail
        self._blocks = list(zip(inner[::2], inner[1::2], strict=True))

    def __call__(self, image: Tensor, inside: Window) -> Tensor:
        """See `Encoder`."""
        if self._native is not None:
            return self._native(image, inside)
        shallow = x = self._head(image)
        for first, second in self._blocks:
            x = second(first(x), residual=x)
        return cut(self._tail(x, residual=shallow), inside)


def _layers(encoder: Edsr) -> list[Layer]:
    """Head, two for each block with the factor on its branch multiplied in, tail."""
    *blocks, tail = encoder.body
    layers = [(encoder.head[0], 1.0)]
    for block in blocks:
        assert isinstance(block, ResidualBlock)
        layers += [(block.body[0], 1.0), (block.body[2], encoder.res_scale)]
    return [_scaled(layer, scale) for layer, scale in [*layers, (tail, 1.0)]]


def _scaled(layer: torch.nn.Module, scale: float) -> Layer:
    assert isinstance(layer, torch.nn.Conv2d)
    assert layer.bias is not None
    return Layer(layer.weight.detach() * scale, layer.bias.detach() * scale)


def pack_encoder(encoder: torch.nn.Module, dtype: torch.dtype) -> Encoder:
    """The engine's form of a reference encoder in one dtype. Raises CheckpointError for kinds it does not know."""
    match encoder:
        case Edsr():
            return PackedEdsr(encoder, dtype)
        case Rdn():
            return PackedRdn(encoder, dtype)
    raise CheckpointError(f"The engine has no encoder for {type(encoder).__name__}.")


def feature_plane(
    cache: BlockCache, encoder: Encoder, limits: Window, read: Callable[[Window], Tensor], device: str
) -> Plane:
    """The features of a picture that covers `limits`, encoded where they are asked for.

    read: window (within the picture) -> (1, 3, h, w) in [-1, 1], channels-last, in the encoder's dtype and on its
    device. Zero padding happens at the picture's true borders only: elsewhere the halo, as wide as the encoder's
    receptive radius, holds the neighbouring pixels and is cut off again.
    """

    def fill(window: Window) -> Tensor:
        outer = window.grown(encoder.radius).intersected(limits)
        (pixels,) = parallel(read, [outer], device=device)
        encoded = encoder(pixels, window.intersected(limits).moved(-outer.top, -outer.left))
        if encoded.shape[:2] == (window.height, window.width):
            return encoded
        padded = encoded.new_zeros(window.height, window.width, encoder.channels)
        padded[: encoded.shape[0], : encoded.shape[1]] = encoded  # blocks reach over the right and bottom borders only
        return padded

    reach = REACH if device == "cpu" else GPU_REACH
    return Plane(cache, limits, fill, block=STEP, reach=reach, halo=encoder.radius, joint=encoder.native, device=device)
