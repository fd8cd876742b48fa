"""What a run needs to go on after a kill, saved whole or not at all."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from diif_viewer.errors import TrainingError
from diif_viewer.training.curve import Curve
from diif_viewer.training.files import write_whole


class RunState:
    """The moving parts of one run and the file that holds them.

    step: optimiser steps taken. seconds: training time, resumed time included. losses: sums over the last `summed`
    steps, not yet reported. Batches depend on the step alone, so no random state has to be kept.
    """

    def __init__(
        self,
        run: Path,
        fingerprint: str,
        *,
        networks: nn.Module,
        average: nn.Module,
        optimiser: torch.optim.Optimizer,
        curve: Curve,
    ) -> None:
        self.path = run / "state.pt"
        self.step = 0
        self.seconds = 0.0
        self.losses: dict[str, float] = {}
        self.summed = 0
        self.curve = curve
        self._fingerprint = fingerprint
        self._networks = networks
        self._average = average
        self._optimiser = optimiser

    def save(self) -> None:
        """Write the state (atomically: a kill leaves the old file or the new one) and the curve's figures.

        Raises TrainingError, and leaves the old state, when the losses show that the weights are no longer numbers;
        OSError, and leaves the old state, when it cannot be written.
        """
        self.check()
        self.check_weights()
        held = {
            "fingerprint": self._fingerprint,
            "step": self.step,
            "seconds": self.seconds,
            "losses": self.losses,
            "summed": self.summed,
            "networks": self._networks.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "curve": self.curve.rows(),
        }
        out = io.BytesIO()
        torch.save(held, out)
        write_whole(self.path, out.getvalue())
        self.curve.write()

    def check(self) -> None:
        """Raise TrainingError when a loss is no longer a number."""
        self._stop_unless(all(math.isfinite(loss) for loss in self.losses.values()))

    def check_weights(self) -> None:
        """Raise TrainingError when a weight is no longer a number: the last step's loss was told before that step."""
        values = [*self._networks.parameters(), *self._average.parameters()]
        self._stop_unless(all(bool(value.isfinite().all()) for value in values))

    def _stop_unless(self, sound: bool) -> None:
        if not sound:
            kept = f"the last good state is in {self.path}" if self.path.is_file() else "no state had been saved yet"
            raise TrainingError(
                f"The loss is no longer a number at step {self.step}; {kept}. Try a smaller learning rate."
            )

    def read(self) -> dict[str, Any] | None:
        """The saved state; None when there is none. Raises TrainingError for an unreadable one or another preset's."""
        if not self.path.is_file():
            return None
        try:
            held: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
            same = held["fingerprint"] == self._fingerprint
        except Exception:
            raise TrainingError(f"{self.path}: the saved state cannot be read; move it away to start anew.") from None
        if not same:
            raise TrainingError(
                f"{self.path.parent} holds a run of another preset; choose another folder, or the values it began with."
            )
        return held

    def take_over(self, held: dict[str, Any]) -> None:
        """Go on from what `read` returned."""
        self._networks.load_state_dict(held["networks"])
        self._average.load_state_dict(held["average"])
        self._optimiser.load_state_dict(held["optimiser"])
        self.step, self.seconds = held["step"], held["seconds"]
        self.losses, self.summed = held["losses"], held["summed"]
        self.curve.restore(held["curve"])
