"""Parameters and multiply-accumulates of a model, counted the way the papers count.

The figures describe the models as published: the first layer on unfolded features, everything per pixel or per slice.
What the engine really spends is far less. The papers of DIIF print thousands and millions times 1.024.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from diif_viewer.geometry import Axis, Lattice
from diif_viewer.models.diif import Diif
from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.liif import Liif
from diif_viewer.models.model import ImplicitModel


@dataclass(frozen=True, slots=True)
class Macs:
    """Multiply-accumulates of one whole picture. coarse: per slice or knot (0 for LIIF). fine: per output pixel."""

    encoder: int
    coarse: int
    fine: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.encoder + self.coarse + self.fine


def parameters(module: nn.Module) -> int:
    """How many numbers training adjusts."""
    return sum(p.numel() for p in module.parameters())


def macs(model: ImplicitModel, lattice: Lattice) -> Macs:
    """The cost of every output of `lattice` from a picture of ``lattice.y.size`` x ``lattice.x.size`` pixels.

    Raises TypeError for a decoder that has no formula here.
    """
    latents, outputs = lattice.y.size * lattice.x.size, lattice.y.count * lattice.x.count
    encoder = latents * sum(c.weight.numel() for c in model.encoder.modules() if isinstance(c, nn.Conv2d))
    decoder = model.decoder
    if isinstance(decoder, Liif):
        neighbours = 4 if decoder.local_ensemble else 1
        return Macs(encoder, 0, outputs * neighbours * _weights(decoder.imnet))
    if isinstance(decoder, Diif):
        columns = _groups(lattice.x)
        slices = columns * (_groups(lattice.y) if decoder.order == "constant" else lattice.y.count)
        coarse = slices * (4 if decoder.slice_ensemble else 1) * _weights(decoder.imnet.layers)
        return Macs(encoder, coarse, outputs * _weights(decoder.imnet.tail))
    if isinstance(decoder, DiifS):
        vertices = (lattice.y.size + 1) * (lattice.x.size + 1)
        coarse = vertices * len(decoder.knots) ** 2 * _weights(decoder.imnet.layers)
        return Macs(encoder, coarse, outputs * _weights(decoder.imnet.tail))
    raise TypeError(f"no count for {type(decoder).__name__}")


def _groups(axis: Axis) -> int:
    """Coordinate groups with at least one output."""
    return int((axis.groups(0, axis.size)[1] > 0).sum())


def _weights(module: nn.Module) -> int:
    return sum(layer.in_features * layer.out_features for layer in module.modules() if isinstance(layer, nn.Linear))
