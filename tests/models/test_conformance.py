"""Agreement with the public LIIF implementation, through its own checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from diif_viewer.geometry import Lattice, Window
from diif_viewer.models.checkpoint import load_checkpoint

CASES = Path(__file__).parents[3] / "shared" / "conformance"


@pytest.mark.parametrize("name", ["liif", "liif_plain"])
def test_every_published_case_agrees(name: str) -> None:
    if not CASES.is_dir():
        pytest.skip("the conformance cases (../shared/conformance) are not here")
    model = load_checkpoint(CASES / f"{name}.pth")
    with np.load(CASES / f"{name}.npz") as cases:
        picture = torch.from_numpy(cases["image"]).float().div(255).sub(0.5).div(0.5).permute(2, 0, 1)[None]
        keys = [key for key in cases.files if key != "image"]
        assert len(keys) >= 8
        for key in keys:
            lattice, window = parsed(key, *picture.shape[2:])
            with torch.no_grad():
                found = model(picture, lattice, window)[0].permute(1, 2, 0).mul(0.5).add(0.5)
            assert np.abs(found.numpy() - cases[key]).max() <= 1e-5, key


def parsed(key: str, height: int, width: int) -> tuple[Lattice, Window]:
    size, _, part = key.partition("@")
    lattice = Lattice.of_size(height, width, *map(int, size.split("x")))
    if not part:
        return lattice, lattice.window
    (top, bottom), (left, right) = (map(int, span.split(":")) for span in part.split(","))
    return lattice, Window(top, left, bottom, right)
