"""Weights files: what is written reads back, and what cannot be used is refused in one sentence."""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from diif_viewer.errors import CheckpointError
from diif_viewer.geometry import Lattice
from diif_viewer.models.checkpoint import encoder_fingerprint, load_checkpoint, save_checkpoint, training_summary
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part

ENCODER = Part("edsr", {"n_feats": 4, "n_resblocks": 2})
DECODERS = [
    Part("liif", {"hidden": [6, 6]}),
    Part("liif", {"hidden": [6], "local_ensemble": False, "feat_unfold": False, "cell_decode": False}),
    Part("diif", {"hidden": 6}),
    Part("diif", {"hidden": 6, "order": "constant", "slice_ensemble": False}),
    Part("diif-s", {"hidden": 6}),
    Part("diif-s", {"hidden": 6, "knots": 1}),
]


def made(decoder: Part = DECODERS[0], seed: int = 0) -> ImplicitModel:
    torch.manual_seed(seed)
    model = ImplicitModel(ModelSpec(ENCODER, decoder))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda p: json.dumps([p.name, *p.args.items()]))
def test_our_files_read_back_to_the_same_picture(decoder: Part, tmp_path: Path) -> None:
    model, path = made(decoder), tmp_path / "new" / "model.safetensors"
    save_checkpoint(model, path, {"data": "twelve photographs", "minutes": "5"})
    loaded = load_checkpoint(path)
    picture, lattice = torch.rand(1, 3, 5, 6) * 2 - 1, Lattice.of_scale(5, 6, 2.6)
    assert torch.equal(loaded(picture, lattice, lattice.window), model(picture, lattice, lattice.window).detach())
    assert not any(p.requires_grad for p in loaded.parameters())
    assert training_summary(path) == {"data": "twelve photographs", "minutes": "5", "licence": "MIT"}
    assert os.listdir(path.parent) == ["model.safetensors"]


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_what_is_loaded_does_not_change_with_its_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    if suffix == ".pth":
        torch.save(public(), path)
    else:
        save_checkpoint(made(), path, {})
    loaded = load_checkpoint(path)
    before = encoder_fingerprint(loaded)
    path.write_bytes(bytes(path.stat().st_size))  # over it, as `cp` does
    assert encoder_fingerprint(loaded) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows does not cut off what is mapped")
def test_a_file_that_is_cut_off_after_it_was_loaded_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_checkpoint(made(), path, {})
    script = (
        "import os, sys\n"
        "from diif_viewer.models.checkpoint import encoder_fingerprint, load_checkpoint\n"
        "model = load_checkpoint(sys.argv[1])\n"
        "os.truncate(sys.argv[1], 0)\n"
        "encoder_fingerprint(model)\n"
    )
    root = Path(__file__).resolve().parent.parent.parent
    assert subprocess.run([sys.executable, "-c", script, path], cwd=root, check=False).returncode == 0


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    save_checkpoint(made(seed=1), path, {})
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(made(seed=2), path, {})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_fingerprints_tell_encoders_apart_and_nothing_else() -> None:
    one, other = made(DECODERS[0]), made(DECODERS[4], seed=7)
    assert encoder_fingerprint(one) != encoder_fingerprint(other)
    other.encoder.load_state_dict(one.encoder.state_dict())
    assert encoder_fingerprint(one) == encoder_fingerprint(other)
    scaled = ImplicitModel(ModelSpec(Part("edsr", {**ENCODER.args, "res_scale": 0.5}), DECODERS[0]))
    scaled.encoder.load_state_dict(one.encoder.state_dict())
    assert encoder_fingerprint(one) != encoder_fingerprint(scaled)


def test_shipped_lite_models_share_one_encoder() -> None:
    weights = Path(__file__).parents[2] / "weights"
    models = [load_checkpoint(weights / f"{name}-lite.safetensors") for name in ("liif", "diif", "diif-s")]
    assert len({encoder_fingerprint(model) for model in models}) == 1
    assert all("photographs" in training_summary(weights / f"{n}-lite.safetensors")["data"] for n in ("liif", "diif-s"))


def public(decoder: Part = DECODERS[0], name: str = "liif") -> dict[str, Any]:
    """A checkpoint as the public LIIF code writes it."""
    weights: dict[str, Tensor] = {k.removeprefix("decoder."): v for k, v in made(decoder).state_dict().items()}
    weights["encoder.sub_mean.weight"] = torch.eye(3).view(3, 3, 1, 1)
    hidden = decoder.args["hidden"]
    hidden = [hidden] * 4 if isinstance(hidden, int) else hidden
    args: dict[str, Any] = {
        "encoder_spec": {"name": "edsr-baseline", "args": {"no_upsampling": True, **ENCODER.args}},
        "imnet_spec": {"name": "mlp", "args": {"out_dim": 3, "hidden_list": hidden}},
        "local_ensemble": True,
        "feat_unfold": True,
        "cell_decode": True,
    }
    return {"model": {"name": name, "args": args, "sd": weights}, "optimiser": None, "epoch": 1000}


@pytest.mark.parametrize(("decoder", "name"), [(DECODERS[0], "liif"), (DECODERS[2], "diif")])
def test_public_containers_load_without_what_they_never_use(decoder: Part, name: str, tmp_path: Path) -> None:
    torch.save(public(decoder, name), tmp_path / "edsr.pth")
    loaded = load_checkpoint(tmp_path / "edsr.pth")
    picture, lattice = torch.rand(1, 3, 5, 6) * 2 - 1, Lattice.of_scale(5, 6, 3.0)
    wanted = made(decoder)(picture, lattice, lattice.window)
    assert torch.equal(loaded(picture, lattice, lattice.window), wanted.detach())


class Payload:
    """Pickles to a call of os.system, as a malicious checkpoint would."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("writer", [torch.save, lambda held, path: path.write_bytes(pickle.dumps(held))])
def test_code_in_a_pickle_is_refused_and_never_run(writer: Callable[[Any, Path], None], tmp_path: Path) -> None:
    held = public()
    held["model"]["args"]["extra"] = Payload(f"touch {tmp_path / 'ran'}")
    writer(held, tmp_path / "evil.pth")
    with pytest.raises(CheckpointError, match=r"evil\.pth: refused"):
        load_checkpoint(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


def edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        held = public()
        change(held["model"])
        torch.save(held, path)

    return write


def set_arg(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(model: dict[str, Any]) -> None:
        target = model["args"]
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = value

    return change


BAD_PICKLES: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (lambda path: None, "no such weights file"),
    "directory": (lambda path: path.mkdir(), "this is a folder, not a weights file"),
    "empty": (lambda path: path.write_bytes(b"") and None, "not a whole|refused"),
    "text": (lambda path: path.write_text("hello") and None, "not a whole|refused"),
    "a number": (lambda path: torch.save(3, path), "LIIF-style"),
    "bare weights": (lambda path: torch.save(public()["model"]["sd"], path), "LIIF-style"),
    "args a list": (edited(lambda m: m.update(args=[1])), "LIIF-style|takes no argument"),
    "weights a list": (edited(lambda m: m.update(sd=[1])), "LIIF-style"),
    "other model": (edited(lambda m: m.update(name="ltep")), "unknown model 'ltep'"),
    "other encoder": (edited(set_arg("encoder_spec", "name", value="swinir")), "unknown encoder 'swinir'"),
    "unknown argument": (edited(set_arg("depth", value=3)), "takes no argument 'depth'"),
    "unknown encoder argument": (edited(set_arg("encoder_spec", "args", "rgb_range", value=1)), "no argument"),
    "huge width": (edited(set_arg("imnet_spec", "args", "hidden_list", value=[10**9])), "between 1 and"),
    "wrong type": (edited(set_arg("local_ensemble", value="yes")), "of type bool"),
    "upsampling": (edited(set_arg("encoder_spec", "args", "no_upsampling", value=False)), "upsamples"),
    "other shape": (edited(lambda m: m["sd"].update({"imnet.layers.0.bias": torch.zeros(9)})), "expected weights of"),
    "no tensor": (edited(lambda m: m["sd"].update({"imnet.layers.0.bias": 3})), "expected weights of"),
    "missing weights": (edited(lambda m: m["sd"].pop("imnet.layers.0.bias")), "weights are missing"),
    "surplus weights": (edited(lambda m: m["sd"].update(more=torch.zeros(1))), "does not have"),
    "not finite": (
        edited(lambda m: m["sd"].update({"imnet.layers.0.bias": torch.full((6,), torch.nan)})),
        "not finite",
    ),
}


@pytest.mark.parametrize("case", BAD_PICKLES)
def test_unusable_public_checkpoints_say_why(case: str, tmp_path: Path) -> None:
    write, reason = BAD_PICKLES[case]
    write(tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match=rf"^model\.pth: .*({reason})"):
        load_checkpoint(tmp_path / "model.pth")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_truncated_files_are_refused(suffix: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    if suffix == ".pth":
        torch.save(public(), path)
    else:
        save_checkpoint(made(), path, {})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def with_spec(spec: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        save_file({k: v.contiguous() for k, v in made().state_dict().items()}, path, metadata={"spec": spec})

    return write


def parts(**changes: Any) -> str:
    spec = json.loads(ModelSpec(ENCODER, DECODERS[0]).to_json())
    for key, value in changes.items():
        spec[key] = value
    return json.dumps(spec)


def foreign_and_vast(path: Path) -> None:
    size = 1 << 42
    header = json.dumps({"a": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)  # what the rest holds does not matter


BAD_SAFETENSORS: dict[str, tuple[Callable[[Path], None], str]] = {
    "foreign and vast": (foreign_and_vast, "not one of DIIF Viewer's"),
    "foreign": (lambda path: save_file({"a": torch.zeros(2)}, path), "not one of DIIF Viewer's"),
    "no JSON": (with_spec("{"), "not readable"),
    "a JSON list": (with_spec("[]"), "not readable"),
    "deep JSON": (with_spec("[" * 100_000), "not readable"),
    "no decoder": (with_spec(json.dumps({"encoder": {"name": "edsr", "args": {}}})), "not readable"),
    "unknown decoder": (with_spec(parts(decoder={"name": "mlp", "args": {}})), "unknown decoder 'mlp'"),
    "other sizes": (with_spec(parts(decoder={"name": "liif", "args": {"hidden": [7, 7]}})), "expected weights"),
    "zero channels": (with_spec(parts(encoder={"name": "edsr", "args": {"n_feats": 0}})), "between 1 and"),
    "unknown knots": (with_spec(parts(decoder={"name": "diif-s", "args": {"knots": 3}})), "2, 1"),
    "knots that are no number": (with_spec(parts(decoder={"name": "diif-s", "args": {"knots": True}})), "2, 1"),
    "unknown order": (with_spec(parts(decoder={"name": "diif", "args": {"order": "fixed"}})), "linear, constant"),
}


@pytest.mark.parametrize("case", BAD_SAFETENSORS)
def test_unusable_safetensors_say_why(case: str, tmp_path: Path) -> None:
    write, reason = BAD_SAFETENSORS[case]
    write(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=rf"^model\.safetensors: .*{reason}"):
        load_checkpoint(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="no training summary"):
        training_summary(tmp_path / "model.safetensors")


@pytest.mark.parametrize("kind", ["safetensors", "pth", "old pth"])
def test_broken_bytes_load_or_are_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"model.{kind.rsplit(maxsplit=1)[-1]}"
    if kind == "safetensors":
        save_checkpoint(made(), path, {})
    else:
        torch.save(public(), path, _use_new_zipfile_serialization=kind == "pth")
    whole = path.read_bytes()
    rng = random.Random(7)
    refused = 0
    for _ in range(120):
        broken = bytearray(whole)
        for _ in range(rng.choice([1, 3, 30])):
            broken[rng.randrange(rng.choice([100, 2000, len(whole)]))] = rng.randrange(256)
        path.write_bytes(broken)
        try:
            load_checkpoint(path)
        except CheckpointError:
            refused += 1
    assert refused > 20


def test_a_spec_of_terabytes_is_refused_without_trying(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with_spec(parts(encoder={"name": "edsr", "args": {"n_feats": 4096, "n_resblocks": 40}}))(path)
    with pytest.raises(CheckpointError, match=r"weights are missing"):
        load_checkpoint(path)


def test_half_precision_files_load_as_float32(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_checkpoint(made(), path, {})
    halves = {k: v.half() for k, v in load_file(path).items()}
    save_file(halves, path, metadata={"spec": ModelSpec(ENCODER, DECODERS[0]).to_json()})
    assert {v.dtype for v in load_checkpoint(path).state_dict().values()} == {torch.float32}
