"""What a model is made of, as data: the allow-list of encoders and decoders, and nothing else can be built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Protocol

from torch import Tensor, nn

from diif_viewer.errors import CheckpointError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.models.diif import Diif
from diif_viewer.models.diif_s import KNOTS, DiifS
from diif_viewer.models.edsr import Edsr
from diif_viewer.models.liif import Liif
from diif_viewer.models.rdn import Rdn

_LARGEST = 4096
"""More channels, blocks or columns than this belong to no model, but to a file that wants to exhaust memory."""


class Decoder(Protocol):
    """What all decoders have in common. base: "bicubic" when the output is detail to be added to that picture."""

    channels: int
    base: str | None

    def __call__(self, features: Tensor, lattice: Lattice, window: Window) -> Tensor:
        """features: (B, channels, H, W) -> (B, 3, window.height, window.width) in [-1, 1] space."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """An encoder or a decoder by name, with the arguments of its class (channels of a decoder left out)."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Encoder and decoder of one model."""

    encoder: Part
    decoder: Part

    def completed(self) -> ModelSpec:
        """The same with every argument, also those that were left at their defaults. Raises CheckpointError."""
        return ModelSpec(completed(self.encoder), completed(self.decoder))

    def to_json(self) -> str:
        """The form that checkpoints carry."""
        parts = {"encoder": self.encoder, "decoder": self.decoder}
        return json.dumps({k: {"name": p.name, "args": dict(p.args)} for k, p in parts.items()})

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """Read `to_json`'s form. Raises CheckpointError."""
        try:
            held = json.loads(text)
            return cls(*(Part(str(held[k]["name"]), dict(held[k]["args"])) for k in ("encoder", "decoder")))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise CheckpointError("the description of the model inside is not readable") from None


Kind = type | tuple[str, ...] | tuple[int, ...]
"""What an argument may be: of a type, or one of a few values."""

_ENCODERS: dict[str, tuple[type[Edsr | Rdn], dict[str, Kind]]] = {
    "edsr": (Edsr, {"n_feats": int, "n_resblocks": int, "res_scale": float}),
    "rdn": (Rdn, {"n_feats": int, "n_blocks": int, "n_convs": int, "growth": int}),
}
_DECODERS: dict[str, tuple[type[nn.Module], dict[str, Kind]]] = {
    "liif": (Liif, {"hidden": tuple, "local_ensemble": bool, "feat_unfold": bool, "cell_decode": bool, "skip": bool}),
    "diif": (Diif, {"hidden": int, "order": ("linear", "constant"), "slice_ensemble": bool, "skip": bool}),
    "diif-s": (DiifS, {"hidden": int, "knots": tuple(KNOTS)}),
}


def build_encoder(part: Part) -> Edsr | Rdn:
    """A new encoder. Raises CheckpointError when the name or an argument is not on the list."""
    if part.name not in _ENCODERS:
        raise CheckpointError(f"unknown encoder {part.name!r}; known: {', '.join(_ENCODERS)}")
    kind, allowed = _ENCODERS[part.name]
    return kind(**_checked(part, allowed))


def build_decoder(part: Part, channels: int) -> nn.Module:
    """A new decoder (see `Decoder`) for features of `channels`. Raises CheckpointError as `build_encoder`."""
    if part.name not in _DECODERS:
        raise CheckpointError(f"unknown decoder {part.name!r}; known: {', '.join(_DECODERS)}")
    kind, allowed = _DECODERS[part.name]
    return kind(channels, **_checked(part, allowed))


def completed(part: Part) -> Part:
    """The same with every argument, also those that were left at their defaults. Raises CheckpointError."""
    kinds = {**_ENCODERS, **_DECODERS}
    if part.name not in kinds:
        raise CheckpointError(f"unknown part {part.name!r}; known: {', '.join(kinds)}")
    kind, allowed = kinds[part.name]
    values = {name: value.default for name, value in signature(kind).parameters.items() if name in allowed}
    return Part(part.name, values | _checked(part, allowed))


def _checked(part: Part, allowed: Mapping[str, Kind]) -> dict[str, Any]:
    values = {}
    for name, value in part.args.items():
        if name not in allowed:
            raise CheckpointError(f"{part.name} takes no argument {name!r}; it takes {', '.join(allowed)}")
        values[name] = _value(f"{part.name}: {name}", value, allowed[name])
    return values


def _value(what: str, value: Any, kind: Kind) -> Any:
    if isinstance(kind, tuple):
        if type(value) is not type(kind[0]) or value not in kind:
            raise CheckpointError(f"{what} must be one of {', '.join(map(str, kind))}, not {value!r}")
        return value
    if kind is tuple:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= 64:
            raise CheckpointError(f"{what} must be a list of layer widths, not {value!r}")
        return tuple(_value(what, v, int) for v in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise CheckpointError(f"{what} must be of type {kind.__name__}, not {value!r}")
    if isinstance(value, int) and kind is int and not 1 <= value <= _LARGEST:
        raise CheckpointError(f"{what} must lie between 1 and {_LARGEST}, not {value}")
    return value
