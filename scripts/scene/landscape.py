"""Far away: sky, hills, lake, bridge, balloons."""

from __future__ import annotations

import itertools
import math

import numpy as np
from PIL import Image, ImageDraw

from scene.strokes import HEIGHT, HORIZON, SHORE, WIDTH, ZOOM, big, disc, ramp, soft_noise, stroke


def backdrop(rng: np.random.Generator) -> Image.Image:
    """Sky with the low sun, three ranges of hills, and the lake that mirrors them."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    sky = ramp(y / HORIZON, [(0, (44, 92, 150)), (0.45, (118, 170, 204)), (0.8, (238, 208, 178)), (1, (250, 190, 142))])
    clouds = np.clip(0.6 * soft_noise(rng, 14, 5) + 0.4 * soft_noise(rng, 40, 14) - 0.52, 0, 1) * 2.2
    clouds = (clouds * np.exp(-(((y - 190) / 110) ** 2)))[..., None]
    sky = sky * (1 - clouds) + np.array([255, 232, 214]) * clouds
    distance = np.hypot(x - 700, (y - 352) * 1.15)
    sky += np.exp(-distance / 130)[..., None] * np.array([110, 70, 20])
    sky = np.where((distance < 26)[..., None], np.array([255, 244, 214]), sky)
    picture = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8)).resize(
        (WIDTH * ZOOM, HEIGHT * ZOOM), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(picture)
    disc(draw, (700, 352), 25, 25, (255, 246, 220))
    hills = [(328, 30, (132, 152, 186)), (352, 22, (104, 130, 160)), (376, 14, (78, 112, 126))]
    for number, (level, height, colour) in enumerate(hills):
        across = np.arange(0, WIDTH + 2, 0.5)
        phases, weights = rng.random(6) * 6.3, 0.5 ** np.arange(6)
        ridge = sum(
            w * np.sin(across / (170 - 30 * number) * 1.9**k + p)
            for k, (w, p) in enumerate(zip(weights, phases, strict=True))
        )
        top = level - height * np.asarray(ridge)
        draw.polygon(
            big([(0, SHORE), *zip(across.tolist(), top.tolist(), strict=True), (WIDTH + 1, SHORE)]), fill=colour
        )
    return lake(picture, rng)


def lake(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The water below the horizon: the mirrored hills and sky, darker, in small waves."""
    top, bottom = int(HORIZON * ZOOM), int(SHORE * ZOOM) + 40
    depth = bottom - top
    mirror = np.asarray(picture)[top - 2 * depth : top][::-1]
    rows = np.arange(depth)
    wave = (3.2 * np.sin(rows / 5.0) + 2 * np.sin(rows / 2.3 + 1) + rng.normal(0, 1.2, depth)) * (1 + rows / 90)
    source = np.clip(rows * 1.8 + wave, 0, 2 * depth - 1).astype(int)
    water = mirror[source].astype(np.float64) * np.array([0.82, 0.88, 0.94]) + np.array([0, 6, 10])
    result = picture.copy()
    result.paste(Image.fromarray(np.clip(water, 0, 255).astype(np.uint8)), (0, top))
    return result


def bridge(draw: ImageDraw.ImageDraw) -> None:
    """A cable-stayed bridge along the horizon: two fans of thin straight lines."""
    deck, dark, cable = 398.0, (52, 60, 78), (62, 70, 88)
    for pylon in (905.0, 1105.0):
        for step in range(1, 15):
            for side in (-1, 1):
                foot = (pylon + side * step * 7, deck)
                stroke(draw, [(pylon, 262 + step * 2.6), foot], 0.55, 0.55, cable)
        stroke(draw, [(pylon, 250), (pylon, 432)], 3.0, 5.0, dark)
    stroke(draw, [(770, deck), (WIDTH + 2, deck)], 3.2, 3.2, dark)
    for x in range(772, WIDTH, 4):
        stroke(draw, [(x, deck - 4), (x, deck)], 0.35, 0.35, dark)
    stroke(draw, [(770, deck - 4), (WIDTH + 2, deck - 4)], 0.4, 0.4, dark)
    for x in (790, 840, 1005):
        stroke(draw, [(x, deck), (x, 425)], 3, 3, dark)


def balloon(scene: Image.Image, x: float, y: float, radius: float) -> None:
    """A hot-air balloon: gores that narrow to nothing at both poles, and a basket on thin ropes."""
    draw = ImageDraw.Draw(scene)
    colours = [(204, 62, 52), (244, 236, 220), (236, 168, 60), (46, 96, 142)]
    angles = np.linspace(-math.pi / 2, math.pi / 2, 25)
    heights = np.linspace(-1, 1, 60)
    widths = np.sqrt(1 - heights**2) * (1 - 0.34 * np.maximum(heights, 0) ** 1.6)  # narrower below
    for number, (a, b) in enumerate(itertools.pairwise(angles)):
        sides = [
            [(x + math.sin(e) * radius * w, y + radius * h * 1.12) for h, w in zip(heights, widths, strict=True)]
            for e in (a, b)
        ]
        light = 0.62 + 0.38 * math.cos((a + b) / 2 - 0.5)
        r, g, b_ = (round(c * light) for c in colours[number % 4])
        draw.polygon(big(sides[0] + sides[1][::-1]), fill=(r, g, b_))
    basket = y + radius * 1.62
    for side in (-1, -0.4, 0.4, 1):
        stroke(
            draw,
            [(x + side * radius * 0.22, y + radius * 1.08), (x + side * radius * 0.1, basket)],
            0.4,
            0.4,
            (60, 44, 36),
        )
    half = radius * 0.11
    corners = big([(x - half, basket), (x + half, basket + radius * 0.17)])
    draw.rectangle([*corners[0], *corners[1]], fill=(112, 74, 46))
