"""The compiled encoder and coarse stage: held to the plain ones in float32, the same whatever they are asked for."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diif_viewer.engine.decoders.diif_s import DiifSDecoder
from diif_viewer.engine.encoding import PackedEdsr, feature_plane
from diif_viewer.engine.native import edsr, knots
from diif_viewer.engine.native.library import library
from diif_viewer.engine.native.products import TILE, Work
from diif_viewer.engine.planes import BlockCache
from diif_viewer.geometry import Window
from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.edsr import Edsr

HEIGHT, WIDTH = 61, 83
WHOLE = Window(0, 0, HEIGHT, WIDTH)

kernel, reason = library()
pytestmark = pytest.mark.skipif(kernel is None, reason=f"no compiled kernel: {reason}")


def close(found: Tensor, expected: Tensor, share: float) -> bool:
    """Within a share of what the values are like; bfloat16 carries eight bits."""
    return float((found.float() - expected).abs().max()) < share * float(expected.abs().max())


class Encoders:
    """One encoder as the kernel runs it and as it is defined, on one picture."""

    def __init__(self, channels: int, blocks: int) -> None:
        torch.manual_seed(channels + blocks)
        self.reference = Edsr(channels, blocks, 0.7).eval().requires_grad_(False)
        for p in self.reference.parameters():
            p.mul_(1.5)  # so that an error anywhere is seen at the end
        self.packed = PackedEdsr(self.reference, torch.bfloat16)
        self.image = torch.rand(1, 3, HEIGHT, WIDTH) * 2 - 1
        self.expected = self.reference(self.image)[0].permute(1, 2, 0)

    def read(self, window: Window) -> Tensor:
        part = self.image[:, :, window.top : window.bottom, window.left : window.right]
        return part.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)

    def encoded(self, window: Window) -> Tensor:
        outer = window.grown(self.reference.radius).intersected(WHOLE)
        with torch.inference_mode():
            return self.packed(self.read(outer), window.moved(-outer.top, -outer.left))


@pytest.fixture(scope="module", params=[(48, 3), (64, 2), (48, 0)])
def encoders(request: pytest.FixtureRequest) -> Encoders:
    return Encoders(*request.param)


def test_the_kernel_is_what_encodes(encoders: Encoders) -> None:
    before = Work.macs
    features = encoders.encoded(WHOLE)
    channels, layers = encoders.reference.channels, encoders.reference.radius
    assert Work.macs - before == HEIGHT * WIDTH * 9 * channels * (4 + channels * (layers - 1))
    assert features.dtype == torch.bfloat16
    assert close(features, encoders.expected, 0.02)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_part_is_the_same_to_the_bit_as_in_the_whole(encoders: Encoders, data: st.DataObject) -> None:
    top, left = (data.draw(st.integers(0, size - 1)) for size in (HEIGHT, WIDTH))
    h, w = (data.draw(st.integers(1, 40)) for _ in range(2))
    window = Window(top, left, top + h, left + w).intersected(WHOLE)
    whole = encoders.encoded(WHOLE)
    assert torch.equal(encoders.encoded(window), whole[window.top : window.bottom, window.left : window.right])


def test_a_plane_of_features_is_encoded_by_it(encoders: Encoders) -> None:
    plane = feature_plane(BlockCache(1 << 28), encoders.packed, WHOLE, encoders.read, "cpu")
    assert torch.equal(plane.region(WHOLE), encoders.encoded(WHOLE))


def test_less_is_computed_than_layer_by_layer_on_one_size(encoders: Encoders) -> None:
    window, before = Window(25, 30, 35, 50), Work.macs
    encoders.encoded(window)
    halo, channels = encoders.reference.radius, encoders.reference.channels
    plain = window.grown(halo).intersected(WHOLE).area * 9 * channels * (4 + channels * (halo - 1))
    assert Work.macs - before < plain


def test_other_encoders_are_left_to_plain_torch() -> None:
    layer = edsr.Layer(torch.zeros(48, 3, 3, 3), torch.zeros(48))
    assert edsr.NativeEdsr.of([layer], torch.bfloat16) is not None
    assert edsr.NativeEdsr.of([layer], torch.float32) is None
    assert edsr.NativeEdsr.of([edsr.Layer(torch.zeros(16, 3, 3, 3), torch.zeros(16))], torch.bfloat16) is None


@pytest.fixture(scope="module", params=sorted(knots.PANELS))
def stages(request: pytest.FixtureRequest) -> tuple[DiifSDecoder, DiifSDecoder]:
    """DIIF-S by the kernel and by plain torch in float32."""
    torch.manual_seed(request.param)
    network = DiifS(48, request.param).requires_grad_(False)
    return DiifSDecoder(network, torch.bfloat16), DiifSDecoder(network, torch.float32)


@pytest.mark.parametrize("size", [(1, TILE), (3, TILE + 1), (5, 31), (16, 32)])
def test_knots_are_those_of_plain_torch(stages: tuple[DiifSDecoder, DiifSDecoder], size: tuple[int, int]) -> None:
    native, plain = stages
    h, w = size
    features, before = torch.randn(h + 3, w + 3, 48).to(torch.bfloat16), Work.macs
    with torch.inference_mode():
        found, expected = native.knot_maps(features), plain.knot_maps(features.float())
    assert Work.macs > before
    assert found.shape == (2 * h, 2 * w, expected.shape[-1])
    assert close(found, expected, 0.03)


def test_a_knot_does_not_depend_on_what_is_computed_with_it(stages: tuple[DiifSDecoder, DiifSDecoder]) -> None:
    native, _ = stages
    features = torch.randn(23, 40, 48).to(torch.bfloat16)
    with torch.inference_mode():
        whole, part = native.knot_maps(features), native.knot_maps(features[4:20, 7:29])
    assert torch.equal(whole[8:34, 14:52], part)


def test_few_vertices_side_by_side_are_left_to_plain_torch(stages: tuple[DiifSDecoder, DiifSDecoder]) -> None:
    native, plain = stages
    features, before = torch.randn(9, TILE + 2, 48).to(torch.bfloat16), Work.macs
    with torch.inference_mode():
        found, expected = native.knot_maps(features), plain.knot_maps(features.float())
    assert Work.macs == before
    assert close(found, expected, 0.03)
