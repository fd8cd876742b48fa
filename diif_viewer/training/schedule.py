"""How long a run goes on, when things happen in it, and how its learning rate falls."""

from __future__ import annotations

import math
from dataclasses import dataclass

from diif_viewer.training.preset import Recipe


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
    """How often things happen: report, validate, keep a milestone (steps, 0: never); save (seconds)."""

    report: int = 200
    validate: int = 2000
    save: float = 45.0
    milestone: int = 20_000


def learning_rate(recipe: Recipe, step: int, progress: float) -> float:
    """The rate of one step. progress: share of the budget that is spent, 0 .. 1.

    Linear warm-up in steps; then half a cosine down to ``last_rate`` of the full rate, or halved every ``halve_every``
    of ``iterations`` steps. Either fits the whole budget, so that a short run sees the whole schedule.
    """
    warmth = min(1.0, (step + 1) / max(1, recipe.warm_up))
    if recipe.schedule == "halving":
        halvings = math.floor(progress * recipe.iterations / recipe.halve_every + 1e-9)
        return recipe.learning_rate * warmth / 2.0**halvings
    fall = 0.5 + 0.5 * math.cos(math.pi * progress)
    return recipe.learning_rate * warmth * (recipe.last_rate + (1 - recipe.last_rate) * fall)
