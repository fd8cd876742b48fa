"""Linear layers and convolutions packed for the matrix library in use: the same mathematics, prepared at first use.

On the CPU, oneDNN with pre-packed weights and the ReLU fused runs small layers 1.2x (bfloat16) to 4x (float32)
as fast as `torch.nn.functional.linear`; where it is missing, and on other devices, plain torch does the same.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from diif_viewer.geometry import Window


@functools.cache
def has_onednn() -> bool:
    """True when torch was built with the oneDNN operators that the packed layers use."""
    names = ("_linear_pointwise", "_reorder_linear_weight", "_convolution_pointwise", "_reorder_convolution_weight")
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return available and all(hasattr(torch.ops.mkldnn, name) for name in names)


class Linear:
    """``x @ weight.T + bias``, optionally followed by ReLU.

    weight: (out, in) float32; bias: (out,) or None. rows: how many rows calls will mostly have.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype, *, relu: bool = False, rows: int = 4096
    ) -> None:
        self._given = weight.detach(), None if bias is None else bias.detach(), dtype, rows
        self._relu = relu
        self._onednn = weight.device.type == "cpu" and has_onednn()

    @functools.cached_property
    def _packed(self) -> tuple[Tensor, Tensor | None]:
        weight, bias, dtype, rows = self._given
        packed = weight.to(dtype).contiguous()
        if self._onednn:
            packed = torch.ops.mkldnn._reorder_linear_weight(packed, rows)
        return packed, None if bias is None else bias.to(dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """x: (rows, in) -> (rows, out), same dtype."""
        weight, bias = self._packed
        if self._onednn:
            act = "relu" if self._relu else "none"
            y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, act, [], "")
            return y
        y = torch.nn.functional.linear(x, weight, bias)
        return y.relu_() if self._relu else y


class Narrow:
    """``x @ weight.T + bias`` with few outputs: colours. weight: (out, in) float32; bias: (out,).

    In bfloat16 on the CPU the product is taken transposed, which is 1.6 times as fast; the outputs then lie in planes.
    """

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> None:
        self._plain = None
        if weight.device.type == "cpu" and dtype == torch.bfloat16:
            self._weight, self._bias = weight.detach().to(dtype).contiguous(), bias.detach().to(dtype)[:, None]
        else:
            self._plain = Linear(weight, bias, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """x: (rows, in) -> (rows, out), same dtype, in whatever order in memory."""
        return torch.addmm(self._bias, self._weight, x.T).T if self._plain is None else self._plain(x)


def relu_(x: Tensor) -> Tensor:
    """ReLU in place. Bits of bfloat16 are compared as integers, which a CPU does six times as fast as torch's own."""
    if x.dtype == torch.bfloat16 and x.device.type == "cpu":
        x.view(torch.int16).clamp_min_(0)  # the sign bit is the same
        return x
    return x.relu_()


class Conv:
    """A stride-1 convolution on channels-last data, optionally with a residual added or a ReLU applied.

    weight: (out, in, k, k) float32. padding: zeros on every side.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype, *, padding: int = 0, relu: bool = False
    ) -> None:
        self._given = weight.detach(), None if bias is None else bias.detach(), dtype
        self._padding = padding
        self._relu = relu
        self._onednn = weight.device.type == "cpu" and has_onednn()

    @functools.cached_property
    def _packed(self) -> tuple[Tensor, Tensor | None]:
        weight, bias, dtype = self._given
        packed = weight.to(dtype).contiguous(memory_format=torch.channels_last)
        if self._onednn:
            size, pad, one = [1, weight.shape[1], 128, 128], [self._padding] * 2, [1, 1]
            packed = torch.ops.mkldnn._reorder_convolution_weight(packed, pad, one, one, 1, size)
        return packed, None if bias is None else bias.to(dtype)

    def __call__(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """x: (1, in, H, W) channels-last -> (1, out, H', W') channels-last; `residual` has the output's shape."""
        (weight, bias), pad, one = self._packed, [self._padding, self._padding], [1, 1]
        if self._onednn:
            ops = torch.ops.mkldnn._convolution_pointwise
            y: Tensor
            if residual is not None:
                y = ops.binary(
                    x, residual, weight, bias, pad, one, one, 1, "add", None, None, [], None
                )  # fmt: skip
            else:
                y = ops(x, weight, bias, pad, one, one, 1, "relu" if self._relu else "none", [], "")
            return y
        y = torch.nn.functional.conv2d(x, weight, bias, padding=self._padding)
        if residual is not None:
            return y.add_(residual)
        return y.relu_() if self._relu else y


def cut(features: Tensor, inside: Window) -> Tensor:
    """A part of (1, channels, H, W) channels-last features: (inside.height, inside.width, channels)."""
    return features[0].permute(1, 2, 0)[inside.top : inside.bottom, inside.left : inside.right]
