"""The yardstick computes LIIF: the reference's numbers, at any scale and however it is cut into chunks."""

from __future__ import annotations

import pytest
import torch

from diif_viewer.evaluation import public_liif
from diif_viewer.geometry import Lattice
from diif_viewer.models.liif import Liif


@pytest.fixture(scope="module")
def decoder() -> Liif:
    torch.manual_seed(3)
    made = Liif(8, (32, 32, 32))
    for parameter in made.parameters():
        parameter.data *= 1.5  # livelier than the default initialisation
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(22, 26), (44, 52), (47, 61), (110, 130), (330, 390)])
def test_it_equals_the_reference_at_every_scale(decoder: Liif, size: tuple[int, int]) -> None:
    torch.manual_seed(4)
    features = torch.randn(1, 8, 11, 13)
    lattice = Lattice.of_size(11, 13, *size)
    expected = decoder(features, lattice, lattice.window)[0].permute(1, 2, 0)
    assert expected.std() > 0.05
    torch.testing.assert_close(public_liif.render(decoder, features, *size), expected, atol=1e-5, rtol=0)


def test_chunks_change_nothing(decoder: Liif) -> None:
    features = torch.randn(1, 8, 5, 7)
    whole = public_liif.render(decoder, features, 40, 56)
    torch.testing.assert_close(public_liif.render(decoder, features, 40, 56, queries=301), whole, atol=1e-6, rtol=0)
