"""A larger network begins as the function of a smaller one, and can learn with all that it has more."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from diif_viewer.errors import TrainingError
from diif_viewer.geometry import Lattice
from diif_viewer.models.checkpoint import load_checkpoint
from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.edsr import Edsr
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.rdn import Rdn
from diif_viewer.training.growth import take_over
from diif_viewer.training.loop import train
from diif_viewer.training.networks import Networks
from diif_viewer.training.schedule import Budget
from tests.training.tiny import NAMES, pictures, tiny_preset

LATTICE = Lattice.of_scale(9, 11, 2.7)
LARGER = (
    "encoder.n_feats=12",
    "encoder.n_resblocks=3",
    "decoders.liif.hidden=[24, 20]",
    "decoders.diif.hidden=24",
    "decoders.diif-s.hidden=24",
)


def shaken(module: nn.Module, seed: int = 0) -> nn.Module:
    """All weights random: a last layer of zeros would hide every mistake before it."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for value in module.parameters():
            value.normal_(0, 0.2)
    return module


def shown(networks: Networks, kind: str) -> Tensor:
    """What encoder and decoder make of a picture of noise, on LATTICE."""
    torch.manual_seed(3)
    picture = torch.rand(1, 3, 9, 11) * 2 - 1
    with torch.no_grad():
        colours: Tensor = networks.decoders[kind](networks.encoder(picture), LATTICE, LATTICE.window)
    return colours


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("settings", [LARGER, LARGER[:1], LARGER[1:2], LARGER[2:], ()], ids=len)
def test_a_larger_network_begins_as_the_smaller_one(tmp_path: Path, kind: str, settings: tuple[str, ...]) -> None:
    small = tiny_preset(tmp_path)
    large = tiny_preset(tmp_path, *settings)
    before, after = shaken(Networks(small)), shaken(Networks(large), 1)
    assert isinstance(before, Networks)
    assert isinstance(after, Networks)
    model = ImplicitModel(small.spec(kind))
    model.encoder.load_state_dict(before.encoder.state_dict())
    model.decoder.load_state_dict(before.decoders[kind].state_dict())
    assert not torch.allclose(shown(before, kind), shown(after, kind), atol=0.1)
    after.begin_with(model, large)
    torch.testing.assert_close(shown(after, kind), shown(before, kind), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["liif", "diif"])
def test_a_decoder_of_detail_begins_with_nothing_over_what_the_other_knew(tmp_path: Path, kind: str) -> None:
    whole, detail = tiny_preset(tmp_path), tiny_preset(tmp_path, f"decoders.{kind}.skip=true")
    model = ImplicitModel(whole.spec(kind))
    shaken(model)
    networks = shaken(Networks(detail), 1)
    assert isinstance(networks, Networks)
    networks.begin_with(model, detail)
    assert torch.equal(shown(networks, kind), torch.zeros_like(shown(networks, kind)))
    *_, last = (name for name in model.decoder.state_dict() if name.endswith("weight"))
    taken = networks.decoders[kind].state_dict()
    for name, value in model.decoder.state_dict().items():
        if not last.startswith(name.rsplit(".", 1)[0]):
            assert torch.equal(taken[name], value), name


@pytest.mark.parametrize("settings", [(), LARGER], ids=len)
def test_one_knot_begins_as_two_knots_are_at_the_vertex(tmp_path: Path, settings: tuple[str, ...]) -> None:
    two, one = tiny_preset(tmp_path), tiny_preset(tmp_path, "decoders.diif-s.knots=1", *settings)
    model = ImplicitModel(two.spec("diif-s"))
    shaken(model)
    networks = shaken(Networks(one), 1)
    assert isinstance(networks, Networks)
    networks.begin_with(model, one)
    assert isinstance(model.decoder, DiifS)
    with torch.no_grad():
        model.decoder.imnet.layers[0].weight[:, -2:] = 0.0  # type: ignore[index]  # its knots are all at the vertex now
    before = copy.deepcopy(networks)
    before.decoders["diif-s"], before.encoder = model.decoder, model.encoder
    torch.testing.assert_close(shown(networks, "diif-s"), shown(before, "diif-s"), atol=1e-5, rtol=1e-5)


def test_what_is_new_is_not_dead(tmp_path: Path) -> None:
    preset = tiny_preset(tmp_path)
    train(preset, pictures(), tmp_path / "first", Budget(steps=20), report=lambda line: None)
    models = [load_checkpoint(tmp_path / "first" / f"{kind}-tiny.safetensors") for kind in NAMES]
    large = tiny_preset(tmp_path, *LARGER)
    train(large, pictures(), tmp_path / "second", Budget(steps=4), report=lambda line: None, start=models)
    for kind, model in zip(NAMES, models, strict=True):
        grown = load_checkpoint(tmp_path / "second" / f"{kind}-tiny.safetensors")
        hears_new = grown.decoder.imnet.layers[2].weight[:, 16:]  # of the old and the new units
        assert hears_new.shape[1] >= 4
        assert hears_new.abs().amax(dim=0).min() > 1e-4, f"{kind}: nobody has begun to hear a new unit"
        adds = grown.encoder.body[1].body[2].weight
        assert adds.abs().max() > 1e-5, f"{kind}: a new block still adds nothing"
        assert model.encoder.channels == 8


def test_what_cannot_grow_is_refused_and_left_alone(tmp_path: Path) -> None:
    for new, old in (
        (Edsr(8, 1), Edsr(12, 1)),
        (Edsr(8, 1), Edsr(8, 2)),
        (Edsr(8, 1), Edsr(4, 1, res_scale=0.5)),
        (Edsr(8, 1), Edsr(8, 1, res_scale=0.5)),
        (Rdn(8, 1, 2, 4), Rdn(4, 1, 2, 4)),
        (Edsr(8, 1), Rdn(4, 1, 2, 4)),
        (DiifS(8, 16), DiifS(8, 16, knots=1)),
    ):
        before = {name: value.clone() for name, value in new.state_dict().items()}
        assert not take_over(new, old)
        for name, value in new.state_dict().items():
            assert torch.equal(value, before[name]), name
    other = tiny_preset(tmp_path, "decoders.diif.order=constant", *LARGER)
    with pytest.raises(TrainingError, match="no diif that the weights"):
        Networks(other).begin_with(ImplicitModel(tiny_preset(tmp_path).spec("diif")), other)
