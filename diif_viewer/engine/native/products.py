"""What the bindings of the kernels share: weights as the kernels read them, and the arithmetic that is done there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

LANES = 16
"""Results in a register."""

TILE = 8
"""Vectors that the kernels multiply together."""


class Work:
    """What was computed here and torch does not know of."""

    macs = 0
    """Multiply-accumulates of the kernels' products so far, by all threads; not exact where several add at once."""


def panels(weight: Tensor, widths: Sequence[int]) -> Tensor:
    """Weights (out, in), inputs in the order in which a kernel reads them, as `multiply` of tile.h takes them.

    widths: registers of results side by side, panel after panel; LANES times their sum is `out`. -> one dimension,
    bfloat16: for each panel (in / 2, width, LANES, 2).
    """
    ends = [LANES * end for end in itertools.accumulate(widths, initial=0)]
    made = []
    for width, (start, end) in zip(widths, itertools.pairwise(ends), strict=True):
        pairs = weight[start:end].view(width, LANES, weight.shape[1] // 2, 2)
        made.append(pairs.permute(2, 0, 1, 3).reshape(-1))
    return torch.cat(made).detach().to(torch.bfloat16)


def taps(weight: Tensor) -> Tensor:
    """A convolution's weights (out, in, k, k) as a matrix over rows of channels-last positions: (out, k * k * in)."""
    return weight.detach().permute(0, 2, 3, 1).flatten(1)


def floats(values: Tensor) -> Tensor:
    """Biases and terms: float32, contiguous."""
    return values.detach().float().contiguous()
