"""What is learnt from: the errors of outputs, each as its preset says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from diif_viewer.geometry import Lattice
from diif_viewer.training import networks as networks_module
from diif_viewer.training.ahead import made_ahead
from diif_viewer.training.networks import Networks
from tests.training.tiny import tiny_preset


@pytest.mark.parametrize("samples", ["rows", "points"])
def test_the_loss_is_the_mean_absolute_or_the_mean_squared_error(tmp_path: Path, samples: str) -> None:
    """Of a network that shows the same grey everywhere, so that its errors are known."""
    for loss, power in (("l1", 1), ("l2", 2)):
        preset = tiny_preset(tmp_path, f"loss={loss}", f"samples={samples}", "scales=[2, 2]", "precision=float32")
        networks = Networks(preset)
        with torch.no_grad():
            for decoder in networks.decoders.values():
                for value in decoder.parameters():
                    value.zero_()
        white = [np.full((40, 40, 3), 255, np.uint8)]  # 1 in the space of the networks, where they say 0
        with made_ahead(preset.recipe.sampler, white, 0, (0, 1), 0) as batches:
            losses = networks(next(batches))
        assert losses["liif"].item() == losses["diif"].item() == 1.0
        for decoder in networks.decoders.values():
            last = decoder.imnet.tail[4] if hasattr(decoder.imnet, "tail") else decoder.imnet.layers[-1]
            with torch.no_grad():
                last.bias.fill_(0.5)
        with made_ahead(preset.recipe.sampler, white, 0, (0, 1), 0) as batches:
            losses = networks(next(batches))
        assert losses["liif"].item() == pytest.approx(0.5**power)
        assert losses["diif"].item() == pytest.approx(0.5**power)
        assert losses["diif-s"].item() == pytest.approx(0.5**power)  # added to the white of bicubic


def test_a_share_of_the_rows_lies_anywhere_in_a_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = tiny_preset(tmp_path, "shares={liif=0.25}", "patch=16", "pixels=512", "scales=[2, 2]")
    networks, seen = Networks(preset), []

    def guesses(decoder: object, features: torch.Tensor, lattice: Lattice, rows: np.ndarray) -> torch.Tensor:
        if decoder is networks.decoders["liif"]:
            assert (np.diff(rows) > 0).all()
            seen.extend(rows)
        return torch.zeros(len(features), len(rows), lattice.x.count, 3, requires_grad=True)

    monkeypatch.setattr(networks_module, "picture_rows", guesses)
    pictures = [np.zeros((40, 40, 3), np.uint8)]
    for step in range(60):
        networks(preset.recipe.sampler.batch_of(pictures, step))
    assert len(seen) == 60 * 4  # a quarter of 16 rows of 32
    assert np.mean(seen) == pytest.approx(15.5, abs=2)


def test_part_of_the_loss_can_be_that_of_luminance(tmp_path: Path) -> None:
    """Of networks that show grey where the truth is green: an error of 1 in each channel, of 0.174 in luminance."""
    green = [np.zeros((40, 40, 3), np.uint8)]
    green[0][..., 1] = 255  # 1 in the space of the networks, where the other two are -1
    found = []
    for share in (0, 1, 0.75):
        preset = tiny_preset(tmp_path, f"luminance={share}", "precision=float32")
        networks = Networks(preset)
        with torch.no_grad():
            for decoder in networks.decoders.values():
                for value in decoder.parameters():
                    value.zero_()
        with made_ahead(preset.recipe.sampler, green, 0, (0, 1), 0) as batches:
            found.append(networks(next(batches))["liif"].item())
    assert found == pytest.approx([1, 0.174, 0.25 + 0.75 * 0.174])


def test_chips_before_ampere_learn_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch says of a T4 that it supports bfloat16, and cuDNN has no convolutions for it."""
    found = {torch.device("cuda:0"): (7, 5), torch.device("cuda:1"): (8, 0)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", found.__getitem__)
    assert [networks_module.has_half(device) for device in found] == [False, True]
