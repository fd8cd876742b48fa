"""LIIF with its first layer as a convolution, separable coordinates, and the last layer before the ensemble's sum.

Order of work for one window: first-layer rows of the LR pixels are spread over the output columns (and get the column's
coordinate term), then over the output rows by one product with a selection matrix that carries the row's term as well.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from diif_viewer.engine.decoders.common import FirstLayer, Span, first_layer_plane, two_part
from diif_viewer.engine.layers import Linear, Narrow, relu_
from diif_viewer.engine.native.liif import Layers, NativeLiif, Near
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Axis, Floats, Ints, Lattice, Window
from diif_viewer.models.liif import Liif


class LiifDecoder:
    """See the module and `common.Decoder`."""

    def __init__(self, reference: Liif, dtype: torch.dtype) -> None:
        layers = [m for m in reference.imnet.layers if isinstance(m, torch.nn.Linear)]
        first, *middle, last = layers
        side = 3 if reference.feat_unfold else 1
        taps = side * side * reference.channels
        weight = first.weight.detach()
        self._dtype, self._device = dtype, weight.device
        self._ensemble = reference.local_ensemble
        self._margin = side // 2
        self._project = FirstLayer(weight[:, :taps].reshape(-1, reference.channels, side, side), first.bias, dtype)
        self._rel_y, self._rel_x = weight[:, taps], weight[:, taps + 1]
        cell = weight[:, taps + 2 :]
        self._cell = cell if reference.cell_decode else torch.zeros(len(weight), 2, device=self._device)
        self._middle = [Linear(m.weight, m.bias, dtype, relu=True) for m in middle]
        self._last = Narrow(last.weight, last.bias, dtype)
        self._native = NativeLiif.of(Layers(middle, last, self._rel_y, self._rel_x), dtype)
        self.native = self._native is not None and self._project.native
        self._near = functools.lru_cache(maxsize=128)(self._new_near)

    def plane(self, cache: BlockCache, features: Plane) -> Plane:
        """First-layer maps, one vector per LR pixel."""
        margin = self._margin
        return first_layer_plane(cache, features, self._project, features.limits, before=margin, after=margin)

    def needs(self, lattice: Lattice, window: Window) -> Window:
        """LR pixels whose centres are nearest to outputs of `window`, per axis (two where there is an ensemble)."""
        tops = self._neighbours(lattice.y, window.top, window.bottom)
        lefts = self._neighbours(lattice.x, window.left, window.right)
        return Window(
            int(min(n.indices.min() for n in tops)),
            int(min(n.indices.min() for n in lefts)),
            int(max(n.indices.max() for n in tops)) + 1,
            int(max(n.indices.max() for n in lefts)) + 1,
        )

    def render(self, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """See `common.Decoder`."""
        if self._native is not None:
            return self._compiled(self._native, plane, lattice, window).permute(1, 2, 0)
        h, w = window.height, window.width
        pixels = self.needs(lattice, window)
        maps = plane.region(pixels).float()  # (rows, columns, hidden)
        maps += self._cell_term(lattice)
        ys = self._neighbours(lattice.y, window.top, window.bottom)
        out = torch.zeros(3, h, w, device=self._device).permute(1, 2, 0)  # as `Narrow` has it
        for x in self._neighbours(lattice.x, window.left, window.right):
            spread = maps[:, self._tensor(x.indices - pixels.left)]
            spread += self._float(x.relative)[:, None] * self._rel_x
            source = torch.cat([spread.to(self._dtype).flatten(1), self._row_terms(w)])
            for y in ys:
                hidden = relu_(torch.mm(self._selection(y, pixels), source).view(h * w, -1))
                for layer in self._middle:
                    hidden = layer(hidden)
                colour = self._last(hidden).float().view(h, w, 3)
                # weight by the opposite area (LIIF, eq. 4), which is a product of one factor per axis
                out.addcmul_(colour, self._float(y.weights)[:, None, None] * self._float(x.weights)[:, None])
        return out

    def _compiled(self, native: NativeLiif, plane: Plane, lattice: Lattice, window: Window) -> Tensor:
        """All of it in the compiled kernel: (3, h, w)."""
        rows = self._near(lattice.y, window.top, window.bottom)
        across = self._near(lattice.x, window.left, window.right)
        return native(plane.region(self.needs(lattice, window)), self._cell_term(lattice), rows, across)

    def _cell_term(self, lattice: Lattice) -> Tensor:
        """What the extent of an output adds to every first-layer vector: (hidden,)."""
        return 2.0 / lattice.y.scale * self._cell[:, 0] + 2.0 / lattice.x.scale * self._cell[:, 1]

    def _new_near(self, axis: Axis, start: int, stop: int) -> Near:
        """The nearest LR pixels, counted from the first that `needs` names."""
        nearest = self._neighbours(axis, start, stop)
        first = min(n.indices.min() for n in nearest)
        at = np.stack([n.indices for n in nearest]) - first
        offset, share = np.stack([n.relative for n in nearest]), np.stack([n.weights for n in nearest])
        return Near(torch.from_numpy(at.astype(np.int32)), self._float(offset), self._float(share))

    def _neighbours(self, axis: Axis, start: int, stop: int) -> list[_Neighbour]:
        span = Span.of(axis, start, stop)
        if not self._ensemble:
            return [_Neighbour.of(span, span.cells, np.ones(len(span.cells)))]
        below = np.floor(span.positions - 0.5).astype(np.int64)
        right = span.positions - 0.5 - below  # share of the second centre
        shares = ((below, 1 - right), (below + 1, right))
        return [_Neighbour.of(span, np.clip(i, 0, axis.size - 1), share) for i, share in shares]

    def _selection(self, y: _Neighbour, pixels: Window) -> Tensor:
        """(h, rows + 2): picks each output row's LR row and adds its coordinate term, in two parts."""
        chosen = torch.zeros(len(y.indices), pixels.height, dtype=self._dtype, device=self._device)
        chosen[torch.arange(len(y.indices)), self._tensor(y.indices - pixels.top)] = 1
        return torch.cat([chosen, two_part(y.relative[:, None], self._dtype, self._device)], -1)

    def _row_terms(self, columns: int) -> Tensor:
        return self._rel_y.to(self._dtype).repeat(2, columns)

    def _float(self, values: Floats) -> Tensor:
        return torch.from_numpy(values).to(torch.float32).to(self._device)

    def _tensor(self, indices: Ints) -> Tensor:
        return torch.from_numpy(indices).to(self._device)


class _Neighbour:
    """One of the nearest latent centres along an axis, for each output: index, relative coordinate, weight."""

    def __init__(self, indices: Ints, relative: Floats, weights: Floats) -> None:
        self.indices, self.relative, self.weights = indices, relative, weights

    @classmethod
    def of(cls, span: Span, indices: Ints, weights: Floats) -> _Neighbour:
        return cls(indices, 2 * (span.positions - indices - 0.5), weights)
