"""Muon: its steps against torch's own Muon and Adam, and what orthogonalising gives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from diif_viewer.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(3, 16, 40), (2, 40, 16)])
def test_orthogonal_brings_all_singular_values_near_one_and_keeps_the_directions(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(3)
    matrices = torch.randn(shape) * 1e-3
    turned = orthogonal(matrices)
    for before, after in zip(matrices, turned, strict=True):
        values = torch.linalg.svdvals(after)
        assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
        u, _, vh = torch.linalg.svd(before, full_matrices=False)
        inside = u.mT @ after @ vh.mT  # diagonal where the directions are the same
        off = inside - torch.diag(torch.diagonal(inside))
        assert float(off.abs().max()) < 1e-3


def test_orthogonal_leaves_nothing_as_nothing() -> None:
    assert torch.equal(orthogonal(torch.zeros(1, 8, 9)), torch.zeros(1, 8, 9))


def gradients(like: Tensor, steps: int) -> list[Tensor]:
    return [torch.randn_like(like) * 10.0 ** (-k % 3) for k in range(steps)]


def test_matrices_move_as_with_torchs_own_muon() -> None:
    torch.manual_seed(1)
    ours = nn.Parameter(torch.randn(12, 30))
    theirs = nn.Parameter(ours.detach().clone())
    mine = Muon([ours], 0.01)
    reference = torch.optim.Muon([theirs], 0.01, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    for gradient in gradients(ours, 5):
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        mine.step()
        reference.step()
    moved = float((theirs - ours).detach().norm() / theirs.detach().norm())
    assert moved < 2e-3  # torch's iterates in bfloat16


def test_a_convolution_counts_as_a_matrix_of_its_outputs() -> None:
    torch.manual_seed(1)
    kernel = nn.Parameter(torch.randn(12, 5, 3, 3).contiguous(memory_format=torch.channels_last))
    matrix = nn.Parameter(kernel.detach().reshape(12, 45).clone())
    gradient = torch.randn(12, 5, 3, 3)
    kernel.grad, matrix.grad = gradient, gradient.reshape(12, 45)
    for value in (kernel, matrix):
        Muon([value], 0.01).step()
    assert torch.allclose(kernel.detach().reshape(12, 45), matrix.detach(), atol=1e-6)


@pytest.mark.parametrize("shape", [(7,), (3, 20)])
def test_vectors_and_the_last_layers_rows_move_as_with_adam(shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    ours = nn.Parameter(torch.randn(shape))
    theirs = nn.Parameter(ours.detach().clone())
    mine, reference = Muon([ours], 0.01, (0.9, 0.99)), torch.optim.Adam([theirs], 0.01, (0.9, 0.99))
    for gradient in gradients(ours, 6):
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        mine.step()
        reference.step()
    assert torch.allclose(ours.detach(), theirs.detach(), rtol=0, atol=1e-6)


def test_a_value_without_a_gradient_stays() -> None:
    value = nn.Parameter(torch.ones(9, 9))
    Muon([value], 0.1).step()
    assert torch.equal(value.detach(), torch.ones(9, 9))
