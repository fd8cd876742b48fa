"""Seams: does a method's picture jump where one LR pixel ends and the next begins?

*Shrink* is the proof: the mean step between the two outputs on either side of a cell border, at x30 over x300. The
picture of a continuous function has steps as small as its outputs are close, so it shrinks about tenfold; a jump stays.
*Ratio* is for the eye: the mean step across borders over the mean step inside cells; pictures differ, so bicubic's
belongs beside it. Both along x, in float32, on the middle of a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from diif_viewer.geometry import Axis, Lattice, Window
from diif_viewer.imaging.classic import resample

if TYPE_CHECKING:
    from diif_viewer.engine.model import Model

Render = Callable[[Lattice, Window], npt.NDArray[Any]]

RATIO_SCALES = (4.0, 16.0, 30.0)
NEAR, FAR = 30.0, 300.0
_SIDE = 24  # LR pixels of the region
_LINES = 4  # rows of LR pixels that are looked at for the shrink


@dataclass(frozen=True, slots=True)
class Seams:
    """shrink: mean step across borders at x30 over x300. ratios: across over inside, one per scale of RATIO_SCALES."""

    method: str
    shrink: float
    ratios: tuple[float, ...]


def measure_seams(
    pictures: Sequence[npt.NDArray[np.uint8]],
    methods: Sequence[str | Model],
    progress: Callable[[float], None] | None = None,
) -> list[Seams]:
    """The seams of each method (classic name or loaded model) on HWC RGB pictures of at least 2 x 2 pixels."""
    found = []
    for number, method in enumerate(methods):
        shrink = np.zeros(2)  # mean steps across at NEAR and FAR, summed over pictures
        ratio = np.zeros((2, len(RATIO_SCALES)))  # across, inside
        for done, picture in enumerate(pictures, start=1):
            render = _renderer(picture, method)
            shrink += [_border_step(picture.shape, scale, render) for scale in (NEAR, FAR)]
            ratio += np.transpose([_steps(picture.shape, scale, render) for scale in RATIO_SCALES])
            if progress is not None:
                progress((number + done / len(pictures)) / len(methods))
        name = method if isinstance(method, str) else method.name
        found.append(Seams(name, _divided(*shrink), tuple(_divided(a, b) for a, b in ratio.T)))
    return found


def seam_table(seams: Sequence[Seams]) -> str:
    """As Markdown: a row per method."""
    scales = " | ".join(f"across / inside x{s:g}" for s in RATIO_SCALES)
    lines = [
        f"| method | step across cells, x{NEAR:g} over x{FAR:g} | {scales} |",
        "|---|" + "---|" * (1 + len(RATIO_SCALES)),
    ]
    lines += [f"| {s.method} | {s.shrink:.2f} | " + " | ".join(f"{r:.2f}" for r in s.ratios) + " |" for s in seams]
    return "\n".join(lines) + "\n"


def _renderer(picture: npt.NDArray[np.uint8], method: str | Model) -> Render:
    if isinstance(method, str):
        pixels, name = picture.astype(np.float32) / np.float32(255), method
        return lambda lattice, window: resample(pixels, name, lattice, window)

    from diif_viewer.engine.field import encode

    field = encode(picture, method)
    exact = method.compute.in_float32()
    return lambda lattice, window: field.render_window(lattice, window, exact, as_float=True)


def _middle(size: int) -> tuple[int, int]:
    side = min(size, _SIDE)
    return (size - side) // 2, (size - side) // 2 + side


def _outputs(axis: Axis, first: int, last: int) -> tuple[int, int]:
    """Outputs of the LR pixels ``first .. last - 1``."""
    return axis.first_output(first), min(axis.first_output(last), axis.count)


def _steps(shape: tuple[int, ...], scale: float, render: Render) -> tuple[float, float]:
    """Mean steps (across borders, inside cells) along x, of all outputs of the middle of the picture."""
    lattice = Lattice.of_scale(shape[0], shape[1], scale)
    top, bottom = _outputs(lattice.y, *_middle(shape[0]))
    left, right = _outputs(lattice.x, *_middle(shape[1]))
    return _along_x(lattice, Window(top, left, bottom, right), render)


def _border_step(shape: tuple[int, ...], scale: float, render: Render) -> float:
    """Mean step across borders on the middle line of a few rows of LR pixels (all outputs would be millions)."""
    lattice = Lattice.of_scale(shape[0], shape[1], scale)
    left, right = _outputs(lattice.x, *_middle(shape[1]))
    steps = []
    for cell in np.linspace(*_middle(shape[0]), _LINES, endpoint=False).astype(int):
        top, bottom = _outputs(lattice.y, int(cell), int(cell) + 1)
        row = (top + bottom) // 2
        steps.append(_along_x(lattice, Window(row, left, row + 1, right), render)[0])
    return float(np.mean(steps))


def _along_x(lattice: Lattice, window: Window, render: Render) -> tuple[float, float]:
    values = render(lattice, window).astype(np.float64)
    steps = np.abs(np.diff(values, axis=1)).mean(axis=(0, 2))  # one per pair of columns
    cells = lattice.x.cells(lattice.x.positions(window.left, window.right))
    across = np.diff(cells) > 0
    return float(steps[across].mean()), float(steps[~across].mean())


def _divided(a: float, b: float) -> float:
    return float(a / b) if b > 0 else float("nan")
