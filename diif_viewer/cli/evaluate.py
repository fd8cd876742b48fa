"""`diif-viewer eval`: PSNR and SSIM of models and classic methods on folders of pictures, as in the papers."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer.cli import arguments
from diif_viewer.cli.inputs import STANDARD
from diif_viewer.cli.methods import check_methods, is_classic
from diif_viewer.cli.progress import ProgressLine
from diif_viewer.errors import ExportError, RequestError
from diif_viewer.models.registry import SHIPPED
from diif_viewer.paths import may_write

if TYPE_CHECKING:
    from diif_viewer.engine.model import Model
    from diif_viewer.evaluation.quality import Case
    from diif_viewer.evaluation.seams import Seams

HELP = "Measure quality on folders of pictures, as the papers do."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "data", type=Path, nargs="+", metavar="FOLDER", help="truths, or a benchmark with HR_x2, LR_x2 and so on"
    )
    parser.add_argument(
        "--scale",
        type=arguments.scales,
        action="extend",
        metavar="S,S",
        help="scales, also fractional (default: 2,3,4)",
    )
    parser.add_argument("--protocol", choices=("benchmark", "div2k"), default="benchmark", help=_PROTOCOLS)
    parser.add_argument(
        "--method",
        type=arguments.names,
        action="extend",
        metavar="M,M",
        help="methods and models, or weights files (default: all)",
    )
    parser.add_argument("--lr", type=Path, metavar="FOLDER", help="folder of the low-resolution pictures")
    parser.add_argument(
        "--made", action="store_true", help="make the low-resolution pictures even where some are given"
    )
    parser.add_argument(
        "--jpeg", type=arguments.quality, metavar="1..100", help="compress the low-resolution pictures first"
    )
    parser.add_argument(
        "--blur",
        type=arguments.up_to(5),
        default=0.0,
        metavar="PIXELS",
        help="blur them before that, as a lens does: standard deviation, 0 to 5",
    )
    parser.add_argument("--count", type=arguments.count, metavar="N", help="only the first N pictures of each folder")
    parser.add_argument(
        "--dtype",
        choices=("float32", "uint8"),
        default="float32",
        help="measure exact values (default), or the screen's",
    )
    parser.add_argument(
        "--best",
        action="store_true",
        help="also the best quality of exports, the mean of eight flips and rotations: a row with + for each model",
    )
    parser.add_argument("--seams", action="store_true", help="also measure steps across the borders of enlarged pixels")
    parser.add_argument(
        "--card", action="store_true", help="all tables of a model card, for data sets with given LR pictures"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="write scores.csv, scores.json and table.md there"
    )
    parser.add_argument("--json", action="store_true", help="print all scores as one JSON object, not the table")
    parser.add_argument(
        "--plot", type=Path, metavar="FIGURE", help="draw the gain over bicubic against scale: .png, .pdf or .svg"
    )


_SEAM_PICTURES = 3
_PROTOCOLS = "benchmark: luminance, border of the scale left out (default); div2k: RGB, border of scale + 6"


def run(args: argparse.Namespace) -> int:
    """Measure, print the table, write the files. Raises DiifViewerError with one sentence."""
    from diif_viewer.evaluation.figures import check_plot, write_gain_plot
    from diif_viewer.evaluation.quality import PROTOCOLS, measure
    from diif_viewer.evaluation.seams import seam_table
    from diif_viewer.evaluation.tables import json_text, kept_scores, markdown, means, write_tables

    names = args.method or ["nearest", "bicubic", "lanczos", *(method.name for method in SHIPPED)]
    if args.output is not None:
        _make_folder(args.output)
    if args.card:
        return _card(args)
    if args.best and args.dtype != "float32":
        raise RequestError("The best quality is computed in float32; leave --dtype out.")
    if args.best and all(map(is_classic, names)):
        raise RequestError("--best is for models; name one with --method as well.")
    if args.plot is not None and "bicubic" not in names:
        raise RequestError("The plot shows the gain over bicubic: measure bicubic as well.")
    if args.plot is not None and set(names) == {"bicubic"}:
        raise RequestError("The plot shows the gain over bicubic: measure another method as well.")
    cases = _cases(args)
    if args.plot is not None:
        check_plot(args.plot, [path for case in cases for path in (case.high, case.low) if path is not None])
    methods = load_methods(names, args.device)
    rows = len(methods) + args.best * sum(not isinstance(method, str) for method in methods)
    progress = ProgressLine(enabled=not args.quiet, work=len(cases) * rows, unit="pictures")
    with kept_scores(args.output, partial(_remark, args)) as scores, contextlib.closing(progress):
        protocol = PROTOCOLS[args.protocol]
        measure(cases, methods, protocol, dtype=args.dtype, best=args.best, progress=progress, scores=scores)
    if not args.json:
        print(markdown(scores), end="")
    if args.plot is not None:
        write_gain_plot(means(scores), args.plot)
        _remark(args, args.plot)
    seams = _seams(cases, methods, ProgressLine(enabled=not args.quiet)) if args.seams else []
    if seams and not args.json:
        print("\n" + seam_table(seams), end="")
    about = {"protocol": args.protocol, "dtype": args.dtype, "low": _origin(cases)}
    if args.jpeg is not None:
        about["jpeg"] = str(args.jpeg)
    if args.blur:
        about["blur"] = f"{args.blur:g}"
    if args.json:
        print(json_text(scores, about, seams), end="")
    if args.output is not None:
        for path in write_tables(scores, about, args.output, seams):
            _remark(args, path)
    return 0


def _card(args: argparse.Namespace) -> int:
    """Print the tables of a model card; with -o also as card.md."""
    from diif_viewer.evaluation.card import card_tables
    from diif_viewer.imaging.save import atomic_path

    asked = (args.scale, args.lr, args.made, args.jpeg, args.blur, args.count, args.best, args.seams, args.plot)
    if any(asked) or args.json or args.protocol != "benchmark" or args.dtype != "float32":
        raise RequestError("A card says itself what it measures: give data sets, --method and -o beside --card.")
    names = args.method or [method.name for method in SHIPPED]
    methods = load_methods(["bicubic", *names], args.device)
    progress = ProgressLine(enabled=not args.quiet)
    try:
        text = card_tables(_once(args.data), methods, progress)
    finally:
        progress.close()
    print(text, end="")
    if args.output is not None:
        with atomic_path(args.output / "card.md") as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        _remark(args, args.output / "card.md")
    return 0


def _remark(args: argparse.Namespace, path: Path) -> None:
    if not args.quiet:
        print(path, file=sys.stderr)


def _seams(cases: list[Case], methods: list[str | Model], progress: ProgressLine) -> list[Seams]:
    """The seams on the first few low-resolution pictures."""
    from diif_viewer.evaluation.quality import load_case
    from diif_viewer.evaluation.seams import measure_seams

    pictures = [load_case(case)[0] for case in cases[:_SEAM_PICTURES]]
    try:
        return measure_seams(pictures, methods, progress)
    finally:
        progress.close()


def _cases(args: argparse.Namespace) -> list[Case]:
    from diif_viewer.evaluation.quality import dataset_names, find_cases

    if args.lr is not None and args.made:
        raise RequestError("Give either --lr or --made.")
    scales = args.scale or [2.0, 3.0, 4.0]
    if min(scales) <= 1:
        raise RequestError("Quality is measured at scales above 1.")
    folders = _once(args.data)
    names = dataset_names(folders)
    found = [
        find_cases(folder, scale, low=args.lr, made=args.made, name=names[folder])[: args.count]
        for folder in folders
        for scale in dict.fromkeys(scales)
    ]
    return [replace(case, jpeg=args.jpeg, blur=args.blur) for cases in found for case in cases]


def _once(folders: Sequence[Path]) -> list[Path]:
    """Each folder once, however often and by whatever path it is named."""
    known: dict[Path, Path] = {}
    for folder in folders:
        known.setdefault(folder.resolve(), folder)
    return list(known.values())


def load_methods(names: Sequence[str], device: str) -> list[str | Model]:
    """Classic methods by name, models loaded; each once. Raises CheckpointError, DeviceError, RequestError."""
    once = list(dict.fromkeys(names))
    check_methods(once, device)
    chosen: list[str | Model] = []
    for name in once:
        if is_classic(name):
            chosen.append(name)
        else:
            from diif_viewer.engine.model import load_model

            chosen.append(load_model(name, device))
    return chosen


def _origin(cases: list[Case]) -> str:
    """Of the low-resolution pictures."""
    kinds = {"made" if case.low is None else "given" for case in cases}
    return kinds.pop() if len(kinds) == 1 else "some given, some made"


def _make_folder(folder: Path) -> None:
    if folder == STANDARD:
        raise RequestError("-o is a folder; --json prints the scores on standard output.")
    if folder.is_file():
        raise ExportError(f"{folder} cannot be made: it is a file; give the name of a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder} cannot be made: {error.strerror or error}.") from error
    if not may_write(folder):
        raise ExportError(f"Nothing can be written into {folder}: there is no permission.")
