"""DIIF (He, Jin, arXiv 2306.12321, ICME 2024): slices of pixels share one coarse hidden vector per vertex.

There is no public code of the authors; what the paper leaves open is inferred from its parameter counts and MACs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from diif_viewer.geometry import Axis, Floats, Ints, Lattice, Window
from diif_viewer.models.liif import begin_with_nothing
from diif_viewer.models.unfold import unfolded

TRAINED_SCALE = 4.0
"""End of the training range; the cell that the networks see is held beyond it."""


class CoarseToFine(nn.Module):
    """The C2F-MLP: `layers` runs once per slice and vertex, `tail` once per pixel."""

    def __init__(self, coarse_inputs: int, fine_coords: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(coarse_inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.tail = nn.Sequential(
            nn.Linear(hidden + fine_coords, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 3),
        )


@dataclass(frozen=True, slots=True)
class Slices:
    """The slices that one axis of a window is cut into.

    cells: LR pixel of each slice. first, last: the slice's first and last coordinates in LR pixels. of_output: the
    slice of each output.
    """

    cells: Ints
    first: Floats
    last: Floats
    of_output: Ints


def held_cell(axis: Axis) -> float:
    """The cell that the network sees: ``2 / s``, held at the end of the training range beyond x4."""
    return 2.0 / min(axis.scale, TRAINED_SCALE)


def single_outputs(axis: Axis, start: int, stop: int) -> Slices:
    """Every output is a slice of its own."""
    y = axis.positions(start, stop)
    return Slices(axis.cells(y), y, y, np.arange(stop - start))


def coordinate_groups(axis: Axis, start: int, stop: int) -> Slices:
    """All outputs of one LR pixel are a slice; short groups of a fractional scale reach as far as the widest."""
    cells, of_output = np.unique(axis.cells(axis.positions(start, stop)), return_inverse=True)
    first_outputs, _ = axis.groups(0, axis.size)
    first: Floats = (first_outputs[cells].astype(np.float64) + (0.5 + axis.phase)) / axis.scale
    last: Floats = first + (axis.widest_group() - 1) / axis.scale
    return Slices(cells, first, last, of_output)


class Diif(nn.Module):
    """The dynamic implicit image function.

    channels: of the features. hidden: width of every layer. order: "linear" (a slice is one output row inside one LR
    pixel) or "constant" (the whole coordinate group). slice_ensemble: blend the hidden vectors of the four vertices
    (else describe the LR pixel by its centre alone). skip: the output is detail to be added to the bicubic picture.
    """

    def __init__(
        self,
        channels: int,
        hidden: int = 256,
        order: Literal["linear", "constant"] = "linear",
        slice_ensemble: bool = True,
        *,
        skip: bool = False,
    ) -> None:
        super().__init__()
        self.base: str | None = "bicubic" if skip else None
        self.channels = channels
        self.hidden = hidden
        self.order = order
        self.slice_ensemble = slice_ensemble
        self.kernel = 4 if slice_ensemble else 3
        self.imnet = CoarseToFine(channels * self.kernel**2 + 6, 2, hidden)
        if skip:
            begin_with_nothing(self.imnet.tail[4])

    def forward(self, features: Tensor, lattice: Lattice, window: Window) -> Tensor:
        """features: (B, channels, H, W) -> (B, 3, window.height, window.width) in [-1, 1] space, not clamped."""
        rows = (coordinate_groups if self.order == "constant" else single_outputs)(lattice.y, window.top, window.bottom)
        columns = coordinate_groups(lattice.x, window.left, window.right)
        y, x = lattice.y.positions(window.top, window.bottom), lattice.x.positions(window.left, window.right)
        fy, fx = y - lattice.y.cells(y), x - lattice.x.cells(x)
        z = unfolded(features, self.kernel)  # at the vertices, or at the centres
        corners: list[tuple[float, float, Floats, Floats]] = [(0.5, 0.5, np.ones_like(fy), np.ones_like(fx))]
        if self.slice_ensemble:  # weight of a vertex: the area towards the opposite one
            corners = [(ty, tx, fy if ty else 1 - fy, fx if tx else 1 - fx) for ty in (0.0, 1.0) for tx in (0.0, 1.0)]
        blended = torch.zeros((), dtype=features.dtype, device=features.device)
        for ty, tx, weight_y, weight_x in corners:
            # (B, row slices, column slices, hidden)
            coarse = self._coarse(z, (rows, columns), (ty, tx), (held_cell(lattice.y), held_cell(lattice.x)))
            pixels = coarse[:, torch.from_numpy(rows.of_output)][:, :, torch.from_numpy(columns.of_output)]
            area = torch.from_numpy(weight_y[:, None] * weight_x)[..., None].to(pixels)
            blended = blended + area * pixels  # (B, h, w, hidden)
        rel = np.stack(np.broadcast_arrays(2 * fy[:, None] - 1, 2 * fx[None] - 1), axis=-1)  # from the centre
        fine = torch.cat([blended, torch.from_numpy(rel).to(blended).expand(len(blended), -1, -1, -1)], dim=-1)
        colour: Tensor = self.imnet.tail(fine)
        return colour.movedim(-1, 1)

    def _coarse(
        self, z: Tensor, slices: tuple[Slices, Slices], offset: tuple[float, float], cell: tuple[float, float]
    ) -> Tensor:
        """Hidden vectors of all slices (rows, columns), seen from the corner or centre at `offset` in their cell."""
        (rows, columns), (ty, tx) = slices, offset
        iy, ix = rows.cells + int(ty), columns.cells + int(tx)
        latent = z[:, :, torch.from_numpy(iy)][..., torch.from_numpy(ix)].movedim(1, -1)
        reference_y, reference_x = (rows.cells + ty)[:, None], columns.cells + tx
        coords = np.broadcast_arrays(
            *cell,
            2 * (rows.first[:, None] - reference_y),
            2 * (columns.first - reference_x),
            2 * (rows.last[:, None] - reference_y),
            2 * (columns.last - reference_x),
        )
        seen = torch.from_numpy(np.stack(coords, axis=-1)).to(latent).expand(len(latent), -1, -1, -1)
        hidden: Tensor = self.imnet.layers(torch.cat([latent, seen], dim=-1))
        return hidden
