"""`diif-viewer compare`: one region of a picture by several methods and scales, as a figure for paper or screen."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.cli import arguments
from diif_viewer.cli.inputs import STANDARD, in_full, standard_input
from diif_viewer.cli.progress import ProgressLine
from diif_viewer.errors import RequestError
from diif_viewer.models.registry import METHODS

if TYPE_CHECKING:
    import numpy.typing as npt

    from diif_viewer.evaluation.figures import Row

HELP = "Draw one region of a picture by several methods and scales, labelled with PSNR."

METHOD_NAMES = ("bicubic", "liif-lite", "diif-lite", "diif-s-lite")
_TRUTH_SIDE, _ZOOM_SIDE = 120, 32
_TRUTH = "the truth, or - for standard input: it is reduced by each scale and compared"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help=_TRUTH)
    parser.add_argument("--zoom", action="store_true", help="enlarge the picture itself instead; no truth, no PSNR")
    parser.add_argument(
        "--scale", type=arguments.scales, action="extend", metavar="S,S", help="a row for each (default: 4,8)"
    )
    parser.add_argument(
        "--box",
        type=arguments.box,
        metavar="X0,Y0,X1,Y1",
        help="the region in pixels of the picture (default: find one)",
    )
    parser.add_argument(
        "--method",
        type=arguments.names,
        action="extend",
        metavar="M,M",
        help=f"a column for each: names or weights files (default: {','.join(METHOD_NAMES)})",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")
    parser.add_argument("--json", action="store_true", help="what is in the figure, as one JSON object")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FIGURE", help="a .png, .pdf or .svg file")


def run(args: argparse.Namespace) -> int:
    """Render the crops and write the figure. Raises DiifViewerError with one sentence."""
    if args.image != STANDARD:
        return _compare(args, args.image)
    with standard_input() as file:
        return _compare(args, file)


def _compare(args: argparse.Namespace, image: Path) -> int:
    from diif_viewer.cli.evaluate import load_methods
    from diif_viewer.evaluation import comparison
    from diif_viewer.evaluation.figures import check_target, write_comparison

    check_target(args.output, [image])
    scales = args.scale or [4.0, 8.0]
    if min(scales) <= 1:
        raise RequestError("Methods are compared at scales above 1.")
    picture = _as_seen(image)
    shape = picture.shape if args.zoom else comparison.comparable_size(picture.shape, scales)
    if min(shape[:2]) < 1:
        raise RequestError(f"{image.name}: the picture is too small to be reduced x{max(scales):g}.")
    box = args.box or _detailed(picture[: shape[0], : shape[1]], _ZOOM_SIDE if args.zoom else _TRUTH_SIDE)
    methods = load_methods(args.method or METHOD_NAMES, args.device)
    progress = ProgressLine(enabled=not args.quiet)
    try:
        if args.zoom:
            rows = comparison.of_picture(picture, scales, methods, box, progress)
        else:
            rows = comparison.of_truth(picture, scales, methods, box, progress)
    finally:
        progress.close()
    region = ",".join(f"{value:g}" for value in box)
    footer = f"{image.name}, region {region}" + ("" if args.zoom else "; PSNR of the region's luminance")
    write_comparison(picture, box, _labelled(rows), footer, args.output)
    if args.json:
        print(json.dumps(_record(args, box, rows), indent=1))
    elif not args.quiet:
        print(f"{args.output}: region {region} at {', '.join(f'x{s:g}' for s in scales)}")
    return 0


def _as_seen(path: Path) -> npt.NDArray[Any]:
    """A picture file as HWC RGB in 8 bits: in sRGB, and on white, as the figure, where it is transparent."""
    from diif_viewer.imaging.colour import over, to_8_bits, to_srgb
    from diif_viewer.imaging.load import load_picture

    with in_full(path):
        return over(to_8_bits(to_srgb(load_picture(path)).pixels), (255, 255, 255))


def _detailed(pixels: npt.NDArray[Any], side: int) -> tuple[float, float, float, float]:
    from diif_viewer.cli.contact_sheet import most_detailed
    from diif_viewer.geometry import Lattice

    height, width = pixels.shape[:2]
    window = most_detailed(pixels, Lattice.of_scale(height, width, 1.0), min(side, height), min(side, width))
    return window.left, window.top, window.right, window.bottom


def _record(args: argparse.Namespace, box: tuple[float, ...], rows: list[Row]) -> dict[str, Any]:
    """For scripts; PSNR is null for the truth itself, and missing where there is no truth."""

    def crop(name: str, psnr: float | None) -> dict[str, Any]:
        return {"method": name} | ({} if psnr is None else {"psnr": round(psnr, 4) if math.isfinite(psnr) else None})

    shown = [{"scale": row.scale, "methods": [crop(c.label, c.psnr) for c in row.crops]} for row in rows]
    return {"input": str(args.image), "output": str(args.output), "box": list(box), "rows": shown}


def _labelled(rows: list[Row]) -> list[Row]:
    """Names as people read them: LIIF for liif-lite, where no other column would be called the same."""
    names = [crop.label for crop in rows[0].crops]
    labels = [METHODS[name].label if name in METHODS else Path(name).stem for name in names]
    shown = {name: label if labels.count(label) == 1 else name for name, label in zip(names, labels, strict=True)}
    return [replace(row, crops=tuple(replace(c, label=shown[c.label]) for c in row.crops)) for row in rows]
