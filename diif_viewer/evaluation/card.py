"""The tables of a model card: quality within and beyond the training range, on compressed pictures, and the seams.

One call measures all of it, so that a card's figures come from one command and one set of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer.errors import RequestError
from diif_viewer.evaluation.quality import PROTOCOLS, Case, Score, dataset_names, find_cases, load_case, measure
from diif_viewer.evaluation.seams import measure_seams, seam_table
from diif_viewer.evaluation.tables import markdown, means
from diif_viewer.models.registry import PHOTO

if TYPE_CHECKING:
    from diif_viewer.engine.model import Model

Progress = Callable[[float], None]

WITHIN, BEYOND, COMPRESSED = (2.0, 3.0, 4.0), (6.0, 8.0), (2.0, 4.0)
"""Scales of the three tables."""

JPEG_QUALITY = 75
SEAM_PICTURES = 3

PUBLISHED: Mapping[str, Mapping[tuple[str, float], float]] = {
    "LIIF with RDN, as published": {("Set14", 6.0): 26.64, ("Set14", 8.0): 25.15},
    "DIIF with RDN, as published": {("Set14", 6.0): 26.69, ("Set14", 8.0): 25.19},
}
"""PSNR on luminance, dB, with an encoder of 22 million parameters: Chen et al. (CVPR 2021), He and Jin (ICME 2024)."""


def card_tables(folders: Sequence[Path], methods: Sequence[str | Model], progress: Progress | None = None) -> str:
    """All tables in Markdown, each under a line that says what it is.

    folders: benchmarks with given low-resolution pictures. Beyond x4 those are made, on the data sets that the papers
    report (on all of them where none is one). methods: as for `quality.measure`, bicubic among them. The table of
    compressed pictures is there when the photo model is. progress: called with the finished fraction.
    Raises ImageError, RequestError.
    """
    names = dataset_names(folders)

    def cases(folders: Sequence[Path], scales: Sequence[float], *, made: bool = False) -> list[Case]:
        every = ((folder, scale) for folder in folders for scale in scales)
        return [c for folder, scale in every for c in find_cases(folder, scale, made=made, name=names[folder])]

    given = cases(folders, WITHIN)
    for case in given:
        if case.low is None:
            raise RequestError(
                f"{case.high.parent}: a card needs low-resolution pictures in LR_x{case.scale:g} beside this folder."
            )
    reported = {dataset for figures in PUBLISHED.values() for dataset, _ in figures}
    chosen = [folder for folder in folders if folder.resolve().name in reported] or list(folders)
    made = cases(chosen, BEYOND, made=True)
    has_photo = any(not isinstance(method, str) and method.name == PHOTO for method in methods)
    spoilt = [replace(case, jpeg=JPEG_QUALITY) for case in cases(chosen, COMPRESSED)] if has_photo else []
    parts = [part for part in (given, made, spoilt) if part]
    work = [*(float(len(part)) for part in parts), float(SEAM_PICTURES)]

    def told(number: int) -> Progress:
        def tell(fraction: float) -> None:
            if progress is not None:
                progress((sum(work[:number]) + work[number] * fraction) / sum(work))

        return tell

    scores = [
        measure(part, methods, PROTOCOLS["benchmark"], progress=told(number)) for number, part in enumerate(parts)
    ]
    pictures = [load_case(case)[0] for case in given[:SEAM_PICTURES]]
    seams = measure_seams(pictures, methods, told(len(parts)))
    texts = [_said("Low-resolution pictures as given; PSNR (dB) / SSIM on luminance", markdown(scores[0]))]
    texts.append(_said("Beyond the training range, low-resolution pictures made from the truth", _beyond(scores[1])))
    if spoilt:
        texts.append(_said(f"Low-resolution pictures saved as JPEG of quality {JPEG_QUALITY}", markdown(scores[2])))
    texts.append(_said(f"Seams, on the first {len(pictures)} pictures of {_name(given)}", seam_table(seams)))
    return "\n".join(texts)


def _said(what: str, table: str) -> str:
    return f"{what}:\n\n{table}"


def _name(cases: Sequence[Case]) -> str:
    return f"{cases[0].dataset} x{cases[0].scale:g}"


def _beyond(scores: Sequence[Score]) -> str:
    """The table with the papers' figures in rows of their own; a dash where they report none."""
    columns = list(dict.fromkeys((mean.dataset, mean.scale) for mean in means(scores)))
    rows = [
        f"| {name} | " + " | ".join(f"{figures[at]:.2f}" if at in figures else "–" for at in columns) + " |"
        for name, figures in PUBLISHED.items()
        if any(at in figures for at in columns)
    ]
    return markdown(scores) + "".join(row + "\n" for row in rows)
