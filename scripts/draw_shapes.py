"""Draws pictures of discs, rings, lines, polygons and letters: edges of any direction and colour, exact at any scale.

    python scripts/draw_shapes.py drawn/ && diif-viewer eval drawn/ --scale 8,16 --method bicubic,diif-s-lite

Photographs that are large enough for x16 hold little that is sharp there. These do, and are for judging, not for
training.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 1024
"""Pixels of a picture: 64 at x16."""
UNIT = 16
"""Pixels of a picture for one of the smallest low-resolution picture; shapes are measured in these."""
FINER = 2
"""Drawn at this multiple and reduced: smooth edges."""
LETTERS = "aegRSBo3&8"


def picture(seed: int) -> Image.Image:
    """One picture of 14 shapes over one another; the same for the same seed."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (SIDE * FINER, SIDE * FINER), tuple(rng.integers(60, 220, 3).tolist()))
    pen, unit = ImageDraw.Draw(image), UNIT * FINER
    for _ in range(14):
        colour = tuple(rng.integers(0, 256, 3).tolist())
        x, y = (rng.uniform(4, SIDE / UNIT - 4, 2) * unit).tolist()
        radius, angle = rng.uniform(1.5, 9) * unit, rng.uniform(0, 2 * math.pi)
        thick = round(rng.uniform(0.8, 2.5) * unit)
        match int(rng.integers(5)):
            case 0:
                height = radius * rng.uniform(0.5, 1)
                pen.ellipse((x - radius, y - height, x + radius, y + height), fill=colour)
            case 1:
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=thick)
            case 2:
                across, down = 2 * radius * math.cos(angle), 2 * radius * math.sin(angle)
                pen.line((x - across, y - down, x + across, y + down), fill=colour, width=thick)
            case 3:
                corners = int(rng.integers(3, 6))
                turns = [angle + 2 * math.pi * k / corners for k in range(corners)]
                pen.polygon([(x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns], fill=colour)
            case _:
                font = ImageFont.load_default(round(rng.uniform(8, 16) * unit))
                pen.text((x, y), "".join(rng.choice(list(LETTERS), 2)), fill=colour, font=font, anchor="mm")
    return image.reduce(FINER)


def main(folder: Path) -> None:
    """Write shapes-00.png to shapes-11.png into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(12):
        picture(seed).save(folder / f"shapes-{seed:02}.png")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("error: give the folder for the pictures.")
    main(Path(sys.argv[1]))
