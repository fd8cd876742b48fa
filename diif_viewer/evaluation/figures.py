"""Figures as in the papers: gain over bicubic against scale, and one region by several methods and scales.

Drawn with matplotlib, which is optional (the extra `research`); PNG, PDF or SVG by the suffix.
"""

from __future__ import annotations

import contextlib
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from diif_viewer.errors import ExportError, RequestError
from diif_viewer.imaging.save import atomic_path
from diif_viewer.paths import may_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from diif_viewer.evaluation.tables import Mean

Bytes = npt.NDArray[np.uint8]

SUFFIXES = (".png", ".pdf", ".svg")

_DPI = 100  # of a PNG; a panel's pixels are then the crop's pixels, or a whole multiple of them
_PANEL, _LARGEST = 240, 480  # side of a panel in pixels: about, and at most
_GAP, _CAPTION, _ROW_NAME = 8, 26, 40
_FONT_SIZE = 9  # points
_INK, _MARK = "#202020", "#e02020"


def check_target(path: Path, pictures: Iterable[Path] = ()) -> None:
    """Refuse before the work what could only fail after it, and a figure in the place of one of its pictures.

    Raises RequestError: no matplotlib, unknown suffix; ExportError.
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
    try:
        missing = find_spec("matplotlib") is None
    except (ImportError, ValueError):
        missing = True
    if missing:
        raise RequestError("Figures are drawn with matplotlib, which is not here: pip install matplotlib.")


# ---- gain over bicubic -----------------------------------------------------------------------------------


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


# ---- one region, many methods ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Crop:
    """The region by one method. pixels: HWC RGB. psnr: dB where the truth is known, infinite for the truth itself."""

    label: str
    pixels: Bytes
    psnr: float | None = None

    @property
    def caption(self) -> str:
        """What stands below it."""
        return f"{self.label}  {self.psnr:.2f} dB" if self.psnr is not None and np.isfinite(self.psnr) else self.label


@dataclass(frozen=True, slots=True)
class Row:
    """The crops of one scale; all rows have the same labels in the same order."""

    scale: float
    crops: tuple[Crop, ...]


def write_comparison(picture: Bytes, box: tuple[float, ...], rows: Sequence[Row], footer: str, path: Path) -> None:
    """The whole picture with the region marked, and beside it the region: a row per scale, a column per method.

    picture: HWC RGB. box: (left, top, right, bottom) in its pixels. footer: said in small print. The best PSNR of a row
    is bold. Raises ExportError when the file cannot be written.
    """
    panel_height, panel_width = _panel_size(rows)
    columns, step, pitch = len(rows[0].crops), panel_height + _CAPTION, max(panel_width, _widest_caption(rows)) + _GAP
    height = len(rows) * step
    whole_width = min(2 * panel_width, round(height * picture.shape[1] / picture.shape[0]))
    left = whole_width + _ROW_NAME
    total = (left + columns * pitch, height + _GAP + _CAPTION)
    figure = _figure((total[0] / _DPI, total[1] / _DPI))

    whole_height = round(whole_width * picture.shape[0] / picture.shape[1])
    axes = _panel(figure, total, (0, _GAP, whole_width, whole_height), picture)
    _mark(axes, box)
    for number, row in enumerate(rows):
        top = _GAP + number * step
        middle = (left - _ROW_NAME / 2, top + panel_height / 2)
        _text(figure, total, middle, f"×{row.scale:g}", rotation=90)
        for column, crop in enumerate(row.crops):
            place = (left + column * pitch + (pitch - _GAP - panel_width) // 2, top, panel_width, panel_height)
            _panel(figure, total, place, crop.pixels)
            below = (place[0] + panel_width / 2, top + panel_height + _CAPTION / 2)
            weight = "bold" if crop.psnr is not None and crop.psnr == _best(row) else "normal"
            _text(figure, total, below, crop.caption, fontweight=weight)
    _text(figure, total, (_GAP, total[1] - _CAPTION / 2), footer, fontsize=8, ha="left")
    _save(figure, path)


def _best(row: Row) -> float:
    known = [c.psnr for c in row.crops if c.psnr is not None and np.isfinite(c.psnr)]
    return max(known, default=float("nan"))


def _panel_size(rows: Sequence[Row]) -> tuple[int, int]:
    """(height, width) in pixels: a whole multiple of the largest crop as far as it fits, in its proportions."""
    height, width = max((row.crops[0].pixels.shape[:2] for row in rows), key=max)
    longest = max(height, width)
    factor = max(1, round(_PANEL / longest)) if longest <= _LARGEST else _LARGEST / longest
    return max(1, round(height * factor)), max(1, round(width * factor))


def _widest_caption(rows: Sequence[Row]) -> int:
    """Pixels that the longest caption takes, were it bold."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(size=_FONT_SIZE, weight="bold")
    captions = {_literal(crop.caption) for row in rows for crop in row.crops}
    with _letters_may_lack():
        widths = [float(TextPath((0, 0), caption, prop=font).get_extents().x1) for caption in captions]
    return math.ceil(max(widths) * _DPI / 72)


def _panel(figure: Figure, total: tuple[int, int], place: tuple[int, int, int, int], pixels: Bytes) -> Axes:
    """Show `pixels` at `place` (left, top, width, height) of a figure of `total` (width, height), in figure pixels."""
    left, top, width, height = place
    axes = figure.add_axes(
        (left / total[0], 1 - (top + height) / total[1], width / total[0], height / total[1]), frameon=False
    )
    axes.set_axis_off()
    shrunk = pixels.shape[0] > height
    axes.imshow(pixels, interpolation="antialiased" if shrunk else "none", aspect="auto")
    return axes


def _mark(axes: Axes, box: tuple[float, ...]) -> None:
    from matplotlib.patches import Rectangle

    left, top, right, bottom = box
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, fill=False, edgecolor=_MARK))


def _text(figure: Figure, total: tuple[int, int], at: tuple[float, float], text: str, **style: Any) -> None:
    usual: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": _FONT_SIZE, "color": _INK}
    figure.text(at[0] / total[0], 1 - at[1] / total[1], _literal(text), **(usual | style))


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
