"""Scores as files: one line per picture as CSV, everything as JSON, means as a Markdown table."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from diif_viewer.errors import ExportError
from diif_viewer.evaluation.quality import Score
from diif_viewer.evaluation.seams import Seams, seam_table
from diif_viewer.imaging.save import atomic_path

_UNFINISHED = "unfinished.csv"


@dataclass(frozen=True, slots=True)
class Mean:
    """Means over the pictures of one data set at one scale."""

    dataset: str
    scale: float
    method: str
    psnr: float
    ssim: float
    seconds: float
    pictures: int


def means(scores: Sequence[Score]) -> list[Mean]:
    """One mean per data set, scale and method, in the order in which they first appear."""
    groups: dict[tuple[str, float, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.dataset, score.scale, score.method), []).append(score)

    def mean(values: list[float]) -> float:
        known = [v for v in values if not math.isnan(v)]
        return float(np.mean(known)) if known else math.nan

    return [
        Mean(*key, mean([s.psnr for s in g]), mean([s.ssim for s in g]), mean([s.seconds for s in g]), len(g))
        for key, g in groups.items()
    ]


def markdown(scores: Sequence[Score]) -> str:
    """A table of PSNR / SSIM: a row per method, a column per data set and scale; the best PSNR of each is bold."""
    found = {(m.dataset, m.scale, m.method): m for m in means(scores)}
    columns = list(dict.fromkeys((d, s) for d, s, _ in found))
    rows = list(dict.fromkeys(method for *_, method in found))
    best = {c: max(m.psnr for (d, s, _), m in found.items() if (d, s) == c) for c in columns}
    lines = [
        "| method | " + " | ".join(f"{_cell(dataset)} x{scale:g}" for dataset, scale in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for method in rows:
        cells = []
        for column in columns:
            m = found.get((*column, method))
            text = f"{m.psnr:.2f}" if m else "–"
            cells.append(f"**{text}**" if m and m.psnr == best[column] else text)
            if m and not math.isnan(m.ssim):
                cells[-1] += f" / {m.ssim:.4f}"
        lines.append(f"| {_cell(method)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(name: str) -> str:
    return name.replace("|", "\\|")


def csv_text(scores: Sequence[Score]) -> str:
    """One line per score, with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f.name for f in fields(Score)])
    for s in scores:
        figures = (f"{s.psnr:.4f}", f"{s.ssim:.6f}", f"{s.seconds:.3f}")
        writer.writerow([s.dataset, s.picture, s.method, f"{s.scale:g}", *figures])
    return out.getvalue()


def json_text(scores: Sequence[Score], about: dict[str, str], seams: Sequence[Seams] = ()) -> str:
    """`about` (protocol, device, ...), the means, all scores, the seams; what is not a finite number becomes null."""

    def plain(value: object) -> object:
        if isinstance(value, tuple | list):
            return [plain(v) for v in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    def records(items: Sequence[Score | Mean | Seams]) -> list[dict[str, object]]:
        return [{name: plain(value) for name, value in asdict(item).items()} for item in items]

    held = {**about, "means": records(means(scores)), "scores": records(scores)}
    return json.dumps({**held, "seams": records(seams)} if seams else held, indent=1) + "\n"


def write_tables(
    scores: Sequence[Score], about: dict[str, str], folder: Path, seams: Sequence[Seams] = ()
) -> list[Path]:
    """Write scores.csv, scores.json and table.md into `folder`, each atomically. Raises ExportError."""
    table = markdown(scores) + ("\n" + seam_table(seams) if seams else "")
    texts = {"scores.csv": csv_text(scores), "scores.json": json_text(scores, about, seams), "table.md": table}
    return [_written(folder / name, text) for name, text in texts.items()]


@contextlib.contextmanager
def kept_scores(folder: Path | None, tell: Callable[[Path], None]) -> Iterator[list[Score]]:
    """A list whose scores are written into `folder`, as unfinished.csv, where the block ends by an error or a signal.

    tell: called with the file then. Where the block ends well, such a file of an earlier try is removed. None as the
    folder: nothing is written.
    """
    scores: list[Score] = []
    try:
        yield scores
    except BaseException:
        if folder is not None and scores:
            with contextlib.suppress(ExportError, OSError):  # what ended the block is what is told
                tell(_written(folder / _UNFINISHED, csv_text(scores)))
        raise
    if folder is not None:
        (folder / _UNFINISHED).unlink(missing_ok=True)


def _written(path: Path, text: str) -> Path:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path
