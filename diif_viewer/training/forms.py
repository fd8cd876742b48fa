"""Fast differentiable forms of the decoders, on the parameters of the reference modules: same function, less work.

The first layer becomes a convolution over the features, the coordinate terms are separable, blending comes before
the matrix that follows it, and only chosen output rows are computed. See "The engine" in the design notes; the
engine itself has forms of its own, without gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diif_viewer.geometry import Axis, Floats, Ints, Lattice
from diif_viewer.models.diif import Diif, Slices, held_cell
from diif_viewer.models.diif_s import DiifS, shares_of_knots
from diif_viewer.models.liif import Liif
from diif_viewer.models.tables import table


def has_training_form(decoder: nn.Module) -> bool:
    """Can `picture_rows` compute it?"""
    return isinstance(decoder, Diif | DiifS) or _is_plain_liif(decoder)


def picture_rows(decoder: nn.Module, features: Tensor, lattice: Lattice, rows: Ints) -> Tensor:
    """Whole rows of a decoder's picture, with gradients.

    features: (B, channels, H, W). rows: indices of output rows (R,). -> (B, R, lattice.x.count, 3) in [-1, 1] space
    (DIIF-S: detail without its base). Raises TypeError for variants that are not trained.
    """
    if isinstance(decoder, Liif) and has_training_form(decoder):
        return _liif(decoder, features, lattice, rows)
    if isinstance(decoder, Diif):
        return _diif(decoder, features, lattice, rows)
    if isinstance(decoder, DiifS):
        return _diif_s(decoder, features, lattice, rows)
    raise TypeError(f"no training form for {decoder}")


def picture_points(decoder: nn.Module, features: Tensor, lattices: Sequence[Lattice], points: Ints) -> Tensor:
    """Single outputs of LIIF, with gradients; each picture has a lattice of its own.

    features: (B, channels, H, W). lattices: B of them. points: output (row, column) indices (B, Q, 2). -> (B, Q, 3) in
    [-1, 1] space. Raises TypeError for decoders whose outputs do not stand alone, and variants that are not trained.
    """
    if not _is_plain_liif(decoder):
        raise TypeError(f"no training form on points for {decoder}")
    assert isinstance(decoder, Liif)
    first, *middle, last = _linears(decoder.imnet.layers)
    plane = _as_convolution(first, features, 3)  # (B, H, W, hidden)
    weights = first.weight[:, 9 * decoder.channels :]  # rel y x, cell y x
    cell = _floats(features, [[lattice.y.cell, lattice.x.cell] for lattice in lattices])
    cell_term = F.linear(cell, weights[:, 2:])[:, None]  # (B, 1, hidden)
    y = np.stack([m.y.positions(0, m.y.count)[p[:, 0]] for m, p in zip(lattices, points, strict=True)])  # (B, Q)
    x = np.stack([m.x.positions(0, m.x.count)[p[:, 1]] for m, p in zip(lattices, points, strict=True)])
    device = features.device
    picture = torch.arange(len(features), device=device)[:, None]
    blended: Tensor | float = 0.0
    for iy, wy in _neighbours(lattices[0].y, y):
        for ix, wx in _neighbours(lattices[0].x, x):
            rel = _floats(features, 2 * np.stack([y - iy - 0.5, x - ix - 0.5], axis=-1))
            hidden = plane[picture, table(iy, device), table(ix, device)]  # (B, Q, hidden)
            hidden = F.relu(hidden + (F.linear(rel, weights[:, :2]) + cell_term))
            for layer in middle:
                hidden = F.relu(layer(hidden))
            blended = blended + _column(features, wy * wx) * hidden
    return _linear(last, blended)


def _is_plain_liif(decoder: nn.Module) -> bool:
    return isinstance(decoder, Liif) and decoder.feat_unfold and decoder.cell_decode and decoder.local_ensemble


def _liif(decoder: Liif, features: Tensor, lattice: Lattice, rows: Ints) -> Tensor:
    first, *middle, last = _linears(decoder.imnet.layers)
    plane = _as_convolution(first, features, 3)  # (B, H, W, hidden)
    coordinate_weights = first.weight[:, 9 * decoder.channels :]
    cell = _floats(features, [lattice.y.cell, lattice.x.cell])
    y, x = _positions(lattice, rows)
    blended: Tensor | float = 0.0
    for iy, wy in _neighbours(lattice.y, y):
        row_term = F.linear(_column(features, 2 * (y - iy - 0.5)), coordinate_weights[:, :1])
        row_term = row_term + F.linear(cell, coordinate_weights[:, 2:])
        band = plane[:, table(iy, features.device)]
        for ix, wx in _neighbours(lattice.x, x):
            column_term = F.linear(_column(features, 2 * (x - ix - 0.5)), coordinate_weights[:, 1:2])
            hidden = F.relu(band[:, :, table(ix, features.device)] + (row_term[:, None] + column_term))
            for layer in middle:
                hidden = F.relu(layer(hidden))
            blended = blended + _column(features, wy[:, None] * wx) * hidden
    return _linear(last, blended)


def _diif(decoder: Diif, features: Tensor, lattice: Lattice, rows: Ints) -> Tensor:
    first, second = _linears(decoder.imnet.layers)
    fine, middle, last = _linears(decoder.imnet.tail)
    plane = _as_convolution(first, features, decoder.kernel)  # (B, .., .., hidden) at the vertices, or at the centres
    weights = first.weight[:, decoder.kernel**2 * decoder.channels :]  # cell y x, first y x, last y x
    y, x = _positions(lattice, rows)
    cells_y, cells_x = lattice.y.cells(y), lattice.x.cells(x)
    row_slices = Slices(cells_y, y, y, np.arange(len(y)))
    if decoder.order == "constant":
        row_slices = _groups(lattice.y, *np.unique(cells_y, return_inverse=True))
    column_slices = _groups(lattice.x, np.arange(lattice.x.size), cells_x)
    cell_term = F.linear(_floats(features, [held_cell(lattice.y), held_cell(lattice.x)]), weights[:, :2])

    def seen_from(ty: float, tx: float) -> Tensor:
        """What the corner or centre at (ty, tx) of each cell hands to the fine stage: (B, row slices, columns, out)."""
        row_term = F.linear(_ends(features, row_slices, ty), weights[:, 2:5:2]) + cell_term
        column_term = F.linear(_ends(features, column_slices, tx), weights[:, 3:6:2])
        cells = table(row_slices.cells + int(ty), features.device)
        band = plane[:, cells, int(tx) : int(tx) + lattice.x.size]
        hidden = F.relu(second(F.relu(band + (row_term[:, None] + column_term))))
        shared = F.linear(hidden, fine.weight[:, : decoder.hidden])
        return shared[:, :, of_column]

    fy, fx = _column(features, y - cells_y)[:, None], _column(features, x - cells_x)
    of_row, of_column = (table(slices.of_output, features.device) for slices in (row_slices, column_slices))
    if decoder.slice_ensemble:
        top, bottom = (
            torch.lerp(left, right, fx.to(left.dtype))[:, of_row]
            for left, right in ((seen_from(ty, 0.0), seen_from(ty, 1.0)) for ty in (0.0, 1.0))
        )
        blended = torch.lerp(top, bottom, fy.to(top.dtype))  # (B, R, columns, hidden)
    else:
        blended = seen_from(0.5, 0.5)[:, of_row]
    rel = fine.weight[:, decoder.hidden :]
    row_term = F.linear(2 * fy - 1, rel[:, :1], fine.bias)
    column_term = F.linear(2 * fx - 1, rel[:, 1:])
    return _linear(last, F.relu(middle(F.relu(blended + (row_term + column_term)))))


def _groups(axis: Axis, cells: Ints, of_output: Ints) -> Slices:
    """The coordinate groups of `cells`; short ones of a fractional scale reach as far as the widest."""
    first: Floats = (axis.groups(0, axis.size)[0][cells].astype(np.float64) + (0.5 + axis.phase)) / axis.scale
    last: Floats = first + (axis.widest_group() - 1) / axis.scale
    return Slices(cells, first, last, of_output)


def _ends(like: Tensor, slices: Slices, offset: float) -> Tensor:
    """First and last coordinates relative to the corner at `offset` of each cell: (slices, 2)."""
    ends = np.stack([slices.first, slices.last], axis=-1) - (slices.cells + offset)[:, None]
    return _floats(like, 2 * ends)


def _diif_s(decoder: DiifS, features: Tensor, lattice: Lattice, rows: Ints) -> Tensor:
    first, second = _linears(decoder.imnet.layers)
    fine, middle, last = _linears(decoder.imnet.tail)
    plane = _as_convolution(first, features, 4)  # (B, H + 1, W + 1, hidden) at the vertices
    knot_weights = first.weight[:, 16 * decoder.channels :]
    y, x = _positions(lattice, rows)
    by_knot_x = []
    for knot_x in decoder.knots:
        maps = []
        for knot_y in decoder.knots:
            knot = F.linear(_floats(features, [knot_y, knot_x]), knot_weights) if len(decoder.knots) > 1 else 0.0
            hidden = F.relu(second(F.relu(plane + knot)))
            maps.append(F.linear(hidden, fine.weight[:, : decoder.hidden]))
        by_knot_x.append(_blend_knots(maps, lattice.y, y, dim=1))  # (B, R, W + 1, hidden)
    blended = _blend_knots(by_knot_x, lattice.x, x, dim=2)  # (B, R, columns, hidden)
    weights = fine.weight[:, decoder.hidden :]  # sin y, cos y, sin x, cos x, cell y, cell x
    row_term = F.linear(_wave(features, lattice.y, y), weights[:, :2], fine.bias)
    cell = _floats(features, [held_cell(lattice.y), held_cell(lattice.x)])
    row_term = row_term + F.linear(cell, weights[:, 4:])
    column_term = F.linear(_wave(features, lattice.x, x), weights[:, 2:4])
    return _linear(last, F.relu(middle(F.relu(blended + (row_term[:, None] + column_term)))))


def _blend_knots(maps: Sequence[Tensor], axis: Axis, positions: Floats, dim: int) -> Tensor:
    """Blend the maps of a vertex's knots at `positions` along `dim`."""
    cells = axis.cells(positions)
    blended: Tensor | float = 0.0
    for step in (0, 1):
        d = positions - cells - step
        index = table(cells + step, maps[0].device)
        for values, share in zip(maps, shares_of_knots(d, len(maps)), strict=True):
            weight = table((1 - np.abs(d)) * share, values.device, values.dtype)
            blended = blended + values.index_select(dim, index) * weight.view([-1] + [1] * (3 - dim))
    assert isinstance(blended, Tensor)
    return blended


def _as_convolution(layer: nn.Linear, features: Tensor, kernel: int) -> Tensor:
    """The feature part of a first layer, with its bias, at all latents (3) or vertices (4): (B, rows, columns, out)."""
    channels = features.shape[1]
    weight = layer.weight[:, : channels * kernel**2].reshape(-1, channels, kernel, kernel)
    return F.conv2d(features, weight, layer.bias, padding=kernel // 2).permute(0, 2, 3, 1)


def _neighbours(axis: Axis, positions: Floats) -> list[tuple[Ints, Floats]]:
    """The latent centres before and after each position, clamped, and their weights."""
    lower = np.floor(positions - 0.5)
    share = positions - 0.5 - lower
    pairs = ((0, 1 - share), (1, share))
    return [(np.clip(lower.astype(np.int64) + step, 0, axis.size - 1), weight) for step, weight in pairs]


def _positions(lattice: Lattice, rows: Ints) -> tuple[Floats, Floats]:
    return lattice.y.positions(0, lattice.y.count)[rows], lattice.x.positions(0, lattice.x.count)


def _wave(like: Tensor, axis: Axis, positions: Floats) -> Tensor:
    angle = 2 * math.pi * (positions - axis.cells(positions))
    return _floats(like, np.stack([np.sin(angle), np.cos(angle)], axis=-1))


def _column(like: Tensor, values: Floats) -> Tensor:
    """float32 with a last axis of 1, on the device of `like`."""
    return _floats(like, values[..., None])


def _floats(like: Tensor, values: npt.ArrayLike) -> Tensor:
    """float32 on the device of `like`."""
    return table(np.asarray(values), like.device, torch.float32)


def _linear(layer: nn.Linear, x: Tensor | float) -> Tensor:
    assert isinstance(x, Tensor)
    y: Tensor = layer(x)
    return y


def _linears(layers: nn.Module) -> list[nn.Linear]:
    return [layer for layer in layers.children() if isinstance(layer, nn.Linear)]
