"""Grass, daisies, the twig, the dandelion clock, the thistle."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from scene.strokes import HEIGHT, SHORE, WIDTH, big, bow, disc, mixed, ramp, soft_noise, stroke


def meadow(scene: Image.Image, rng: np.random.Generator) -> None:
    """The ground under the grass."""
    y, _ = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    ground = ramp(y, [(SHORE, (122, 150, 74)), (560, (70, 112, 52)), (HEIGHT, (22, 46, 26))])
    ground *= (0.86 + 0.28 * soft_noise(rng, 60, 60))[..., None]
    across = np.arange(0, WIDTH + 2, 1.0)
    edge = SHORE - 6 * np.sin(across / 140) - 4 * np.sin(across / 47 + 1)
    mask = Image.new("L", scene.size)
    ImageDraw.Draw(mask).polygon(
        big([(0, HEIGHT), *zip(across.tolist(), edge.tolist(), strict=True), (WIDTH + 1, HEIGHT)]), fill=255
    )
    large = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)).resize(scene.size, Image.Resampling.BICUBIC)
    scene.paste(large, (0, 0), mask)


def grass(draw: ImageDraw.ImageDraw, rng: np.random.Generator, back: float, front: float, count: int) -> None:
    """Blades from `back` to `front`, larger and darker towards the viewer, with small flowers among them."""
    for base in np.sort(rng.uniform(back, front, count)):
        near = (base - SHORE) / (HEIGHT - SHORE)
        x, length = rng.uniform(-20, WIDTH + 20), (7 + 62 * near) * rng.uniform(0.5, 1.2)
        tip = (x + rng.normal(0, 0.35) * length, base - length)
        fresh = mixed((150, 176, 78), (58, 108, 48), float(np.clip(near + rng.normal(0, 0.2), 0, 1)))
        colour = mixed(fresh, (18, 44, 26), float(np.clip(rng.normal(0.25 + 0.2 * near, 0.2), 0, 0.85)))
        if rng.random() < 0.06:
            colour = mixed(colour, (226, 206, 130), 0.6)
        stroke(draw, bow((x, base), tip, rng.normal(0, 0.09)), 0.9 + 2.6 * near, 0.25, colour)
        if rng.random() < 0.035 and base < 640:
            daisy(draw, rng, tip, 2.0 + 9 * near)


def daisy(draw: ImageDraw.ImageDraw, rng: np.random.Generator, centre: tuple[float, float], radius: float) -> None:
    """White petals around a yellow disc, seen from a little above."""
    x, y = centre
    petals = int(rng.integers(11, 17))
    for k in range(petals):
        angle = 2 * math.pi * k / petals + rng.normal(0, 0.06)
        tip = (x + math.cos(angle) * radius, y + math.sin(angle) * radius * 0.62)
        shade = round(232 + 20 * math.sin(angle - 2.4))
        stroke(draw, bow(centre, tip, 0.0, 4), radius * 0.16, radius * 0.3, (shade, shade, min(255, shade + 3)))
    disc(draw, centre, radius * 0.3, radius * 0.22, (238, 186, 44))


def branch_with_leaves(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """A twig that hangs in from the upper right corner."""

    def grow(start: tuple[float, float], angle: float, length: float, width: float) -> None:
        end = (start[0] + math.cos(angle) * length, start[1] + math.sin(angle) * length)
        path = bow(start, end, rng.normal(0, 0.05))
        stroke(draw, path, width, width * 0.72, mixed((74, 52, 40), (44, 30, 26), rng.random()))
        if width < 2.2:
            for point in path[3::3]:
                leaf(draw, rng, point, angle + rng.choice((-1, 1)) * rng.uniform(0.4, 1.1), rng.uniform(13, 24))
        if width > 0.8:
            for turn in (rng.normal(0.42, 0.12), rng.normal(-0.38, 0.12)):
                grow(end, angle + turn, length * rng.uniform(0.66, 0.84), width * 0.66)

    grow((WIDTH + 14, 34), math.pi * 0.93, 120, 9)
    grow((WIDTH - 150, -12), math.pi * 0.8, 62, 4.2)


def leaf(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, foot: tuple[float, float], angle: float, length: float
) -> None:
    """A pointed leaf with midrib and side veins."""
    x, y = foot
    along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    t = np.linspace(0, 1, 14)
    width = length * 0.24 * np.sin(np.pi * t**0.8)
    middle = np.array([x, y]) + along * (t * length)[:, None] + across * (length * 0.08 * np.sin(np.pi * t))[:, None]
    base = mixed((88, 138, 50), (168, 178, 62), rng.random())
    upper, lower = middle + across * width[:, None], middle - across * width[:, None]
    draw.polygon(big(np.concatenate([upper, middle[::-1]])), fill=base)
    draw.polygon(big(np.concatenate([lower, middle[::-1]])), fill=mixed(base, (30, 60, 24), 0.28))
    vein = mixed(base, (232, 236, 170), 0.45)
    for k in range(3, 12, 2):
        for side in (upper, lower):
            stroke(draw, [tuple(middle[k - 2]), tuple(middle[k] * 0.25 + side[k] * 0.75)], 0.3, 0.15, vein)
    stroke(draw, [(float(a), float(b)) for a, b in middle], 0.7, 0.2, vein)


def dandelion(draw: ImageDraw.ImageDraw, rng: np.random.Generator, centre: tuple[float, float], radius: float) -> None:
    """A seed head: hundreds of hairs at all angles."""
    x, y = centre
    stroke(draw, bow((x + 26, HEIGHT + 20), centre, 0.05, 24), 6.5, 4.2, (112, 134, 66))
    golden = math.pi * (3 - math.sqrt(5))
    count = 150
    for k in range(count):
        height = 1 - 2 * (k + 0.5) / count  # a spiral on the sphere: even in all directions
        ring, turn = math.sqrt(1 - height * height), golden * k
        east, south, near = ring * math.cos(turn), -height, ring * math.sin(turn)
        reach = radius * 0.83
        end = (x + east * reach, y + south * reach)
        shade = mixed((172, 176, 172), (255, 253, 246), (near + 1) / 2)
        stroke(draw, [centre, end], 0.7, 0.45, mixed(shade, (150, 140, 110), 0.3))
        stroke(draw, [centre, (x + east * 13, y + south * 13)], 2.0, 0.8, (112, 82, 54))
        for spoke in range(18):
            around = 2 * math.pi * spoke / 18 + rng.normal(0, 0.08)
            flare, lift = radius * 0.17 * rng.uniform(0.85, 1.1), radius * 0.12
            tip = (
                end[0] + east * lift + math.cos(around) * flare * (0.35 + 0.65 * abs(south) + 0.25 * abs(near)),
                end[1] + south * lift + math.sin(around) * flare * (0.35 + 0.65 * abs(east) + 0.25 * abs(near)),
            )
            stroke(draw, [end, tip], 0.42, 0.22, shade)


def thistle(draw: ImageDraw.ImageDraw, rng: np.random.Generator, centre: tuple[float, float], radius: float) -> None:
    """A violet flower head of many fine florets, for the butterfly to sit on."""
    x, y = centre
    stroke(draw, bow((x - 14, HEIGHT + 10), (x, y + 16), -0.04, 24), 7, 5, (84, 112, 66))
    for k in range(420):
        angle = math.pi * (1.02 + 0.96 * rng.random())
        reach = radius * rng.uniform(0.75, 1.1)
        tip = (x + math.cos(angle) * reach * 1.15, y + math.sin(angle) * reach)
        violet = mixed((104, 44, 132), (226, 142, 222), (k / 420) * rng.uniform(0.6, 1.0))
        stroke(draw, bow((x + math.cos(angle) * 9, y + 8), tip, rng.normal(0, 0.05)), 1.3, 0.4, violet)
    disc(draw, (x, y + 16), 21, 18, (70, 98, 54))
    for row in range(6):
        for k in range(9 - row % 2):
            foot = (x - 17 + k * 4.2 + (row % 2) * 2, y + 4 + row * 5)
            stroke(
                draw,
                [foot, (foot[0] + (foot[0] - x) * 0.12, foot[1] - 6)],
                3.0,
                0.4,
                mixed((58, 84, 46), (134, 158, 92), rng.random()),
            )
