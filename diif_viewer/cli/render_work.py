"""Doing one job of `render`: read, paint in strips, write; the same in the program's own process and in a worker's."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.cli import sentence
from diif_viewer.cli.inputs import in_full
from diif_viewer.cli.render_options import Options, scale_text
from diif_viewer.cli.render_plan import Job
from diif_viewer.models.registry import METHODS

if TYPE_CHECKING:
    from diif_viewer.engine.model import Model
    from diif_viewer.engine.strips import Painter
    from diif_viewer.geometry import Lattice, Window
    from diif_viewer.imaging.formats import Format
    from diif_viewer.imaging.load import Picture

Tell = Callable[[str], None]
Inside = Callable[["Window", float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture. status: done, skipped (it was there), or failed, with one sentence as `error`.

    span: the values of the file that are 0 and the full range in the result, where they were stretched.
    """

    input: str
    output: str
    status: str
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    method: str = ""
    error: str = ""
    span: tuple[float, float] | None = None

    def as_record(self) -> dict[str, Any]:
        """For JSON: what is known."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 0, None)}


def failure(job: Job, error: Exception) -> Outcome:
    """The outcome of a job that raised `error`."""
    if job.options.debug:
        traceback.print_exception(error)
    return Outcome(job.label, job.shown, "failed", error=sentence(error))


class _Fine:
    """Progress within the pieces of a window, not only from piece to piece. progress: takes what is done, in [0, 1]."""

    def __init__(self, window: Window, progress: Callable[[float], None] | None) -> None:
        self._area, self._progress, self._done = window.area, progress, 0.0

    def reached(self, done: float) -> None:
        """Whole pieces of the window amount to `done`."""
        if done > self._done and self._progress is not None:
            self._progress(done)
        self._done = done

    def within(self, piece: Window, fraction: float) -> None:
        """Of the next piece, `fraction` is done."""
        if self._progress is not None:
            self._progress(min(1.0, self._done + fraction * piece.area / self._area))


class Renderer:
    """Does jobs one after the other; each model is loaded once, when a job first needs it."""

    def __init__(self, tell: Tell | None = None) -> None:
        """tell: is called with what computes (method, scale, device) before each picture."""
        self._tell = tell
        self._models: dict[str, Model] = {}

    def do(self, job: Job, progress: Callable[[float], None] | None = None) -> Outcome:
        """Render and write one picture. Raises DiifViewerError with one sentence; no file is left then."""
        from diif_viewer.imaging.formats import format_of
        from diif_viewer.imaging.load import load_picture
        from diif_viewer.imaging.metadata import Metadata, export_metadata

        started = time.monotonic()
        options, form = job.options, format_of(Path(f"x{job.suffix}"))
        with in_full(Path(job.label)):
            picture = load_picture(job.source, page=options.page).laid(options.turn)
            picture = _in_a_space_that_fits(picture, form, srgb=options.srgb)
        height, width, channels = picture.pixels.shape
        lattice = options.lattice(height, width)
        window = options.part(lattice)
        bits = options.bits_for(job.header.bits, form.bits)
        fine = _Fine(window, progress)
        paint = self._painter(picture, options, bits, scale_text(lattice), fine.within)
        dpi = picture.dpi if options.dpi is None else (options.dpi, options.dpi)
        about = Metadata(picture.icc_profile, picture.exif, dpi)
        about = export_metadata(about, options.recipe(job.source, lattice, window, bits), strip=options.strip)

        def strips() -> Iterator[Any]:
            from diif_viewer.engine import heap
            from diif_viewer.engine.strips import painted_strips

            last, step = 0.0, _step(options, lattice, window, window.width * channels * bits // 8)
            for strip, done in painted_strips(paint, lattice, window, step):
                if done > last:
                    heap.give_back()  # as in engine.exporting: it would pile up between what is kept
                last = done
                fine.reached(done)
                if strip is not None:
                    yield strip

        shape = (window.height, window.width, channels)
        _write(
            job,
            strips(),
            shape=shape,
            dtype=f"uint{bits}",
            about=about,
            quality=options.quality,
            lossless=options.lossless,
        )
        spent = time.monotonic() - started
        done = Outcome(job.label, job.shown, "done", window.width, window.height, round(spent, 3), options.method)
        return replace(done, span=picture.span)

    def _painter(self, picture: Picture, options: Options, bits: int, scale: str, tell: Inside) -> Painter:
        if options.method in METHODS and not METHODS[options.method].is_model:
            self._say(f"{options.method} at {scale} on Pillow")
            from diif_viewer.engine.strips import classic_painter

            return classic_painter(picture.pixels, options.method, bits)
        import diif_viewer as dv
        from diif_viewer.engine.exporting import export_budget, field_painter
        from diif_viewer.engine.field import Field
        from diif_viewer.engine.planes import BlockCache

        if options.method not in self._models:
            self._models[options.method] = dv.load_model(options.method, options.device)
        model, exact = self._models[options.method], options.float32 or options.best or bits == 16
        compute = model.compute.in_float32() if exact else model.compute
        self._say(f"{model.name} at {scale} on {compute.description}{', best of eight' if options.best else ''}")
        field = Field(picture.pixels, model, BlockCache(export_budget()))
        return field_painter(field, bits=bits, float32=exact, best=options.best, tell=tell)

    def _say(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)


def _in_a_space_that_fits(picture: Picture, form: Format, *, srgb: bool) -> Picture:
    """Grey with a profile of its own as sRGB, for formats that hold grey as colour; all as sRGB where that is asked."""
    from diif_viewer.imaging.formats import keeps_profile

    if picture.icc_profile is not None and (srgb or not keeps_profile(form, picture.pixels.shape[2])):
        from diif_viewer.imaging.colour import to_srgb

        return to_srgb(replace(picture))
    return picture


def _step(options: Options, lattice: Lattice, window: Window, row: int) -> tuple[int, int]:
    """Rows and columns painted at a time. row: bytes of one of the result.

    A model's are those of the window's exports, which keep few features; else some four million outputs.
    """
    from diif_viewer.engine.strips import export_step

    if options.method not in METHODS or METHODS[options.method].is_model:
        return export_step(window, min(lattice.y.scale, lattice.x.scale), row, is_model=True, best=options.best)
    columns = min(8192, -(-window.width // 128) * 128)
    return 128 * max(1, min(8, 4_000_000 // (128 * window.width))), columns


def _write(job: Job, strips: Iterator[Any], **options: Any) -> None:
    from diif_viewer.imaging.formats import format_of
    from diif_viewer.imaging.save import atomic_path, write_strips

    form = format_of(Path(f"x{job.suffix}"))
    if job.output is not None:
        job.output.absolute().parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(job.output) as temporary:
            write_strips(temporary, form, strips, **options)
        return
    with tempfile.TemporaryDirectory(prefix="diif-viewer-") as folder:
        whole = Path(folder, f"result{job.suffix}")
        with atomic_path(whole) as temporary:
            write_strips(temporary, form, strips, **options)
        with whole.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
