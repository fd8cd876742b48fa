"""How `render` is to make each picture, as the command line says it, and the words for it in names and files."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from diif_viewer import __version__
from diif_viewer.errors import RequestError
from diif_viewer.imaging.turns import UPRIGHT, Turn
from diif_viewer.models.registry import default_method

if TYPE_CHECKING:
    from diif_viewer.geometry import Lattice, Window


@dataclass(frozen=True, slots=True)
class Options:
    """How every picture is rendered, as the command line says it.

    method: a classic method, a shipped model or a weights file, or empty for the default of each picture's kind;
    weights: a few digits of its hash, or empty. bits: 8, 16, or None for 16 where the picture has 16 and the format can
    hold them. Sizes are (height, width). page: from 0. turn: how the picture lies, of which all else is told. srgb: in
    sRGB instead of the file's own colours. dpi: of the result, None for the picture's. debug: show the traceback of
    whatever fails.
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
    debug: bool = False
    page: int = 0
    turn: Turn = UPRIGHT
    srgb: bool = False
    dpi: float | None = None

    def for_kind(self, suffix: str) -> Options:
        """These for a picture with such an ending: where no method is named, by the default for its kind."""
        if self.method:
            return self
        from diif_viewer.engine.device import resolve
        from diif_viewer.engine.model import weights_file

        name = default_method(suffix, resolve(self.device))
        return replace(self, method=name, weights=digits_of(weights_file(name)))

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

    def recipe(self, source: Path, lattice: Lattice, window: Window, bits: int) -> str:
        """The software tag of the result: the same for results that must be the same, so that a batch can go on.

        source: the picture's file, which is read.
        """
        part = "" if window == lattice.window else f" part {window.top},{window.left},{window.bottom},{window.right}"
        words = [
            f"{Path(self.method).name}{' ' + self.weights if self.weights else ''}",
            f"{scale_text(lattice)}{part}",
            f"{bits} bits{' float32' if self.float32 else ''}{' best' if self.best else ''}",
            *([f"quality {self.quality}"] if self.quality else []),
            *(["lossless"] if self.lossless else []),
            *(["stripped"] if self.strip else []),
            *([f"page {self.page + 1}"] if self.page else []),
            *([f"turned {self.turn.words}"] if self.turn != UPRIGHT else []),
            *(["in sRGB"] if self.srgb else []),
            *([f"{self.dpi:g} dpi"] if self.dpi else []),
            f"of {_digits(source)}",
        ]
        return f"DIIF Viewer {__version__} ({'; '.join(words)})"


@functools.cache
def digits_of(weights: Path) -> str:
    """The first digits of the file's SHA-256; empty for a file that cannot be read, which loading will say."""
    return _digits(weights)


def _digits(file: Path) -> str:
    import hashlib

    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:8]
    except OSError:
        return ""


def scale_text(lattice: Lattice) -> str:
    """`x12.5`, or `x2 by x3` (across, down) where the axes differ."""
    y, x = lattice.y.scale, lattice.x.scale
    return f"x{x:g}" if x == y else f"x{x:g} by x{y:g}"
