"""Sizes, strokes, curves, colours: what all parts of the scene are drawn with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

WIDTH, HEIGHT, ZOOM = 1200, 780, 4
HORIZON, SHORE = 392.0, 470.0

Points = list[tuple[float, float]]
Colour = tuple[int, int, int]
Floats = npt.NDArray[np.float64]


def big(points: Points | Floats) -> list[tuple[float, float]]:
    """Points of the finished picture in pixels of the large drawing."""
    return [(x * ZOOM, y * ZOOM) for x, y in points]


def stroke(draw: ImageDraw.ImageDraw, points: Points, start: float, end: float, colour: Colour) -> None:
    """A line along `points` whose width goes evenly from `start` to `end`, in finished pixels."""
    line = np.asarray(points, dtype=np.float64)
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    half = np.linspace(start / 2, end / 2, len(line))[:, None]
    draw.polygon(big(np.concatenate([line + normal * half, (line - normal * half)[::-1]])), fill=colour)


def disc(draw: ImageDraw.ImageDraw, centre: tuple[float, float], across: float, down: float, colour: Colour) -> None:
    """A filled ellipse with the half axes `across` and `down`, in finished pixels."""
    x, y = centre
    draw.ellipse([v * ZOOM for v in (x - across, y - down, x + across, y + down)], fill=colour)


def bow(start: tuple[float, float], end: tuple[float, float], bulge: float, count: int = 12) -> Points:
    """Points along a curve that leaves the straight way by `bulge` times its length in the middle."""
    t = np.linspace(0, 1, count)
    (x0, y0), (x1, y1) = start, end
    x = x0 + (x1 - x0) * t - (y1 - y0) * bulge * 4 * t * (1 - t)
    y = y0 + (y1 - y0) * t + (x1 - x0) * bulge * 4 * t * (1 - t)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def smooth_outline(corners: Points, count: int = 24) -> Points:
    """A closed Catmull-Rom curve through `corners`."""
    p = np.asarray(corners, dtype=np.float64)
    before, after, next_but_one = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    pieces = []
    for t in np.linspace(0, 1, count, endpoint=False):
        a, b, c = 2 * p, after - before, 2 * before - 5 * p + 4 * after - next_but_one
        d = 3 * p - before - 3 * after + next_but_one
        pieces.append((a + b * t + c * t * t + d * t**3) / 2)
    return [(float(x), float(y)) for x, y in np.stack(pieces, axis=1).reshape(-1, 2)]


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` of the way from `first` to `second`."""
    r, g, b = (round(a + (c - a) * share) for a, c in zip(first, second, strict=True))
    return r, g, b


def ramp(values: Floats, stops: list[tuple[float, Colour]]) -> Floats:
    """Colours of `values` between the `stops`, (..., 3)."""
    where = [s for s, _ in stops]
    return np.stack([np.interp(values, where, [c[i] for _, c in stops]) for i in range(3)], axis=-1)


def soft_noise(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Smooth noise of the finished size in [0, 1], with about `rows` x `columns` bumps."""
    small = Image.fromarray(rng.random((rows, columns)).astype(np.float32))
    return np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), dtype=np.float64)
