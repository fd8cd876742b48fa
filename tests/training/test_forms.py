"""The training forms compute the reference decoders' function, gradients included."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from diif_viewer.geometry import Lattice
from diif_viewer.models.diif import Diif
from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.liif import Liif
from diif_viewer.training.forms import picture_points, picture_rows

DECODERS = {
    "liif": lambda: Liif(5, (16, 16, 16, 16)),
    "diif": lambda: Diif(5, 16),
    "diif, constant order": lambda: Diif(5, 16, order="constant"),
    "diif, no slice ensemble": lambda: Diif(5, 16, slice_ensemble=False),
    "diif, constant order, no slice ensemble": lambda: Diif(5, 16, order="constant", slice_ensemble=False),
    "diif-s": lambda: DiifS(5, 16),
    "diif-s, one knot": lambda: DiifS(5, 16, knots=1),
}
LATTICES = {
    "x1": Lattice.of_scale(7, 9, 1.0),
    "x1.37": Lattice.of_scale(7, 9, 1.37),
    "x4": Lattice.of_scale(7, 9, 4.0),
    "unequal": Lattice.of_size(7, 9, 31, 24),
    "x9.3": Lattice.of_scale(7, 9, 9.3),
}


def shaken(decoder: nn.Module) -> nn.Module:
    """All weights random: DIIF-S starts with a last layer of zeros, which would hide every mistake before it."""
    for parameter in decoder.parameters():
        nn.init.normal_(parameter, std=0.3)
    return decoder


@pytest.mark.parametrize("size", LATTICES)
@pytest.mark.parametrize("name", DECODERS)
def test_rows_and_gradients_equal_the_reference(name: str, size: str) -> None:
    if (name, size) == ("liif", "x1"):
        pytest.skip(
            "the last row and column follow a quirk of the public code at exactly x1, which training leaves out"
        )
    torch.manual_seed(3)
    decoder, lattice = shaken(DECODERS[name]()).double(), LATTICES[size]
    features = torch.randn(2, 5, 7, 9, dtype=torch.float64, requires_grad=True)
    rows = np.array([0, 2, 3, lattice.y.count - 1])

    wanted = decoder(features, lattice, lattice.window)[:, :, rows].movedim(1, -1)
    single = copy.deepcopy(decoder).float()
    found = picture_rows(single, features.float(), lattice, rows)
    scale = float(wanted.detach().abs().max())
    assert torch.allclose(found.double(), wanted, atol=1e-5 * scale)

    (wanted_slope,) = torch.autograd.grad(wanted.square().sum(), features)
    leaf = features.detach().float().requires_grad_()
    (found_slope,) = torch.autograd.grad(picture_rows(single, leaf, lattice, rows).square().sum(), leaf)
    assert torch.allclose(found_slope.double(), wanted_slope, atol=1e-4 * float(wanted_slope.detach().abs().max()))


def test_points_of_pictures_at_their_own_scales_equal_the_reference() -> None:
    torch.manual_seed(5)
    decoder = shaken(DECODERS["liif"]()).double()
    lattices = [Lattice.of_scale(7, 9, 1.37), Lattice.of_scale(7, 9, 4.0), Lattice.of_size(7, 9, 31, 24)]
    features = torch.randn(3, 5, 7, 9, dtype=torch.float64, requires_grad=True)
    rng = np.random.default_rng(0)
    points = np.stack([rng.integers((0, 0), (m.y.count, m.x.count), (40, 2)) for m in lattices])
    points[:, :2] = [[0, 0], [8, 11]]  # a corner, where neighbours are clamped

    wanted = torch.stack(
        [
            decoder(features[k : k + 1], m, m.window)[0][:, points[k, :, 0], points[k, :, 1]].T
            for k, m in enumerate(lattices)
        ]
    )
    leaf = features.detach().float().requires_grad_()
    found = picture_points(copy.deepcopy(decoder).float(), leaf, lattices, points)
    assert found.shape == (3, 40, 3)
    assert torch.allclose(found.double(), wanted, atol=1e-5 * float(wanted.detach().abs().max()))
    (wanted_slope,) = torch.autograd.grad(wanted.square().sum(), features)
    (found_slope,) = torch.autograd.grad(found.square().sum(), leaf)
    assert torch.allclose(found_slope.double(), wanted_slope, atol=1e-4 * float(wanted_slope.detach().abs().max()))


def test_variants_that_are_not_trained_are_refused() -> None:
    lattice = Lattice.of_scale(4, 4, 2.0)
    with pytest.raises(TypeError):
        picture_rows(Liif(5, (16,), local_ensemble=False), torch.zeros(1, 5, 4, 4), lattice, np.arange(2))
    with pytest.raises(TypeError):
        picture_points(Diif(5, 16), torch.zeros(1, 5, 4, 4), [lattice], np.zeros((1, 1, 2), np.int64))
