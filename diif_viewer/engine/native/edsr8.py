"""An EDSR encoder through the kernel whose products are of bytes: what it is handed, weights as the kernel reads them.

Faster by half than products of bfloat16 where a processor has both; what it does to a picture is in docs/decisions.md.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.edsr import CHANNELS, Encoding, Layer, NativeEdsr
from diif_viewer.engine.native.library import Kernels
from diif_viewer.engine.native.products import floats, panels, taps
from diif_viewer.geometry import Window

MIDDLE = 128
"""The byte of a value of zero, where values have signs."""

_GRAIN = 4  # bytes that are multiplied at a time


class ByteLayer(NamedTuple):
    """A 3x3 convolution of bytes: ``scale * sum of ((beginning + weights @ bytes) * position's own scale) + bias``."""

    weights: Tensor
    """(out, 9 in): whole numbers from -127 to 127, inputs in the order (3, 3, in)."""
    beginning: Tensor
    """(9, out) int32: what makes MIDDLE stand for zero; zeros where zero does."""
    scale: Tensor
    """(out,): what a weight of 1 stands for."""
    bias: Tensor
    """(out,)."""

    @classmethod
    def of(cls, layer: Layer, middle: int) -> ByteLayer:
        """A convolution whose inputs have the byte `middle` for zero."""
        weights = taps(layer.weight.float())
        scale = weights.abs().amax(1).clamp_min(1e-20) / 127
        whole = (weights / scale[:, None]).round()
        beginning = -middle * whole.view(len(whole), 9, -1).sum(-1).T
        return cls(whole, beginning.to(torch.int32).contiguous(), floats(scale), floats(layer.bias))


class _Layer(ctypes.Structure):
    """`ByteLayer` of edsr8.c."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("weights", "beginning", "scale", "bias"))


class _Encoding(ctypes.Structure):
    """`ByteEncoding` of edsr8.c."""

    _fields_ = (("part", Encoding), ("layers", ctypes.POINTER(_Layer)))


class NativeEdsr8(NativeEdsr):
    """The encoder in one call that holds no lock. Products are of bytes, but for the first layer's."""

    _function = "diif_viewer_encode_bytes"

    def __init__(self, layers: Sequence[Layer], kernels: Kernels) -> None:
        """layers: head, two for each block, tail."""
        super().__init__(layers, kernels)
        form = kernels.form._replace(grain=_GRAIN, dtype=torch.int8)
        made = [ByteLayer.of(layer, MIDDLE if n % 2 == 0 else 0) for n, layer in enumerate(layers[1:])]
        self._held = [(panels(layer.weights, form), *layer[1:]) for layer in made]
        each = (_Layer(*(t.data_ptr() for t in held)) for held in self._held)
        self._layers = (_Layer * len(made))(*each)

    @classmethod
    def of(cls, layers: Sequence[Layer], dtype: torch.dtype) -> NativeEdsr8 | None:
        """The kernel for these layers, or None where another one is to do it."""
        weight = layers[0].weight
        if weight.device.type != "cpu" or len(weight) not in CHANNELS or dtype != torch.bfloat16:
            return None
        kernels = library.kernels(dtype)
        return None if kernels is None else cls(layers, kernels)

    def _request(self, pixels: Tensor, inside: Window, features: Tensor) -> ctypes.Structure:
        return _Encoding(super()._request(pixels, inside, features), self._layers)
