"""Scales and times as people write and read them: ``x12.5``, ``12.5``, ``1250 %``; ``43 ms``, ``4.3 s``."""

from __future__ import annotations

import math
import re

from diif_viewer.ui.language import decimal
from diif_viewer.viewport import LARGEST

_PATTERN = re.compile(r"^(?P<times>[x×*]?)\s*(?P<number>\d+(?:[.,]\d*)?|[.,]\d+)\s*(?P<unit>%?|[x×])$", re.IGNORECASE)


def parse_zoom(text: str) -> float | None:
    """The scale that `text` means, > 0; None when it means none.

    A bare number above the largest scale is taken for a percentage: nobody who types 100 means x100.
    """
    match = _PATTERN.match(text.strip())
    if match is None:
        return None
    number = float(match["number"].replace(",", "."))
    times = bool(match["times"]) or match["unit"] in ("x", "X", "×")
    if match["unit"] == "%":
        if match["times"]:
            return None
        number /= 100
    elif not times and number > LARGEST:
        number /= 100
    return number if math.isfinite(number) and number > 0 else None


def format_zoom(scale: float) -> str:
    """As `plain_zoom`, with the decimal sign of the present language."""
    return decimal(plain_zoom(scale))


def plain_zoom(scale: float) -> str:
    """``x12.5`` from 1 on, ``34 %`` below; at most three significant digits, without trailing zeros."""
    if scale < 1:
        return f"{_short(100 * scale)} %"
    return f"x{_short(scale)}"


def format_time(milliseconds: float) -> str:
    """``43 ms``; from a second on ``4.3 s``, from ten on ``25 s``."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return decimal(f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s")


def _short(number: float) -> str:
    digits = 0 if number >= 100 else 1 if number >= 10 else 2
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
