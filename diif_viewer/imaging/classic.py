"""Classic interpolation on any window of a lattice: nearest, bilinear, bicubic, Lanczos; an area filter below x1.

The kernels and the border rule are Pillow's (taps outside the picture dropped, the rest renormalised), so the picture
that people see first, the base of DIIF-S and the tables of the papers agree. Pillow does the heavy part, with the
interpreter lock released; the few outputs it cannot be asked for (a last one whose footprint overhangs the picture, by
the rounding rule of the lattice) are computed here from the same weights.

Below x1 the source is first reduced by the largest power of two that leaves a scale of at most 1 (exact area means),
then resampled by the rest with a kernel between box and triangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from diif_viewer.errors import RequestError
from diif_viewer.geometry import Axis, Floats, Lattice, Window
from diif_viewer.imaging.kernels import KERNELS, SHRINKING, Kernel, bicubic_taps, taps
from diif_viewer.imaging.pyramid import Pyramid, as_array, as_image, reduced, rounded

__all__ = ["METHODS", "Pyramid", "bicubic_taps", "resample", "resample_moving"]

Pixels = npt.NDArray[Any]
"""HWC, C in 1 (grey), 2 (grey, alpha), 3 (RGB), 4 (RGBA); uint8, uint16, or float32 in [0, 1]."""

METHODS = ("nearest", "bilinear", "bicubic", "lanczos")


def resample(
    pixels: Pixels | Pyramid, method: str, lattice: Lattice, window: Window, *, widened: bool = False
) -> Pixels:
    """The `window` of `lattice` (outputs; inside ``lattice.window``, not empty) of a picture, by a classic `method`.

    pixels: HWC uint8, uint16 or float32 of ``lattice.y.size`` x ``lattice.x.size``, or its `Pyramid` (which makes
    small scales of large pictures cheap). -> (window.height, window.width, C) of the same dtype, a new array. widened:
    bytes of an array, of the part that is read, become 16 bits first.

    At scale 1 the source pixels themselves; along an axis whose scale is below 1 every method is an area filter.
    Colour is weighted by alpha (nearest apart). A window equals the crop of the whole: exactly for nearest, within
    two levels of a byte otherwise (a rounding tie in each of two passes). Integers are rounded and clamped; floats are
    not clamped. Raises RequestError for a method that does not exist.
    """
    if method not in METHODS:
        raise RequestError(f"There is no method {method!r}: choose one of {', '.join(METHODS)}.")
    kernels = [KERNELS.get(method) if axis.scale >= 1 else SHRINKING for axis in (lattice.y, lattice.x)]
    return _resampled(pixels, lattice, window, (kernels[0], kernels[1]), spare=0, widened=widened)


def resample_moving(pixels: Pixels | Pyramid, lattice: Lattice, window: Window) -> Pixels:
    """As `resample`, by a filter that changes with scale and phase so gently that a film can be made of it.

    One kernel serves all scales (it is an area filter below x1, and interpolates from there), and what is left to it
    is at least x1/4: where `resample` passes a power of two, some pixels change by tens of levels at once.
    """
    return _resampled(pixels, lattice, window, (SHRINKING, SHRINKING), spare=2)


def _resampled(
    pixels: Pixels | Pyramid,
    lattice: Lattice,
    window: Window,
    kernels: tuple[Kernel | None, Kernel | None],
    *,
    spare: int,
    widened: bool = False,
) -> Pixels:
    """kernels: of y and x. spare: halvings that the kernels do instead of the exact reduction."""
    assert window, "an empty window"
    assert lattice.window.contains(window), f"{window} leaves the lattice {lattice.window}"
    source = pixels.pixels if isinstance(pixels, Pyramid) else pixels
    assert source.shape[:2] == (lattice.y.size, lattice.x.size), (source.shape, lattice)
    y_halvings, x_halvings = (max(0, _halvings(axis.scale) - spare) for axis in (lattice.y, lattice.x))
    y = _span(lattice.y, window.top, window.bottom, 1 << y_halvings, kernels[0])
    x = _span(lattice.x, window.left, window.right, 1 << x_halvings, kernels[1])
    if isinstance(pixels, Pyramid):
        made = min(y_halvings, x_halvings)
        source, y_halvings, x_halvings = pixels.level(made), y_halvings - made, x_halvings - made
    rows = slice(y.begin << y_halvings, y.end << y_halvings)
    columns = slice(x.begin << x_halvings, x.end << x_halvings)
    region = source[rows, columns]
    if widened and region.dtype == np.uint8:
        region = region.astype(np.uint16) * np.uint16(257)
    region = reduced(region, 1 << y_halvings, 1 << x_halvings)
    return _filtered(region, y, x)


def _halvings(scale: float) -> int:
    return max(0, math.floor(-math.log2(scale) + 1e-9))


@dataclass(frozen=True, slots=True)
class _Span:
    """One axis of the work: outputs made from the pixels ``begin .. end - 1`` of the (reduced) source.

    positions: centres of the outputs, in pixels from `begin`. step: source pixels per output. kernel: None where every
    output is one source pixel (nearest, or no change of scale).
    """

    kernel: Kernel | None
    positions: Floats
    step: float
    begin: int
    end: int


def _span(axis: Axis, start: int, stop: int, factor: int, kernel: Kernel | None) -> _Span:
    """Outputs ``start .. stop - 1`` of an axis whose source is reduced `factor` times. kernel: None for nearest."""
    step = 1.0 / (axis.scale * factor)
    if abs(step - 1.0) < 1e-9 and axis.phase == 0:
        kernel = None
    size = -(-axis.size // factor)
    positions = np.clip(axis.positions(start, stop) / factor, 0.0, float(size))
    reach = math.ceil(kernel.radius * max(step, 1.0)) + 1 if kernel else 1
    begin = min(max(0, math.floor(positions[0]) - reach), size - 1)
    end = max(min(size, math.ceil(positions[-1]) + reach), begin + 1)
    return _Span(kernel, positions - begin, step, begin, end)


def _filtered(region: Pixels, y: _Span, x: _Span) -> Pixels:
    """`region`: the source pixels ``y.begin .. y.end - 1`` x ``x.begin .. x.end - 1``."""
    if x.kernel is None:
        region = region.take(_nearest(x, region.shape[1]), axis=1)
    if y.kernel is None:
        region = region.take(_nearest(y, region.shape[0]), axis=0)
    if x.kernel is None and y.kernel is None:
        return region
    dtype, weighted = region.dtype, region.shape[2] in (2, 4)
    if weighted and dtype == np.uint8 and region[..., -1].min() == 255:
        weighted = False
    if not weighted:
        return _passes(region, y, x)
    if dtype == np.uint8:
        return _unweighted_bytes(_passes(_weighted_bytes(region), y, x))
    opaque = 1.0 if dtype == np.float32 else 65535.0
    planes = region.astype(np.float32)
    planes[..., :-1] *= planes[..., -1:] / opaque
    planes = _passes(planes, y, x)
    alpha = planes[..., -1:]
    planes[..., :-1] *= np.where(alpha > 1e-6 * opaque, opaque / np.maximum(alpha, 1e-6 * opaque), 0.0)
    return rounded(planes, dtype)


def _nearest(span: _Span, size: int) -> npt.NDArray[np.int64]:
    return np.clip(np.floor(span.positions).astype(np.int64), 0, size - 1)


def _passes(region: Pixels, y: _Span, x: _Span) -> Pixels:
    """Across, then down, as Pillow; channels independent of each other."""
    height = len(y.positions) if y.kernel else region.shape[0]
    width = len(x.positions) if x.kernel else region.shape[1]
    (top, bottom), (left, right) = _covered(y, region.shape[0]), _covered(x, region.shape[1])
    inner = _by_pillow(region, _cut(y, top, bottom), _cut(x, left, right)) if bottom > top and right > left else None
    if inner is not None and inner.shape[:2] == (height, width):
        return inner
    out = np.empty((height, width, region.shape[2]), region.dtype)
    if inner is None:
        top = bottom = height
    else:
        out[top:bottom, left:right] = inner
    for rows, columns in (
        ((0, top), (0, width)),
        ((bottom, height), (0, width)),
        ((top, bottom), (0, left)),
        ((top, bottom), (right, width)),
    ):
        if rows[1] > rows[0] and columns[1] > columns[0]:
            out[slice(*rows), slice(*columns)] = _by_taps(region, _cut(y, *rows), _cut(x, *columns), rows, columns)
    return out


def _covered(span: _Span, size: int) -> tuple[int, int]:
    """The run of outputs whose footprints lie inside the source: those that Pillow can be asked for."""
    if span.kernel is None:
        return 0, size
    slack = 1e-6
    inside = (span.positions - span.step / 2 >= -slack) & (span.positions + span.step / 2 <= size + slack)
    found = np.flatnonzero(inside)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)


def _cut(span: _Span, first: int, last: int) -> _Span:
    return replace(span, positions=span.positions[first:last]) if span.kernel else span


def _by_pillow(region: Pixels, y: _Span, x: _Span) -> Pixels:
    height, width, channels = region.shape

    def box(span: _Span, size: int) -> tuple[float, float]:
        low, high = span.positions[0] - span.step / 2, span.positions[-1] + span.step / 2
        return max(0.0, float(low)), min(float(size), float(high))

    def resized(image: Image.Image) -> Image.Image:
        if x.kernel:
            left, right = box(x, width)
            image = image.resize((len(x.positions), height), x.kernel.pillow, (left, 0, right, height))
        if y.kernel:
            top, bottom = box(y, height)
            image = image.resize((image.width, len(y.positions)), y.kernel.pillow, (0, top, image.width, bottom))
        return image

    if region.dtype == np.uint8:
        if channels in (1, 3):
            return as_array(resized(as_image(region)))
        four = region if channels == 4 else region[..., [0, 0, 0, 1]]
        image = Image.frombuffer("RGBX", (width, height), np.ascontiguousarray(four), "raw", "RGBX", 0, 1)
        return as_array(resized(image))[..., :: 3 if channels == 2 else 1]
    planes = [resized(Image.fromarray(region[..., c].astype(np.float32))) for c in range(channels)]
    return rounded(np.stack([np.asarray(plane) for plane in planes], axis=-1), region.dtype)


def _by_taps(region: Pixels, y: _Span, x: _Span, rows: tuple[int, int], columns: tuple[int, int]) -> Pixels:
    """The same filter in NumPy, for a few outputs. rows, columns: where there is no kernel, the pixels to take."""
    values: Pixels = region.astype(np.float32)
    if x.kernel:
        index, weights = taps(x.kernel, x.positions, x.step, region.shape[1])
        values = np.einsum("ynkc,nk->ync", values[:, index], weights)
        if region.dtype == np.uint8:
            values = np.floor(np.clip(values + 0.5, 0, 255))  # Pillow keeps bytes between its passes
    else:
        values = values[:, slice(*columns)]
    if y.kernel:
        index, weights = taps(y.kernel, y.positions, y.step, region.shape[0])
        values = np.einsum("nkxc,nk->nxc", values[index], weights)
    else:
        values = values[slice(*rows)]
    return rounded(values, region.dtype)


def _weighted_bytes(region: Pixels) -> Pixels:
    """Colour times alpha, in bytes, as Pillow's RGBa."""
    alpha = region[..., -1:].astype(np.uint16)
    product = region[..., :-1] * alpha + 128
    colour = ((product >> 8) + product) >> 8  # exact rounded division by 255
    return np.concatenate([colour.astype(np.uint8), region[..., -1:]], axis=-1)


def _unweighted_bytes(region: Pixels) -> Pixels:
    alpha = region[..., -1:]
    colour = region[..., :-1].astype(np.float32) * (255.0 / np.maximum(alpha, 1).astype(np.float32))
    return np.concatenate([rounded(colour, np.uint8), alpha], axis=-1)
