"""Parameters and operations as the paper of DIIF sets them out, computed from the models, beside what it prints."""

from __future__ import annotations

from typing import Any

from diif_viewer.geometry import Lattice
from diif_viewer.models.counts import macs, parameters
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part

MODELS: dict[str, tuple[Part, float | None]] = {
    "LIIF": (Part("liif"), 5.117),
    "DIIF": (Part("diif"), 0.790),
    "DIIF, constant order": (Part("diif", {"order": "constant"}), 0.512),
    "DIIF, no slice ensemble": (Part("diif", {"slice_ensemble": False}), 0.542),
    "DIIF-S": (Part("diif-s"), None),
}
"""Decoder behind EDSR-baseline, and what the paper prints for 160x90 to 2560x1440 (in 1e12; None: it is ours)."""

SCALES = (2, 3, 4, 6, 12, 18, 24)
UNIT = 1.024
"""Figures below 1e12 are printed divided by this (DIIF, arXiv 2306.12321)."""


def operations() -> list[dict[str, Any]]:
    """Per model: {"method", "decoder" and "total" parameters, "macs", "printed", "scales"}.

    macs: of 160x90 to 2560x1440, multiply-accumulates. printed: what the paper has for it in 1e12, or None.
    scales: multiply-accumulates from 320x180, by scale.
    """
    table = []
    for name, (part, printed) in MODELS.items():
        model = ImplicitModel(ModelSpec(Part("edsr"), part))
        table.append(
            {
                "method": name,
                "decoder": parameters(model.decoder),
                "total": parameters(model),
                "macs": macs(model, Lattice.of_size(90, 160, 1440, 2560)).total,
                "printed": printed,
                "scales": {f"{s}": macs(model, Lattice.of_scale(180, 320, s)).total for s in SCALES},
            }
        )
    return table


def in_the_papers_unit(count: int) -> float:
    """Multiply-accumulates in 1e12 as the paper prints them: see UNIT."""
    return count / 1e12 if count >= 1e12 else count / 1e12 / UNIT
