"""The tables of a GPU's figures, from the plain values that the benchmark's JSON holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Cells = list[list[str]]
Table = tuple[str, list[str], Cells, int]
"""Title, head, cells, and how many columns of names."""

WANTED_VIEW = {"DIIF-S": 8.0, "DIIF": 20.0}
"""Milliseconds that a window of 3840 x 2160 at x16 is meant to take at full width."""

WANTED_FRAMES = 120.0
"""Frames per second of a zoom in a window of 1920 x 1080."""


def tables(result: dict[str, Any]) -> Iterator[Table]:
    """All tables of a device."""
    if result["device"]:
        yield "The GPU", ["what", "measured"], _device(result), 1
    yield "Wanted of a GPU, and measured", ["what", "wanted", "measured", "met"], list(wanted(result)), 1
    if result["views"]:
        yield _views(result)
    if result["zooms"]:
        yield _zooms(result)
    if result["settings"]:
        yield _settings(result)
    if result["failures"]:
        yield "What failed", ["piece", "why"], [[f["piece"], f["error"][:90]] for f in result["failures"]], 2


def _device(result: dict[str, Any]) -> Cells:
    about = result["device"]
    cells = [["device", about["name"]]]
    if about["memory"]:
        cells.append(["memory", f"{about['memory'] / 2**30:.0f} GiB"])
    cells += [[f"matrix product, {dtype}", f"{rate:.1f} TFLOP/s"] for dtype, rate in about["matrix"].items()]
    cells.append(["copy within, read and written", f"{about['copy']:.0f} GB/s"])
    cells.append(["copy to main memory", f"{about['download']:.1f} GB/s"])
    return [*cells, ["kernels used", result["kernels"]]]


def wanted(result: dict[str, Any]) -> Iterator[list[str]]:
    """What was wanted of each figure, what was measured, and whether that will do."""
    for row in result["views"]:
        limit = WANTED_VIEW.get(row["method"])
        if limit is not None and (row["width"], row["scale"]) == ("full", 16.0):
            height, width = row["window"]
            measured = row["milliseconds"]
            what = f"{width}x{height} at x16, {row['method']}, full width"
            yield [what, f"<= {limit:g} ms", f"{measured:.2f} ms", "yes" if measured <= limit else "no"]
    for row in result["zooms"]:
        if row["method"] == "DIIF-S":
            height, width = row["window"]
            measured = row["frames_per_second"]
            what = f"{width}x{height} while zooming, {row['method']}, {row['width']} width"
            met = "yes" if measured >= WANTED_FRAMES else "no"
            yield [what, f">= {WANTED_FRAMES:g} frames/s", f"{measured:.0f} frames/s", met]


def _views(result: dict[str, Any]) -> Table:
    height, width = result["views"][0]["window"]
    head = ["method", "width", "scale", "kernels", "ms", "at best", "spread", "plain ms", "transfer ms", "maps ms"]
    cells = [
        [
            row["method"],
            row["width"],
            f"x{row['scale']:g}",
            "yes" if row["kernels"] else "no",
            *(f"{row[key]:.2f}" for key in ("milliseconds", "best")),
            f"{row['spread']:.0%}",
            *(f"{row[key]:.2f}" for key in ("plain", "transfer", "maps", "encode")),
            "–" if row["teraflops"] is None else f"{row['teraflops']:.0f}",
            "–" if row["peak"] is None else f"{row['peak'] / 2**30:.1f}",
        ]
        for row in sorted(result["views"], key=lambda row: (row["method"], row["width"], row["scale"]))
    ]
    return f"A window of {width}x{height}, pixels in main memory", [*head, "encode ms", "TFLOP/s", "peak GiB"], cells, 4


def _zooms(result: dict[str, Any]) -> Table:
    height, width = result["zooms"][0]["window"]
    head = ["method", "width", "frames/s", "95 % within ms", "in 1/120 s"]
    cells = [
        [
            row["method"],
            row["width"],
            f"{row['frames_per_second']:.0f}",
            f"{row['slowest']:.2f}",
            f"{row['in_time']:.0%}",
        ]
        for row in sorted(result["zooms"], key=lambda row: (row["method"], row["width"]))
    ]
    low, high = result["zooms"][0]["scales"]
    return f"A zoom from x{low:g} to x{high:g} in a window of {width}x{height}", head, cells, 2


def _settings(result: dict[str, Any]) -> Table:
    head = ["channels at once", "warps", "stages", "best ms"]
    cells = [[*(str(row[key]) for key in ("part", "warps", "stages")), _best(row)] for row in result["settings"]]
    return "How the kernel is compiled: DIIF-S, full width, x16", head, cells, 0


def _best(row: dict[str, Any]) -> str:
    return "does not fit" if row["best"] is None else f"{row['best']:.2f}"
