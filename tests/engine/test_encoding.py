"""Encoding by region is encoding at once: the halo is exact, and zero padding happens at the true borders only."""

import numpy as np
import pytest
import torch

from diif_viewer.engine.encoding import STEP, PackedEdsr, feature_plane
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Window
from diif_viewer.models.edsr import Edsr
from tests.engine.native import needs_bfloat16

HEIGHT, WIDTH = 150, 211
WHOLE = Window(0, 0, HEIGHT, WIDTH)
IMAGE = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(5)) * 2 - 1


def plane(encoder: Edsr, dtype: torch.dtype, read: list[Window] | None = None) -> Plane:
    def part(window: Window) -> torch.Tensor:
        if read is not None:
            read.append(window)
        cut = IMAGE[:, :, window.top : window.bottom, window.left : window.right]
        return cut.to(dtype).contiguous(memory_format=torch.channels_last)

    return feature_plane(BlockCache(1 << 28), PackedEdsr(encoder, dtype), WHOLE, part, "cpu")


def edsr(res_scale: float = 1.0) -> Edsr:
    torch.manual_seed(1)
    return Edsr(16, 4, res_scale).eval().requires_grad_(False)


@pytest.mark.parametrize("res_scale", [1.0, 0.3])
def test_in_blocks_as_at_once(res_scale: float) -> None:
    encoder = edsr(res_scale)
    at_once = encoder(IMAGE)[0].permute(1, 2, 0)
    by_region = plane(encoder, torch.float32)
    corners = [Window(0, 0, 9, 9), Window(HEIGHT - 9, WIDTH - 9, HEIGHT, WIDTH), Window(60, 90, 75, 130)]
    for window in [*corners, WHOLE]:
        expected = at_once[window.top : window.bottom, window.left : window.right]
        assert (by_region.region(window) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, pytest.param(torch.bfloat16, marks=needs_bfloat16)])
def test_bit_for_bit_whatever_was_asked_for_first(dtype: torch.dtype) -> None:
    encoder = edsr()
    at_once, by_region = plane(encoder, dtype), plane(encoder, dtype)
    whole = at_once.region(WHOLE)
    rng = np.random.default_rng(2)
    for _ in range(12):
        top, left = int(rng.integers(0, HEIGHT - 1)), int(rng.integers(0, WIDTH - 1))
        window = Window(top, left, top + int(rng.integers(1, 70)), left + int(rng.integers(1, 70))).intersected(WHOLE)
        seen = by_region.region(window)
        assert torch.equal(seen, whole[window.top : window.bottom, window.left : window.right])


def test_only_the_region_and_its_halo_are_read() -> None:
    encoder, read = edsr(), []
    plane(encoder, torch.float32, read).region(Window(64, 64, 70, 70))
    assert len(read) == 1
    assert encoder.radius == 10
    assert read[0] == Window(64 - 10, 64 - 10, 64 + STEP + 10, 64 + STEP + 10)
