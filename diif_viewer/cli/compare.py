"""`diif-viewer compare`: one region of a picture by several methods and scales, as a figure for paper or screen."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.cli import arguments
from diif_viewer.cli.inputs import STANDARD, in_full, standard_input
from diif_viewer.cli.progress import ProgressLine
from diif_viewer.errors import RequestError

if TYPE_CHECKING:
    import numpy.typing as npt

    from diif_viewer.evaluation.comparison import Box, Crop, Row
    from diif_viewer.ui import figure

HELP = "Draw one region of a picture by several methods and scales, labelled with PSNR and SSIM."

METHOD_NAMES = ("bicubic", "liif-lite", "diif-lite", "diif-s-lite")
_TRUTH_SIDE, _ZOOM_SIDE = 120, 32
_TRUTH = "the truth, or - for standard input: it is reduced by each scale and compared"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help=_TRUTH)
    arguments.add_page_and_turn(parser)
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
    parser.add_argument(
        "--dtype",
        choices=("uint8", "float32"),
        default="float32",
        help="models compute fast, as on screen, or in float32 (default)",
    )
    parser.add_argument("--alone", action="store_true", help="leave out the whole picture beside the crops")
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
    from diif_viewer.evaluation.figures import check_target
    from diif_viewer.ui import paper
    from diif_viewer.ui.figure_file import write_figure

    check_target(args.output, [image])
    paper.prepare()
    scales = args.scale or [4.0, 8.0]
    if min(scales) <= 1:
        raise RequestError("Methods are compared at scales above 1.")
    pixels, seen = _pixels(args, image)
    shape = pixels.shape if args.zoom else comparison.comparable_size(pixels.shape, scales)
    if min(shape[:2]) < 1:
        raise RequestError(f"{image.name}: the picture is too small to be reduced x{max(scales):g}.")
    box = args.box or _detailed(seen[: shape[0], : shape[1]], _ZOOM_SIDE if args.zoom else _TRUTH_SIDE)
    methods = load_methods(args.method or METHOD_NAMES, args.device)
    progress = ProgressLine(enabled=not args.quiet)
    try:
        make = comparison.of_picture if args.zoom else comparison.of_truth
        rows = make(pixels, scales, methods, box, dtype=args.dtype, progress=progress)
    finally:
        progress.close()
    write_figure(_figure(None if args.alone else seen, seen.shape, rows, box, image.name), args.output)
    if args.json:
        print(json.dumps(_record(args, box, rows), indent=1))
    elif not args.quiet:
        region = ",".join(f"{value:g}" for value in box)
        print(f"{args.output}: region {region} at {', '.join(f'x{s:g}' for s in scales)}")
    return 0


def _pixels(args: argparse.Namespace, path: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """What is enlarged, or the truth, and the picture as it is seen: both in sRGB, HWC; the second RGB in 8 bits.

    What is transparent is white, as paper is.
    """
    from diif_viewer.imaging.colour import over, to_8_bits, to_srgb
    from diif_viewer.imaging.load import load_picture

    with in_full(path):
        pixels = to_srgb(load_picture(path, page=args.page - 1)).laid(args.turn).pixels
    seen = over(to_8_bits(pixels), (255, 255, 255))
    return pixels if args.zoom and pixels.shape[2] in (1, 3) else seen, seen


def _detailed(pixels: npt.NDArray[Any], side: int) -> tuple[float, float, float, float]:
    from diif_viewer.cli.contact_sheet import most_detailed
    from diif_viewer.geometry import Lattice

    height, width = pixels.shape[:2]
    window = most_detailed(pixels, Lattice.of_scale(height, width, 1.0), min(side, height), min(side, width))
    return window.left, window.top, window.right, window.bottom


def _figure(
    picture: npt.NDArray[Any] | None, shape: tuple[int, ...], rows: list[Row], box: Box, name: str
) -> figure.Figure:
    """picture: drawn beside the crops, HWC RGB. shape: of what `box` lies in."""
    from diif_viewer.ui import figure
    from diif_viewer.ui.images import opaque

    labels = _labels([crop.name for crop in rows[0].crops])
    drawn = [
        figure.Row(
            row.scale,
            (row.crops[0].pixels.shape[0], row.crops[0].pixels.shape[1]),
            tuple(figure.Crop(labels[crop.name], opaque(crop.pixels), crop.psnr, crop.ssim) for crop in row.crops),
        )
        for row in rows
    ]
    parts = box[0] / shape[1], box[1] / shape[0], box[2] / shape[1], box[3] / shape[0]
    footer = figure.footer(name, box, measured=rows[0].crops[0].psnr is not None)
    return figure.Figure(None if picture is None else opaque(picture), parts, tuple(drawn), footer)


def _labels(names: list[str]) -> dict[str, str]:
    """Names as people read them: LIIF for liif-lite, where no other column would be called the same."""
    from diif_viewer.ui.reduced import ON_SCREEN

    labels = [ON_SCREEN[name].label if name in ON_SCREEN else Path(name).stem for name in names]
    return {name: label if labels.count(label) == 1 else name for name, label in zip(names, labels, strict=True)}


def _record(args: argparse.Namespace, box: Box, rows: list[Row]) -> dict[str, Any]:
    """For scripts; PSNR and SSIM are null for the truth itself, and missing where there is no truth."""

    def number(value: float | None) -> float | None:
        return round(value, 4) if value is not None and math.isfinite(value) else None

    def crop(made: Crop) -> dict[str, Any]:
        known = {} if made.psnr is None else {"psnr": number(made.psnr), "ssim": number(made.ssim)}
        return {"method": made.name} | known

    shown = [{"scale": row.scale, "methods": [crop(made) for made in row.crops]} for row in rows]
    return {"input": str(args.image), "output": str(args.output), "box": list(box), "rows": shown}
