"""The training loop: one encoder, several decoders, read from top to bottom.

A run lives in one folder: ``state.pt`` (everything needed to go on), ``curve.csv`` and ``curve.png``, and the averaged
weights as ``{decoder}-{preset}.safetensors``. Starting again in the same folder goes on where the last state was saved.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diif_viewer.geometry import Ints, Lattice
from diif_viewer.models.checkpoint import save_checkpoint
from diif_viewer.models.model import ImplicitModel, bicubic
from diif_viewer.models.spec import build_decoder, build_encoder
from diif_viewer.training.curve import Curve
from diif_viewer.training.data import Batch, Bytes
from diif_viewer.training.forms import picture_rows
from diif_viewer.training.preset import Preset, Recipe
from diif_viewer.training.state import RunState
from diif_viewer.training.validation import validate


@dataclass(frozen=True, slots=True)
class Budget:
    """When to end: after `steps`, or after `minutes` of training time in all (resumed time included)."""

    steps: int | None = None
    minutes: float | None = None

    def progress(self, step: int, seconds: float) -> float:
        """Share of the budget that is spent, 0 .. 1; drives the learning rate."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        assert self.minutes is not None
        return min(1.0, seconds / (60 * self.minutes))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often things happen: report, validate (steps); save (seconds)."""

    report: int = 200
    validate: int = 2000
    save: float = 45.0


class Networks(nn.Module):
    """The shared encoder and the decoders that learn on it."""

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.encoder = build_encoder(preset.encoder)
        self.decoders = nn.ModuleDict(
            {name: build_decoder(part, self.encoder.channels) for name, part in preset.decoders.items()}
        )


def train(
    preset: Preset,
    pictures: list[Bytes],
    run: Path,
    budget: Budget,
    *,
    valid: list[Bytes] | None = None,
    device: str = "cpu",
    rhythm: Rhythm | None = None,
    report: Callable[[str], None] = print,
    summary: dict[str, str] | None = None,
) -> None:
    """Train until the budget is spent, then export the averaged weights.

    pictures: HWC uint8, each side at least ``recipe.sampler.largest_side``. run: folder of the run, made when missing;
    a saved state there is continued. valid: pictures to measure now and then. summary: what the exported files should
    say about the training. Raises TrainingError when the loss is no longer a number (the last saved state stays) or
    the folder holds a run of another preset.
    """
    rhythm, recipe, sampler = rhythm or Rhythm(), preset.recipe, preset.recipe.sampler
    torch.manual_seed(recipe.seed)
    networks = Networks(preset).to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(networks).requires_grad_(False)
    optimiser = torch.optim.Adam(networks.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99))
    state = RunState(
        run,
        preset.fingerprint(),
        networks=networks,
        average=average,
        optimiser=optimiser,
        curve=Curve(run),
    )
    if state.resume():
        report(f"going on at step {state.step} after {state.seconds / 60:.1f} minutes")

    saved = clock = time.monotonic()
    sums = {name: torch.tensor(state.losses.get(name, 0.0), device=device) for name in preset.decoders}
    with ThreadPoolExecutor(1, "batches") as ahead:
        upcoming = ahead.submit(sampler.batch_of, pictures, state.step)
        while (progress := budget.progress(state.step, state.seconds)) < 1:
            batch = upcoming.result()
            upcoming = ahead.submit(sampler.batch_of, pictures, state.step + 1)
            rate = learning_rate(recipe, state.step, progress)
            for group in optimiser.param_groups:
                group["lr"] = rate
            losses = batch_losses(networks, batch, device, recipe.shares)
            optimiser.zero_grad(set_to_none=True)
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(networks.parameters(), recipe.clip)
            optimiser.step()
            decay = min(recipe.average, (state.step + 1) / (state.step + 11))  # the first weights are soon forgotten
            torch._foreach_lerp_(list(average.parameters()), list(networks.parameters()), 1 - decay)

            sums = {name: total + losses[name].detach() for name, total in sums.items()}
            state.step, state.summed = state.step + 1, state.summed + 1
            now = time.monotonic()
            state.seconds, clock = state.seconds + now - clock, now
            reporting, saving = state.step % rhythm.report == 0, now - saved > rhythm.save
            if reporting or saving:  # elsewhere the losses stay on the device, which need not wait for us
                state.losses = {name: float(total) for name, total in sums.items()}
                state.check()
            if reporting:
                means = {name: total / state.summed for name, total in state.losses.items()}
                state.curve.add_losses(state.step, state.seconds, rate, means)
                report(_progress_line(state, budget, means))
                sums = {name: torch.zeros((), device=device) for name in preset.decoders}
                state.losses, state.summed = {}, 0
            if valid and state.step % rhythm.validate == 0:
                state.curve.add_quality(state.step, validate(average.encoder, average.decoders, valid, device))
                report(state.curve.quality_line())
                export(preset, average, run, state, summary)
                state.curve.plot()
            if saving:
                state.save()
                saved = now
    state.losses = {name: float(total) for name, total in sums.items()}
    state.save()
    state.curve.plot()
    export(preset, average, run, state, summary)
    report(f"done: {state.step} steps, {state.seconds / 60:.1f} minutes; weights in {run}")


def learning_rate(recipe: Recipe, step: int, progress: float) -> float:
    """Linear warm-up in steps, then half a cosine down to ``last_rate`` of the full rate. progress: 0 .. 1."""
    warmth = min(1.0, (step + 1) / max(1, recipe.warm_up))
    fall = 0.5 + 0.5 * math.cos(math.pi * progress)
    return recipe.learning_rate * warmth * (recipe.last_rate + (1 - recipe.last_rate) * fall)


def batch_losses(networks: Networks, batch: Batch, device: str, shares: dict[str, float]) -> dict[str, Tensor]:
    """The mean absolute error of each decoder in [-1, 1] space, on its share of the batch's rows.

    Encoder and decoders run in bfloat16, the base and the error in float32.
    """
    low = _to_model(batch.low, device).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    side = batch.high.shape[1]
    lattice = Lattice.of_size(low.shape[2], low.shape[3], side, side)
    base = bicubic(low, lattice, lattice.window).movedim(1, -1)
    losses = {}
    with torch.autocast(torch.device(device).type, torch.bfloat16):
        features = networks.encoder(low)
        for name, decoder in networks.decoders.items():
            rows = _share(batch.rows, shares.get(name, 1.0))
            guess = picture_rows(decoder, features, lattice, rows).float()
            target = _to_model(batch.high[:, rows], device)
            losses[name] = F.l1_loss(guess + base[:, rows] if decoder.base else guess, target)
    return losses


def export(preset: Preset, average: Networks, run: Path, state: RunState, summary: dict[str, str] | None) -> None:
    """Write the averaged weights of every decoder, each with the shared encoder, into the run's folder."""
    for name in preset.decoders:
        model = ImplicitModel(preset.spec(name))
        model.encoder.load_state_dict(average.encoder.state_dict())
        model.decoder.load_state_dict(average.decoders[name].state_dict())
        about = {"preset": preset.name, "steps": str(state.step), "minutes": f"{state.seconds / 60:.1f}"}
        save_checkpoint(model, run / f"{name}-{preset.name}.safetensors", about | (summary or {}))


def _to_model(pixels: Bytes, device: str) -> Tensor:
    return torch.from_numpy(pixels).to(device).float().div_(127.5).sub_(1.0)


def _share(rows: Ints, share: float) -> Ints:
    return rows[: max(2, round(len(rows) * share))]


def _progress_line(state: RunState, budget: Budget, losses: dict[str, float]) -> str:
    progress = budget.progress(state.step, state.seconds)
    left = state.seconds * (1 - progress) / progress / 60
    each = " ".join(f"{name} {value:.4f}" for name, value in losses.items())
    speed = state.step / state.seconds
    return f"step {state.step}  {100 * progress:5.1f} %  {speed:.2f} steps/s  {left:.0f} min left  loss {each}"
