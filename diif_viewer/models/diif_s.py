"""DIIF-S, seamless DIIF (ours): the coarse stage at fixed knots, continuous blending, periodic fine coordinates.

DIIF hands different hidden vectors to the cells on both sides of a vertex, so its picture jumps at cell borders,
visibly beyond x12. Here all that a pixel is made of is continuous in its position; see DESIGN in the documentation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from diif_viewer.geometry import Axis, Floats, Ints, Lattice, Window
from diif_viewer.models.diif import CoarseToFine, held_cell
from diif_viewer.models.liif import begin_with_nothing
from diif_viewer.models.unfold import unfolded

KNOTS: dict[int, tuple[float, ...]] = {2: (-1.0, 1.0), 1: (0.0,)}
"""Offsets of a vertex's knots along an axis, in relative units: half an LR pixel on either side, or none."""


class DiifS(nn.Module):
    """The seamless variant; its output is detail to be added to the bicubic picture.

    channels: of the features. hidden: width of every layer. knots: of a vertex along each axis, 2 or 1; a single one is
    the vertex itself, and no input of the coarse stage.
    """

    base: str | None = "bicubic"

    def __init__(self, channels: int, hidden: int = 256, knots: int = 2) -> None:
        super().__init__()
        self.channels = channels
        self.hidden = hidden
        self.knots = KNOTS[knots]
        self.imnet = CoarseToFine(channels * 16 + (2 if knots > 1 else 0), 6, hidden)
        begin_with_nothing(self.imnet.tail[4])

    def forward(self, features: Tensor, lattice: Lattice, window: Window) -> Tensor:
        """features: (B, channels, H, W) -> detail (B, 3, window.height, window.width) in [-1, 1] space."""
        z = unfolded(features, 4).movedim(1, -1)  # (B, H + 1, W + 1, 16 * channels)
        terms_y = _terms(lattice.y, window.top, window.bottom, self.knots)
        terms_x = _terms(lattice.x, window.left, window.right, self.knots)
        blended = torch.zeros((), dtype=features.dtype, device=features.device)
        for knot_y in self.knots:
            for knot_x in self.knots:
                knot = z.new_tensor([knot_y, knot_x] if len(self.knots) > 1 else []).expand(*z.shape[:3], -1)
                coarse = self.imnet.layers(torch.cat([z, knot], dim=-1))  # (B, H + 1, W + 1, hidden)
                for iy, weight_y in terms_y[knot_y]:
                    for ix, weight_x in terms_x[knot_x]:
                        weight = torch.from_numpy(weight_y[:, None] * weight_x)[..., None].to(coarse)
                        blended = blended + weight * coarse[:, torch.from_numpy(iy)][:, :, torch.from_numpy(ix)]
        coords = torch.from_numpy(_fine_coordinates(lattice, window)).to(blended)
        fine = torch.cat([blended, coords.expand(len(blended), -1, -1, -1)], dim=-1)  # (B, h, w, hidden + 6)
        detail: Tensor = self.imnet.tail(fine)
        return detail.movedim(-1, 1)


def _terms(axis: Axis, start: int, stop: int, knots: Sequence[float]) -> dict[float, list[tuple[Ints, Floats]]]:
    """Per knot along one axis, for the vertex before and the one after each output: (vertex index, weight)."""
    y = axis.positions(start, stop)
    cells = axis.cells(y)
    terms: dict[float, list[tuple[Ints, Floats]]] = {knot: [] for knot in knots}
    for step in (0, 1):
        d = y - cells - step  # offset from the vertex in LR pixels, [-1, 1]
        for knot, share in zip(knots, shares_of_knots(d, len(knots)), strict=True):
            terms[knot].append((cells + step, (1 - np.abs(d)) * share))
    return terms


def shares_of_knots(d: Floats, knots: int) -> tuple[Floats, ...]:
    """What each of a vertex's knots along an axis counts for at offsets `d` from it, in LR pixels; sums to 1."""
    plus = np.clip(d + 0.5, 0.0, 1.0)
    return (1 - plus, plus) if knots > 1 else (np.ones_like(plus),)


def _fine_coordinates(lattice: Lattice, window: Window) -> Floats:
    """(h, w, 6): sine and cosine of the fraction within the cell, y then x, and the cell."""
    y, x = lattice.y.positions(window.top, window.bottom), lattice.x.positions(window.left, window.right)
    angle_y = 2 * math.pi * (y - lattice.y.cells(y))[:, None]
    angle_x = 2 * math.pi * (x - lattice.x.cells(x))
    columns = np.broadcast_arrays(
        np.sin(angle_y),
        np.cos(angle_y),
        np.sin(angle_x),
        np.cos(angle_x),
        held_cell(lattice.y),
        held_cell(lattice.x),
    )
    return np.stack(columns, axis=-1)
