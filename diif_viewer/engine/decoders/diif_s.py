"""DIIF-S: coarse maps once per picture and for every scale; a view costs two small blends and the fine stage.

The maps hold, at four knots around each vertex, the coarse stage's hidden vector already multiplied by the fine
stage's first matrix (both blends are linear). Knots form one regular grid, two per vertex and axis, so the blend of
DESIGN section 2 is one sparse matrix per axis with three non-zero weights per output.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from diif_viewer.engine.decoders.common import FineStage, Span, circle, held_cell, linear, two_part
from diif_viewer.engine.layers import Conv, Linear
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Axis, Floats, Lattice, Window
from diif_viewer.models.diif_s import DiifS

NARROW = 3.0
"""Below this scale a chunk covers so many knots that blending its rows in bands pays; narrow ones in float32 (x1.2
takes 0.7 of the time), not in bfloat16, whose small products are slow."""


class DiifSDecoder:
    """See the module and `common.Decoder`."""

    def __init__(self, reference: DiifS, dtype: torch.dtype) -> None:
        first, second = (linear(reference.imnet.layers, i) for i in (0, 2))
        fine, middle, last = (linear(reference.imnet.tail, i) for i in (0, 2, 4))
        self._dtype = dtype
        self._hidden = fine.out_features
        self._device = first.weight.device
        channels = reference.channels
        weight = first.weight.detach()
        self._project = Conv(weight[:, : 16 * channels].reshape(-1, channels, 4, 4), first.bias, dtype)
        knots = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]], device=self._device)
        self._knots = (knots @ weight[:, 16 * channels :].T).to(dtype)  # (4, hidden), order (-,-) (-,+) (+,-) (+,+)
        self._coarse = Linear(second.weight, second.bias, dtype, relu=True)
        into = fine.weight.detach()
        self._push = Linear(into[:, : into.shape[1] - 6], None, dtype)
        self._fine_bias = fine.bias.detach()
        self._circle_y, circle_x = into[:, -6:-4].T, into[:, -4:-2].T  # (2, hidden): sin, cos
        self._column_terms = self._doubled(circle_x)
        self._known_terms: dict[tuple[float, float], Tensor] = {}
        self._cell = into[:, -2:].T  # (2, hidden): y, x
        self._stage = FineStage(middle, last, dtype)

    # ---- once per picture ------------------------------------------------------------------------------

    def plane(self, cache: BlockCache, features: Plane) -> Plane:
        """Knot maps on the vertices of the picture, density 2: value (2 v + k) is knot k of vertex v."""
        pixels = features.limits
        vertices = Window(0, 0, pixels.bottom + 1, pixels.right + 1)

        def fill(window: Window) -> Tensor:
            region = features.region(Window(window.top - 2, window.left - 2, window.bottom + 1, window.right + 1))
            return self.knot_maps(region)

        return Plane(cache, vertices, fill, density=2, device=features.device)

    def knot_maps(self, features: Tensor) -> Tensor:
        """features: (h + 3, w + 3, C) around h x w vertices -> (2 h, 2 w, hidden)."""
        projected = self._project(features.permute(2, 0, 1)[None])[0].permute(1, 2, 0)  # (h, w, hidden)
        h, w, c = projected.shape
        hidden = (projected.reshape(1, h * w, c) + self._knots[:, None]).relu_()  # (4, h * w, hidden)
        pushed = self._push(self._coarse(hidden.view(4 * h * w, c)))
        return pushed.view(2, 2, h, w, -1).permute(2, 0, 3, 1, 4).reshape(2 * h, 2 * w, -1)

    # ---- once per view ---------------------------------------------------------------------------------

    def needs(self, lattice: Lattice, window: Window) -> Window:
        """Vertices around the LR cells of `window`."""
        cells = lattice.cells_of(window)
        return Window(cells.top, cells.left, cells.bottom + 1, cells.right + 1)

    def render(self, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """See `common.Decoder`."""
        h, w, c = window.height, window.width, self._hidden
        cells = lattice.cells_of(window)
        knots = 2 * (cells.width + 1)
        along_rows = torch.empty(h, knots + 4, c, dtype=self._dtype, device=self._device)
        step = h if lattice.y.scale >= NARROW else 16 if self._dtype == torch.float32 else 64
        for top in range(window.top, window.bottom, step):
            band = Window(top, window.left, min(top + step, window.bottom), window.right)
            target = along_rows[band.top - window.top : band.bottom - window.top]
            self._blend_rows(plane, lattice, band, target)
        columns = blend_matrix(lattice.x, window.left, window.right, self._dtype, self._device)
        hidden = torch.matmul(columns, along_rows)  # (h, w, c)
        return self._stage(hidden.view(h * w, c)).view(h, w, 3)

    def _blend_rows(self, plane: Plane, lattice: Lattice, band: Window, out: Tensor) -> None:
        """The band's rows as blends of rows of knots, and the terms of row and column: (rows, knots + 4, hidden)."""
        vertices = self.needs(lattice, band)
        ky, kx = 2 * vertices.height, 2 * vertices.width
        knots = torch.empty(ky + 5, kx + 4, self._hidden, dtype=self._dtype, device=self._device)
        plane.region(vertices, out=knots[:ky, :kx])
        knots[:ky, kx:] = self._column_terms  # carried through the row blend: its weights sum to one
        knots[ky:] = self._row_terms(lattice)[:, None]
        knots[ky:, kx:] = 0
        rows = blend_matrix(lattice.y, band.top, band.bottom, self._dtype, self._device, constant=True)
        torch.mm(rows, knots.view(ky + 5, -1), out=out.view(band.height, -1))

    def _doubled(self, weights: Tensor) -> Tensor:
        return torch.cat([weights, weights]).to(self._dtype)

    def _row_terms(self, lattice: Lattice) -> Tensor:
        """(5, hidden): sin and cos of the row, twice (see `two_part`), and all that is constant."""
        cell = (held_cell(lattice.y), held_cell(lattice.x))
        known = self._known_terms.get(cell)
        if known is None:
            constant = self._fine_bias + cell[0] * self._cell[0] + cell[1] * self._cell[1]
            known = torch.cat([self._doubled(self._circle_y), constant[None].to(self._dtype)])
            self._known_terms = {cell: known}  # of the present zoom
        return known


@functools.lru_cache(maxsize=512)
def blend_matrix(
    axis: Axis, start: int, stop: int, dtype: torch.dtype, device: torch.device, *, constant: bool = False
) -> Tensor:
    """Knot weights, then sin and cos of the fraction twice (see `two_part`), then ones if `constant`."""
    span = Span.of(axis, start, stop)
    parts = [torch.from_numpy(knot_weights(span)).to(dtype).to(device), two_part(circle(span.fractions), dtype, device)]
    if constant:
        parts.append(torch.ones(stop - start, 1, dtype=dtype, device=device))
    return torch.cat(parts, -1)


def knot_weights(span: Span) -> Floats:
    """Blend weights of each output for the knots of the vertices ``cells[0] .. cells[-1] + 1``: (n, 2 * vertices).

    Per axis, at offset d from a vertex: bilinear weight ``1 - |d|`` for the vertex and, between its two knots,
    ``m = clamp(d + 1/2, 0, 1)`` for the + one. Rows sum to one; at most three weights of a row are not zero.
    """
    n, vertex, f = len(span.cells), span.cells - span.cells[0], span.fractions
    weights = np.zeros((n, 2 * (int(vertex[-1]) + 2)))
    left, right = np.minimum(0.5 + f, 1.0), np.maximum(f - 0.5, 0.0)
    at = np.arange(n)
    weights[at, 2 * vertex] = (1 - f) * (1 - left)
    weights[at, 2 * vertex + 1] = (1 - f) * left
    weights[at, 2 * vertex + 2] = f * (1 - right)
    weights[at, 2 * vertex + 3] = f * right
    return weights
