"""From a plan to an order for the renderer, and whatever speaks against it, said before the work starts."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from diif_viewer import __version__
from diif_viewer.engine.jobs import Estimate, ExportRequest
from diif_viewer.errors import DiifViewerError
from diif_viewer.imaging.formats import check_fit, format_of
from diif_viewer.models.registry import default_method
from diif_viewer.paths import may_write
from diif_viewer.ui.export_choices import Choices
from diif_viewer.ui.export_plan import Plan, Subject
from diif_viewer.ui.language import decimal, said, tr
from diif_viewer.ui.reduced import TRUTH, all_methods, method_of
from diif_viewer.ui.state import Picture
from diif_viewer.ui.zoom_text import plain_zoom


def method_for(choices: Choices, subject: Subject, scale: float) -> str:
    """The method that computes: at most at x1 all of them are one; the truth is no method."""
    known = {method.name for method in all_methods() if method.name != TRUTH}
    method = choices.method if choices.method in known else subject.method
    method = method if method in known else default_method()
    return method if scale > 1 or not method_of(method).is_model else "bicubic"


def order_for(picture: Picture, subject: Subject, choices: Choices, plan: Plan, path: Path) -> ExportRequest:
    """The order that writes `plan` of `picture` to `path`; its job has no number yet."""
    from diif_viewer.imaging.metadata import Metadata, export_metadata

    method, bits = method_for(choices, subject, plan.scale), subject.bits_for(choices)
    model = method_of(method).is_model
    best, exact = choices.best and model, choices.exact and model
    own = subject.own_for(choices)
    words = [method, plain_zoom(plan.scale), *(["float32"] if exact else []), *(["best"] if best else [])]
    software = f"DIIF Viewer {__version__} ({'; '.join(words)})"
    about = export_metadata(picture.about or Metadata(), software, strip=choices.strip)
    dpi = (choices.dpi, choices.dpi) if choices.anchor == "print" else about.dpi
    return ExportRequest(
        0,
        picture.image,
        method,
        plan.scale,
        plan.window,
        os.fspath(path),
        float32=exact,
        icc_profile=about.icc_profile if own is None else own.profile,
        exif=about.exif,
        dpi=dpi,
        bits=bits,
        quality=choices.quality,
        best=best,
        own=own,
    )


LONGEST_NAME = 240
"""Bytes of a name that is proposed: file systems take 255, and a number may come behind it."""


def named_after(picture: Picture, rest: str) -> str:
    """The picture's name without its ending, cut where all would be too long, and `rest`."""
    stem, room = picture.path.stem, LONGEST_NAME - len(os.fsencode(rest))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return f"{stem}{rest}"


def name_for(picture: Picture, method: str, plan: Plan, suffix: str) -> str:
    """A name that tells what is in the file; at most at x1 that is no method's work."""
    by = f"-{method}" if plan.scale > 1 else ""
    zoom = plain_zoom(plan.scale).replace(" %", "pct")
    return named_after(picture, f"{by}-{zoom}-{plan.window.width}x{plan.window.height}{suffix}")


def free_name(folder: Path, name: str, taken: Collection[Path] = ()) -> str:
    """`name`, or the first of `name (2)`, `name (3)` ... that nothing in `folder` has and none of `taken` will be."""
    stem, suffix = os.path.splitext(name)
    number = 1
    while os.path.lexists(folder / name) or folder / name in taken:
        number += 1
        name = f"{stem} ({number}){suffix}"
    return name


def home_path(folder: Path) -> str:
    """`folder` as people know it: ``~/Pictures``."""
    try:
        return os.fspath(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or nobody's home
        return os.fspath(folder)


def objection(path: Path, picture: Picture, subject: Subject, choices: Choices, plan: Plan) -> str:
    """One sentence that says why this cannot be written; "" when nothing is known to speak against it."""
    window = plan.window
    shape = (window.height, window.width, subject.channels)
    try:
        form = format_of(path)
        check_fit(Path(path.name), form, shape, subject.bits_for(choices))
    except DiifViewerError as error:
        return said(str(error))
    if sentence := bad_place(path, picture):
        return sentence
    raw = window.area * subject.channels * subject.bits_for(choices) // 8
    return lack_of_space(path.parent, int(raw * form.ratio))


def bad_place(path: Path, picture: Picture) -> str:
    """One sentence that says why nothing can be written to `path`; "" when nothing is known to speak against it."""
    folder = path.parent
    if not path.stem or path.name != os.path.basename(path.name):
        return tr("Give the file a name.")
    if _too_long(path):
        return tr("This name is too long; give the file a shorter one.")
    if not os.path.isdir(folder):
        return tr("The folder {folder} does not exist; choose another one.", folder=folder)
    if os.path.isdir(path):
        return tr("{name} is a folder; give the name of a file.", name=path.name)
    if not may_write(folder):
        return tr("There is no permission to write into {folder}; choose another folder.", folder=folder)
    if os.path.realpath(path) == os.path.realpath(picture.path):
        return tr("{name} is the picture itself; give the result another name.", name=path.name)
    return ""


def _too_long(path: Path) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def objection_to(estimate: Estimate, folder: Path, free_memory: int) -> str:
    """As `objection`, once the renderer has told what the export takes."""
    if estimate.memory > free_memory:
        return tr(
            "The export needs {needed} of memory and {free} are free; choose PNG or TIFF, or a smaller size.",
            needed=bytes_text(estimate.memory),
            free=bytes_text(free_memory),
        )
    return lack_of_space(folder, estimate.file_bytes)


def lack_of_space(folder: Path, needed: int) -> str:
    """One sentence where the disk of `folder` has fewer bytes free than are needed; "" else."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    if needed <= free:
        return ""
    return tr(
        "The disk has {free} free, and the file needs about {needed}; choose another folder or a smaller size.",
        free=bytes_text(free),
        needed=bytes_text(needed),
    )


def bytes_text(count: float) -> str:
    """For people, in the units of file managers: ``870 kB``, ``12.5 MB``."""
    for unit in ("B", "kB", "MB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if count >= 99.5 or unit == "B" else decimal(f"{count:.3g} {unit}")
        count /= 1000
    return decimal(f"{count:.3g} GB" if count < 999.5 else f"{count / 1000:.3g} TB")


def seconds_text(seconds: float) -> str:
    """For people: ``under a second``, ``40 s``, ``3 min``, ``2 h``."""
    if seconds < 1:
        return tr("under a second")
    if seconds < 90:
        return tr("{seconds} s", seconds=round(seconds))
    minutes = seconds / 60
    if minutes < 90:
        return tr("{minutes} min", minutes=round(minutes))
    return tr("{hours} h", hours=decimal(f"{minutes / 60:.1f}"))
