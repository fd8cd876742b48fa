"""The printed card: text, a star of wedges, a fan of lines."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from scene.strokes import ZOOM, big, stroke

CARD_TITLE = "Look closer."
CARD_TEXT = [
    (19, "To see a World in a Grain of Sand"),
    (15, "And a Heaven in a Wild Flower"),
    (12, "Hold Infinity in the palm of your hand"),
    (9.5, "And Eternity in an hour"),
    (7.5, "William Blake, Auguries of Innocence, about 1803"),
    (6, "Scroll to zoom, drag to pan: the quick brown fox jumps over the lazy dog 0123456789"),
    (5, "If you can read this line at x1, you have the eyes of a hawk; at x30 everybody can."),
]


def card(scene: Image.Image, centre: tuple[float, float]) -> None:
    """A printed card in the grass: text of seven sizes, a star of wedges, a fan of thin lines."""
    width, height = 384, 184
    paper = Image.new("RGB", (width * ZOOM, height * ZOOM), (250, 246, 236))
    draw = ImageDraw.Draw(paper)
    draw.rectangle([5 * ZOOM, 5 * ZOOM, (width - 5) * ZOOM, (height - 5) * ZOOM], outline=(150, 132, 104), width=3)
    draw.text((16 * ZOOM, 13 * ZOOM), CARD_TITLE, (150, 52, 40), ImageFont.load_default(27 * ZOOM))
    line = 48.0
    for size, text in CARD_TEXT:
        draw.text((16 * ZOOM, line * ZOOM), text, (40, 38, 44), ImageFont.load_default(size * ZOOM))
        line += size * 1.12 + 3.6
    star(draw, (343, 41), 27)
    for k in range(13):  # thin lines from level to upright
        angle = math.radians(7.5 * k)
        stroke(draw, [(366, 140), (366 - 52 * math.cos(angle), 140 - 52 * math.sin(angle))], 0.5, 0.5, (30, 30, 40))
    turned = paper.convert("RGBA").rotate(4.0, Image.Resampling.BICUBIC, expand=True)
    place = (round(centre[0] * ZOOM - turned.width / 2), round(centre[1] * ZOOM - turned.height / 2))
    shadow = Image.new("L", scene.size)
    shadow.paste(turned.getchannel("A").point(lambda v: v * 0.55), (place[0] + 5 * ZOOM, place[1] + 7 * ZOOM))
    dark = ImageChops.multiply(scene, Image.new("RGB", scene.size, (40, 50, 40)))
    scene.paste(dark, (0, 0), shadow.filter(ImageFilter.GaussianBlur(4 * ZOOM)))
    scene.paste(turned, place, turned)


def star(draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float, wedges: int = 36) -> None:
    """A Siemens star."""
    x, y = centre
    for k in range(wedges):
        a, b = (2 * math.pi * (k + half) / wedges for half in (0, 0.5))
        corners = [
            centre,
            (x + radius * math.cos(a), y + radius * math.sin(a)),
            (x + radius * math.cos(b), y + radius * math.sin(b)),
        ]
        draw.polygon(big(corners), fill=(20, 20, 26))
