"""`diif-viewer animate`: the film of a zoom from one view of a picture to another."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.cli import arguments
from diif_viewer.cli.inputs import STANDARD, ending, in_full, standard_input
from diif_viewer.cli.methods import check_methods
from diif_viewer.cli.progress import ProgressLine, duration
from diif_viewer.errors import DiifViewerError, ExportError, RequestError
from diif_viewer.models.registry import METHODS, default_method

if TYPE_CHECKING:
    from diif_viewer.engine import messages as m
    from diif_viewer.engine.field import Field
    from diif_viewer.imaging.film import Film
    from diif_viewer.viewport import Viewport

HELP = "Make a film of a zoom from one view of a picture to another: MP4, WebM, WebP, GIF or animated PNG."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the picture, or - for standard input")
    arguments.add_page_and_turn(parser)
    view = parser.add_argument_group("from where to where", "a VIEW is fit, fill, or a scale like x12.5 or 1250%")
    view.add_argument("--from", dest="start", type=arguments.view, default="fit", metavar="VIEW", help="(default: fit)")
    view.add_argument("--to", dest="end", type=arguments.view, default=30.0, metavar="VIEW", help="(default: x30)")
    view.add_argument(
        "--at", type=arguments.point, metavar="X,Y", help="what the zoom closes in on, in pixels of the picture"
    )
    view.add_argument("--from-at", type=arguments.point, metavar="X,Y", help="middle of the first view (default: --at)")
    film = parser.add_argument_group("the film")
    film.add_argument("--seconds", type=arguments.positive, default=5.0, metavar="S", help="how long (default: 5)")
    film.add_argument("--fps", type=arguments.positive, default=30.0, metavar="N", help="frames a second (default: 30)")
    film.add_argument("--size", type=arguments.size, default=(720, 1280), metavar="WxH", help="(default: 1280x720)")
    film.add_argument("--easing", choices=("smooth", "linear", "in", "out"), default="smooth", help="(default: smooth)")
    film.add_argument(
        "--background", type=arguments.colour, default=(0, 0, 0), metavar="RRGGBB", help="(default: black)"
    )
    parser.add_argument("--model", help=f"{', '.join(METHODS)}, or a .safetensors or .pth file")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")
    parser.add_argument("--dtype", choices=("uint8", "float32"), help="compute fast (default), or in float32")
    out = parser.add_argument_group("output")
    out.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILM", help=".mp4, .webm, .webp, .gif, .png or .apng"
    )
    out.add_argument("--quality", type=arguments.quality, metavar="1..100", help="of MP4, WebM (70) and WebP (90)")
    out.add_argument("--lossless", action="store_true", help="for WebP: lose nothing (PNG never does)")
    out.add_argument("--json", action="store_true", help="one line of JSON when done")


def run(args: argparse.Namespace) -> int:
    """Write the film; 0 when the whole file is in place. Raises DiifViewerError with one sentence."""
    if args.image != STANDARD:
        with in_full(args.image):
            return _animate(args, args.image)
    with standard_input() as file:
        return _animate(args, file)


def _animate(args: argparse.Namespace, image: Path) -> int:
    from diif_viewer.engine import messages as m
    from diif_viewer.imaging.colour import to_srgb
    from diif_viewer.imaging.film import Film, check_film, film_form_of
    from diif_viewer.imaging.load import load_picture, peek
    from diif_viewer.zoom_path import ZoomPath, rate_of

    header = peek(image, page=args.page - 1).laid(args.turn)
    model = args.model or default_method(ending(header, None if args.image == STANDARD else image))
    check_methods([model], args.device)
    start, end = views(header.height, header.width, args)
    path = ZoomPath(start, end, args.seconds, rate_of(args.fps), args.easing)
    film = Film(start.view_height, start.view_width, path.count, path.rate)
    check_film(args.output, film_form_of(args.output), film, lossless=args.lossless, quality=args.quality)
    _check_place(args.output, image)
    picture = to_srgb(load_picture(image, page=args.page - 1)).laid(args.turn)
    request = m.FilmRequest(
        *(1, 1, model, path, os.fspath(args.output)),
        background=args.background,
        quality=args.quality,
        lossless=args.lossless,
        float32=args.dtype == "float32",
    )
    spent = _write(request, picture.pixels, args)
    _tell(args, film, request.model, spent)
    return 0


def views(height: int, width: int, args: argparse.Namespace) -> tuple[Viewport, Viewport]:
    """The first and the last view of a picture, both at rest, so that they are what the window shows."""
    from diif_viewer.viewport import LARGEST, Viewport

    plain = Viewport(height, width, *args.size)
    fit = min(plain.view_height / height, plain.view_width / width)
    fill = max(plain.view_height / height, plain.view_width / width)
    made = []
    for word, at in ((args.start, args.from_at or args.at), (args.end, args.at)):
        scale = {"fit": min(fit, LARGEST), "fill": min(fill, LARGEST)}.get(word, word)
        if not min(fit, 1.0) * 0.999 <= scale <= LARGEST:
            raise RequestError(f"A view is between fit (x{min(fit, 1.0):.3g}) and x{LARGEST:g}, not x{scale:g}.")
        x, y = at or (width / 2, height / 2)
        if not (0 <= x <= width and 0 <= y <= height):
            raise RequestError(f"The point {x:g},{y:g} must lie in the picture of {width}x{height} pixels.")
        made.append(plain.at_scale(scale).centred_on((x, y)).clamped().rested())
    return made[0], made[1]


def _check_place(output: Path, image: Path) -> None:
    from diif_viewer.cli.render_plan import check_place

    check_place(output, make=False)
    if os.path.realpath(output) == os.path.realpath(image):
        raise ExportError(f"{output} is the picture itself; give the film another name.")


def _write(request: m.FilmRequest, pixels: Any, args: argparse.Namespace) -> float:
    """Render and encode; the seconds that it took."""
    from contextlib import closing

    from diif_viewer.engine.filming import film_steps
    from diif_viewer.engine.messages import ExportDone, ExportProgress

    def load() -> Field:
        import diif_viewer as dv
        from diif_viewer.engine.field import Field

        model = dv.load_model(request.model, args.device)
        compute = model.compute.in_float32() if request.float32 else model.compute
        if not (args.quiet or args.json):
            print(f"{model.name} on {compute.description}", file=sys.stderr, flush=True)
        return Field(pixels, model)

    progress = ProgressLine(enabled=not args.quiet, work=request.path.count, unit="frames")
    with closing(film_steps(request, pixels, load)) as steps:
        try:
            for step in steps:
                if isinstance(step, ExportDone):
                    return step.milliseconds / 1000
                if isinstance(step, ExportProgress):
                    progress(step.fraction)
        finally:
            progress.close()
    raise DiifViewerError("The film ended too early.")


def _tell(args: argparse.Namespace, film: Film, method: str, spent: float) -> None:
    if args.json:
        known = {"output": str(args.output), "method": method, "width": film.width, "height": film.height}
        known |= {"frames": film.count, "duration": round(film.seconds, 3), "seconds": round(spent, 3)}
        print(json.dumps(known))
    elif not args.quiet:
        what = f"{film.count} frames of {film.width}x{film.height}, {film.seconds:g} s"
        print(f"{args.output}: {what}; made in {duration(spent)}, {film.count / spent:.1f} frames a second")
