"""`diif-viewer render`: pictures, or a part of each, at any scale into files; for scripts and servers."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from diif_viewer.cli import arguments, on_one_line, sentence
from diif_viewer.cli.inputs import STANDARD, expand, names_folders, standard_input
from diif_viewer.cli.methods import check_methods, is_classic
from diif_viewer.cli.progress import ProgressLine, duration
from diif_viewer.cli.render_options import Options, digits_of
from diif_viewer.cli.render_plan import Job, Target, plan
from diif_viewer.cli.render_work import Outcome, Renderer, failure
from diif_viewer.errors import RequestError
from diif_viewer.models.registry import METHODS

HELP = "Render pictures, or a part of each, at any scale into PNG, JPEG, WebP, TIFF or AVIF files."

FORMAT_SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif", "avif": ".avif"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="pictures, folders, patterns like '*.jpg', or - for standard input"
    )
    extent = parser.add_mutually_exclusive_group(required=True)
    extent.add_argument("--scale", type=arguments.scale, help="outputs per pixel: 12.5, x12.5 or 1250%%")
    extent.add_argument("--size", type=arguments.size, metavar="WxH", help="exact output size of the whole picture")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--box", type=arguments.box, metavar="X0,Y0,X1,Y1", help="part, in pixels of the picture")
    part.add_argument("--window", type=arguments.window, metavar="T,L,B,R", help="part, in output pixels")
    arguments.add_page_and_turn(parser)
    parser.add_argument("--model", help=f"{', '.join(METHODS)}, or a .safetensors or .pth file")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")
    _add_exactness(parser)
    _add_output(parser)


def _add_exactness(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how exactly")
    group.add_argument("--dtype", choices=("uint8", "float32"), help="compute fast for 8 bits (default), or in float32")
    group.add_argument(
        "--bits", type=int, choices=(8, 16), help="per channel of the file (default: as the picture, where it fits)"
    )
    group.add_argument(
        "--best", action="store_true", help="average eight flips and rotations: a little better, 8x slower"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="a file, a folder, a name with fields like out/{stem}-{scale}.png, or - for standard output",
    )
    group.add_argument(
        "--format", choices=tuple(FORMAT_SUFFIXES), help="for folders and standard output (default: png)"
    )
    group.add_argument("--quality", type=arguments.quality, metavar="1..100", help="of JPEG (92), WebP (90), AVIF (80)")
    group.add_argument("--lossless", action="store_true", help="for WebP: lose nothing (PNG and TIFF never do)")
    group.add_argument("--srgb", action="store_true", help="sRGB instead of the colours that the file has of its own")
    group.add_argument("--dpi", type=arguments.positive, help="resolution to note in the file (default: the picture's)")
    group.add_argument("--strip", action="store_true", help="leave out position, serial numbers, names and texts")
    group.add_argument("--overwrite", action="store_true", help="in a batch, replace files instead of keeping them")
    group.add_argument("--jobs", type=arguments.count, default=1, metavar="N", help="pictures at a time (default: 1)")
    group.add_argument("--json", action="store_true", help="one line of JSON for each picture")


def run(args: argparse.Namespace) -> int:
    """Render all; 0 only when every file is in place and whole. Raises DiifViewerError with one sentence."""
    report = _Report(args, to_stderr=args.output == "-")
    try:
        return _render(args, report)
    except BrokenPipeError:
        raise  # nobody reads any more
    except Exception as error:
        if args.json:  # no picture's own, but whoever reads the lines shall know
            report.add(Outcome("", "", "failed", error=sentence(error)), aloud=False)
        raise


def misused(words: Sequence[str], error: str) -> None:
    """Tell those who read the lines of --json that `words` are no command."""
    pairs = [*itertools.pairwise(words), *(word.partition("=")[::2] for word in words)]
    to_stderr = "-o-" in words or ("-o", "-") in pairs or ("--output", "-") in pairs
    record = Outcome("", "", "failed", error=error).as_record()
    print(json.dumps(record), file=sys.stderr if to_stderr else sys.stdout, flush=True)


def _render(args: argparse.Namespace, report: _Report) -> int:
    from diif_viewer.imaging.leftovers import sweep

    suffix = FORMAT_SUFFIXES[args.format] if args.format else None
    words = expand(args.images)
    target = Target(args.output, suffix, several=len(words) > 1, folders=names_folders(args.images))
    with _sources(words) as sources:
        options = _options(args)
        planned = plan(sources, target, options, overwrite=args.overwrite)
        sweep(job.output for job in planned if isinstance(job, Job) and job.output is not None)
        jobs = []
        for (_, label), job in zip(sources, planned, strict=True):
            if isinstance(job, str):
                report.add(Outcome(label, "", "failed", error=job))
            elif job.ready:
                report.add(Outcome(label, job.shown, "skipped"))
            else:
                jobs.append(job)
        _work_off(jobs, args, report)
        return report.end(len(planned))


def _work_off(jobs: list[Job], args: argparse.Namespace, report: _Report) -> None:
    """Do the jobs, here or in several processes, and tell of each."""
    sizes = [job.options.part(job.options.lattice(job.header.height, job.header.width)).area / 1e6 for job in jobs]
    progress = ProgressLine(enabled=not args.quiet, work=sum(sizes), unit="megapixels")
    try:
        if args.jobs > 1 and len(jobs) > 1:
            from diif_viewer.cli.batch import outcomes

            for outcome in outcomes(jobs, args.jobs, partial(_told, progress, sizes)):
                progress.close()
                report.add(outcome)
            return
        renderer = Renderer(report.describe)
        for number, job in enumerate(jobs):
            try:
                outcome = renderer.do(job, partial(_one_more, progress, sizes, [1.0] * number))
            except BrokenPipeError:
                raise  # nobody reads the result any more
            except Exception as error:
                outcome = failure(job, error)
            progress.close()
            report.add(outcome)
    finally:
        progress.close()


def _told(progress: ProgressLine, sizes: list[float], fractions: list[float]) -> None:
    """Tell of the pixels that are done. fractions: of each picture, those that have not begun left out at the end."""
    progress(sum(size * done for size, done in zip(sizes, fractions, strict=False)) / sum(sizes))


def _one_more(progress: ProgressLine, sizes: list[float], before: list[float], fraction: float) -> None:
    _told(progress, sizes, [*before, fraction])


class _Report:
    """Tells what becomes of each picture, for people or as JSON, and how it all ended."""

    def __init__(self, args: argparse.Namespace, *, to_stderr: bool) -> None:
        self._args = args
        self._stream = sys.stderr if to_stderr else sys.stdout
        self._counts = {"done": 0, "skipped": 0, "failed": 0}
        self._described: str | None = None

    def describe(self, text: str) -> None:
        """Say what computes, once for pictures in a row that it is the same for."""
        if text != self._described and not (self._args.quiet or self._args.json):
            print(text, file=sys.stderr, flush=True)
        self._described = text

    def add(self, outcome: Outcome, *, aloud: bool = True) -> None:
        """Tell of one picture. aloud: say an error too."""
        self._counts[outcome.status] += 1
        if self._args.json:
            print(json.dumps(outcome.as_record()), file=self._stream, flush=True)
        if outcome.status == "failed" and aloud:
            print(f"error: {on_one_line(outcome.error)}", file=sys.stderr, flush=True)
        elif not (self._args.quiet or self._args.json):
            size, spent = f"{outcome.width}x{outcome.height} pixels", duration(outcome.seconds)
            text = "is there already" if outcome.status == "skipped" else f"{size} in {spent}"
            if outcome.span is not None:
                text += ", values from {:g} to {:g} as black to white".format(*outcome.span)
            print(on_one_line(f"{outcome.output}: {text}"), file=self._stream, flush=True)

    def end(self, count: int) -> int:
        """The exit status; with several pictures, one line that counts."""
        done, skipped, failed = self._counts.values()
        if count > 1 and not (self._args.quiet or self._args.json):
            parts = [f"{done} rendered", *([f"{skipped} there already"] if skipped else [])]
            print(", ".join([*parts, *([f"{failed} failed"] if failed else [])]), file=sys.stderr)
        return 1 if failed else 0


def _options(args: argparse.Namespace) -> Options:
    """What the command line asks for. Raises CheckpointError, DeviceError, RequestError."""
    name, digits = args.model or "", ""
    check_methods([name] if name else [], args.device)
    if not is_classic(name):
        from diif_viewer.engine.device import resolve
        from diif_viewer.engine.model import weights_file

        resolve(args.device)
        digits = digits_of(weights_file(name)) if name else ""
    elif args.best:
        raise RequestError(f"--best is for models; {name} gives the same however the picture is turned.")
    if args.bits == 16 and args.dtype == "uint8":
        raise RequestError("16 bits come from a float32 result; leave --dtype uint8 out.")
    bits = 8 if args.dtype == "uint8" else args.bits
    return Options(
        *(name, digits, args.device, args.scale, args.size, args.box, args.window, bits),
        float32=args.dtype == "float32",
        best=args.best,
        quality=args.quality,
        strip=args.strip,
        lossless=args.lossless,
        verbose=args.verbose,
        debug=args.debug,
        page=args.page - 1,
        turn=args.turn,
        srgb=args.srgb,
        dpi=args.dpi,
    )


@contextlib.contextmanager
def _sources(words: list[Path]) -> Iterator[list[tuple[Path, str]]]:
    """Files to read with their labels; standard input as a file for as long as the block lasts."""
    if words != [STANDARD]:
        yield [(path, str(path)) for path in words]
        return
    with standard_input() as file:
        yield [(file, "-")]
