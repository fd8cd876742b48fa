"""`diif-viewer [view] [IMAGE ...]`: the window; where there is no display, the same view as a picture file."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path

from diif_viewer.cli.display import has_display, missing_library
from diif_viewer.cli.inputs import STANDARD, check_standard, expand, in_full, standard_input
from diif_viewer.cli.libraries import remedy
from diif_viewer.errors import DiifViewerError
from diif_viewer.models import shelf
from diif_viewer.models.registry import METHODS
from diif_viewer.paths import shipped

_ELSEWHERE = "`diif-viewer doctor` tells more."

HELP = "Open pictures in the window (the bundled sample when none is named)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="pictures or folders to open; - is standard input")
    parser.add_argument("--method", choices=(*METHODS, *shelf.held()), help="how to look at them first")


def run(args: argparse.Namespace) -> int:
    """Show the window until it is closed, or write the comparison; the exit status. Raises DiifViewerError."""
    check_standard(args.images)
    if [Path(name) for name in args.images] == [STANDARD]:
        with standard_input() as file:
            return _run(args, [str(file)], file)
    return _run(args, args.images, None)


def _run(args: argparse.Namespace, named: list[str], piped: Path | None) -> int:
    sample = str(shipped("resources") / "sample.png")
    images = named or [sample]
    if has_display(os.environ, sys.platform):
        if missing := missing_library(os.environ, sys.platform):
            raise DiifViewerError(f"Qt cannot open a window here: {missing}. {remedy() or _ELSEWHERE}")
        from diif_viewer.ui.app import run as show

        return show(named, args.method, greeting=sample, piped=piped)

    from diif_viewer.cli.contact_sheet import write_contact_sheet

    if not args.quiet:
        print("There is no display, so the view goes into a picture file.", file=sys.stderr, flush=True)
    first = expand(images[:1])[0] if os.path.isdir(images[0]) else Path(images[0])
    with contextlib.nullcontext() if piped else in_full(first):
        print(write_contact_sheet(first, _free_folder(), quiet=args.quiet))
    return 0


def _free_folder() -> Path:
    """The current folder, or the one for temporary files where that cannot be written to."""
    here = Path.cwd()
    return here if os.access(here, os.W_OK) else Path(tempfile.gettempdir())
