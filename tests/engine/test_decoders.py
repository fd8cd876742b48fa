"""The rewrites are exact: engine decoders equal the reference definitions everywhere."""

import pytest
import torch

from diif_viewer.engine.decoders.common import Decoder
from diif_viewer.engine.model import pack_decoder
from diif_viewer.engine.planes import BlockCache, Plane
from diif_viewer.geometry import Lattice, Window
from tests.engine.models import CHANNELS, KINDS, decoder

HEIGHT, WIDTH = 37, 43
FEATURES = torch.randn(1, CHANNELS, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3))


def feature_plane() -> Plane:
    padded = torch.nn.functional.pad(FEATURES[0].permute(1, 2, 0), (0, 0, 0, 64, 0, 64))
    return Plane(
        BlockCache(1 << 26),
        Window(0, 0, HEIGHT, WIDTH),
        lambda w: padded[w.top : w.bottom, w.left : w.right],
        reach=64,
    )


def pieces(lattice: Lattice) -> list[Window]:
    """The four corners, the middle, single pixels and thin strips of a lattice."""
    h, w = lattice.y.count, lattice.x.count
    n = 40
    return [
        Window(0, 0, n, n),
        Window(0, w - n, n, w),
        Window(h - n, 0, h, n),
        Window(h - n, w - n, h, w),
        Window(h // 2 - 13, w // 2 - 23, h // 2 + 20, w // 2 + 25),
        Window(h - 1, w - 1, h, w),
        Window(h // 3, 0, h // 3 + 1, min(w, 300)),
    ]


def compare(packed: Decoder, reference: torch.nn.Module, lattice: Lattice) -> float:
    plane = packed.plane(BlockCache(1 << 26), feature_plane())
    worst = 0.0
    with torch.inference_mode():
        for window in pieces(lattice):
            expected = reference(FEATURES, lattice, window)[0].permute(1, 2, 0)
            worst = max(worst, float((packed.render(plane, lattice, window) - expected).abs().max()))
            assert float(expected.std()) > 1e-3 or window.area == 1
    return worst


@pytest.mark.parametrize("scale", [1.37, 4.0, 12.5, 30.0])
@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_the_reference(kind: str, scale: float) -> None:
    reference = decoder(kind)
    lattice = Lattice.of_scale(HEIGHT, WIDTH, scale)
    assert compare(pack_decoder(reference, torch.float32), reference, lattice) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_equal_for_unlike_scales_and_with_a_phase(kind: str) -> None:
    reference = decoder(kind)
    packed = pack_decoder(reference, torch.float32)
    assert compare(packed, reference, Lattice.of_size(HEIGHT, WIDTH, 211, 98)) < 1e-4
    assert compare(packed, reference, Lattice.of_scale(HEIGHT, WIDTH, 3.3, phase=(0.25, -0.4))) < 1e-4
