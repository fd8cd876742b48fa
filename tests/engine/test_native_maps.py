"""The compiled encoder and coarse stage: held to the plain ones in float32, the same whatever they are asked for."""

from __future__ import annotations

import gc
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diif_viewer.engine import threads
from diif_viewer.engine.decoders.diif_s import DiifSDecoder
from diif_viewer.engine.encoding import PackedEdsr, feature_plane
from diif_viewer.engine.native import edsr
from diif_viewer.engine.native.fine import WIDTHS
from diif_viewer.engine.native.library import Form
from diif_viewer.engine.native.products import Work
from diif_viewer.engine.planes import BlockCache
from diif_viewer.geometry import Window
from diif_viewer.models.diif_s import KNOTS, DiifS
from diif_viewer.models.edsr import Edsr
from tests.engine.native import HERE, by, needs_kernels, tolerance

HEIGHT, WIDTH = 61, 83
WHOLE = Window(0, 0, HEIGHT, WIDTH)

pytestmark = needs_kernels


def close(found: Tensor, expected: Tensor, form: Form) -> bool:
    """Within a share of what the values are like."""
    return float((found.float() - expected).abs().max()) < tolerance(form) * float(expected.abs().max())


class Encoders:
    """One encoder as the kernel runs it and as it is defined, on one picture."""

    def __init__(self, form: Form, channels: int, blocks: int) -> None:
        self.form = form
        torch.manual_seed(channels + blocks)
        self.reference = Edsr(channels, blocks, 0.7).eval().requires_grad_(False)
        for p in self.reference.parameters():
            p.mul_(1.5)  # so that an error anywhere is seen at the end
        with by(form):
            self.packed = PackedEdsr(self.reference, form.dtype)
        self.image = torch.rand(1, 3, HEIGHT, WIDTH) * 2 - 1
        self.expected = self.reference(self.image)[0].permute(1, 2, 0)

    def read(self, window: Window) -> Tensor:
        part = self.image[:, :, window.top : window.bottom, window.left : window.right]
        return part.to(self.form.dtype).contiguous(memory_format=torch.channels_last)

    def encoded(self, window: Window) -> Tensor:
        outer = window.grown(self.reference.radius).intersected(WHOLE)
        with torch.inference_mode():
            return self.packed(self.read(outer), window.moved(-outer.top, -outer.left))


@pytest.fixture(scope="module", params=itertools.product(HERE, [(48, 3), (64, 2), (48, 0)]), ids=str)
def encoders(request: pytest.FixtureRequest) -> Encoders:
    form, sizes = request.param
    return Encoders(form, *sizes)


def test_the_kernel_is_what_encodes(encoders: Encoders) -> None:
    before = Work.macs
    features = encoders.encoded(WHOLE)
    channels, layers = encoders.reference.channels, encoders.reference.radius
    assert Work.macs - before == HEIGHT * WIDTH * 9 * channels * (3 + channels * (layers - 1))
    assert features.dtype == encoders.form.dtype
    assert close(features, encoders.expected, encoders.form)


@settings(max_examples=20, deadline=None)
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
    plain = window.grown(halo).intersected(WHOLE).area * 9 * channels * (3 + channels * (halo - 1))
    assert Work.macs - before < plain


@settings(max_examples=20, deadline=None)
@given(bands=st.integers(1, 70), threads=st.integers(1, 5))
def test_any_number_of_threads_makes_the_same_to_the_bit(encoders: Encoders, bands: int, threads: int) -> None:
    """However many were expected: too few rows for the bands, bands for nobody, nobody's band."""
    native = encoders.packed._native
    assert native is not None
    inside = Window(7, 0, 40, 70)
    outer = inside.grown(encoders.reference.radius).intersected(WHOLE)
    pixels = encoders.read(outer)[0].permute(1, 2, 0).contiguous()
    features = torch.full((inside.height, inside.width, encoders.reference.channels), torch.nan).to(pixels.dtype)
    request = native._request(pixels, inside.moved(-outer.top, -outer.left), features)
    work = native._begun(request, pixels, features, threads=bands)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: native._join(work.address), range(threads)))
    assert torch.equal(features, encoders.encoded(WHOLE)[inside.top : inside.bottom, inside.left : inside.right])


def test_what_is_interrupted_goes_when_its_threads_are_done(encoders: Encoders) -> None:
    """An interrupt reaches the waiting thread alone, and the others write on into what must still be there."""
    native, ended, reached, go = encoders.packed._native, threading.Event(), threading.Event(), threading.Event()
    assert native is not None
    join, end = native._join, native._end

    def slow(address: int) -> None:
        reached.set()
        assert go.wait(60)
        assert not ended.is_set()
        join(address)

    def interrupted(pending: object) -> None:
        assert reached.wait(60)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_join", slow)
        patch.setattr(native, "_end", lambda address: (end(address), ended.set()))
        patch.setattr(threads, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            encoders.encoded(WHOLE)
        gc.collect()
        assert not ended.is_set()
        go.set()
        patch.undo()
        assert ended.wait(60)


def test_other_encoders_are_left_to_plain_torch() -> None:
    layer = edsr.Layer(torch.zeros(48, 3, 3, 3), torch.zeros(48))
    assert edsr.NativeEdsr.of([layer], HERE[0].dtype) is not None
    assert edsr.NativeEdsr.of([layer], torch.float16) is None
    assert edsr.NativeEdsr.of([edsr.Layer(torch.zeros(16, 3, 3, 3), torch.zeros(16))], HERE[0].dtype) is None


class Stages:
    """DIIF-S's coarse stage by the kernels and by plain torch in float32."""

    def __init__(self, form: Form, hidden: int, knots: int) -> None:
        self.form, self.knots = form, knots
        torch.manual_seed(hidden)
        network = DiifS(48, hidden, knots).requires_grad_(False)
        with by(form):
            self.native = DiifSDecoder(network, form.dtype)
        with by(None):
            self.plain = DiifSDecoder(network, torch.float32)

    def features(self, vertices_down: int, vertices_across: int) -> Tensor:
        return torch.randn(vertices_down + 3, vertices_across + 3, 48).to(self.form.dtype)

    def both(self, features: Tensor) -> tuple[Tensor, Tensor]:
        with torch.inference_mode():
            return self.native.knot_maps(features), self.plain.knot_maps(features.float())


@pytest.fixture(scope="module", params=itertools.product(HERE, WIDTHS, KNOTS), ids=str)
def stages(request: pytest.FixtureRequest) -> Stages:
    return Stages(*request.param)


@pytest.mark.parametrize("size", [(1, 1), (6, 3), (1, 8), (3, 9), (5, 31), (16, 32)])
def test_knots_are_those_of_plain_torch(stages: Stages, size: tuple[int, int]) -> None:
    before = Work.macs
    found, expected = stages.both(stages.features(*size))
    assert Work.macs > before
    assert found.shape == (stages.knots * size[0], stages.knots * size[1], expected.shape[-1])
    assert close(found, expected, stages.form)


@pytest.mark.parametrize("columns", [(7, 29), (7, 9), (36, 37)])
def test_a_knot_does_not_depend_on_what_is_computed_with_it(stages: Stages, columns: tuple[int, int]) -> None:
    left, right = columns  # of vertices
    features = stages.features(20, 37)
    whole, part = (stages.both(some)[0] for some in (features, features[4:20, left : right + 3]))
    d = stages.knots
    assert torch.equal(whole[4 * d : 17 * d, d * left : d * right], part)
