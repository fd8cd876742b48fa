"""``diif-viewer train``: train models on a folder of pictures, on one device or many, with nothing but this package."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer.cli import arguments, on_one_line
from diif_viewer.cli.signals import status_of

if TYPE_CHECKING:
    from diif_viewer.training.batches import Bytes
    from diif_viewer.training.preset import Preset
    from diif_viewer.training.schedule import Budget
    from diif_viewer.training.team import Team

HELP = "Train models on a folder of pictures; a run that was stopped goes on where it was."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("pictures", type=Path, metavar="FOLDER", help="folder of training pictures")
    parser.add_argument(
        "--run",
        type=Path,
        metavar="FOLDER",
        help="where the run is kept; continued if it exists (default: runs/PRESET)",
    )
    parser.add_argument("--preset", default="lite", help="a shipped preset, or a .toml file (default: lite)")
    parser.add_argument("--decoder", type=arguments.names, metavar="D,D", help="only these decoders of the preset")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override a value of the preset: batch=8, scales=[1,8], encoder.n_feats=32, decoders.diif.hidden=64",
    )
    parser.add_argument("--show", action="store_true", help="print the preset with all its values, and stop")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--minutes", type=arguments.positive, metavar="N", help="training time in all, resumed time included"
    )
    length.add_argument(
        "--steps",
        type=arguments.count,
        metavar="N",
        help="optimiser steps in all (default: the preset's, or else 120 minutes)",
    )
    parser.add_argument("--valid", type=Path, metavar="FOLDER", help="folder of pictures to measure now and then")
    parser.add_argument(
        "--valid-count", type=arguments.natural, metavar="N", default=4, help="how many of them (default: 4)"
    )
    parser.add_argument(
        "--validate", type=arguments.count, default=2000, metavar="STEPS", help="between them (default: 2000)"
    )
    parser.add_argument(
        "--milestone", type=arguments.natural, default=20_000, metavar="STEPS", help="0: none (default: 20000)"
    )
    parser.add_argument("--threads", type=arguments.count, metavar="N", help="CPU threads (default: all cores)")
    parser.add_argument(
        "--workers",
        type=arguments.natural,
        metavar="N",
        help="processes that make batches (default: 0; with cuda as many as help)",
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps; torchrun chooses its number (default: cpu)")
    parser.add_argument(
        "--start",
        type=Path,
        action="append",
        default=[],
        metavar="WEIGHTS",
        help="begin a new run with these weights; of several encoders the last one counts",
    )
    parser.add_argument("--compile", action="store_true", help="compile the encoder: slow to start, then faster")
    parser.add_argument(
        "--report", type=arguments.count, default=200, metavar="STEPS", help="between progress lines (default: 200)"
    )
    parser.add_argument(
        "--save",
        type=arguments.up_to(math.inf),
        default=45.0,
        metavar="SECONDS",
        help="between saved states (default: 45)",
    )
    parser.add_argument("--data", metavar="TEXT", help="what the pictures are; kept in the weights files")


def run(args: argparse.Namespace) -> int:
    """Train; 0 when the budget is used up, 130 after Ctrl-C (the same command goes on). Raises TrainingError."""
    import torch

    from diif_viewer.engine.device import resolve
    from diif_viewer.models.checkpoint import load_checkpoint
    from diif_viewer.training.ahead import fitting_workers
    from diif_viewer.training.data import picture_files
    from diif_viewer.training.loop import train
    from diif_viewer.training.networks import has_half
    from diif_viewer.training.preset import load_preset
    from diif_viewer.training.schedule import Rhythm
    from diif_viewer.training.team import assembled

    preset = load_preset(args.preset, args.set, args.decoder)
    if args.show:
        print(preset.resolved(indent=2))
        return 0
    device = resolve(args.device)
    budget, folder = _budget(args, preset), args.run or Path("runs") / preset.name
    if args.threads:
        torch.set_num_threads(args.threads)
    start = [load_checkpoint(path) for path in args.start]
    if args.valid:
        picture_files(args.valid)  # what is missing is said before pictures are decoded
    summary = {"data": args.data or args.pictures.name}
    if args.start:
        summary["start"] = ", ".join(path.name for path in args.start)
    rhythm = Rhythm(args.report, args.validate, args.save, args.milestone)
    try:
        with assembled(device if args.device == "auto" else args.device) as (team, device):
            pictures, valid = _pictures(args, preset, folder, team)
            if team.leads and not args.quiet:
                _say(f"{len(pictures)} pictures, {len(valid)} for validation, {torch.get_num_threads()} threads")
                if preset.recipe.precision == "bfloat16" and not has_half(torch.device(device)):
                    _say("float32 throughout: this device has no fast bfloat16")
            train(
                preset,
                pictures,
                folder,
                budget,
                valid=valid,
                device=device,
                rhythm=rhythm,
                report=_say_nothing if args.quiet else _say,
                summary=summary | {"pictures": str(len(pictures))},
                team=team,
                compiled=args.compile,
                start=start,
                workers=fitting_workers(device, team) if args.workers is None else args.workers,
            )
    except KeyboardInterrupt as stop:
        print("stopped; the same command goes on from the last saved state", file=sys.stderr)
        return status_of(stop)
    if team.size > 1:  # gloo's threads outlive the group, and now and then abort an interpreter that winds itself up
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return 0


def _budget(args: argparse.Namespace, preset: Preset) -> Budget:
    from diif_viewer.training.schedule import Budget

    steps = args.steps
    if steps is None and args.minutes is None:
        steps = preset.recipe.iterations or None
    minutes = None if steps is not None else args.minutes if args.minutes is not None else 120.0
    return Budget(steps, minutes)


def _pictures(args: argparse.Namespace, preset: Preset, folder: Path, team: Team) -> tuple[list[Bytes], list[Bytes]]:
    """Training pictures and those for validation."""
    from diif_viewer.training.data import open_pictures

    say = _say if team.leads and not args.quiet else _say_nothing

    def opened() -> tuple[list[Bytes], list[Bytes]]:
        pictures = open_pictures(args.pictures, folder / "pictures", preset.recipe.sampler.largest_side, say)
        valid = open_pictures(args.valid, folder / "valid", 64, say)[: args.valid_count] if args.valid else []
        return pictures, valid

    return team.in_turns(opened)


def _say(line: str) -> None:
    print(on_one_line(line), flush=True)


def _say_nothing(_: str) -> None:
    pass
