"""Feature unfolding: the neighbourhood of a latent or of a vertex as one long vector."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def unfolded(features: Tensor, kernel: int) -> Tensor:
    """The `kernel` x `kernel` features around each latent (kernel 3) or vertex (kernel 4), zeros outside the picture.

    features: (B, C, H, W) -> (B, C * kernel^2, H, W) for an odd kernel, (B, C * kernel^2, H + 1, W + 1) for an even
    one: the vertex at integer i sees rows i - 2 .. i + 1. Channel c of the features makes columns
    ``c * kernel^2`` onwards, row by row, so a linear layer's weight reshapes to a convolution's.
    """
    batch, _, height, width = features.shape
    grow = 1 - kernel % 2
    columns = F.unfold(features, kernel, padding=kernel // 2)  # (B, C * kernel^2, rows * columns)
    return columns.view(batch, -1, height + grow, width + grow)
