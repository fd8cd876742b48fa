"""The training loop: one encoder, several decoders, read from top to bottom.

A run lives in one folder: ``state.pt`` (everything needed to go on), ``curve.csv``, ``curve.png``, ``strip.png``, and
the averaged weights as ``{decoder}-{preset}.safetensors``, in ``best`` and ``milestones`` also those of other steps.
Starting again in the same folder goes on where the last state was saved.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from diif_viewer.errors import TrainingError
from diif_viewer.models.checkpoint import encoder_fingerprint
from diif_viewer.models.model import ImplicitModel
from diif_viewer.training.ahead import made_ahead
from diif_viewer.training.batches import Batch, Bytes
from diif_viewer.training.curve import Curve
from diif_viewer.training.files import export, told_when_refused
from diif_viewer.training.muon import Muon
from diif_viewer.training.networks import Networks
from diif_viewer.training.preset import Preset
from diif_viewer.training.schedule import Budget, Rhythm, learning_rate
from diif_viewer.training.state import RunState
from diif_viewer.training.strip import Strip
from diif_viewer.training.team import Team
from diif_viewer.training.validation import look, validate


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
    team: Team | None = None,
    compiled: bool = False,
    start: Sequence[ImplicitModel] = (),
    workers: int = 0,
) -> None:
    """Train until the budget is spent, then export the averaged weights.

    pictures: HWC uint8, each side at least ``recipe.sampler.largest_side``. run: folder of the run, made when missing;
    a saved state there is continued. valid: pictures to measure now and then. summary: what the exported files should
    say about the training. team: this process among those that share every batch. compiled: the encoder through
    torch.compile. start: models whose weights a new run begins with; of the preset's encoder and decoders. workers:
    processes that make batches, 0: a thread of this one.

    Raises TrainingError when the loss is no longer a number or the disk is full (the last saved state stays), or the
    folder holds a run of another preset.
    """
    rhythm, team, recipe, sampler = rhythm or Rhythm(), team or Team(), preset.recipe, preset.recipe.sampler
    if recipe.batch % team.size:
        raise TrainingError(f"A batch of {recipe.batch} cannot be shared equally by {team.size} processes.")
    torch.manual_seed(recipe.seed)
    networks = Networks(preset).to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for model in start:
        networks.begin_with(model, preset)
    if len({encoder_fingerprint(model) for model in start}) > 1:
        report("the weights to begin with have different encoders: that of the last of them is taken")
    average = copy.deepcopy(networks).requires_grad_(False)
    betas, on_cuda = (recipe.betas[0], recipe.betas[1]), device.startswith("cuda")
    optimiser: torch.optim.Optimizer
    if recipe.optimiser == "muon":
        optimiser = Muon(networks.parameters(), recipe.learning_rate, betas)
    else:
        optimiser = torch.optim.Adam(networks.parameters(), recipe.learning_rate, betas, fused=on_cuda or None)
    torch.backends.cudnn.benchmark = on_cuda and recipe.patch > 0  # patches of one size: the trials pay
    state = RunState(
        run,
        preset.fingerprint(),
        networks=networks,
        average=average,
        optimiser=optimiser,
        curve=Curve(run),
    )
    report = report if team.leads else _say_nothing
    keeper = _Keeper(preset, average, run, state, valid=valid or [], summary=summary or {}, report=report)
    if held := team.by_leader(state.read):
        state.take_over(held)
        report(f"going on at step {state.step} after {state.seconds / 60:.1f} minutes")
    if compiled:
        networks.encoder.compile()
    shared = team.joined(networks)

    saved = clock = time.monotonic()
    sums = torch.tensor([state.losses.get(name, 0.0) for name in preset.decoders], device=device)
    part = (team.rank, team.size)
    with made_ahead(sampler, pictures, state.step, part, workers) as batches:
        while (progress := budget.progress(state.step, state.seconds)) < 1:
            batch = next(batches)
            rate = learning_rate(recipe, state.step, progress)
            for group in optimiser.param_groups:
                group["lr"] = rate
            losses = torch.stack(list(batch_losses(shared, batch).values()))
            optimiser.zero_grad(set_to_none=True)
            losses.sum().backward()  # type: ignore[no-untyped-call]
            if recipe.clip:
                nn.utils.clip_grad_norm_(networks.parameters(), recipe.clip)
            optimiser.step()
            decay = min(recipe.average, (state.step + 1) / (state.step + 11))  # the first weights are soon forgotten
            torch._foreach_lerp_(list(average.parameters()), list(networks.parameters()), 1 - decay)

            sums = sums + team.mean(losses.detach())
            state.step, state.summed = state.step + 1, state.summed + 1
            now = time.monotonic()
            state.seconds, clock = state.seconds + now - clock, now
            if budget.minutes is not None:  # all end, and all lower the rate, by one clock
                state.seconds = team.of_leader(state.seconds, device)
            reporting, saving = state.step % rhythm.report == 0, team.leads and now - saved > rhythm.save
            if reporting or saving:  # elsewhere the losses stay on the device, which need not wait for us
                state.losses = dict(zip(preset.decoders, sums.tolist(), strict=True))
                state.check()
            if reporting:
                means = {name: total / state.summed for name, total in state.losses.items()}
                state.curve.add_losses(state.step, state.seconds, rate, means)
                report(_progress_line(state, budget, means))
                sums = torch.zeros_like(sums)
                state.losses, state.summed = {}, 0
            if team.leads:
                keeper.keep(rhythm, device)
            if saving:
                keeper.save()
                saved = now
    state.losses = dict(zip(preset.decoders, sums.tolist(), strict=True))
    if team.leads:
        keeper.finish()


def batch_losses(networks: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The loss of each decoder on a batch, by name."""
    losses: dict[str, Tensor] = networks(batch)
    return losses


class _Keeper:
    """What is measured and kept along the way, by the one process that writes."""

    def __init__(
        self,
        preset: Preset,
        average: Networks,
        run: Path,
        state: RunState,
        *,
        valid: list[Bytes],
        summary: dict[str, str],
        report: Callable[[str], None],
    ) -> None:
        self._preset = preset
        self._average = average
        self._run = run
        self._state = state
        self._valid = valid
        self._summary = summary
        self._report = report

    def keep(self, rhythm: Rhythm, device: str) -> None:
        """Validate and keep the best, and keep a milestone, at the steps at which that is due."""
        state = self._state
        valid_due = bool(self._valid) and state.step % rhythm.validate == 0
        milestone_due = bool(rhythm.milestone) and state.step % rhythm.milestone == 0
        if not valid_due and not milestone_due:
            return
        state.check_weights()
        with told_when_refused(self._run):
            if valid_due:
                encoder, decoders = self._average.encoder, self._average.decoders
                state.curve.add_quality(state.step, validate(encoder, decoders, self._valid, device))
                self._report(state.curve.quality_line())
                self._export(self._run)
                if state.curve.last_is_best():
                    self._export(self._run / "best")
                Strip(self._run).add(state.step, look(encoder, decoders, self._valid[0], device))
                state.curve.plot()
            if milestone_due:
                self._export(self._run / "milestones" / f"step-{state.step}")

    def save(self) -> None:
        """Write the state."""
        with told_when_refused(self._run):
            self._state.save()

    def finish(self) -> None:
        """Write state, curve and weights for the last time."""
        self.save()
        with told_when_refused(self._run):
            self._state.curve.plot()
            self._export(self._run)
        self._report(f"done: {self._state.step} steps, {self._state.seconds / 60:.1f} minutes; weights in {self._run}")

    def _export(self, folder: Path) -> None:
        about = {"steps": str(self._state.step), "minutes": f"{self._state.seconds / 60:.1f}"}
        export(self._preset, self._average, folder, about | self._summary)


def _say_nothing(_: str) -> None:
    pass


def _progress_line(state: RunState, budget: Budget, losses: dict[str, float]) -> str:
    progress = budget.progress(state.step, state.seconds)
    left = state.seconds * (1 - progress) / progress / 60
    each = " ".join(f"{name} {value:.4f}" for name, value in losses.items())
    speed = state.step / state.seconds
    return f"step {state.step}  {100 * progress:5.1f} %  {speed:.2f} steps/s  {left:.0f} min left  loss {each}"
