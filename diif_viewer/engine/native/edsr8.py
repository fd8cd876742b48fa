"""An EDSR encoder through the kernel whose products are of bytes: what it is handed, as the kernel reads it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.bytes import MIDDLE, ByteLayer, ByteLayerAt, has_bytes
from diif_viewer.engine.native.edsr import Encoding, Layer, NativeEdsr
from diif_viewer.engine.native.library import Kernels
from diif_viewer.geometry import Window


class _Encoding(ctypes.Structure):
    """`ByteEncoding` of edsr8.c."""

    _fields_ = (("part", Encoding), ("layers", ctypes.POINTER(ByteLayerAt)))


class NativeEdsr8(NativeEdsr):
    """As `NativeEdsr`. Products are of bytes, but for the first layer's."""

    _function = "diif_viewer_encode_bytes"
    _packed = slice(1)

    def __init__(self, layers: Sequence[Layer], kernels: Kernels) -> None:
        """layers: head, two for each block, tail."""
        super().__init__(layers, kernels)
        made = (ByteLayer.of(*layer, MIDDLE if n % 2 == 0 else 0) for n, layer in enumerate(layers[1:]))
        self._held = [layer.held(kernels.form) for layer in made]
        self._layers = (ByteLayerAt * len(self._held))(*map(ByteLayerAt.of, self._held))

    @classmethod
    def of(cls, layers: Sequence[Layer], dtype: torch.dtype) -> NativeEdsr8 | None:
        """The kernel for these layers, or None where another one is to do it."""
        weight = layers[0].weight
        kernels = library.kernels(dtype) if weight.device.type == "cpu" else None
        return cls(layers, kernels) if kernels is not None and has_bytes(kernels.form, len(weight)) else None

    def _request(self, pixels: Tensor, inside: Window, features: Tensor) -> ctypes.Structure:
        return _Encoding(super()._request(pixels, inside, features), self._layers)
