"""Weights files: ours (safetensors with spec, training summary and licence inside) and public LIIF checkpoints.

Nothing of a file is executed: safetensors hold numbers only, pickles are read with torch's restricted reader, and
models are built from an allow-list of names and arguments.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from diif_viewer.errors import CheckpointError
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part

LICENCE = "MIT"
_LARGEST_HEADER = 100_000_000  # as the format has it
_UNUSED = ("encoder.sub_mean.", "encoder.add_mean.")  # the public encoder carries them and never calls them


def load_checkpoint(path: str | os.PathLike[str]) -> ImplicitModel:
    """The model in a .safetensors file of ours or a public LIIF-style .pth, float32 on the CPU, in eval mode.

    Raises CheckpointError, with the file's name and one clear reason, for anything else.
    """
    file = Path(path)
    try:
        if os.path.isdir(file):
            raise CheckpointError("this is a folder, not a weights file")
        if not os.path.isfile(file):
            raise CheckpointError("there is no such weights file")
        read = _read_safetensors if file.suffix == ".safetensors" else _read_pickle
        spec, weights = read(file)
        with torch.device("meta"):  # sizes without memory: a spec of terabytes fails on its shapes
            model = ImplicitModel(spec)
        return _filled(model, weights)
    except CheckpointError as error:
        raise CheckpointError(f"{file.name or file}: {error}.") from None
    except OSError as error:
        raise CheckpointError(f"{file.name}: cannot be read ({error.strerror or 'input error'}).") from None


def save_checkpoint(
    model: ImplicitModel,
    path: str | os.PathLike[str],
    summary: Mapping[str, str],
    *,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write weights, spec, `summary` of the training and licence; the file is whole or not there.

    summary: what was trained on what and how, short texts by name; "licence" among them replaces the default. dtype: of
    the weights in the file, which are float32 again when they are loaded; float16 keeps 11 bits, in half the bytes.
    Raises CheckpointError where a weight is too large for it.
    """
    file = Path(path)
    about = dict(summary)
    metadata = {
        "format": "diif-viewer 1",
        "spec": model.spec.to_json(),
        "licence": about.pop("licence", LICENCE),
        "training": json.dumps(about),
    }
    weights = {name: value.detach().to("cpu", dtype).contiguous() for name, value in model.state_dict().items()}
    if dtype == torch.float16 and not all(bool(value.isfinite().all()) for value in weights.values()):
        raise CheckpointError(f"{file.name}: not written, as a weight is too large for 16 bits.")
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as out:
            out.write(save(weights, metadata=metadata))
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def training_summary(path: str | os.PathLike[str]) -> dict[str, str]:
    """The summary and licence that `save_checkpoint` wrote. Raises CheckpointError."""
    file = Path(path)
    try:
        with file.open("rb") as stream:
            metadata = _begin(stream)[1]
        about = {str(k): str(v) for k, v in json.loads(metadata["training"]).items()}
        return about | {"licence": metadata["licence"]}
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError):
        raise CheckpointError(f"{file.name}: holds no training summary.") from None


def encoder_fingerprint(model: ImplicitModel) -> str:
    """Equal for two models exactly when their encoders compute the same: a hash of the spec and the weights."""
    digest = hashlib.sha256(json.dumps([model.spec.encoder.name, dict(model.spec.encoder.args)]).encode())
    for name, value in sorted(model.encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _read_safetensors(file: Path) -> tuple[ModelSpec, dict[str, Tensor]]:
    """Into memory of its own: a file copied over one that is mapped would change the weights, or crash with SIGBUS."""
    with file.open("rb") as stream:
        try:
            begin, metadata = _begin(stream)
            ours = "spec" in metadata
            weights = load(begin + stream.read()) if ours else {}  # others may be larger than the memory
        except (SafetensorError, ValueError, RuntimeError, KeyError, TypeError, AttributeError):
            raise CheckpointError("not a whole safetensors file") from None
    if not ours:
        raise CheckpointError("a safetensors file, but not one of DIIF Viewer's: it does not say which model it holds")
    return ModelSpec.from_json(metadata["spec"]), weights


def _begin(stream: BinaryIO) -> tuple[bytes, Any]:
    """A safetensors file up to its weights, and its metadata. Raises ValueError and others for broken ones."""
    size = stream.read(8)
    header = stream.read(min(int.from_bytes(size, "little"), _LARGEST_HEADER))
    return size + header, json.loads(header).get("__metadata__") or {}


def _read_pickle(file: Path) -> tuple[ModelSpec, dict[str, Tensor]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the protocols of files that are then refused
            held = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError("refused: the file is broken, or holds more than weights (code, for example)") from None
    except OSError:
        raise
    except Exception:  # torch raises almost any kind for a file with broken bytes
        raise CheckpointError("not a whole PyTorch checkpoint") from None
    try:
        model = held["model"]
        name, args, weights = model["name"], model["args"], model["sd"]
        spec = _public_spec(name, args)
        kept = {_own_name(str(k)): v for k, v in weights.items() if not str(k).startswith(_UNUSED)}
    except (KeyError, TypeError, AttributeError):
        raise CheckpointError("not a LIIF-style checkpoint: it needs a model with name, args and sd") from None
    return spec, kept


def _own_name(public: str) -> str:
    return public if public.startswith("encoder.") else f"decoder.{public}"


def _public_spec(name: Any, args: Mapping[str, Any]) -> ModelSpec:
    """Our spec for the public container's. Raises CheckpointError, or KeyError and TypeError for a malformed one."""
    if name not in ("liif", "diif"):
        raise CheckpointError(f"unknown model {name!r}; known: liif, diif")
    known = {"encoder_spec", "imnet_spec", "local_ensemble", "feat_unfold", "cell_decode"}
    if unknown := sorted(set(args) - known):
        raise CheckpointError(f"{name} takes no argument {unknown[0]!r}; it takes {', '.join(sorted(known))}")
    hidden = args["imnet_spec"]["args"]["hidden_list"]
    flags = {k: args[k] for k in ("local_ensemble", "feat_unfold", "cell_decode") if k in args}
    if name == "liif":
        if args["imnet_spec"]["name"] != "mlp" or args["imnet_spec"]["args"].get("out_dim", 3) != 3:
            raise CheckpointError("the decoder must be an mlp with 3 outputs")
        return ModelSpec(_public_encoder(args["encoder_spec"]), Part("liif", {"hidden": hidden} | flags))
    if not all(flags.values()) or len(set(hidden)) != 1:
        raise CheckpointError(
            "a diif checkpoint needs one layer width, and its ensemble, unfolding and cell switched on"
        )
    return ModelSpec(_public_encoder(args["encoder_spec"]), Part("diif", {"hidden": hidden[0]}))


def _public_encoder(held: Mapping[str, Any]) -> Part:
    if held["name"] not in ("edsr-baseline", "rdn"):
        raise CheckpointError(f"unknown encoder {held['name']!r}; known: edsr-baseline, rdn")
    args = dict(held["args"])
    if not args.pop("no_upsampling", False):
        raise CheckpointError("the encoder upsamples; only encoders with no_upsampling can be used")
    scale = args.pop("scale", None)  # of the upsampler that is not there
    del scale
    return Part("edsr", args) if held["name"] == "edsr-baseline" else _public_rdn(args)


def _public_rdn(args: dict[str, Any]) -> Part:
    """The public code's configurations "A" and "B" of D, C and G (Zhang et al., CVPR 2018)."""
    sizes = {"A": (20, 6, 32), "B": (16, 8, 64)}
    config = args.pop("RDNconfig", "B")
    if config not in sizes or args.pop("RDNkSize", 3) != 3:
        raise CheckpointError("an rdn encoder must be of configuration A or B with 3x3 kernels")
    blocks, convs, growth = sizes[config]
    held = {"n_feats": args.pop("G0", 64), "n_blocks": blocks, "n_convs": convs, "growth": growth}
    return Part("rdn", held | args)


def _filled(model: ImplicitModel, weights: Mapping[str, Any]) -> ImplicitModel:
    expected = model.state_dict()
    if missing := sorted(set(expected) - set(weights)):
        raise CheckpointError(f"weights are missing, the first is {missing[0]}")
    if unknown := sorted(set(weights) - set(expected)):
        raise CheckpointError(f"weights that the model does not have, the first is {unknown[0]}")
    for name, value in weights.items():
        if not isinstance(value, Tensor) or not value.is_floating_point() or value.shape != expected[name].shape:
            found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise CheckpointError(f"{name}: expected weights of shape {tuple(expected[name].shape)}, found {found}")
        if not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"{name}: holds values that are not finite numbers")
    model.load_state_dict({name: value.float().contiguous() for name, value in weights.items()}, assign=True)
    quiet: nn.Module = model.eval().requires_grad_(False)
    assert isinstance(quiet, ImplicitModel)
    return quiet
