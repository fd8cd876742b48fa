"""Tables of operations: by formula, as printed, and as the engine executes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from diif_viewer.evaluation.operations import SCALES, in_the_papers_unit

Table = tuple[str, list[str], list[list[str]], int]
"""Title, head, cells, and how many columns hold names."""


def tables(rows: Sequence[dict[str, Any]], executed: dict[str, dict[str, Any]] | None = None) -> Iterator[Table]:
    """rows: of `operations.operations`. executed: of `executed.executed_operations`, where it was counted."""
    counted = executed or {}
    head = ["method", "decoder", "total", "T MAC", "in the paper's unit", "printed", "executed"]
    cells = [
        [
            row["method"],
            f"{row['decoder']:,}",
            f"{row['total']:,}",
            _tera(row["macs"]),
            f"{in_the_papers_unit(row['macs']):.3f}",
            "–" if row["printed"] is None else f"{row['printed']:.3f}",
            _tera(counted.get(row["method"], {}).get("macs")),
        ]
        for row in rows
    ]
    yield "Operations, EDSR-baseline, 160x90 to 2560x1440", head, cells, 1
    head = ["method", "as", *(f"x{scale}" for scale in SCALES)]
    cells = []
    for row in rows:
        cells.append([row["method"], "computed", *(_tera(row["scales"][str(s)]) for s in SCALES)])
        if row.get("printed_scales"):
            printed = row["printed_scales"]
            cells.append(
                [row["method"], "printed", *(f"{printed[str(s)]}" if str(s) in printed else "–" for s in SCALES)]
            )
        if row["method"] in counted:
            mine = counted[row["method"]]["scales"]
            cells.append([row["method"], "executed", *(_tera(mine[str(s)]) for s in SCALES)])
    yield "Operations in T MAC, EDSR-baseline, from 320x180", head, cells, 2


def _tera(count: int | None) -> str:
    return "–" if count is None else f"{count / 1e12:.3f}"
