"""How numbers are written on the command line; each function is an argparse `type`."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from diif_viewer.imaging.turns import STEPS, UPRIGHT, Turn

SMALLEST_SCALE, LARGEST_SCALE = 1e-5, 1e5
"""What can be asked for: beyond, no picture has a pixel left, or one of its pixels is more than a format holds."""


def scale(text: str) -> float:
    """`12.5`, `x12.5` or `1250%`: the scale, from SMALLEST_SCALE to LARGEST_SCALE."""
    word = text.strip().lower()
    try:
        value = float(word[:-1]) / 100 if word.endswith("%") else float(word.removeprefix("x"))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"a scale is a positive number like 12.5, x12.5 or 1250%, not {text!r}")
    if not SMALLEST_SCALE <= value <= LARGEST_SCALE:
        raise argparse.ArgumentTypeError(f"a scale is between 0.00001 and 100000, not {text!r}")
    return value


def scales(text: str) -> list[float]:
    """`2,x3,250%`: scales one after the other."""
    return [scale(part) for part in text.split(",")]


def quality(text: str) -> int:
    """1 to 100."""
    if not (text.isdecimal() and 1 <= int(text) <= 100):
        raise argparse.ArgumentTypeError(f"a quality is a whole number from 1 to 100, not {text!r}")
    return int(text)


def count(text: str) -> int:
    """A whole number >= 1."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is needed, not {text!r}")
    return int(text)


def natural(text: str) -> int:
    """A whole number >= 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number of at least 0 is needed, not {text!r}")
    return int(text)


def names(text: str) -> list[str]:
    """`bicubic,liif-lite`: names one after the other, at least one."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise argparse.ArgumentTypeError(f"a name is needed, or several with commas between them, not {text!r}")
    return found


def size(text: str) -> tuple[int, int]:
    """`WxH`, as people write it: (height, width) in pixels, both >= 1."""
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if width < 1 or height < 1:
        raise argparse.ArgumentTypeError(f"a size is WIDTHxHEIGHT like 1920x1080, not {text!r}")
    return height, width


def box(text: str) -> tuple[float, float, float, float]:
    """`x0,y0,x1,y1` in pixels of the picture, x right, y down, half-open."""
    numbers = _numbers(text, "a box is x0,y0,x1,y1 in pixels of the picture like 10,20,74,56.5")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def window(text: str) -> tuple[int, int, int, int]:
    """`top,left,bottom,right` in output pixels, half-open."""
    sentence = "a window is top,left,bottom,right in whole output pixels like 0,0,720,1280"
    numbers = _numbers(text, sentence)
    if any(value != int(value) for value in numbers):
        raise argparse.ArgumentTypeError(f"{sentence}, not {text!r}")
    return int(numbers[0]), int(numbers[1]), int(numbers[2]), int(numbers[3])


def turn(text: str) -> Turn:
    """`right`, or several steps one after the other: `mirror,left`."""
    found = UPRIGHT
    for word in text.split(","):
        step = STEPS.get(word.strip().lower())
        if step is None:
            known = ", ".join(STEPS)
            raise argparse.ArgumentTypeError(f"a turn is one of {known}, or several like mirror,right, not {text!r}")
        found = found.then(step)
    return found


def view(text: str) -> float | str:
    """`fit`, `fill`, or a scale."""
    return text if text in ("fit", "fill") else scale(text)


def point(text: str) -> tuple[float, float]:
    """`x,y` in pixels of the picture, x right, y down."""
    numbers = _numbers(text, "a point is x,y in pixels of the picture like 310,95.5", count=2)
    return numbers[0], numbers[1]


def positive(text: str) -> float:
    """A number above 0, finite."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"a positive number is needed, not {text!r}")
    return value


def up_to(most: float) -> Callable[[str], float]:
    """The type of a number from 0 to `most`; where that is infinite, of a finite number."""
    kind = f"from 0 to {most:g}" if math.isfinite(most) else "of at least 0"

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (0 <= value <= most and math.isfinite(value)):
            raise argparse.ArgumentTypeError(f"a number {kind} is needed, not {text!r}")
        return value

    return number


def colour(text: str) -> tuple[int, int, int]:
    """`RRGGBB` in hexadecimal digits, with or without # before it."""
    digits = text.removeprefix("#")
    if len(digits) != 6 or not all(c in "0123456789abcdefABCDEF" for c in digits):
        raise argparse.ArgumentTypeError(f"a colour is RRGGBB in hexadecimal digits like 1e2024, not {text!r}")
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def _numbers(text: str, sentence: str, count: int = 4) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"{sentence}, not {text!r}")
    return values


def add_page_and_turn(parser: argparse.ArgumentParser) -> None:
    """Which picture of a file, and how it lies: for commands that take one as it is."""
    parser.add_argument("--page", type=count, default=1, metavar="N", help="page or frame of the file (default: 1)")
    parser.add_argument(
        "--turn",
        type=turn,
        default=UPRIGHT,
        metavar="STEPS",
        help=f"lay the picture otherwise before all else: {', '.join(STEPS)}, or several like mirror,right",
    )
