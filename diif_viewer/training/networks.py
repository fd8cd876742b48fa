"""The shared encoder and the decoders that learn on it, and their losses on one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diif_viewer.engine.device import torch_has_bfloat16
from diif_viewer.errors import TrainingError
from diif_viewer.geometry import Ints
from diif_viewer.models.liif import Liif, begin_with_nothing
from diif_viewer.models.model import ImplicitModel, bicubic
from diif_viewer.models.spec import Part, build_decoder, build_encoder, completed
from diif_viewer.models.tables import table
from diif_viewer.training.batches import Batch, Bytes, Group
from diif_viewer.training.forms import picture_points, picture_rows
from diif_viewer.training.growth import take_over
from diif_viewer.training.preset import Preset


def has_half(device: torch.device) -> bool:
    """Whether a device computes in bfloat16.

    A processor without the instructions is many times slower with it; for NVIDIA's chips before Ampere, of which torch
    says that they support it, there are no convolutions.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type != "cpu" or torch_has_bfloat16()


class Networks(nn.Module):
    """Encoder and decoders of a preset; calling it gives the losses of a batch."""

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.encoder = build_encoder(preset.encoder)
        self.decoders = nn.ModuleDict(
            {name: build_decoder(part, self.encoder.channels) for name, part in preset.decoders.items()}
        )
        for name in preset.recipe.frozen:
            (self.encoder if name == "encoder" else self.decoders[name]).requires_grad_(False)
        self._shares: Mapping[str, float] = preset.recipe.shares
        self._half = preset.recipe.precision == "bfloat16"
        self._luminance = preset.recipe.luminance
        self._difference = F.mse_loss if preset.recipe.loss == "l2" else F.l1_loss

    def begin_with(self, model: ImplicitModel, preset: Preset) -> None:
        """Begin as the function of a model of the preset's kind, of its sizes or smaller (see `growth.take_over`).

        A decoder of detail that takes over one of whole pictures, or the reverse, begins with a last layer of zeros.
        Raises TrainingError for any other model.
        """
        kind, switches = model.spec.decoder.name, _switches(model.spec.decoder)
        parts = preset.decoders.items()
        fitting = [name for name, part in parts if part.name == kind and _switches(part) == switches]
        taken = [name for name in fitting if take_over(self.decoders[name], model.decoder)]
        if not taken or not take_over(self.encoder, model.encoder):
            raise TrainingError(f"Preset {preset.name} has no {kind} that the weights to begin with fit into.")
        for decoder in (self.decoders[name] for name in taken):
            if decoder.base != model.base:
                begin_with_nothing([part for part in decoder.modules() if isinstance(part, nn.Linear)][-1])

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The mean absolute or squared error of each decoder, in [-1, 1] space: over outputs, then over the pictures.

        Encoder and decoders run in the recipe's precision, in float32 on a processor without, the base and the
        error in float32.
        """
        device = next(self.parameters()).device
        half = self._half and has_half(device)
        pictures = sum(len(group.low) for group in batch)
        sums = {name: torch.zeros((), device=device) for name in self.decoders}
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            for features, lows, groups in self._encoded(batch, device):
                for name, decoder in self.decoders.items():
                    share = self._shares.get(name, 1.0)
                    for guess, truth, count in _guesses(decoder, features, lows, groups, share):
                        sums[name] = sums[name] + self._error(guess, truth) * (count / pictures)
        return sums

    def _error(self, guess: Tensor, truth: Tensor) -> Tensor:
        """Of colours (..., 3): the mean over channels, or partly that of their luminance."""
        error: Tensor = self._difference(guess, truth)
        if self._luminance:
            error = error.lerp(self._difference(_luminance(guess), _luminance(truth)), self._luminance)
        return error

    def _encoded(self, batch: Batch, device: torch.device) -> Iterator[tuple[Tensor, Tensor, list[Group]]]:
        """Features and low-resolution pictures of all groups whose patches have one size, at once."""
        by_size: dict[tuple[int, ...], list[Group]] = {}
        for group in batch:
            by_size.setdefault(group.low.shape[1:], []).append(group)
        for groups in by_size.values():
            low = torch.cat([_to_model(group.low, device) for group in groups]).permute(0, 3, 1, 2)
            low = low.contiguous(memory_format=torch.channels_last)
            yield self.encoder(low), low, groups


def _guesses(
    decoder: nn.Module, features: Tensor, lows: Tensor, groups: list[Group], share: float
) -> Iterator[tuple[Tensor, Tensor, int]]:
    """What the decoder makes of sampled outputs, the truth, both float32 in [-1, 1] space, and of how many pictures.

    features, lows: of the pictures of all groups.
    """
    if isinstance(decoder, Liif) and groups[0].points is not None:
        yield (*_guesses_at_points(decoder, features, groups, share), len(features))
        return
    first = 0
    for group in groups:
        own = slice(first, first + len(group.low))
        first = own.stop
        rows, lattice = _share(group.rows, share), group.lattice
        guess = picture_rows(decoder, features[own], lattice, rows).float()
        if decoder.base:
            guess = guess + bicubic(lows[own], lattice, lattice.window).movedim(1, -1)[:, rows]
        yield guess, _to_model(group.high[:, rows], features.device), len(group.low)


def _guesses_at_points(
    decoder: nn.Module, features: Tensor, groups: list[Group], share: float
) -> tuple[Tensor, Tensor]:
    """LIIF's way: the same number of coordinates of every picture, whatever its scale."""
    count = min(group.points.shape[1] for group in groups if group.points is not None)
    count = max(1, round(count * share))
    lattices, points, targets = [], [], []
    for group in groups:
        assert group.points is not None
        for high, chosen in zip(group.high, group.points[:, :count], strict=True):
            lattices.append(group.lattice)
            points.append(chosen)
            targets.append(high[chosen[:, 0], chosen[:, 1]])
    guess = picture_points(decoder, features, lattices, np.stack(points)).float()
    return guess, _to_model(np.stack(targets), features.device)


def _luminance(colours: Tensor) -> Tensor:
    """(..., 3) -> (...): that of ITU-R BT.601, on which the benchmarks compare, without its offset."""
    red, green, blue = colours.unbind(-1)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _switches(part: Part) -> dict[str, object]:
    return {name: value for name, value in completed(part).args.items() if name not in {"hidden", "skip", "knots"}}


def _to_model(pixels: Bytes, device: torch.device) -> Tensor:
    return table(pixels, device).float().div_(127.5).sub_(1.0)


def _share(rows: Ints, share: float) -> Ints:
    """The first of the rows as drawn, so that they lie anywhere; ascending."""
    return np.sort(rows[: max(2, round(len(rows) * share))])
