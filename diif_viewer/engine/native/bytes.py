"""Convolutions with products of bytes, as bytes.h reads them.

Faster by half than products of bfloat16 where a processor has both; what it does to a picture is in docs/decisions.md.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native.library import Form
from diif_viewer.engine.native.products import floats, panels, taps

MIDDLE = 128
"""The byte of a value of zero, where values have signs."""

CHANNELS = (48, 64)
"""Inputs at a position that the kernels are compiled for."""

_GRAIN = 4  # bytes that are multiplied at a time


class ByteLayer(NamedTuple):
    """A convolution of bytes: ``scale * sum of ((beginning + weights @ bytes) * position's own scale) + bias``."""

    weights: Tensor
    """(out, k * k * in): whole numbers from -127 to 127, inputs in the order (k, k, in)."""
    beginning: Tensor
    """(k * k, out) int32: what makes MIDDLE stand for zero; zeros where zero does."""
    scale: Tensor
    """(out,): what a weight of 1 stands for."""
    bias: Tensor
    """(out,)."""

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, middle: int) -> ByteLayer:
        """A convolution (out, in, k, k) whose inputs have the byte `middle` for zero."""
        weights = taps(weight.float())
        scale = weights.abs().amax(1).clamp_min(1e-20) / 127
        whole = (weights / scale[:, None]).round()
        beginning = -middle * whole.view(len(whole), -1, weight.shape[1]).sum(-1).T
        return cls(whole, beginning.to(torch.int32).contiguous(), floats(scale), floats(bias))

    def held(self, form: Form) -> tuple[Tensor, ...]:
        """What the kernels read, in the order of `ByteLayerAt`."""
        return panels(self.weights, form._replace(grain=_GRAIN, dtype=torch.int8)), *self[1:]


class ByteLayerAt(ctypes.Structure):
    """`ByteLayer` of bytes.h."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("weights", "beginning", "scale", "bias"))

    @classmethod
    def of(cls, held: tuple[Tensor, ...]) -> ByteLayerAt:
        """Where the tensors of `ByteLayer.held` lie, which must outlive what is made."""
        return cls(*(t.data_ptr() for t in held))


def has_bytes(form: Form, channels: int) -> bool:
    """Whether a form multiplies bytes where a position has so many channels."""
    return form.dtype == torch.bfloat16 and channels in CHANNELS
