"""The figure that papers print: one region by several methods and scales, labelled, beside the whole picture.

Painted by Qt, so that text stays text in PDF and SVG. All lengths are in pixels of the figure; a panel is a whole
multiple of its crop as far as that fits, so that nothing is resampled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from diif_viewer.ui.language import tr

ABOUT, LARGEST = 240, 480
"""Side of a panel in pixels: about; above the second a crop is not enlarged further."""

GAP, MARGIN = 8, 10
INK, DIM, MARK, WAITING = QColor("#202020"), QColor("#707070"), QColor("#e02020"), QColor("#e4e4e8")
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """The region by one method. pixels: opaque, None while they are on their way. psnr: dB, infinite for the truth."""

    label: str
    pixels: QImage | None
    psnr: float | None = None
    ssim: float | None = None

    @property
    def measured(self) -> str:
        """The line below the label; empty where nothing was measured."""
        if self.psnr is None or not math.isfinite(self.psnr):
            return ""
        similar = "" if self.ssim is None or math.isnan(self.ssim) else f" / {self.ssim:.3f}"
        return f"{self.psnr:.2f} dB{similar}"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """The crops of one scale. size: (height, width) of each of them; all rows have the same labels in order."""

    scale: float
    size: tuple[int, int]
    crops: tuple[Crop, ...]

    @property
    def best(self) -> float:
        """The highest PSNR; not a number where nothing was measured."""
        known = [c.psnr for c in self.crops if c.psnr is not None and math.isfinite(c.psnr)]
        return max(known, default=math.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """What is drawn. picture: opaque, of any size, None to leave it out. box: the region as parts of it, in [0, 1]."""

    picture: QImage | None
    box: Box
    rows: tuple[Row, ...]
    footer: str

    @property
    def complete(self) -> bool:
        """True when every crop is there."""
        return all(crop.pixels is not None for row in self.rows for crop in row.crops)


def footer(name: str, box: Box, *, measured: bool) -> str:
    """The small print. name: of the picture. box: in its pixels."""
    left, top, right, bottom = (f"{round(value, 1):g}" for value in box)
    words = tr(
        "{name}, region {left}, {top} to {right}, {bottom}",
        **{"name": name, "left": left, "top": top, "right": right, "bottom": bottom},
    )
    words += tr("; PSNR / SSIM of the region's luminance") if measured else ""
    return words.encode("utf-8", "replace").decode()  # names of files may hold bytes that are no letters


@dataclass(frozen=True, slots=True)
class Plan:
    """Where things lie. panel: (height, width). whole: (height, width) of the picture at the left, (0, 0) for none.

    step, pitch: from one row, one column, to the next. text: height of letters.
    """

    panel: tuple[int, int]
    whole: tuple[int, int]
    left: int
    step: int
    pitch: int
    text: int
    height: int
    width: int

    def place(self, row: int, column: int) -> QRectF:
        """The panel in this row and column."""
        height, width = self.panel
        beside = (self.pitch - GAP - width) // 2  # where captions are wider
        return QRectF(self.left + column * self.pitch + beside, MARGIN + row * self.step, width, height)


def plan(figure: Figure) -> Plan:
    """Lay `figure` out; its text grows with its panels."""
    panel = _panel_size(figure.rows)
    text = min(max(13, round(panel[1] / 19)), max(26, round(panel[0] / 19)))
    measured = any(crop.psnr is not None for row in figure.rows for crop in row.crops)
    step = panel[0] + round((3.1 if measured else 1.8) * text) + GAP
    rows, columns = len(figure.rows), len(figure.rows[0].crops)
    height = rows * step - GAP
    whole = (0, 0)
    if figure.picture is not None:
        across = figure.picture.width() / figure.picture.height()
        wide = min(2.0 * panel[1], (height - step + panel[0] + GAP) * across)
        whole = max(1, round(wide / across)), max(1, round(wide))
    left = MARGIN + (whole[1] + GAP if whole[1] else 0) + round(1.8 * text)
    pitch = max(panel[1], _widest_caption(figure.rows, text)) + GAP
    total = left + columns * pitch - GAP + MARGIN
    return Plan(panel, whole, left, step, pitch, text, MARGIN + height + round(2.2 * text) + MARGIN, total)


def _panel_size(rows: tuple[Row, ...]) -> tuple[int, int]:
    """(height, width): a whole multiple of the largest crop, about `ABOUT` pixels."""
    height, width = max((row.size for row in rows), key=max)
    longest = max(height, width)
    factor = max(1, round(ABOUT / longest)) if longest <= LARGEST else 1
    return height * factor, width * factor


def _widest_caption(rows: tuple[Row, ...], text: int) -> int:
    """Pixels that the longest line below a crop takes, were it bold."""
    metrics = QFontMetricsF(_font(text, bold=True))
    lines = {line for row in rows for crop in row.crops for line in (crop.label, crop.measured)}
    return math.ceil(max(map(metrics.horizontalAdvance, lines)))


def paint(painter: QPainter, figure: Figure, laid: Plan) -> None:
    """Draw `figure`; painter: in pixels of the figure."""
    painter.fillRect(QRectF(0, 0, laid.width, laid.height), QColor("white"))
    if figure.picture is not None:
        _paint_whole(painter, figure.picture, figure.box, laid)
    for number, row in enumerate(figure.rows):
        _paint_scale(painter, row, laid, number)
        for column, crop in enumerate(row.crops):
            place = laid.place(number, column)
            _paint_crop(painter, crop, place)
            best = crop.psnr is not None and crop.psnr == row.best
            _paint_caption(painter, crop, place, laid, best=best)
    painter.setFont(_font(round(0.85 * laid.text)))
    painter.setPen(DIM)
    foot = QRectF(MARGIN, laid.height - MARGIN - 1.6 * laid.text, laid.width - 2 * MARGIN, 1.6 * laid.text)
    words = QFontMetricsF(painter.font()).elidedText(figure.footer, Qt.TextElideMode.ElideMiddle, foot.width())
    painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


def _paint_whole(painter: QPainter, picture: QImage, box: Box, laid: Plan) -> None:
    height, width = laid.whole
    place = QRectF(MARGIN, MARGIN, width, height)
    twice = min(2 * width, picture.width())  # what a print can show of it, not all of 24 megapixels
    small = picture.scaledToWidth(twice, Qt.TransformationMode.SmoothTransformation)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(place, small)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    left, top, right, bottom = box
    painter.setPen(QPen(MARK, max(1.5, laid.text / 8)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    corner = QPointF(MARGIN + left * width, MARGIN + top * height)
    painter.drawRect(QRectF(corner, QPointF(MARGIN + right * width, MARGIN + bottom * height)))


def _paint_scale(painter: QPainter, row: Row, laid: Plan, number: int) -> None:
    place = laid.place(number, 0)
    painter.save()
    painter.translate(place.left() - 0.9 * laid.text, place.center().y())
    painter.rotate(-90)
    painter.setFont(_font(laid.text))
    painter.setPen(INK)
    half = place.height() / 2
    painter.drawText(
        QRectF(-half, -laid.text, 2 * half, 2 * laid.text), Qt.AlignmentFlag.AlignCenter, f"×{row.scale:.4g}"
    )
    painter.restore()


def _paint_crop(painter: QPainter, crop: Crop, place: QRectF) -> None:
    if crop.pixels is None:
        painter.fillRect(place, WAITING)
        return
    width, height = round(place.width()), round(place.height())
    # enlarged here and not by whoever opens the file: many programs would smooth what is to be judged
    drawn = (
        crop.pixels.scaled(width, height) if (crop.pixels.width(), crop.pixels.height()) != (width, height) else None
    )
    painter.drawImage(place.topLeft(), drawn or crop.pixels)


def _paint_caption(painter: QPainter, crop: Crop, place: QRectF, laid: Plan, *, best: bool) -> None:
    """The label below `place`, and under it what was measured, bold for the best of its row."""
    painter.setPen(INK)
    text = laid.text
    line = QRectF(place.center().x() - laid.pitch / 2, place.bottom() + 0.2 * text, laid.pitch, 1.4 * text)
    for words, bold in ((crop.label, False), (crop.measured, best)):
        painter.setFont(_font(text, bold=bold))
        shown = QFontMetricsF(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, shown)
        line.translate(0, 1.35 * text)


def _font(pixels: int, *, bold: bool = False) -> QFont:
    font = QFont()
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font
