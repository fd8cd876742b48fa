"""Draw resources/sample.png, the picture that greets a new user: a summer evening, all our own.

Everything in which sharpness is easy to judge is part of the scene: text down to five pixels, a star of wedges and a
fan of thin lines on a card, the cables of a bridge, the hairs of a dandelion clock, grass, leaves, the veins and
eyespots of a butterfly, and smooth gradients in the sky. It is drawn `ZOOM` times as large and reduced by area, as a
camera would see it, and comes out the same every time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import ImageDraw
from scene.butterfly import butterfly
from scene.card import card
from scene.landscape import backdrop, balloon, bridge
from scene.plants import branch_with_leaves, dandelion, grass, meadow, thistle
from scene.strokes import ZOOM

TARGET = Path(__file__).resolve().parent.parent / "resources" / "sample.png"


def main() -> None:
    """Draw and save."""
    rng = np.random.default_rng(1803)
    scene = backdrop(rng)
    draw = ImageDraw.Draw(scene)
    bridge(draw)
    balloon(scene, 232, 150, 78)
    balloon(scene, 610, 236, 25)
    meadow(scene, rng)
    draw = ImageDraw.Draw(scene)
    grass(draw, rng, 470, 640, 3200)
    branch_with_leaves(draw, rng)
    dandelion(draw, rng, (214, 500), 104)
    thistle(draw, rng, (868, 560), 46)
    butterfly(scene, rng, (868, 476), 1.0)
    draw = ImageDraw.Draw(scene)
    grass(draw, rng, 640, 790, 1500)
    card(scene, (512, 640))
    draw = ImageDraw.Draw(scene)
    grass(draw, rng, 796, 836, 420)
    scene.reduce(ZOOM).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
