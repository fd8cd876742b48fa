"""Figures as files, PNG, PDF or SVG by the suffix, and the plot of the papers: gain over bicubic against scale.

Plots are drawn with matplotlib, which is optional (the extra `research`).
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.errors import ExportError, RequestError
from diif_viewer.imaging.save import atomic_path
from diif_viewer.paths import may_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from diif_viewer.evaluation.tables import Mean

SUFFIXES = (".png", ".pdf", ".svg")

_DPI = 100  # of a PNG
_INK = "#202020"


def check_target(path: Path, pictures: Iterable[Path] = ()) -> None:
    """Refuse before the work what could only fail after it, and a figure in the place of one of its pictures.

    Raises RequestError for an unknown suffix and a folder that does not exist, ExportError.
    """
    if os.path.realpath(path) in {os.path.realpath(picture) for picture in pictures}:
        raise ExportError(f"{path} is the picture itself; give the figure another name.")
    if path.suffix.lower() not in SUFFIXES:
        raise RequestError(f"{path}: a figure is written as PNG, PDF or SVG; give a name that ends in one of these.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder; give the figure another name.")
    if not path.absolute().parent.is_dir():
        raise RequestError(f"The folder {path.parent} does not exist; make it first.")
    if not may_write(path.absolute().parent):
        raise ExportError(f"{path} cannot be written: there is no permission to write there.")


def check_plot(path: Path, pictures: Iterable[Path] = ()) -> None:
    """As `check_target`, for what matplotlib draws. Raises RequestError where that is missing, too."""
    check_target(path, pictures)
    try:
        missing = find_spec("matplotlib") is None
    except (ImportError, ValueError):
        missing = True
    if missing:
        raise RequestError("Plots are drawn with matplotlib, which is not here: pip install matplotlib.")


def gains(means: Sequence[Mean], dataset: str) -> dict[str, list[tuple[float, float]]]:
    """PSNR above bicubic's on one data set: method -> [(scale, dB)] by scale; bicubic itself is left out.

    Raises RequestError when bicubic was not measured.
    """
    of_dataset = [m for m in means if m.dataset == dataset]
    bicubic = {m.scale: m.psnr for m in of_dataset if m.method == "bicubic"}
    if not bicubic:
        raise RequestError("The plot shows the gain over bicubic: measure bicubic as well.")
    found: dict[str, list[tuple[float, float]]] = {}
    for m in sorted(of_dataset, key=lambda m: m.scale):
        if m.method != "bicubic" and m.scale in bicubic:
            found.setdefault(m.method, []).append((m.scale, m.psnr - bicubic[m.scale]))
    return {m.method: found[m.method] for m in of_dataset if m.method in found}  # in the order of the table


def write_gain_plot(means: Sequence[Mean], path: Path) -> None:
    """Gain over bicubic in dB against scale: a plot for each data set, a line for each method.

    Raises RequestError when bicubic was not measured, ExportError when the file cannot be written.
    """
    datasets = list(dict.fromkeys(m.dataset for m in means))
    lines = {dataset: gains(means, dataset) for dataset in datasets}
    figure = _figure((1 + 5 * len(datasets), 4.2), layout="constrained")
    for axes, dataset in zip(figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0], datasets, strict=True):
        for method, points in lines[dataset].items():
            axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=_literal(method))
        axes.axhline(0, color=_INK, linewidth=1)
        scales = sorted({scale for points in lines[dataset].values() for scale, _ in points})
        _scale_axis(axes, scales)
        axes.set_title(_literal(dataset))
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.axes[0].set_ylabel("PSNR above bicubic, dB")
    _save(figure, path)


def _scale_axis(axes: Axes, scales: Sequence[float]) -> None:
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(scales, [f"×{scale:g}" for scale in scales])
    axes.set_xlabel("scale")


def _literal(text: str) -> str:
    """A name that matplotlib draws as it is: no formula between two dollars, no bytes that are no letters."""
    return text.encode("utf-8", "replace").decode().replace("$", r"\$")


def _figure(inches: tuple[float, float], layout: Any = None) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, dpi=_DPI, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    with atomic_path(path) as temporary, _letters_may_lack():
        figure.savefig(temporary, format=path.suffix[1:].lower(), dpi=_DPI)


@contextlib.contextmanager
def _letters_may_lack() -> Iterator[None]:
    """A letter that the font lacks is drawn as a box; matplotlib's warning names a line of ours and helps nobody."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield
