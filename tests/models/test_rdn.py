"""RDN: the papers' size, the public names, its definition step by step, its reach, and the engine's form of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import diif_viewer as dv
from diif_viewer.engine.encoding import pack_encoder
from diif_viewer.errors import CheckpointError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.models.checkpoint import load_checkpoint, save_checkpoint
from diif_viewer.models.counts import parameters
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.rdn import Rdn
from diif_viewer.models.spec import ModelSpec, Part
from tests.engine.native import needs_bfloat16

SMALL = {"n_feats": 6, "n_blocks": 2, "n_convs": 3, "growth": 5}
SPEC = ModelSpec(Part("rdn", SMALL), Part("diif-s", {"hidden": 32}))


def lively(module: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.2)
    return module.eval().requires_grad_(False)


def test_the_papers_size_and_reach() -> None:
    encoder = Rdn()
    assert parameters(encoder) == 21_973_952
    assert (encoder.channels, encoder.radius) == (64, 131)
    shapes = {name: tuple(value.shape) for name, value in encoder.state_dict().items() if name.endswith("weight")}
    assert shapes["SFENet1.weight"] == (64, 3, 3, 3)
    assert shapes["RDBs.15.convs.7.conv.0.weight"] == (64, 512, 3, 3)
    assert shapes["RDBs.0.LFF.weight"] == (64, 576, 1, 1)
    assert shapes["GFF.0.weight"] == (64, 1024, 1, 1)
    assert shapes["GFF.1.weight"] == (64, 64, 3, 3)


def test_the_definition_step_by_step() -> None:
    encoder, image = lively(Rdn(**SMALL)), torch.rand(2, 3, 9, 11)
    held = encoder.state_dict()

    def conv(x: torch.Tensor, name: str) -> torch.Tensor:
        weight = held[f"{name}.weight"]
        return F.conv2d(x, weight, held[f"{name}.bias"], padding=weight.shape[-1] // 2)

    first = conv(image, "SFENet1")
    x, outputs = conv(first, "SFENet2"), []
    for block in range(2):
        layers = [x]
        for layer in range(3):
            layers.append(conv(torch.cat(layers, 1), f"RDBs.{block}.convs.{layer}.conv.0").relu())
        x = x + conv(torch.cat(layers, 1), f"RDBs.{block}.LFF")
        outputs.append(x)
    expected = first + conv(conv(torch.cat(outputs, 1), "GFF.0"), "GFF.1")
    assert torch.allclose(encoder(image), expected, atol=1e-5)


def test_a_pixel_reaches_exactly_as_far_as_the_radius() -> None:
    encoder = Rdn(**SMALL).double()
    for parameter in encoder.parameters():
        nn.init.uniform_(parameter, 0.01, 0.1)  # positive: nothing is switched off on the way
    image = torch.rand(1, 3, 1, 40, dtype=torch.float64)
    other = image.clone()
    other[..., 0] += 1
    with torch.no_grad():
        changed = (encoder(image) != encoder(other)).any(dim=1)[0, 0]
    assert torch.equal(changed.nonzero()[:, 0], torch.arange(encoder.radius + 1))


@pytest.mark.parametrize("dtype", [torch.float32, pytest.param(torch.bfloat16, marks=needs_bfloat16)])
def test_the_packed_encoder_computes_the_same(dtype: torch.dtype) -> None:
    encoder, image = lively(Rdn(**SMALL)), torch.rand(1, 3, 21, 34)
    packed = pack_encoder(encoder, dtype)
    part = Window(3, 5, 21, 30)
    found = packed(image.to(dtype).contiguous(memory_format=torch.channels_last), part)
    expected = encoder(image)[0, :, 3:21, 5:30].permute(1, 2, 0)
    tolerance = 1e-4 if dtype == torch.float32 else 0.05
    assert torch.allclose(found.float(), expected, atol=tolerance * float(expected.abs().max()))


def test_the_engine_renders_it_in_parts_as_the_reference_does_at_once(tmp_path: Path) -> None:
    model = ImplicitModel(SPEC)
    lively(model)
    save_checkpoint(model, tmp_path / "a.safetensors", {})
    picture = np.random.default_rng(0).integers(0, 256, (50, 75, 3), dtype=np.uint8)
    field = dv.encode(picture, dv.load_model(tmp_path / "a.safetensors", "cpu"))
    lattice = Lattice.of_scale(50, 75, 2.5)
    image = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    expected = (model(image, lattice, lattice.window)[0].movedim(0, -1).numpy() * 0.5 + 0.5).clip(0, 1)
    part = field.render(2.5, window=(60, 90, 90, 150), dtype="float32")
    np.testing.assert_allclose(part, expected[60:90, 90:150], atol=1e-4)
    np.testing.assert_allclose(field.render(2.5, dtype="float32"), expected, atol=1e-4)


def public(tmp_path: Path, **args: object) -> Path:
    """A LIIF-style container with a small decoder on the public code's RDN, weights zero."""
    spec = {
        "encoder_spec": {"name": "rdn", "args": {"no_upsampling": True} | args},
        "imnet_spec": {"name": "mlp", "args": {"out_dim": 3, "hidden_list": [4]}},
        "local_ensemble": True,
        "feat_unfold": True,
        "cell_decode": True,
    }
    sizes = {"n_blocks": 20, "n_convs": 6, "growth": 32} if args.get("RDNconfig") == "A" else {}
    model = ImplicitModel(
        ModelSpec(Part("rdn", {"n_feats": args.get("G0", 64)} | sizes), Part("liif", {"hidden": [4]}))
    )
    weights = {k.removeprefix("decoder."): torch.zeros_like(v) for k, v in model.state_dict().items()}
    path = tmp_path / "rdn.pth"
    torch.save({"model": {"name": "liif", "args": spec, "sd": weights}}, path)
    return path


@pytest.mark.parametrize("args", [{"RDNconfig": "A", "G0": 8}, {"RDNkSize": 3, "G0": 4, "scale": [2]}])
def test_public_checkpoints_with_rdn_load(args: dict[str, object], tmp_path: Path) -> None:
    model = load_checkpoint(public(tmp_path, **args))
    assert isinstance(model.encoder, Rdn)
    assert model.encoder.channels == args["G0"]


@pytest.mark.parametrize("args", [{"RDNconfig": "C"}, {"RDNkSize": 5}, {"no_upsampling": False}, {"colour": 3}])
def test_others_are_refused(args: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        load_checkpoint(public(tmp_path, G0=4, **args))
