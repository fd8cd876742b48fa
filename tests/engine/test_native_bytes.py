"""Products of bytes: encoder and coarse stage compute what their definition says, and pictures hardly change by it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

import diif_viewer as dv
from diif_viewer.engine.decoders.diif_s import DiifSDecoder
from diif_viewer.engine.device import Compute
from diif_viewer.engine.encoding import PackedEdsr, _layers
from diif_viewer.engine.model import Model
from diif_viewer.engine.native.bytes import MIDDLE, ByteLayer
from diif_viewer.engine.native.edsr import Layer
from diif_viewer.engine.native.edsr8 import NativeEdsr8
from diif_viewer.engine.native.first import SIDES, SIZES, NativeFirst
from diif_viewer.engine.native.library import Form
from diif_viewer.engine.native.products import Work
from diif_viewer.geometry import Window
from diif_viewer.models.checkpoint import load_checkpoint
from diif_viewer.models.diif_s import KNOTS, DiifS
from diif_viewer.models.edsr import Edsr
from diif_viewer.paths import shipped
from tests.engine.conftest import picture
from tests.engine.native import HERE, by

BYTES = [form for form in HERE if form.bytes]
pytestmark = pytest.mark.skipif(not BYTES, reason="no products of bytes here, or no compiler")
each_form_of_bytes = pytest.mark.parametrize("form", BYTES, ids=lambda form: form.name)


def rounded(x: Tensor, middle: int) -> tuple[Tensor, Tensor]:
    """Bytes less what stands for zero, and each position's scale."""
    scale = x.abs().amax(1, keepdim=True).clamp_min(1e-20) / (127 if middle else 255)
    return (x / scale).round(), scale


def convolved(x: Tensor, layer: Layer, middle: int) -> Tensor:
    """By the definition: whole numbers position by position, then sums of nine."""
    made = ByteLayer.of(*layer, middle)
    whole, scale = rounded(x, middle)
    (_, _, h, w), channels = x.shape, x.shape[1]
    inputs, scales = pad(whole, (1, 1, 1, 1)).double(), pad(scale, (1, 1, 1, 1)).double()
    total = torch.zeros(1, len(made.bias), h, w, dtype=torch.float64)
    for tap in range(9):
        here = (..., slice(tap // 3, tap // 3 + h), slice(tap % 3, tap % 3 + w))
        weights = made.weights[:, tap * channels : (tap + 1) * channels, None, None].double()
        total += conv2d(inputs[here], weights) * scales[here]
    return (total * made.scale[:, None, None] + made.bias[:, None, None]).float()


def encoded(layers: list[Layer], image: Tensor) -> Tensor:
    head, *inner, tail = layers
    half = torch.bfloat16
    shallow = x = conv2d(image, head.weight.to(half).float(), head.bias.float(), padding=1).to(half).float()
    precise = x
    for first, second in zip(inner[::2], inner[1::2], strict=True):
        precise = x + convolved(convolved(precise, first, MIDDLE).relu(), second, 0)
        x = precise.to(half).float()
    return (convolved(precise, tail, MIDDLE) + shallow)[0].permute(1, 2, 0)


@each_form_of_bytes
@pytest.mark.parametrize(("channels", "blocks"), [(48, 3), (64, 2), (48, 0)])
def test_it_computes_what_its_definition_says(form: Form, channels: int, blocks: int) -> None:
    torch.manual_seed(channels + blocks)
    encoder = Edsr(channels, blocks, 0.7).eval().requires_grad_(False)
    image = (torch.rand(1, 3, 37, 45) * 2 - 1).to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    with by(form):
        packed = PackedEdsr(encoder, torch.bfloat16)
    assert isinstance(packed._native, NativeEdsr8)
    with torch.inference_mode():
        found = packed(image, Window(0, 0, 37, 45)).float()
        expected = encoded(_layers(encoder), image.float())
    error = (found - expected).abs() / expected.abs().max()
    assert float(error.max()) < 0.01  # a rounding tie moves a byte, bfloat16 the last bits
    assert float(error.mean()) < 0.001


@pytest.mark.parametrize("middle", [0, MIDDLE])
def test_weights_and_their_scale_are_the_layer(middle: int) -> None:
    layer = Layer(torch.randn(48, 48, 3, 3), torch.randn(48))
    made = ByteLayer.of(*layer, middle)
    assert torch.equal(made.weights, made.weights.round())
    assert float(made.weights.abs().max()) == 127
    again = (made.weights * made.scale[:, None]).view(48, 3, 3, 48).permute(0, 3, 1, 2)
    assert float((again - layer.weight).abs().max()) <= float(made.scale.max()) / 2 * 1.001
    assert torch.equal(made.beginning.sum(0).float(), -middle * made.weights.sum(1))


def test_a_layer_of_zeros_stays_one() -> None:
    made = ByteLayer.of(torch.zeros(48, 48, 3, 3), torch.ones(48), MIDDLE)
    assert not made.weights.any()
    assert torch.isfinite(made.scale).all()


@each_form_of_bytes
@pytest.mark.parametrize("knots", KNOTS)
@pytest.mark.parametrize(("channels", "hidden"), [(48, 128), (64, 256)])
def test_the_coarse_stage_computes_what_its_definition_says(form: Form, channels: int, hidden: int, knots: int) -> None:
    torch.manual_seed(channels)
    decoder = DiifS(channels, hidden, knots).requires_grad_(False)
    features = torch.randn(9, 21, channels).to(torch.bfloat16)
    with by(form):
        packed = DiifSDecoder(decoder, torch.bfloat16)
    assert packed._native_knots is not None
    assert packed._native_knots._bytes is not None
    with by(None):
        plain = DiifSDecoder(decoder, torch.float32)
    first = decoder.imnet.layers[0]
    assert isinstance(first, torch.nn.Linear)
    weight = first.weight[:, : 16 * channels].reshape(-1, channels, 4, 4)
    whole, scale = rounded(features.float().permute(2, 0, 1)[None], MIDDLE)
    made = ByteLayer.of(weight, first.bias, MIDDLE)
    inputs = torch.nn.functional.unfold(whole * scale, 4)[0].view(channels, 16, -1).permute(1, 0, 2).flatten(0, 1)
    total = made.scale[:, None] * (made.weights @ inputs) + made.bias[:, None]
    with torch.inference_mode():
        found = packed.knot_maps(features).float()
        d = len(decoder.knots)
        hidden_of = (total.T[None] + plain._knots[:, None]).relu()  # (knots, vertices, hidden)
        pushed = plain._push(plain._coarse(hidden_of.reshape(-1, hidden)))
        expected = pushed.view(d, d, 6, 18, hidden).permute(2, 0, 3, 1, 4).reshape(6 * d, 18 * d, hidden)
    error = (found - expected).abs() / expected.abs().max()
    assert float(error.max()) < 0.02  # what bfloat16 does to the two layers that follow
    assert float(error.mean()) < 0.002


@each_form_of_bytes
@pytest.mark.parametrize(("channels", "hidden"), SIZES)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("size", [(1, 1), (3, 7), (9, 16)])
def test_a_first_layer_computes_what_its_definition_says(
    form: Form, channels: int, hidden: int, side: int, size: tuple[int, int]
) -> None:
    torch.manual_seed(side)
    weight, bias = torch.randn(hidden, channels, side, side), torch.randn(hidden)
    features = torch.randn(size[0] + side - 1, size[1] + side - 1, channels).to(torch.bfloat16)
    with by(form):
        layer = NativeFirst.of(weight, bias, torch.bfloat16)
    assert layer is not None
    before = Work.macs
    found = layer(features).float()
    assert Work.macs - before == size[0] * size[1] * hidden * channels * side**2
    expected = conv2d(features.float().permute(2, 0, 1)[None], weight, bias)[0].permute(1, 2, 0)
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) < 0.03 * float(expected.abs().max())


@each_form_of_bytes
@pytest.mark.parametrize("what", ["shapes", "noise", "black", "letters"])
def test_shipped_models_show_nearly_the_same_picture(form: Form, what: str) -> None:
    """Whatever the picture: its scales are its own positions', not a calibration's."""
    rng = np.random.default_rng(4)
    pixels = picture(60, 70)
    if what != "shapes":
        pixels = np.zeros((60, 70, 3), np.uint8)
    if what == "noise":
        pixels = rng.integers(0, 2, (60, 70, 3)).astype(np.uint8) * 255
    if what == "letters":
        pixels[::7, 5:60] = pixels[8:50, ::9] = 255
    reference = load_checkpoint(shipped("weights") / "diif-s-lite.safetensors").eval().requires_grad_(False)
    shown = []
    for each in (form, None):
        with by(each):
            dtype = torch.float32 if each is None else each.dtype
            model = Model("lite", reference, Compute("cpu", dtype, (64, 64)))
            shown.append(dv.encode(pixels, model).render(3.0).astype(int))
    error = np.abs(shown[0] - shown[1])
    assert error.mean() < {"noise": 1.3, "letters": 0.5}.get(what, 0.25)
    assert np.quantile(error, 0.999) <= {"noise": 14, "letters": 8}.get(what, 2)
