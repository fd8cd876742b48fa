"""The command lines that write what the dialogs of exports, films and figures write: for scripts and many pictures."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer.engine.jobs import FilmRequest
from diif_viewer.imaging.turns import UPRIGHT
from diif_viewer.ui.export_choices import Choices
from diif_viewer.ui.export_order import method_for
from diif_viewer.ui.export_plan import Box, Plan, Subject
from diif_viewer.ui.reduced import method_of
from diif_viewer.ui.state import Picture

if TYPE_CHECKING:
    from diif_viewer.ui.figure_work import Wish


def render_words(picture: Picture, subject: Subject, choices: Choices, plan: Plan, path: Path) -> list[str]:
    """Those of `diif-viewer render` that write `plan` of `picture` to `path`; none where there is no such command."""
    words = _beginning("render", picture)
    if not words:
        return []
    window = plan.window
    words += ["--scale", f"{plan.scale!r}"]
    if window != subject.lattice(plan.scale):
        words += ["--window", f"{window.top},{window.left},{window.bottom},{window.right}"]
    method = method_for(choices, subject, plan.scale)
    words += ["--model", method]
    if method_of(method).is_model:
        words += ["--best"] if choices.best else ["--dtype", "float32"] if choices.exact else []
    own, bits = subject.own_for(choices), subject.bits_for(choices)
    deep = 16 in ((subject.own or subject).bits, bits) and 16 in choices.format.bits
    words += ["--bits", str(bits)] if deep else []
    words += ["--srgb"] if subject.own is not None and own is None else []
    words += ["--dpi", f"{choices.dpi:g}"] if choices.anchor == "print" else []
    words += ["--quality", str(choices.quality)] if choices.quality is not None else []
    words += ["--strip"] if choices.strip else []
    return [*words, "-o", os.path.abspath(path)]


def animate_words(picture: Picture, order: FilmRequest) -> list[str]:
    """Those of `diif-viewer animate` that write the film; none where there is no such command."""
    words = _beginning("animate", picture)
    if not words:
        return []
    path = order.path
    for view, scale, at in ((path.start, "--from", "--from-at"), (path.end, "--to", "--at")):
        x, y = view.position_at((view.view_width / 2, view.view_height / 2))
        x, y = min(max(x, 0.0), float(view.width)), min(max(y, 0.0), float(view.height))
        words += [scale, f"{view.scale!r}", at, f"{x!r},{y!r}"]
    words += ["--size", f"{path.start.view_width}x{path.start.view_height}"]
    words += ["--seconds", f"{path.seconds:g}", "--fps", f"{float(path.rate):.10g}", "--easing", path.easing]
    return [*words, "--model", order.model, "-o", os.path.abspath(order.file)]


def compare_words(picture: Picture, box: Box, wish: Wish, path: Path) -> list[str]:
    """Those of `diif-viewer compare` that write a figure to `path`; none where there is no such command.

    picture: with its truth where there is one. box: (left, top, right, bottom) in pixels of it, or of the truth.
    """
    original = picture if picture.reduced is None else picture.reduced.original
    words = _beginning("compare", original)
    if not words or original.pixels.shape[2] in (2, 4):  # what is transparent is white on paper
        return []
    words += ["--zoom"] if picture.reduced is None else []
    words += ["--scale", ",".join(f"{scale!r}" for scale in wish.scales)]
    words += ["--box", ",".join(f"{value!r}" for value in box), "--method", ",".join(wish.methods)]
    words += [] if wish.whole else ["--alone"]
    return [*words, "--dtype", "uint8", "-o", os.path.abspath(path)]


def _beginning(command: str, picture: Picture) -> list[str]:
    """Which picture, and how it lies.

    None for a picture without a file, one that was shrunk for the truth, and one whose file was cut off.
    """
    if picture.reduced is not None or picture.lack or not picture.path.is_file():
        return []
    words = ["diif-viewer", command, os.path.abspath(picture.path)]
    words += ["--page", str(picture.page + 1)] if picture.page else []
    return words + (["--turn", picture.turn.words] if picture.turn != UPRIGHT else [])


def as_one_line(words: list[str]) -> str:
    """For the shell of this system."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
