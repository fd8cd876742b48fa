"""Weights of the DIIF family in the form that the kernels read."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from diif_viewer.engine.decoders.common import linear
from diif_viewer.engine.gpu.tables import KnotLayout, Layout, SliceLayout
from diif_viewer.models.diif import CoarseToFine, Diif
from diif_viewer.models.diif_s import DiifS

WIDEST = 256
"""Hidden units above which a row of a tile no longer fits into the registers."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """DIIF's coarse stage; W hidden units.

    cell, first, last: (2, W) float32, what the first layer makes of them, y then x. weights: (W in, W out) of its
    second layer, bias (W,) float32. push: (W in, W out), the hidden part of the fine stage's first matrix.
    """

    cell: Tensor
    first: Tensor
    last: Tensor
    weights: Tensor
    bias: Tensor
    push: Tensor


@dataclass(frozen=True, slots=True)
class Stage:
    """The fine stage of a decoder; W hidden units.

    bias: (W,) of its first layer. row_weights: (4, W) of a row's two terms and of the cell, y then x. column_weights:
    (2, W) of a column's two terms, in the dtype. middle: (W in, W out) in the dtype, middle_bias (W,). last: (3, W),
    last_bias (3,). What is not in the dtype is float32. coarse: where slices are made for every view (DIIF).
    """

    width: int
    dtype: torch.dtype
    layout: Layout
    bias: Tensor
    row_weights: Tensor
    column_weights: Tensor
    middle: Tensor
    middle_bias: Tensor
    last: Tensor
    last_bias: Tensor
    coarse: Coarse | None

    @property
    def density(self) -> int:
        """Vectors of the maps for each vertex, along each axis."""
        return self.layout.density[0]


def stage_of(decoder: torch.nn.Module, dtype: torch.dtype) -> Stage | None:
    """A reference decoder's fine stage; None for a decoder that the kernels do not know (LIIF, DIIF's variants)."""
    if not isinstance(decoder, DiifS | Diif):
        return None
    width = decoder.hidden
    if width & (width - 1) or not 16 <= width <= WIDEST:
        return None
    if isinstance(decoder, DiifS):
        into = linear(decoder.imnet.tail, 0).weight.detach().T  # (W + 6, W)
        rows, columns = into[[-6, -5, -2, -1]], into[[-4, -3]]
        return _stage(decoder.imnet, dtype, KnotLayout(len(decoder.knots)), rows=rows, columns=columns)
    if decoder.order != "linear" or not decoder.slice_ensemble:
        return None
    into = linear(decoder.imnet.tail, 0).weight.detach().T  # (W + 2, W): hidden, then y and x from the centre
    none = torch.zeros_like(into[-1])
    rows, columns = torch.stack([into[-2], none, none, none]), torch.stack([into[-1], none])
    seen = linear(decoder.imnet.layers, 0).weight.detach().T[-6:]  # cell, first, last; y and x each
    second = linear(decoder.imnet.layers, 2)
    coarse = Coarse(
        cell=seen[:2].contiguous(),
        first=seen[2:4].contiguous(),
        last=seen[4:].contiguous(),
        weights=second.weight.detach().T.to(dtype).contiguous(),
        bias=second.bias.detach(),
        push=into[:-2].to(dtype).contiguous(),
    )
    return _stage(decoder.imnet, dtype, SliceLayout(), rows=rows, columns=columns, coarse=coarse)


def _stage(
    network: CoarseToFine,
    dtype: torch.dtype,
    layout: Layout,
    *,
    rows: Tensor,
    columns: Tensor,
    coarse: Coarse | None = None,
) -> Stage:
    fine, middle, last = (linear(network.tail, i) for i in (0, 2, 4))
    return Stage(
        width=fine.out_features,
        dtype=dtype,
        layout=layout,
        bias=fine.bias.detach(),
        row_weights=rows.contiguous(),
        column_weights=columns.to(dtype).contiguous(),
        middle=middle.weight.detach().T.to(dtype).contiguous(),
        middle_bias=middle.bias.detach(),
        last=last.weight.detach().contiguous(),
        last_bias=last.bias.detach(),
        coarse=coarse,
    )
