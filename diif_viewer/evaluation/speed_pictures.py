"""What the benchmark measured, as pictures: curves, and bubbles in the manner of Figure 1 of the DIIF paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.evaluation.figures import check_plot
from diif_viewer.imaging.save import atomic_path
from diif_viewer.models.counts import parameters
from diif_viewer.paths import shipped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXES = {
    "scale": "scale",
    "window": "window height, pixels (16:9)",
    "picture": "picture, megapixels",
}
_SMALLEST, _LARGEST = 60.0, 1500.0  # areas of bubbles, in square points


def check_pictures(folder: Path) -> None:
    """Refuse before the work what could only fail after it. Raises RequestError: no folder, no matplotlib."""
    check_plot(folder / "curves.png")


def draw(result: dict[str, Any], folder: Path) -> list[Path]:
    """Write what a result holds into a folder as PNG; the files. Raises RequestError: no folder, no matplotlib."""
    check_pictures(folder)
    made = []
    if "curves" in result:
        made += [_curve(result["curves"], kind, folder / f"time-against-{kind}.png") for kind in AXES]
    if result.get("decoding", {}).get("rows"):
        made.append(_bubbles(result["decoding"], folder / "speed-and-operations.png"))
        psnr = card_psnr()
        if any(row["method"] in psnr and row["width"] == "lite" for row in result["decoding"]["rows"]):
            made.append(_quality(result["decoding"], psnr, folder / "speed-and-quality.png"))
    return made


def card_psnr(card: str = "lite.md", test: str = "Set14 x4") -> dict[str, float]:
    """PSNR in dB of the shipped models on `test`, by method as the benchmark calls it, as their card tells it."""
    try:
        text = (shipped("cards") / card).read_text(encoding="utf-8")
    except OSError:
        return {}
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    heads = [row for row in rows if test in row]
    if not heads:
        return {}
    column = heads[0].index(test)
    found = {row[0]: row[column].split("/")[0].strip(" *") for row in rows if len(row) == len(heads[0])}
    names = {"liif-lite": "LIIF", "diif-lite": "DIIF", "diif-s-lite": "DIIF-S"}
    return {name: float(found[model]) for model, name in names.items() if model in found}


def _quality(decoded: dict[str, Any], psnr: dict[str, float], path: Path) -> Path:
    """PSNR against time at the largest scale; the area of a bubble is the arithmetic of the view as executed."""
    scale = max(row["scale"] for row in decoded["rows"])
    rows = [r for r in decoded["rows"] if r["scale"] == scale and r["width"] == "lite" and r["method"] in psnr]
    rows = list({row["method"]: row for row in sorted(rows, key=lambda row: -row["view"])}.values())
    most = max(row["executed"] or row["reference"] for row in rows)

    def paint(axes: Axes) -> None:
        for row in rows:
            work = row["executed"] or row["reference"]
            place = row["view"], psnr[row["method"]]
            axes.scatter([place[0]], [place[1]], s=max(_SMALLEST, _LARGEST * work / most), alpha=0.5)
            axes.annotate(f"{row['method']}\n{work:.0f} GMAC", place, ha="center", va="center", fontsize=7)
        axes.set_xscale("log")
        axes.margins(0.3)
        axes.set_xlabel(f"ms for a view at x{scale:g}, lite")
        axes.set_ylabel("PSNR on Set14 at x4, dB")

    return _written(path, paint)


def _curve(curves: dict[str, Any], kind: str, path: Path) -> Path:
    points = [point for point in curves["points"] if point["curve"] == kind]
    shown = ("first", "view") if kind == "picture" else ("view",)

    def paint(axes: Axes) -> None:
        for method in dict.fromkeys(point["method"] for point in points):
            mine = [point for point in points if point["method"] == method]
            for what in shown:
                label = method if len(shown) == 1 else f"{method}, {'first look' if what == 'first' else 'any later'}"
                axes.plot([p["at"] for p in mine], [p[what] for p in mine], marker="o", label=label)
        if kind == "picture":
            axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel(AXES[kind])
        axes.set_ylabel("ms for a view")
        axes.legend(frameon=False)

    return _written(path, paint)


def _bubbles(decoded: dict[str, Any], path: Path) -> Path:
    """Time against arithmetic at the largest scale; the area of a bubble is the decoder's number of parameters."""
    from diif_viewer.evaluation.speed import KINDS, reference_model

    kinds = {label: kind for kind, label in KINDS.items()}
    scale = max(row["scale"] for row in decoded["rows"])
    rows = [row for row in decoded["rows"] if row["scale"] == scale]
    fastest = {(row["method"], row["width"]): row for row in sorted(rows, key=lambda row: -row["view"])}

    def paint(axes: Axes) -> None:
        sizes = {
            key: parameters(reference_model(kinds.get(key[0], "liif"), key[1]).decoder) / 1e3  # the yardstick is LIIF
            for key in fastest
        }
        most = max(sizes.values())
        for (method, width), row in fastest.items():
            area = max(_SMALLEST, _LARGEST * sizes[method, width] / most)
            axes.scatter([row["reference"]], [row["view"]], s=area, alpha=0.5)
            words = f"{method}, {width}\n{sizes[method, width]:.0f}K"
            axes.annotate(words, (row["reference"], row["view"]), ha="center", va="center", fontsize=7)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.margins(0.15)
        axes.set_xlabel(f"GMAC of a view at x{scale:g}, as the papers count")
        axes.set_ylabel("ms for the view")

    return _written(path, paint)


def _written(path: Path, paint: Any) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((6.4, 4.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    paint(axes)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")
    return path
