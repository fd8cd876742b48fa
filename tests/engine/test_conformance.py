"""Public LIIF checkpoints through the public API: the outputs of the public implementation, to 1e-5."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import diif_viewer as dv
from diif_viewer.geometry import Lattice

FOLDER = Path(__file__).parents[3] / "shared" / "conformance"
CASES = [
    (name, key)
    for name in ("liif", "liif_plain")
    if (FOLDER / f"{name}.npz").exists()
    for key in sorted(set(np.load(FOLDER / f"{name}.npz").files) - {"image"})
]


def defined(model: dv.Model, image: np.ndarray) -> np.ndarray:
    """The picture at x1 by the model's reference definition."""
    lattice = Lattice.of_size(*image.shape[:2], *image.shape[:2])
    values = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None] * 2 - 1
    seen = model.reference(values, lattice, lattice.window)[0].permute(1, 2, 0)
    return (seen * 0.5 + 0.5).clamp(0, 1).numpy()


@pytest.mark.skipif(not CASES, reason="../shared/conformance is missing: outputs of the public LIIF implementation")
@pytest.mark.parametrize(("name", "key"), CASES or [("", "")])
def test_agrees_with_the_public_implementation(name: str, key: str) -> None:
    held = np.load(FOLDER / f"{name}.npz")
    model = dv.load_model(FOLDER / f"{name}.pth", device="cpu")
    field = dv.encode(held["image"], model)
    match = re.fullmatch(r"(\d+)x(\d+)(?:@(\d+):(\d+),(\d+):(\d+))?", key)
    assert match is not None
    height, width, *edges = (int(g) for g in match.groups() if g is not None)
    window = (edges[0], edges[2], edges[1], edges[3]) if edges else None
    if (height, width) == held["image"].shape[:2]:  # at x1 a field shows the source pixels: ask the definition
        seen = defined(model, held["image"])
    else:
        seen = field.render(size=(height, width), window=window, dtype="float32")
    assert np.abs(seen - held[key].clip(0, 1)).max() < 1e-5
