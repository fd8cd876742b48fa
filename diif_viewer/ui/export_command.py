"""The words of `diif-viewer render` that make the file of an export: for scripts, notes and many pictures."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from diif_viewer.imaging.turns import UPRIGHT
from diif_viewer.ui.export_choices import Choices
from diif_viewer.ui.export_order import method_for
from diif_viewer.ui.export_plan import Plan, Subject
from diif_viewer.ui.reduced import method_of
from diif_viewer.ui.state import Picture


def words_for(picture: Picture, subject: Subject, choices: Choices, plan: Plan, path: Path) -> list[str]:
    """The command line that writes `plan` of `picture` to `path`.

    Empty where there is none: a picture without a file, one that was shrunk for the truth, a file that was cut off.
    """
    if picture.reduced is not None or picture.lack or not picture.path.is_file():
        return []
    window, lattice = plan.window, subject.lattice(plan.scale)
    method = method_for(choices, subject, plan.scale)
    words = ["diif-viewer", "render", os.path.abspath(picture.path), "--scale", f"{plan.scale!r}"]
    if window != lattice:
        words += ["--window", f"{window.top},{window.left},{window.bottom},{window.right}"]
    if picture.page:
        words += ["--page", str(picture.page + 1)]
    if picture.turn != UPRIGHT:
        words += ["--turn", picture.turn.words]
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


def as_one_line(words: list[str]) -> str:
    """For the shell of this system."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
