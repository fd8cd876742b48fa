"""A loaded model: the reference definition, and the packed encoder and decoder of each dtype that is used."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import torch

from diif_viewer.engine.decoders.common import Decoder
from diif_viewer.engine.decoders.diif import DiifDecoder
from diif_viewer.engine.decoders.diif_s import DiifSDecoder
from diif_viewer.engine.decoders.liif import LiifDecoder
from diif_viewer.engine.device import Compute, fast_compute, resolve, torch_has_bfloat16
from diif_viewer.engine.encoding import Encoder, pack_encoder
from diif_viewer.errors import CheckpointError
from diif_viewer.models import shelf
from diif_viewer.models.checkpoint import encoder_fingerprint, load_checkpoint
from diif_viewer.models.diif import Diif
from diif_viewer.models.diif_s import DiifS
from diif_viewer.models.liif import Liif
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.registry import METHODS
from diif_viewer.paths import shipped

_log = logging.getLogger(__name__)


class Model:
    """A model on a device, ready to encode pictures and render them.

    name: as asked for. reference: the float32 definition, on the device. compute: fast dtype and chunk; float32 where
    only compiled kernels are fast with that dtype and this model is none of theirs.
    fingerprint: equal for models that can share features.
    """

    def __init__(self, name: str, reference: ImplicitModel, compute: Compute) -> None:
        self.name = name
        self.reference = reference.to(compute.device).eval().requires_grad_(False)
        self.fingerprint = encoder_fingerprint(reference)
        self.base: str | None = getattr(reference.decoder, "base", None)
        self._encoders: dict[torch.dtype, Encoder] = {}
        self._decoders: dict[torch.dtype, Decoder] = {}
        self.compute = compute if self._is_served(compute) else compute.in_float32()

    def _is_served(self, compute: Compute) -> bool:
        if compute.device != "cpu" or compute.dtype != torch.bfloat16:
            return True
        return (self.encoder(compute.dtype).native and self.decoder(compute.dtype).native) or torch_has_bfloat16()

    def __repr__(self) -> str:
        return f"Model({self.name!r}, {self.compute.description})"

    def encoder(self, dtype: torch.dtype) -> Encoder:
        """The encoder packed for `dtype` (made on first use)."""
        if dtype not in self._encoders:
            self._encoders[dtype] = pack_encoder(self.reference.encoder, dtype)
        return self._encoders[dtype]

    def decoder(self, dtype: torch.dtype) -> Decoder:
        """The decoder packed for `dtype` (made on first use)."""
        if dtype not in self._decoders:
            self._decoders[dtype] = pack_decoder(self.reference.decoder, dtype)
        return self._decoders[dtype]


def pack_decoder(decoder: torch.nn.Module, dtype: torch.dtype) -> Decoder:
    """The engine's form of a reference decoder in one dtype. Raises CheckpointError for kinds it does not know."""
    match decoder:
        case DiifS():
            return DiifSDecoder(decoder, dtype)
        case Diif():
            return DiifDecoder(decoder, dtype)
        case Liif():
            return LiifDecoder(decoder, dtype)
    raise CheckpointError(f"The engine has no decoder for {type(decoder).__name__}.")


def weights_file(name: str) -> Path:
    """The file of a shipped or added name, or the path itself. Raises CheckpointError when there is none."""
    method = METHODS.get(name)
    if method is not None and method.file is not None:
        return shipped("weights") / method.file
    added = shelf.held()
    if name in added:
        return added[name]
    path = Path(name)
    if path.suffix in (".safetensors", ".pth", ".pt") or os.path.exists(path):
        return path
    names = ", ".join([*(m.name for m in METHODS.values() if m.is_model), *added])
    raise CheckpointError(f"There is no model {name!r}: give one of {names}, or a .safetensors or .pth file.")


def load_model(name: str | Path, device: str = "auto") -> Model:
    """Load a model for rendering.

    name: a shipped name ("diif-s-lite"), one that was added (`models.shelf`), or the path of a .safetensors or a public
    LIIF .pth file. device: "auto", "cpu", "cuda", "cuda:1", "mps". Raises CheckpointError, DeviceError.
    """
    compute, file = fast_compute(resolve(device)), weights_file(str(name))
    model = Model(str(name), load_checkpoint(file), compute)
    _log.info("%s from %s on %s, %dx%d outputs a step", name, file, compute.description, *compute.chunk)
    return model
