"""What `render` will do, found out before it begins: every output with its size, and whatever speaks against it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import string
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer.cli.inputs import STANDARD, ending, in_full
from diif_viewer.cli.render_options import Options, scale_text
from diif_viewer.errors import DiifViewerError, ExportError, RequestError
from diif_viewer.paths import may_write

if TYPE_CHECKING:
    from diif_viewer.geometry import Lattice, Window
    from diif_viewer.imaging.load import Header

FIELDS = ("stem", "name", "method", "scale", "width", "height", "number")


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to render. source: the file to read. label: as the user named it. output: None for standard output.

    suffix: of the format. options: how, the method among them. ready: the output is there already, whole and of the
    same recipe.
    """

    source: Path
    label: str
    output: Path | None
    suffix: str
    header: Header
    options: Options
    ready: bool = False

    @property
    def shown(self) -> str:
        """The output as people read it."""
        return "standard output" if self.output is None else str(self.output)


class Target:
    """Where results go: one file, a folder, a name with fields in braces, or standard output."""

    def __init__(self, word: str, suffix: str | None, *, several: bool, folders: bool = False) -> None:
        """word: as typed after -o. suffix: of the format named by --format. several: pictures. folders: a folder or a
        pattern was named, whatever number of pictures it has today. Raises ExportError, RequestError.
        """
        self.word, self.suffix = word, suffix
        self.standard = word == "-"
        if self.standard:
            _check_standard_output()
        self.template = word
        path = Path(word)
        folder = (
            os.path.isdir(path)
            or word.endswith(("/", os.sep))
            or ((several or folders) and not path.suffix and "{" not in word)
        )
        if folder and not self.standard:
            literal = word.rstrip("/" + os.sep).replace("{", "{{").replace("}", "}}")
            self.template = f"{literal}{os.sep}{{stem}}{suffix or '.png'}"
        self.many = self.template != word or "{" in word
        if several and not self.many:
            raise ExportError(f"{word}: several pictures need a folder, or a name with fields like {{stem}}-x4.png.")
        self._check_fields()

    def _check_fields(self) -> None:
        if not self.many:
            return
        try:
            parts = [
                (name, form or "") for _, name, form, _ in string.Formatter().parse(self.template) if name is not None
            ]
        except ValueError as error:
            raise RequestError(f"{self.word}: the name's braces do not match ({error}).") from None
        if unknown := sorted({name for name, _ in parts} - set(FIELDS)):
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise RequestError(f"{self.word}: there is no field {{{unknown[0]}}}; the fields are {known}.")
        if any(re.search(r"\d{4}", form) for _, form in parts):  # formatting itself would fill the memory
            raise RequestError(f"{self.word}: no file's name can be that long.")

    def path(self, source: Path, number: int, method: str, lattice: Lattice, window: Window) -> Path | None:
        """The output for one picture; None for standard output."""
        if self.standard:
            return None
        if not self.many:
            return Path(self.word)
        values = {
            "stem": "stdin" if source == STANDARD else source.stem,
            "name": "stdin" if source == STANDARD else source.name,
            "method": Path(method).stem,
            "scale": scale_text(lattice).replace(" ", "-"),
            "width": window.width,
            "height": window.height,
            "number": number,
        }
        try:
            return Path(self.template.format(**values))
        except (ValueError, IndexError, KeyError, AttributeError) as error:
            raise RequestError(f"{self.word}: the name cannot be made ({error}).") from None


def _check_standard_output() -> None:
    if sys.stdout is None:
        raise ExportError("Standard output is closed: the result has nowhere to go.")
    if sys.stdout.isatty():
        raise ExportError("A picture is nothing for the terminal: send it on with > FILE or | PROGRAM.")


def plan(sources: Sequence[tuple[Path, str]], target: Target, options: Options, *, overwrite: bool) -> list[Job | str]:
    """A job for each (file, label), or the sentence why there is none.

    Raises ExportError where nothing can begin: two results of one name, a result over its source, no disk space, a
    quality for formats that have none.
    """
    jobs: list[Job | str] = []
    for number, (source, label) in enumerate(sources, 1):
        try:
            with in_full(Path(label)):
                jobs.append(_job(source, label, number, target, options, overwrite))
        except DiifViewerError as error:
            if options.debug:
                traceback.print_exception(error)
            jobs.append(str(error))
    _check_quality([job for job in jobs if isinstance(job, Job)], options)
    _check_names([job for job in jobs if isinstance(job, Job)], [source for source, _ in sources])
    _check_space([job for job in jobs if isinstance(job, Job) and not job.ready])
    return jobs


def _job(source: Path, label: str, number: int, target: Target, options: Options, overwrite: bool) -> Job:  # noqa: PLR0917
    from diif_viewer.imaging.formats import check_fit, format_of
    from diif_viewer.imaging.load import peek

    header = peek(source, page=options.page).laid(options.turn)
    options = options.for_kind(ending(header, None if label == "-" else source))
    lattice = options.lattice(header.height, header.width)
    window = options.part(lattice)
    named = STANDARD if label == "-" else source
    output = target.path(named, number, options.method, lattice, window)
    suffix = target.suffix or (output.suffix if output is not None else ".png")
    form = format_of(output if output is not None else Path(f"standard output{suffix}"))
    bits = options.bits_for(header.bits, form.bits)
    check_fit(output or Path("standard output"), form, (window.height, window.width, header.channels), bits)
    if options.lossless and form.quality is not None and not form.lossless:
        raise ExportError(f"{form.name} always loses something; choose WebP, PNG or TIFF for a lossless result.")
    if target.suffix and output is not None and format_of(Path(f"x{target.suffix}")) != form:
        raise ExportError(
            f"{output}: the name's ending says {form.name} and --format says {target.suffix[1:].upper()}."
        )
    job = Job(source, label, output, suffix, header, options)
    check_memory(form.streams, window, header.channels * bits // 8)
    if output is None:
        return job
    check_place(output, make=target.many)
    if not (target.many and os.path.exists(output)) or overwrite:
        return job
    if _is_ready(output, options.recipe(source, lattice, window, bits), (window.height, window.width)):
        return replace(job, ready=True)
    raise ExportError(f"{output} exists and is not this result; --overwrite replaces it.")


def _is_ready(output: Path, recipe: str, size: tuple[int, int]) -> bool:
    """Is `output` the whole result of `recipe`?"""
    from diif_viewer.imaging.load import peek
    from diif_viewer.imaging.whole import is_whole

    try:
        header = peek(output)
    except DiifViewerError:
        return False
    return header.software == recipe and (header.height, header.width) == size and is_whole(output)


def check_place(output: Path, *, make: bool) -> None:
    """Can a file be written to `output`? make: its folder may have to be made. Raises ExportError."""
    if os.path.isdir(output):
        raise ExportError(f"{output} is a folder; give the name of a file.")
    try:
        os.lstat(output)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ExportError(f"{output} cannot be written: the file name is too long.") from None
    folder = output.absolute().parent
    while not os.path.isdir(folder) and folder != folder.parent:
        if os.path.lexists(folder):
            raise ExportError(f"{output} cannot be written: {folder} is not a folder.")
        folder = folder.parent  # where it would be made
    if folder != output.absolute().parent and not make:
        raise ExportError(f"The folder {output.parent} does not exist; make it first.")
    if not may_write(folder):
        raise ExportError(f"{output} cannot be written: there is no permission to write there.")


def _check_quality(jobs: list[Job], options: Options) -> None:
    from diif_viewer.imaging.formats import format_of

    forms = [format_of(Path(f"x{job.suffix}")) for job in jobs]
    if options.quality is not None and forms and all(form.quality is None for form in forms):
        names = " and ".join(dict.fromkeys(form.name for form in forms))
        raise ExportError(f"{names} has no quality to choose; leave --quality out, or choose JPEG, WebP or AVIF.")


def _check_names(jobs: list[Job], sources: list[Path]) -> None:
    outputs = [job.output for job in jobs if job.output is not None]
    name, count = Counter(os.path.abspath(output) for output in outputs).most_common(1)[0] if outputs else ("", 0)
    if count > 1:
        raise ExportError(f"{count} results would be called {name}; use {{name}} or {{number}} in the output's name.")
    pictures = {os.path.realpath(source) for source in sources}  # also those that nothing is made of
    for output in outputs:
        if os.path.realpath(output) in pictures:
            raise ExportError(f"{output} is the picture itself; give the result another name.")


def _check_space(jobs: list[Job]) -> None:
    """Refuse what the disk cannot hold, by a low guess: what compresses well must not be refused."""
    from diif_viewer.imaging.formats import format_of

    needed: Counter[Path] = Counter()
    for job in jobs:
        form = format_of(Path(f"x{job.suffix}"))
        window = job.options.part(job.options.lattice(job.header.height, job.header.width))
        raw = window.area * job.header.channels * job.options.bits_for(job.header.bits, form.bits) // 8
        folder = job.output.absolute().parent if job.output is not None else Path.cwd()
        while not os.path.isdir(folder) and folder != folder.parent:
            folder = folder.parent
        needed[folder] += int(raw * form.ratio)
    for folder, size in needed.items():
        free = shutil.disk_usage(folder).free
        if size > free:
            raise ExportError(
                f"The disk of {folder} has {_amount(free)} free, and the result needs {_amount(size)} or more."
            )


def _amount(count: int) -> str:
    """Bytes for people: `1.5 GB`, `20.0 MB`, `3.2 kB`."""
    size, unit = next(((size, unit) for size, unit in ((1e9, "GB"), (1e6, "MB")) if count >= size), (1e3, "kB"))
    return f"{count / size:.1f} {unit}"


def check_memory(streams: bool, window: Window, bytes_per_pixel: int) -> None:
    """Refuse a result that cannot be held: three strips of it, or all of it twice. Raises RequestError."""
    from diif_viewer.memory import free_memory

    needed, free = (3 * 256 * window.width if streams else 2 * window.area) * bytes_per_pixel, free_memory()
    if needed > free:
        raise RequestError(
            f"The result of {window.width}x{window.height} pixels needs {needed / 2**30:.1f} GiB of memory and "
            f"{free / 2**30:.1f} GiB are free; render it in parts with --box or --window"
            f"{'.' if streams else ', or as PNG or TIFF.'}"
        )
