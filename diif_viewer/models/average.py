"""The mean of several models' weights, which of models that grew from one another is often better than each.

Source: Wortsman et al., "Model soups", ICML 2022.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from diif_viewer.errors import RequestError
from diif_viewer.models.model import ImplicitModel


def averaged(models: Sequence[ImplicitModel], shares: Sequence[float]) -> ImplicitModel:
    """A model of the same kind whose weights are the weighted mean of theirs, computed in float64.

    shares: one above 0 for each; only their ratios count. Raises RequestError for models of different kinds.
    """
    if any(model.spec.completed() != models[0].spec.completed() for model in models):
        raise RequestError(
            "Only models of one kind can be averaged: the same encoder, the same decoder, the same sizes."
        )
    parts = [(model.state_dict(), share) for model, share in zip(models, of_one(shares), strict=True)]
    mean = ImplicitModel(models[0].spec)
    with torch.no_grad():
        for name, value in mean.state_dict().items():
            value.copy_(torch.stack([weights[name].double() * share for weights, share in parts]).sum(dim=0))
    return mean


def of_one(shares: Sequence[float]) -> list[float]:
    """Shares above 0 in the same ratios, with a sum of 1."""
    most = max(shares)  # so that no sum is beyond all numbers
    whole = sum(share / most for share in shares)
    return [share / most / whole for share in shares]
