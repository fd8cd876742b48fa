"""Pictures and models that the engine's tests share."""

from pathlib import Path

import numpy as np
import pytest
import torch

from diif_viewer.engine.device import Compute
from diif_viewer.engine.model import Model
from diif_viewer.models.checkpoint import save_checkpoint
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part
from tests.engine.models import CHANNELS, HIDDEN, decoder, encoder

COMPUTE = Compute("cpu", torch.float32, (64, 64))


def reference(kind: str) -> ImplicitModel:
    name, *more = kind.split()
    args: dict[str, object] = {"hidden": [HIDDEN] * 3} if name == "liif" else {"hidden": HIDDEN}
    args |= {"skip": {"skip": True}, "one": {"knots": 1}}[more[0]] if more else {}
    spec = ModelSpec(Part("edsr", {"n_feats": CHANNELS, "n_resblocks": 2}), Part(name, args))
    made = ImplicitModel(spec)
    made.encoder.load_state_dict(encoder().state_dict())
    made.decoder.load_state_dict(decoder(kind).state_dict())
    return made.eval().requires_grad_(False)


@pytest.fixture
def small_model():
    """A model by kind ("liif", "liif skip", "diif", "diif skip", "diif-s", "diif-s one knot"); all have one encoder."""
    return lambda kind: Model(kind, reference(kind), COMPUTE)


@pytest.fixture
def weights(tmp_path: Path):
    """The same models as files."""

    def write(kind: str) -> str:
        path = tmp_path / f"{kind}.safetensors"
        save_checkpoint(reference(kind), path, {"note": "random weights for a test"})
        return str(path)

    return write


def picture(height: int = 83, width: int = 117, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Smooth shapes with edges and noise: HWC uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = [np.sin(x / (3 + c) + y / (7 - c)) + ((x // 11 + y // 9) % 2) for c in range(channels)]
    noisy = np.stack(waves, -1) * 50 + 90 + rng.normal(0, 6, (height, width, channels))
    return noisy.clip(0, 255).astype(np.uint8)
