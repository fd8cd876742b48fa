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
    "DIIF-S": (Part("diif-s", {"knots": 1}), None),
    "DIIF-S, four knots": (Part("diif-s"), None),
}
"""Decoder behind EDSR-baseline, and what the paper prints for 160x90 to 2560x1440 (in 1e12; None: it is ours)."""

SOURCE, WHOLE = (180, 320), ((90, 160), (1440, 2560))
"""(height, width) of the picture that is enlarged by each of SCALES; and of one, with what it is enlarged to."""

SCALES = (2, 3, 4, 6, 12, 18, 24)
PRINTED: dict[str, dict[str, float]] = {"DIIF": {"2": 0.28}}
"""What is known of the paper's figures from 320x180, in 1e12; by formula it is 0.247 in its unit."""

UNIT = 1.024
"""Figures below 1e12 are printed divided by this (DIIF, arXiv 2306.12321)."""


def operations() -> list[dict[str, Any]]:
    """Per model: {"method", "decoder" and "total" parameters, "macs", "printed", "printed_scales", "scales"}.

    macs: of 160x90 to 2560x1440, multiply-accumulates. printed: what the paper has for it in 1e12, or None.
    scales: multiply-accumulates from 320x180, by scale.
    """
    table: list[dict[str, Any]] = []
    for name, (part, printed) in MODELS.items():
        model = ImplicitModel(ModelSpec(Part("edsr"), part))
        table.append(
            {
                "method": name,
                "decoder": parameters(model.decoder),
                "total": parameters(model),
                "macs": macs(model, Lattice.of_size(*WHOLE[0], *WHOLE[1])).total,
                "printed": printed,
                "printed_scales": PRINTED.get(name, {}),
                "scales": {f"{s}": macs(model, Lattice.of_scale(*SOURCE, s)).total for s in SCALES},
            }
        )
    table.append(_meta_sr(table[0]["total"] - table[0]["decoder"]))
    return table


def _meta_sr(encoder: int) -> dict[str, Any]:
    """MetaSR behind an encoder of so many parameters, by formula alone: it is compared with, not rendered.

    Per output pixel an MLP of 3 -> 256 -> 64 * 9 * 3 predicts a filter, applied to nine features of 64 channels
    (Hu et al., CVPR 2019, as the public LIIF code has it).
    """
    hidden, taps = 256, 64 * 9 * 3
    decoder = 3 * hidden + hidden + hidden * taps + taps
    per_output = 3 * hidden + hidden * taps + taps
    plain = ImplicitModel(ModelSpec(Part("edsr"), Part("diif")))

    def total(lattice: Lattice) -> int:
        return macs(plain, lattice).encoder + lattice.y.count * lattice.x.count * per_output

    return {
        "method": "MetaSR, by formula",
        "decoder": decoder,
        "total": encoder + decoder,
        "macs": total(Lattice.of_size(*WHOLE[0], *WHOLE[1])),
        "printed": None,
        "scales": {f"{s}": total(Lattice.of_scale(*SOURCE, s)) for s in SCALES},
    }


def in_the_papers_unit(count: int) -> float:
    """Multiply-accumulates in 1e12 as the paper prints them: see UNIT."""
    return count / 1e12 if count >= 1e12 else count / 1e12 / UNIT
