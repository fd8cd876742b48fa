"""What is learnt from: the errors of outputs, each as its preset says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

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
