"""Layers with products of bytes, as bytes.h and hidden.h read them.

Three times as fast as float32 with the same registers; what it does to a picture is in docs/decisions.md.
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
        return panels(self.weights, form, torch.int8, _GRAIN), *self[1:]


class DenseAt(ctypes.Structure):
    """`Dense` of hidden.h."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("weights", "scale", "bias"))


class Dense:
    """A layer of hidden vectors after their ReLU, of bytes where the form has them. weight: (out, in); bias: (out,)."""

    def __init__(self, weight: Tensor, bias: Tensor | None, form: Form) -> None:
        bias = weight.new_zeros(len(weight)) if bias is None else bias
        if form.bytes:
            weights, _, *rest = ByteLayer.of(weight.detach()[:, :, None, None], bias, 0).held(form)
            self._held = weights, *rest
        else:
            self._held = panels(weight.float(), form), floats(torch.ones_like(bias)), floats(bias)

    @property
    def at(self) -> DenseAt:
        """Where its numbers lie; must not outlive it."""
        return DenseAt(*(t.data_ptr() for t in self._held))


class ByteLayerAt(ctypes.Structure):
    """`ByteLayer` of bytes.h."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("weights", "beginning", "scale", "bias"))

    @classmethod
    def of(cls, held: tuple[Tensor, ...]) -> ByteLayerAt:
        """Where the tensors of `ByteLayer.held` lie, which must outlive what is made."""
        return cls(*(t.data_ptr() for t in held))


def has_bytes(form: Form, channels: int) -> bool:
    """Whether a form multiplies bytes where a position has so many channels."""
    return form.bytes and channels in CHANNELS
