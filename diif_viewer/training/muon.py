"""Muon (Jordan et al., 2024): steps of equal strength in all directions of a weight matrix; Adam for other values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_QUINTIC = (3.4445, -4.7750, 2.0315)
"""Of the iteration that pushes singular values towards 1 (Jordan): quick, and to within a third of it only."""


class Muon(torch.optim.Optimizer):
    """The momentum of each matrix made orthogonal, as far as five quintic Newton-Schulz steps do.

    A convolution counts as the matrix (out, in * height * width). The update's root mean square is that of Adam's
    (about 0.2: Liu et al. 2025), so that one learning rate serves both. Vectors, and matrices with fewer than `least`
    rows (the colours a network ends with), are Adam's.

    rate: learning rate. betas, eps: Adam's. momentum: Nesterov's, of the matrices.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        rate: float,
        betas: tuple[float, float] = (0.9, 0.99),
        *,
        momentum: float = 0.95,
        eps: float = 1e-8,
        least: int = 8,
    ) -> None:
        parts: dict[bool, list[nn.Parameter]] = {True: [], False: []}
        for value in params:
            parts[value.ndim >= 2 and len(value) >= least].append(value)
        held = {"lr": rate, "betas": betas, "momentum": momentum, "eps": eps}
        groups = [{"params": part, "matrices": flag} for flag, part in parts.items() if part]
        super().__init__(groups, held)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step with the gradients at hand; values without one stay."""
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        for group in self.param_groups:
            held = [value for value in group["params"] if value.grad is not None]
            if group["matrices"]:
                self._turn(held, group)
            else:
                self._adam(held, group)
        return loss

    def _turn(self, values: list[nn.Parameter], group: dict[str, Any]) -> None:
        by_shape: dict[tuple[int, int], list[nn.Parameter]] = {}
        for value in values:
            by_shape.setdefault((len(value), value[0].numel()), []).append(value)
        for (rows, columns), alike in by_shape.items():
            updates = []
            for value in alike:
                assert value.grad is not None
                state = self.state[value]
                if not state:
                    state["momentum"] = torch.zeros_like(value)
                average = state["momentum"].lerp_(value.grad, 1 - group["momentum"])
                updates.append(value.grad.lerp(average, group["momentum"]).reshape(rows, columns))
            turned = orthogonal(torch.stack(updates))
            step = -0.2 * max(rows, columns) ** 0.5 * group["lr"]
            for value, update in zip(alike, turned, strict=True):
                value.add_(update.view(value.shape), alpha=step)

    def _adam(self, values: list[nn.Parameter], group: dict[str, Any]) -> None:
        first, second = group["betas"]
        for value in values:
            assert value.grad is not None
            state = self.state[value]
            if not state:
                state["step"] = torch.zeros(())
                state["mean"], state["square"] = torch.zeros_like(value), torch.zeros_like(value)
            state["step"] += 1
            count = float(state["step"])
            mean = state["mean"].lerp_(value.grad, 1 - first)
            square = state["square"].mul_(second).addcmul_(value.grad, value.grad, value=1 - second)
            size = (square / (1 - second**count)).sqrt_().add_(group["eps"])
            value.addcdiv_(mean, size, value=-group["lr"] / (1 - first**count))


def orthogonal(matrices: Tensor) -> Tensor:
    """(N, rows, columns) with about the same singular vectors, and singular values of about 1."""
    a, b, c = _QUINTIC
    x = matrices.float()
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    turned: Tensor = x if wide else x.mT
    return turned
