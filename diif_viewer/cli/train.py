"""``diif-viewer train``: train models on a folder of pictures, on one machine, with nothing but this package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "Train models on a folder of pictures; a run that was stopped goes on where it was."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("pictures", type=Path, help="folder of training pictures")
    parser.add_argument("--run", type=Path, default=Path("runs/lite"), help="folder of the run; continued if it exists")
    parser.add_argument("--preset", default="lite", help="a shipped preset, or a .toml file (default: lite)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, help="training time in all, resumed time included (default: 120)")
    length.add_argument("--steps", type=int, help="optimiser steps in all, instead of --minutes")
    parser.add_argument("--valid", type=Path, help="folder of pictures to measure now and then")
    parser.add_argument("--valid-count", type=int, default=4, help="how many of them (default: 4)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all cores)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (default: cpu)")
    parser.add_argument(
        "--report", type=int, default=200, metavar="STEPS", help="between progress lines (default: 200)"
    )
    parser.add_argument(
        "--save", type=float, default=45.0, metavar="SECONDS", help="between saved states (default: 45)"
    )
    parser.add_argument("--data", default="", metavar="TEXT", help="what the pictures are; kept in the weights files")


def run(args: argparse.Namespace) -> int:
    """Train; 0 when the budget is used up, 130 after Ctrl-C (the same command goes on). Raises TrainingError."""
    import torch

    from diif_viewer.training.data import open_pictures
    from diif_viewer.training.loop import Budget, Rhythm, train
    from diif_viewer.training.preset import load_preset

    def report(line: str) -> None:
        print(line, flush=True)

    if args.threads:
        torch.set_num_threads(args.threads)
    preset = load_preset(args.preset)
    budget = Budget(args.steps, args.minutes or (None if args.steps else 120.0))
    pictures = open_pictures(args.pictures, args.run / "pictures", preset.recipe.sampler.largest_side, report)
    valid = []
    if args.valid:
        valid = open_pictures(args.valid, args.run / "valid", 64, report)[: args.valid_count]
    report(f"{len(pictures)} pictures, {len(valid)} for validation, {torch.get_num_threads()} threads")
    rhythm = Rhythm(report=max(1, args.report), save=args.save)
    summary = {"data": args.data or args.pictures.name, "pictures": str(len(pictures))}
    try:
        train(
            preset,
            pictures,
            args.run,
            budget,
            valid=valid,
            device=args.device,
            rhythm=rhythm,
            report=report,
            summary=summary,
        )
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last saved state", file=sys.stderr)
        return 130
    return 0
