"""`diif-viewer bench`: how fast decoding is beside LIIF's public code, and what the window is like to use."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from diif_viewer.cli import arguments
from diif_viewer.cli.apart import apart
from diif_viewer.cli.display import has_display
from diif_viewer.cli.inputs import STANDARD, in_full
from diif_viewer.cli.render_plan import check_place
from diif_viewer.errors import RequestError
from diif_viewer.paths import shipped

HELP = "Measure speed: decoding beside LIIF's public code, and the window under a script."

LARGE = (4000, 6000)
"""Rows and columns of the photograph-like picture that the window is given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--scales", type=_scales, metavar="S,S", help="scales to measure at (default: 4,8,16,30)")
    parser.add_argument("--quick", action="store_true", help="a small window and one repeat: rough, in seconds")
    parser.add_argument(
        "--interaction",
        type=Path,
        nargs="*",
        metavar="IMAGE",
        help="drive the real window instead, on these pictures (default: the sample, and 24 megapixels)",
    )
    parser.add_argument("--all", action="store_true", help="measure decoding and the window")
    parser.add_argument(
        "--operations", action="store_true", help="count operations instead, by formula and as executed"
    )
    parser.add_argument(
        "--curves", action="store_true", help="measure instead how time grows with scale, window and picture"
    )
    parser.add_argument(
        "--memory",
        type=Path,
        nargs="?",
        const=Path(),
        metavar="IMAGE",
        help="measure instead what memory the window and its renderer hold (default: on 100 megapixels)",
    )
    parser.add_argument(
        "--views",
        type=arguments.natural,
        default=0,
        metavar="N",
        help="with --memory: then look at N random views, for growth",
    )
    parser.add_argument(
        "--window", type=arguments.size, metavar="WxH", help="with --memory: the size of what shows the picture"
    )
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw what was measured as PNG (matplotlib)")
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda, cuda:1, mps or all, for decoding (default: auto)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--compare", type=Path, metavar="OLD", help="a file of --json: show what changed since")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(args: argparse.Namespace) -> int:
    """Measure, print the tables, write the file. Raises DiifViewerError with one sentence."""
    from diif_viewer.evaluation.machine import about_machine
    from diif_viewer.evaluation.speed_tables import comparison, tables
    from diif_viewer.imaging.load import peek

    if args.memory is None and (args.views or args.window):
        raise RequestError("--views and --window are for --memory; give that as well.")
    old = None if args.compare is None else _read(args.compare)
    if args.json is not None:
        if args.json == STANDARD:
            raise RequestError("--json writes a file; give it a name, and not -.")
        check_place(args.json, make=False)
    for path in (*(args.interaction or ()), *([args.memory] if args.memory not in (None, Path()) else ())):
        with in_full(path):
            peek(path)
    if args.pictures is not None:
        from diif_viewer.evaluation.speed_pictures import check_pictures, draw

        check_pictures(args.pictures)
    result: dict[str, Any] = {"machine": about_machine(_one(args))}
    apart = args.interaction is not None or args.curves or args.operations or args.memory is not None
    if args.all or not apart:
        result |= _decoding(args)
    if args.operations:
        result |= _operations(args)
    if args.curves:
        from diif_viewer.engine import heap
        from diif_viewer.evaluation.curves import QUICK, curves

        heap.keep()  # as the renderer does
        result["curves"] = curves(QUICK if args.quick else None, device=_one(args), report=_report(args))
    if args.all or args.interaction is not None:
        result["interaction"] = _interaction(args)
    if args.memory is not None:
        result["memory"] = _memory(args)
    if args.pictures is not None:
        draw(result, args.pictures)
    if args.json is not None:
        _write(args.json, result)
    print(tables(result, markdown=args.markdown), end="")
    if old is not None:
        print("\n" + comparison(result, old, markdown=args.markdown), end="")
    return 0


def _decoding(args: argparse.Namespace) -> dict[str, Any]:
    from diif_viewer.engine import heap
    from diif_viewer.evaluation.speed import measure

    heap.keep()  # as the renderer does
    scales = args.scales or ([8.0, 30.0] if args.quick else [4.0, 8.0, 16.0, 30.0])
    window, repeats = ((180, 320), 1) if args.quick else ((720, 1280), 5)
    report = _report(args)
    decoded = measure(scales, window, device=args.device, repeats=repeats, report=report)
    return {"decoding": decoded, **_operations(args), **_gpu(args, report)}


def _one(args: argparse.Namespace) -> str:
    """The device of what is measured on one alone: the fastest, where all were asked for."""
    return "auto" if args.device == "all" else str(args.device)


def _operations(args: argparse.Namespace) -> dict[str, Any]:
    from diif_viewer.evaluation.executed import executed_operations
    from diif_viewer.evaluation.operations import operations

    counted = {} if args.quick else {"executed": executed_operations(_report(args))}
    return {"operations": operations(), **counted}


def _gpu(args: argparse.Namespace, report: Callable[[str], None]) -> dict[str, Any]:
    """What a CUDA device is asked for beyond the rest; nothing for other devices."""
    from diif_viewer.engine.device import fast_compute, resolve

    device = resolve(_one(args))
    if not device.startswith("cuda"):
        return {}
    from diif_viewer.evaluation.gpu_speed import QUICK, Plan, gpu_figures

    return {"gpu": gpu_figures(fast_compute(device), QUICK if args.quick else Plan(), report)}


def _interaction(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Each picture in a process of its own, whose peak of memory is then the window's."""
    options: dict[str, Any] = {"repeats": 1, "events": 20, "scales": (8.0, 30.0), "size": (400, 800)}
    options = options if args.quick else {}
    options |= {"scales": args.scales} if args.scales else {}
    with _pictures(args.interaction or [], (1200, 1800) if args.quick else LARGE) as paths:
        return [_drive(path, options, args) for path in paths]


def _drive(path: Path, options: dict[str, Any], args: argparse.Namespace) -> dict[str, Any]:
    starts = 1 if args.quick else 3
    if not args.quiet:
        _tell(f"The window with {path.name} …")
    figures = apart(_measure, path, options)
    return {**figures, "start": apart(_start_times, path, starts)}


def _without_a_display() -> None:
    """The window then draws into memory."""
    if not has_display(os.environ, sys.platform):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")  # what that platform cannot do, each time


def _memory(args: argparse.Namespace) -> dict[str, Any]:
    """In a process of its own, whose memory is then the window's."""
    size = args.window or ((120, 160) if args.quick else (720, 1280))
    options = {"places": 10, "views": args.views, "size": size}
    with _hundred_megapixels(args.memory, args.quick) as path:
        return apart(_measure_memory, path, {**options, "report": _report(args)})


@contextmanager
def _hundred_megapixels(given: Path, quick: bool) -> Iterator[Path]:
    """The picture that was named, or one of 100 megapixels (of 1, where it has to be quick) made for the occasion."""
    if given != Path():
        yield given
        return
    import numpy as np
    from PIL import Image

    from diif_viewer.evaluation.photograph import photograph

    quarter = photograph(*((200, 313) if quick else (2000, 3125)))
    row = np.concatenate([quarter, quarter[:, ::-1]] * 2, axis=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{16 * quarter.shape[0] * quarter.shape[1] // 10**6} megapixels.jpg"
        Image.fromarray(np.concatenate([row, row[::-1]] * 2)).save(path, quality=92)
        yield path


def _measure_memory(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    from diif_viewer.ui.endurance import measure_memory

    _without_a_display()

    return measure_memory(path, **options)


def _report(args: argparse.Namespace) -> Callable[[str], None]:
    return _say_nothing if args.quiet else _tell


def _start_times(path: Path, repeats: int) -> dict[str, float]:
    from diif_viewer.ui.start_time import start_times

    _without_a_display()

    return start_times(path, repeats)


def _measure(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    from diif_viewer.ui.scripted import measure

    _without_a_display()

    return measure(path, **options)


@contextmanager
def _pictures(given: list[Path], large: tuple[int, int]) -> Iterator[list[Path]]:
    """Those that were named, or the sample and a large one made for the occasion."""
    if given:
        yield given
        return
    from PIL import Image

    from diif_viewer.evaluation.photograph import photograph

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"{large[0] * large[1] // 10**6} megapixels.jpg"
        Image.fromarray(photograph(*large)).save(made, quality=92)
        yield [shipped("resources") / "sample.png", made]


def _scales(text: str) -> list[float]:
    scales = [arguments.scale(part) for part in text.split(",")]
    if min(scales) <= 1:
        raise argparse.ArgumentTypeError("there is nothing to decode at x1 and below")
    return scales


def _read(path: Path) -> dict[str, Any]:
    """An earlier run's figures. They are compared with themselves: what would fail then is said before measuring."""
    from diif_viewer.evaluation.speed_tables import comparable, comparison

    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(held["machine"], dict)
        assert comparable(held)
        comparison(held, held)
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}.") from None
    except Exception:  # JSON of any other shape leads to errors of every kind
        raise RequestError(f"{path} holds no figures of an earlier run that could be compared.") from None
    return dict(held)


def _write(path: Path, result: dict[str, Any]) -> None:
    from diif_viewer.imaging.save import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _say_nothing(_: str) -> None:
    pass
