"""What `render` will do, found out before it begins: every output with its size, and whatever speaks against it."""

from __future__ import annotations

import os
import shutil
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer import __version__
from diif_viewer.cli.inputs import STANDARD
from diif_viewer.errors import DiifViewerError, ExportError, RequestError

if TYPE_CHECKING:
    from diif_viewer.geometry import Lattice, Window
    from diif_viewer.imaging.load import Header

FIELDS = ("stem", "name", "method", "scale", "width", "height", "number")


@dataclass(frozen=True, slots=True)
class Options:
    """How every picture is rendered, as the command line says it.

    method: a classic method, a shipped model or a weights file; weights: a few digits of its hash, or empty. bits: 8,
    16, or None for 16 where the picture has 16 and the format can hold them. Sizes are (height, width). page: from 0.
    """

    method: str
    weights: str = ""
    device: str = "auto"
    scale: float | None = None
    size: tuple[int, int] | None = None
    box: tuple[float, float, float, float] | None = None
    window: tuple[int, int, int, int] | None = None
    bits: int | None = None
    float32: bool = False
    best: bool = False
    quality: int | None = None
    strip: bool = False
    lossless: bool = False
    verbose: int = 0
    page: int = 0

    def lattice(self, height: int, width: int) -> Lattice:
        """All outputs of a picture of `height` x `width`. Raises RequestError."""
        from diif_viewer.geometry import Lattice

        if self.size is not None:
            return Lattice.of_size(height, width, *self.size)
        assert self.scale is not None
        return Lattice.of_scale(height, width, self.scale)

    def part(self, lattice: Lattice) -> Window:
        """The outputs asked for. Raises RequestError when they are none, or not all inside the picture."""
        from diif_viewer.geometry import Window

        if self.box:
            x0, y0, x1, y1 = self.box
            if not (0 <= x0 < x1 <= lattice.x.size and 0 <= y0 < y1 <= lattice.y.size):
                whole = f"0,0,{lattice.x.size},{lattice.y.size}"
                raise RequestError(f"The box {x0:g},{y0:g},{x1:g},{y1:g} must lie inside the picture: {whole}.")
            window = lattice.window_of(self.box)
        else:
            window = Window(*self.window) if self.window else lattice.window
        if not window or not lattice.window.contains(window):
            whole = f"{lattice.x.count}x{lattice.y.count}"
            raise RequestError(f"The part asked for is empty or reaches outside the output ({whole} pixels).")
        return window

    def bits_for(self, bits: int, depths: tuple[int, ...]) -> int:
        """Bits per channel of the result for a picture of `bits`, in a format that holds `depths`."""
        return self.bits or (16 if bits == 16 and 16 in depths else 8)

    def recipe(self, lattice: Lattice, window: Window, bits: int) -> str:
        """The software tag of the result: the same for results that must be the same, so that a batch can go on."""
        part = "" if window == lattice.window else f" part {window.top},{window.left},{window.bottom},{window.right}"
        words = [
            f"{Path(self.method).name}{' ' + self.weights if self.weights else ''}",
            f"{scale_text(lattice)}{part}",
            f"{bits} bits{' float32' if self.float32 else ''}{' best' if self.best else ''}",
            *([f"quality {self.quality}"] if self.quality else []),
            *(["lossless"] if self.lossless else []),
            *(["stripped"] if self.strip else []),
            *([f"page {self.page + 1}"] if self.page else []),
        ]
        return f"DIIF Viewer {__version__} ({'; '.join(words)})"


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to render. source: the file to read. label: as the user named it. output: None for standard output.

    suffix: of the format. ready: the output is there already, whole and of the same recipe.
    """

    source: Path
    label: str
    output: Path | None
    suffix: str
    header: Header
    ready: bool = False

    @property
    def shown(self) -> str:
        """The output as people read it."""
        return "standard output" if self.output is None else str(self.output)


def scale_text(lattice: Lattice) -> str:
    """`x12.5`, or `x2 by x3` (across, down) where the axes differ."""
    y, x = lattice.y.scale, lattice.x.scale
    return f"x{x:g}" if x == y else f"x{x:g} by x{y:g}"


class Target:
    """Where results go: one file, a folder, a name with fields in braces, or standard output."""

    def __init__(self, word: str, suffix: str | None, *, several: bool) -> None:
        """word: as typed after -o. suffix: of the format named by --format. Raises ExportError, RequestError."""
        self.word, self.suffix = word, suffix
        self.standard = word == "-"
        self.template = word
        path = Path(word)
        folder = path.is_dir() or word.endswith(("/", os.sep)) or (several and not path.suffix and "{" not in word)
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
            fields = {name for _, name, _, _ in string.Formatter().parse(self.template) if name is not None}
        except ValueError as error:
            raise RequestError(f"{self.word}: the name's braces do not match ({error}).") from None
        if unknown := sorted(fields - set(FIELDS)):
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise RequestError(f"{self.word}: there is no field {{{unknown[0]}}}; the fields are {known}.")

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


def plan(sources: Sequence[tuple[Path, str]], target: Target, options: Options, *, overwrite: bool) -> list[Job | str]:
    """A job for each (file, label), or the sentence why there is none.

    Raises ExportError where nothing can begin: two results of one name, a result over its source, no disk space.
    """
    jobs: list[Job | str] = []
    for number, (source, label) in enumerate(sources, 1):
        try:
            jobs.append(_job(source, label, number, target, options, overwrite))
        except DiifViewerError as error:
            jobs.append(str(error))
    _check_names([job for job in jobs if isinstance(job, Job)])
    _check_space([job for job in jobs if isinstance(job, Job) and not job.ready], options)
    return jobs


def _job(source: Path, label: str, number: int, target: Target, options: Options, overwrite: bool) -> Job:  # noqa: PLR0917
    from diif_viewer.imaging.formats import check_fit, format_of
    from diif_viewer.imaging.load import peek

    header = peek(source, page=options.page)
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
    job = Job(source, label, output, suffix, header)
    check_memory(form.streams, window, header.channels * bits // 8)
    if output is None:
        return job
    check_place(output, make=target.many)
    if not (target.many and output.exists()) or overwrite:
        return job
    if _is_ready(output, source, options.recipe(lattice, window, bits), (window.height, window.width)):
        return Job(source, label, output, suffix, header, ready=True)
    raise ExportError(f"{output} exists and is not this result; --overwrite replaces it.")


def _is_ready(output: Path, source: Path, recipe: str, size: tuple[int, int]) -> bool:
    """Is `output` the whole result of `recipe`, and no older than its source?"""
    from diif_viewer.imaging.load import peek
    from diif_viewer.imaging.whole import is_whole

    try:
        header = peek(output)
    except DiifViewerError:
        return False
    fresh = output.stat().st_mtime >= source.stat().st_mtime
    return fresh and header.software == recipe and (header.height, header.width) == size and is_whole(output)


def check_place(output: Path, *, make: bool) -> None:
    """Can a file be written to `output`? make: its folder may have to be made. Raises ExportError."""
    if output.is_dir():
        raise ExportError(f"{output} is a folder; give the name of a file.")
    folder = output.absolute().parent
    if not folder.is_dir() and not make:
        raise ExportError(f"The folder {output.parent} does not exist; make it first.")
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent  # where it would be made
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(f"{output} cannot be written: there is no permission to write there.")


def _check_names(jobs: list[Job]) -> None:
    outputs = [job.output for job in jobs if job.output is not None]
    name, count = Counter(os.path.abspath(output) for output in outputs).most_common(1)[0] if outputs else ("", 0)
    if count > 1:
        raise ExportError(f"{count} results would be called {name}; use {{name}} or {{number}} in the output's name.")
    sources = {os.path.realpath(job.source): job.label for job in jobs}
    for output in outputs:
        if os.path.realpath(output) in sources:
            raise ExportError(f"{output} is the picture itself; give the result another name.")


def _check_space(jobs: list[Job], options: Options) -> None:
    """Refuse what the disk cannot hold, by a low guess: what compresses well must not be refused."""
    from diif_viewer.imaging.formats import format_of

    needed: Counter[Path] = Counter()
    for job in jobs:
        form = format_of(Path(f"x{job.suffix}"))
        window = options.part(options.lattice(job.header.height, job.header.width))
        raw = window.area * job.header.channels * options.bits_for(job.header.bits, form.bits) // 8
        folder = job.output.absolute().parent if job.output is not None else Path.cwd()
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        needed[folder] += int(raw * form.ratio)
    for folder, size in needed.items():
        free = shutil.disk_usage(folder).free
        if size > free:
            raise ExportError(
                f"The disk of {folder} has {free / 1e9:.1f} GB free, and the result needs {size / 1e9:.1f} GB or more."
            )


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
