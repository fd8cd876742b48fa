"""Before an export begins: a detail of it as the file will hold it, and what all of it will take.

Nothing is assumed about the machine. The detail is painted by the export's own painter and encoded by its own writer;
both are timed, and so is one encoding step of the model. The size of the file comes from 25 places of the result,
interpolated bicubically, and from how much smaller or larger the detail itself is than its bicubic stand-in.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from diif_viewer.engine import messages as m
from diif_viewer.engine.aside import elsewhere
from diif_viewer.engine.exporting import CLASSIC_NAMES, LARGE, export_budget, painter
from diif_viewer.engine.field import Field
from diif_viewer.engine.pixels import Array
from diif_viewer.engine.planes import BLOCK, BlockCache, Plane
from diif_viewer.engine.strips import classic_painter, export_memory, export_step
from diif_viewer.engine.threads import cores
from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.colour import to_8_bits
from diif_viewer.imaging.formats import Format, format_of
from diif_viewer.imaging.metadata import Metadata
from diif_viewer.imaging.save import SMALL, write_strips

PATCH = 64
"""Side of each of the places that tell the size of the file."""

PLACES = (0.05, 0.3, 0.5, 0.7, 0.95)
"""Where they lie, along each side."""

STEP = 160
"""Source pixels a side of the encoding step that is timed."""

TIMES = 4
"""How often it is, by two probes: the machine may stand still meanwhile, as one does that wakes up."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a source pixel takes: seconds to encode, its halo counted as well, and for the maps; bytes kept of both."""

    features: float
    maps: float
    bytes: float
    halo: int

    def seconds(self, parts: list[Window]) -> float:
        """Of encoding `parts`, one after the other."""
        return sum(self.features * part.grown(self.halo).area + self.maps * part.area for part in parts)

    def kept(self, parts: list[Window]) -> float:
        """Bytes of features and maps."""
        return self.bytes * sum(part.area for part in parts)


def probe_steps(
    request: m.ProbeRequest, pixels: Array, load: Callable[[], Field | None], known: dict[str, list[Encoding]]
) -> Iterator[m.ProbeDone | None]:
    """Answer `request` in steps of a few milliseconds: None between, ProbeDone last.

    pixels, load: as for `exporting.export_steps`. known: what encoding took by model and dtype, filled here.
    Raises RequestError, ExportError.
    """
    export, own = replace(request.export, own=None), request.export.own  # the same picture, as far as a screen shows it
    lattice = Lattice.of_scale(pixels.shape[0], pixels.shape[1], export.scale)
    window = export.window.intersected(lattice.window)
    detail = request.detail.intersected(window)
    if not detail:
        raise RequestError("The region to export is empty.")
    near = replace(export, window=detail)  # little enough to be read from what the screen keeps of features
    sample = np.empty((0, 0, 0), np.uint8)
    for painted in painter(near, lattice, pixels, load)(lattice, detail):
        if painted is not None:
            sample = painted
        yield None
    pixel = sample.shape[2] * sample.dtype.itemsize
    is_model = export.model not in CLASSIC_NAMES
    step = export_step(window, export.scale, window.width * pixel, is_model=is_model, best=export.best)
    piece = detail if is_model else _piece(window, detail, step)
    paint = painter(replace(near, window=piece, best=False, float32=_exact(export)), lattice, pixels, load)
    paces = []
    for _ in range(3):  # the first may encode, and one be disturbed
        paces.append(_seconds(lambda: [*paint(lattice, piece)]) / piece.area)
        yield None
    rendering, kept = sorted(paces)[1] * window.area, 0.0
    if is_model and export.scale > 1:
        times = 8 if export.best else 1
        encoding, parts = yield from _encoded(request.export, load, (lattice, window, step), known)
        rendering, kept = times * (rendering + encoding.seconds(parts)), times * encoding.kept(parts)
        yield None
    form = format_of(Path(export.path))
    written = _Written(form, export, window)
    shown, size = yield from elsewhere(lambda: written.sample(sample))
    places = np.concatenate([_bicubic(pixels, export.bits, lattice, place) for place in _places(window)])
    _, all_over = yield from elsewhere(lambda: written.sample(places))
    _, stand_in = yield from elsewhere(lambda: written.sample(_bicubic(pixels, export.bits, lattice, detail)))
    pace = yield from elsewhere(lambda: written.pace(places))
    share, writing = all_over / stand_in, pace * window.area
    memory = export_memory(window, step, pixel, streams=form.streams) + min(int(kept), export_budget())
    memory += 0 if own is None else pixels.size * own.bits // 8
    together = max(writing, rendering + writing / cores()) if form.streams else rendering + writing
    yield m.ProbeDone(request.serial, together, int(size * share * window.area), memory, shown)


def _exact(export: m.ExportRequest) -> bool:
    return export.float32 or export.best or export.bits == 16


def _encoded(
    export: m.ExportRequest,
    load: Callable[[], Field | None],
    place: tuple[Lattice, Window, tuple[int, int]],
    known: dict[str, list[Encoding]],
) -> Generator[None, None, tuple[Encoding, list[Window]]]:
    """What encoding takes, and the source windows that `export` encodes. place: lattice, window, step of its pieces."""
    field = load()
    if field is None:
        raise RequestError("The picture was closed before it could be exported.")
    exact = _exact(export)
    encoding = yield from encoding_steps(export.model, field, known, exact=exact)
    return encoding, _parts(field, *place, None if export.best or export.own is not None else exact)


def encoding_steps(
    model: str, field: Field, known: dict[str, list[Encoding]], *, exact: bool
) -> Generator[None, None, Encoding]:
    """What encoding for `model` takes, in steps: the least of what was measured. exact: in float32.

    What a picture smaller than a step takes says nothing of others, and is not kept.
    """
    key, small = f"{model} {exact}", min(field.height, field.width) < STEP
    measured = [*known.get(key, ())] if small else known.setdefault(key, [])
    for _ in range(min(TIMES // 2, TIMES - len(measured))):
        measured.append(_encoding(field, exact=exact))
        yield None
    features, maps = min(one.features for one in measured), min(one.maps for one in measured)
    return replace(measured[0], features=features, maps=maps)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _piece(window: Window, detail: Window, step: tuple[int, int]) -> Window:
    """A piece of `window` about `detail`, of the size that the export is painted in."""
    height, width = min(step[0], window.height), min(step[1], window.width)
    top = min(max(window.top, (detail.top + detail.bottom - height) // 2), window.bottom - height)
    left = min(max(window.left, (detail.left + detail.right - width) // 2), window.right - width)
    return Window(top, left, top + height, left + width)


def _bicubic(pixels: Array, bits: int, lattice: Lattice, window: Window) -> Array:
    for painted in classic_painter(pixels, "bicubic", bits)(lattice, window):
        if painted is not None:
            return painted
    raise AssertionError("a painter without a picture")


def _places(window: Window) -> list[Window]:
    """Small parts all over a window, of one width."""
    height, width = min(PATCH, window.height), min(PATCH, window.width)
    tops = [window.top + round((window.height - height) * part) for part in PLACES]
    lefts = [window.left + round((window.width - width) * part) for part in PLACES]
    return [Window(top, left, top + height, left + width) for top in tops for left in lefts]


def _encoding(field: Field, *, exact: bool) -> Encoding:
    """What one encoding step in the middle of the picture takes, with the maps that decoding reads."""
    compute = field.model.compute.in_float32() if exact else field.model.compute
    top, left = (max(0, (size - 3 * STEP) // 2) for size in (field.height, field.width))
    crop = np.ascontiguousarray(field.pixels[top : top + 3 * STEP, left : left + 3 * STEP])
    whole = Window(0, 0, *crop.shape[:2])
    cache, halo = BlockCache(export_budget()), field.model.encoder(compute.dtype).radius
    part = Field(crop, field.model, cache)
    features, maps = part.features(compute), part.maps(compute)
    features_of, maps_of = _measured(features, maps, whole)
    if compute.device != "cpu":  # the first launches take their libraries' loading as well
        features.ensure(features_of)
        maps.ensure(maps_of)
        part.drop()
    first = _seconds(lambda: features.ensure(features_of)) / features_of.grown(halo).intersected(whole).area
    kept = cache.bytes / features_of.area
    second = _seconds(lambda: maps.ensure(maps_of)) / maps_of.area
    return Encoding(first, second, kept + (cache.bytes - kept * features_of.area) / maps_of.area, halo)


def _measured(features: Plane, maps: Plane, whole: Window) -> tuple[Window, Window]:
    """Windows of features and of maps whose making is timed: one step's, with its halo; on a GPU a whole block each."""
    if features.device != "cpu":
        one, other = (Window(0, 0, plane.block, plane.block).intersected(whole) for plane in (features, maps))
        return one, other
    step = Window(STEP, STEP, 2 * STEP, 2 * STEP)
    if whole.contains(step):
        return step, step.grown(-BLOCK)
    step = whole.intersected(Window(0, 0, STEP, STEP))
    return step, step


def _parts(field: Field, lattice: Lattice, window: Window, step: tuple[int, int], exact: bool | None) -> list[Window]:
    """Source windows that an export of `window` in pieces of `step` encodes; what the screen holds is left out.

    exact: in float32; None where nothing is taken from the screen.
    """
    cells = lattice.cells_of(window).grown(2).aligned(BLOCK).intersected(Window(0, 0, field.height, field.width))
    if exact is not None and cells.area <= LARGE:
        compute = field.model.compute.in_float32() if exact else field.model.compute
        return field.unencoded(lattice, window, compute)
    if field.model.compute.device != "cpu":
        side = field.features(field.model.compute).block
        return [part.intersected(cells) for part in cells.split(side)]
    height, width = (min(STEP, max(BLOCK, int(n / lattice.y.scale) // BLOCK * BLOCK)) for n in step)
    rows = range(cells.top, cells.bottom, height)
    columns = range(cells.left, cells.right, width)
    return [Window(top, left, top + height, left + width).intersected(cells) for top in rows for left in columns]


class _Written:
    """Encodes samples as the export will be."""

    def __init__(self, form: Format, export: m.ExportRequest, window: Window) -> None:
        self._form, self._export, self._window = form, export, window

    def sample(self, pixels: Array) -> tuple[Array, float]:
        """(what the file will hold, 8 bits; bytes per pixel)."""
        with tempfile.TemporaryDirectory(prefix="diif-viewer-") as folder:
            path = Path(folder, f"detail{self._form.suffixes[0]}")
            self._write(path, pixels)
            size = path.stat().st_size / (pixels.shape[0] * pixels.shape[1])
            if self._form.quality is None:
                return to_8_bits(pixels), size
            from diif_viewer.imaging.load import load_picture

            return to_8_bits(load_picture(path).pixels), size

    def pace(self, pixels: Array) -> float:
        """Seconds per pixel that writing takes, without what each file takes however small it is."""
        part = pixels[: max(1, len(pixels) // 4)]
        with tempfile.TemporaryDirectory(prefix="diif-viewer-") as folder:
            path = Path(folder, f"detail{self._form.suffixes[0]}")
            whole = min(_seconds(lambda: self._write(path, pixels)) for _ in range(2))
            least = min(_seconds(lambda: self._write(path, part)) for _ in range(2))
        more = (len(pixels) - len(part)) * int(pixels.shape[1])
        return max(0.0, whole - least) / more if more else whole / int(pixels.shape[1])

    def _write(self, path: Path, pixels: Array) -> None:
        height, width, channels = pixels.shape
        whole = self._window.area * channels * pixels.dtype.itemsize
        large = self._form.name == "PNG" and whole > SMALL
        write_strips(
            path,
            self._form,
            [pixels],
            shape=(height, width, channels),
            dtype=pixels.dtype,
            about=Metadata(),
            quality=self._export.quality,
            large=large,
        )
