"""The butterfly."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from scene.strokes import ZOOM, Points, bow, disc, mixed, ramp, smooth_outline, stroke


def butterfly(scene: Image.Image, rng: np.random.Generator, centre: tuple[float, float], size: float) -> None:
    """Wings spread towards the viewer: gradients, veins, pale spots in a dark border, eyespots."""
    x, y = centre
    fore: Points = [(6, -4), (58, -84), (128, -122), (168, -112), (158, -70), (128, -28), (84, 0), (34, 8)]
    hind: Points = [(6, 4), (54, 2), (108, 18), (126, 56), (104, 92), (66, 102), (34, 78), (14, 40)]
    for side in (-1, 1):
        for outline, eye in ((hind, (84, 62)), (fore, (132, -88))):
            root, middle, *edge = [
                (x + side * a * size, y + b * size) for a, b in ((6, 0), eye, *smooth_outline(outline))
            ]
            wing(scene, rng, edge, root)
            eyespot(ImageDraw.Draw(scene), middle, (15.0 if outline is hind else 11.0) * size)
    body(ImageDraw.Draw(scene), rng, centre, size)


def wing(scene: Image.Image, rng: np.random.Generator, outline: Points, root: tuple[float, float]) -> None:
    """One wing: colour by distance from the root, dark border, veins, scales."""
    box = [
        int(v)
        for v in (
            min(p[0] for p in outline) - 3,
            min(p[1] for p in outline) - 3,
            max(p[0] for p in outline) + 3,
            max(p[1] for p in outline) + 3,
        )
    ]
    left, top, right, bottom = box
    mask = Image.new("L", ((right - left) * ZOOM, (bottom - top) * ZOOM))
    ImageDraw.Draw(mask).polygon([((px - left) * ZOOM, (py - top) * ZOOM) for px, py in outline], fill=255)
    inner = mask.filter(ImageFilter.BoxBlur(11 * ZOOM)).point(lambda v: max(0, min(255, (v - 172) * 6)))
    rows, columns = np.mgrid[0 : mask.height, 0 : mask.width] / ZOOM
    away = np.hypot(columns + left - root[0], rows + top - root[1])
    colour = ramp(away / 170, [(0, (96, 38, 20)), (0.18, (206, 82, 26)), (0.55, (246, 148, 44)), (1, (255, 206, 104))])
    colour *= (0.93 + 0.1 * rng.random(away.shape))[..., None]  # scales
    border = np.array([34, 24, 30]) + 14 * rng.random(away.shape)[..., None]
    share = np.asarray(inner, dtype=np.float64)[..., None] / 255
    painted = Image.fromarray(np.clip(colour * share + border * (1 - share), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(painted)

    def local(p: tuple[float, float]) -> tuple[float, float]:
        return p[0] - left, p[1] - top

    for target in outline[8::13]:
        stroke(draw, [local(q) for q in bow(root, target, 0.06, 16)], 1.7, 0.6, (40, 24, 22))
    for px, py in outline[5::7]:
        spot = (px + (root[0] - px) * 0.04, py + (root[1] - py) * 0.04)
        a, b = local(spot)
        disc(draw, (a, b), 1.9, 1.9, (250, 240, 222))
    scene.paste(painted, (left * ZOOM, top * ZOOM), mask)


def eyespot(draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float) -> None:
    """Rings that become a blue iris with a white gleam."""
    rings = [
        (1.0, (36, 24, 30)),
        (0.86, (244, 214, 120)),
        (0.68, (28, 26, 44)),
        (0.54, (52, 88, 176)),
        (0.36, (110, 168, 226)),
        (0.22, (16, 18, 34)),
    ]
    for share, colour in rings:
        disc(draw, centre, radius * share, radius * share, colour)
    gleam = (centre[0] - radius * 0.2, centre[1] - radius * 0.2)
    disc(draw, gleam, radius * 0.12, radius * 0.12, (255, 255, 255))


def body(draw: ImageDraw.ImageDraw, rng: np.random.Generator, centre: tuple[float, float], size: float) -> None:
    """Abdomen, furry thorax, head and antennae."""
    x, y = centre
    stroke(draw, [(x, y - 18), (x, y + 10), (x, y + 66)], 9 * size, 4.5 * size, (44, 28, 26))
    for k in range(14):
        level = y + 12 + k * 3.8
        stroke(draw, [(x - 3.5, level), (x + 3.5, level)], 0.6, 0.6, (128, 84, 58))
    for _ in range(620):
        angle, reach = rng.uniform(0, 2 * math.pi), rng.random() ** 0.5
        foot = (x + math.cos(angle) * 7.5 * reach, y - 8 + math.sin(angle) * 18 * reach)
        tip = (foot[0] + math.cos(angle) * 4.5 + rng.normal(0, 1), foot[1] + 3 + rng.normal(0, 1.2))
        stroke(
            draw,
            bow(foot, tip, rng.normal(0, 0.1), 5),
            0.55,
            0.18,
            mixed((58, 34, 24), (206, 150, 94), rng.random() ** 1.5),
        )
    disc(draw, (x, y - 27), 5, 5, (38, 26, 26))
    for side in (-1, 1):
        feeler = bow((x + side * 2, y - 30), (x + side * 40, y - 104), side * 0.1, 24)
        stroke(draw, feeler, 0.9, 0.6, (38, 28, 28))
        disc(draw, feeler[-1], 2, 2.4, (44, 30, 28))
