"""A strip of one crop over time, so that one sees the models learn: bicubic, more and more steps, the truth."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from diif_viewer.training.batches import Bytes
from diif_viewer.training.files import write_whole

_COLUMNS = 7  # points in time that are shown; all are kept
_GAP, _CAPTION = 6, 18
_PAPER, _INK = (255, 255, 255), (32, 32, 32)


class Strip:
    """``strip.png`` of a run, and in its folder ``strip`` the crops that it is made of."""

    def __init__(self, run: Path) -> None:
        self._run = run

    def add(self, step: int, crops: Mapping[str, Bytes]) -> None:
        """Keep the crops of one point in time and draw the strip. Raises OSError.

        crops: "bicubic", each decoder, and "truth", all HWC uint8 of one size.
        """
        names = [name for name in crops if name not in ("bicubic", "truth")]
        for name in names:
            write_whole(self._file(name, step), _png(Image.fromarray(crops[name])))
        columns = [("bicubic", [Image.fromarray(crops["bicubic"])] * len(names))]
        for shown in chosen(self._steps(names[0], step)):
            columns.append((f"step {shown}", [self._crop(name, shown) for name in names]))
        columns.append(("truth", [Image.fromarray(crops["truth"])] * len(names)))
        write_whole(self._run / "strip.png", _png(_sheet(columns, names)))

    def _file(self, name: str, step: int) -> Path:
        return self._run / "strip" / f"{name}-{step:09d}.png"

    def _steps(self, name: str, last: int) -> list[int]:
        """Steps of which there are crops, up to `last`: a resumed run may have gone further before it was killed."""
        found = (int(f.stem.rpartition("-")[2]) for f in (self._run / "strip").glob(f"{name}-" + "[0-9]" * 9 + ".png"))
        return sorted(step for step in found if step <= last)

    def _crop(self, name: str, step: int) -> Image.Image:
        with Image.open(self._file(name, step)) as picture:
            return picture.convert("RGB")


def chosen(steps: list[int]) -> list[int]:
    """At most seven of the ascending `steps`, the first and the last among them, closest where most is learnt."""
    if len(steps) <= _COLUMNS:
        return steps
    places = np.unique(np.rint(np.geomspace(1, len(steps), _COLUMNS)).astype(int)) - 1
    return [steps[place] for place in places]


def _sheet(columns: list[tuple[str, list[Image.Image]]], names: list[str]) -> Image.Image:
    """Columns under their captions, rows with the decoders' names."""
    width, height = columns[0][1][0].size
    font, margin = ImageFont.load_default(11), 60
    whole = (margin + len(columns) * (width + _GAP), _CAPTION + len(names) * (height + _GAP))
    sheet = Image.new("RGB", whole, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        draw.text((_GAP, _CAPTION + row * (height + _GAP) + height / 2), name, _INK, font, anchor="lm")
    for column, (caption, crops) in enumerate(columns):
        left = margin + column * (width + _GAP)
        draw.text((left + width / 2, _CAPTION / 2), caption, _INK, font, anchor="mm")
        for row, crop in enumerate(crops):
            sheet.paste(crop, (left, _CAPTION + row * (height + _GAP)))
    return sheet


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
