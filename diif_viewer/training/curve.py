"""The course of a run: losses and validation quality, as CSV and as a picture."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from diif_viewer.training.files import write_whole

Row = dict[str, float]


class Curve:
    """Rows of figures by step; kept in the run's state so that a resumed run continues it without a seam."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._rows: list[Row] = []

    def rows(self) -> list[Row]:
        """All rows so far: "step", and those of "seconds", "rate", "loss ..." and "psnr ..." that were measured."""
        return [dict(row) for row in self._rows]

    def restore(self, rows: list[Row]) -> None:
        """Continue from saved rows."""
        self._rows = [dict(row) for row in rows]

    def add_losses(self, step: int, seconds: float, rate: float, losses: dict[str, float]) -> None:
        """Mean losses since the last row."""
        figures = {f"loss {name}": value for name, value in losses.items()}
        self._rows.append({"step": step, "seconds": round(seconds, 1), "rate": rate, **figures})

    def add_quality(self, step: int, psnr: dict[str, float]) -> None:
        """Validation figures (dB) of `step`, beside its losses."""
        figures = {f"psnr {name}": value for name, value in psnr.items()}
        if self._rows and self._rows[-1]["step"] == step:
            self._rows[-1].update(figures)
        else:
            self._rows.append({"step": step, **figures})

    def quality_line(self) -> str:
        """The last validation in words."""
        figures = {k[5:]: v for k, v in self._rows[-1].items() if k.startswith("psnr ")}
        return "valid " + "  ".join(f"{name} {value:.2f} dB" for name, value in figures.items())

    def last_is_best(self) -> bool:
        """Whether no earlier validation had a higher PSNR, in the mean over decoders and scales."""

        def mean(row: Row) -> float:
            figures = [v for k, v in row.items() if k.startswith("psnr ") and not k.startswith("psnr bicubic")]
            return sum(figures) / len(figures) if figures else float("-inf")

        *earlier, last = (mean(row) for row in self._rows)
        return last >= max(earlier, default=float("-inf"))

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for row in self._rows for name in row))

    def write(self) -> None:
        """Write curve.csv. Raises OSError."""
        if not self._rows:
            return
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, self._names())
        writer.writeheader()
        writer.writerows({k: f"{v:.0f}" if k == "step" else f"{v:.6g}" for k, v in row.items()} for row in self._rows)
        write_whole(self._run / "curve.csv", out.getvalue().encode())

    def plot(self) -> None:
        """Draw curve.png, where matplotlib is installed. Raises OSError."""
        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
        except ImportError:
            return
        names = self._names()
        figure = Figure(figsize=(9, 6), layout="constrained")
        FigureCanvasAgg(figure)
        upper, lower = figure.subplots(2, 1, sharex=True)
        for axes, prefix, label in ((upper, "loss ", "mean error"), (lower, "psnr ", "validation PSNR, dB")):
            for name in (n for n in names if n.startswith(prefix)):
                points = [(row["step"], row[name]) for row in self._rows if name in row]
                axes.plot(*zip(*points, strict=True), label=name[len(prefix) :], marker="" if len(points) > 30 else ".")
            axes.set_ylabel(label)
            axes.grid(alpha=0.3)
            if axes.lines:
                axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))  # beside the lines
        upper.set_yscale("log")
        lower.set_xlabel("step")
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=110)
        write_whole(self._run / "curve.png", out.getvalue())
