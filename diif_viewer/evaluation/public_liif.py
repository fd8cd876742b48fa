"""The yardstick of the benchmark: LIIF's decoder computed as its public code does, step by step and in float32.

Per chunk of 30,000 queries the features are unfolded anew, the four nearest latents are looked up by nearest-neighbour
grid sampling at shifted coordinates, and each is concatenated with its relative coordinate and its cell and sent
through the MLP. The numbers are those of `models.Liif`; the operations and their order are those of `query_rgb` and
`batched_predict` in the code of Chen, Liu and Wang (CVPR 2021), none of them made cheaper.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from diif_viewer.models.liif import Liif

QUERIES = 30_000
"""Queries per chunk, the public code's choice for pictures."""

_SHIFT = 1e-6


def render(decoder: Liif, features: Tensor, height: int, width: int, *, queries: int = QUERIES) -> Tensor:
    """The whole picture at `height` x `width` outputs.

    decoder: with local ensemble, feature unfolding and cell. features: (1, C, H, W) float32 -> (height, width, 3)
    in [-1, 1] space, not clamped.
    """
    coords = coordinates(height, width)  # (n, 2)
    cell = torch.ones_like(coords) * torch.tensor([2 / height, 2 / width])
    parts = zip(torch.split(coords, queries), torch.split(cell, queries), strict=True)
    return torch.cat([query(decoder, features, *part) for part in parts]).view(height, width, 3)


def coordinates(height: int, width: int) -> Tensor:
    """Centres of the pixels of a picture in [-1, 1], row by row: (height * width, 2), order (y, x), float32."""
    y = -1 + 1 / height + 2 / height * torch.arange(height)
    x = -1 + 1 / width + 2 / width * torch.arange(width)
    return torch.stack(torch.meshgrid(y, x, indexing="ij"), -1).view(-1, 2)


def query(decoder: Liif, features: Tensor, coords: Tensor, cell: Tensor) -> Tensor:
    """One chunk: coords, cell (n, 2) in [-1, 1] units -> (n, 3)."""
    height, width = features.shape[-2:]
    size = torch.tensor([height, width])
    unfolded = F.unfold(features, 3, padding=1).view(1, -1, height, width)  # (1, 9 C, H, W)
    centres = coordinates(height, width).view(1, height, width, 2).permute(0, 3, 1, 2)
    predictions, areas = [], []
    for shift_y in (-1, 1):
        for shift_x in (-1, 1):
            shifted = coords + torch.tensor([shift_y, shift_x]) / size + _SHIFT
            grid = shifted.clamp(-1 + _SHIFT, 1 - _SHIFT).flip(-1)[None, None]  # (1, 1, n, 2), order (x, y)
            latent = _nearest(unfolded, grid)
            relative = (coords - _nearest(centres, grid)) * size
            inputs = torch.cat([latent, relative], -1)
            inputs = torch.cat([inputs, cell * size], -1)
            predictions.append(decoder.imnet(inputs))
            areas.append(relative.prod(-1).abs() + 1e-9)
    total = torch.stack(areas).sum(0)
    result = torch.zeros_like(predictions[0])
    for prediction, opposite in zip(predictions, reversed(areas), strict=True):  # LIIF, eq. 4
        result = result + prediction * (opposite / total)[:, None]
    return result


def _nearest(planes: Tensor, grid: Tensor) -> Tensor:
    """planes: (1, C, H, W) -> (n, C)."""
    return F.grid_sample(planes, grid, mode="nearest", align_corners=False)[0, :, 0].T
