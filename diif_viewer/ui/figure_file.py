"""A figure as a file: PNG, or PDF and SVG with text that stays text. Whole files only."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter, QPdfWriter

from diif_viewer.errors import ExportError
from diif_viewer.ui.figure import Figure, Plan, paint, plan

SUFFIXES = (".png", ".pdf", ".svg")

DPI = 96
"""Pixels of a figure in an inch of paper."""

FINER = 10
"""Places for a glyph in a pixel of a PDF: text is not pulled to whole pixels."""


def drawn(figure: Figure) -> QImage:
    """The figure as an RGB32 image. Any thread. Raises MemoryError."""
    laid = plan(figure)
    image = QImage(laid.width, laid.height, QImage.Format.Format_RGB32)
    if image.isNull():
        raise MemoryError
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint(painter, figure, laid)
    return image


def write_figure(figure: Figure, path: Path) -> None:
    """Write `figure` in the format of the suffix, one of SUFFIXES. Any thread. Raises ExportError."""
    from diif_viewer.imaging.save import atomic_path

    laid = plan(figure)
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    made = {".png": _png, ".pdf": _pdf, ".svg": _svg}[path.suffix.lower()](buffer, figure, laid)
    buffer.close()
    if not made:
        raise ExportError(f"{path.name}: the figure could not be drawn.")
    with atomic_path(path) as temporary:
        temporary.write_bytes(held.data())


def _png(device: QIODevice, figure: Figure, laid: Plan) -> bool:
    del laid
    return drawn(figure).save(device, "PNG")  # type: ignore[call-overload, no-any-return]


def _pdf(device: QIODevice, figure: Figure, laid: Plan) -> bool:
    writer = QPdfWriter(device)
    writer.setTitle(figure.footer)
    writer.setCreator("DIIF Viewer")
    writer.setResolution(DPI * FINER)
    points = QSizeF(laid.width, laid.height) * (72 / DPI)
    writer.setPageLayout(QPageLayout(QPageSize(points, QPageSize.Unit.Point), _UPRIGHT, QMarginsF()))
    painter = QPainter()
    if not painter.begin(writer):
        return False
    painter.scale(FINER, FINER)
    paint(painter, figure, laid)
    return painter.end()


def _svg(device: QIODevice, figure: Figure, laid: Plan) -> bool:
    from PySide6.QtSvg import QSvgGenerator

    generator = QSvgGenerator()
    generator.setOutputDevice(device)
    generator.setResolution(DPI)
    generator.setSize(QSize(laid.width, laid.height))
    generator.setViewBox(QRectF(0, 0, laid.width, laid.height))
    generator.setTitle(figure.footer)
    painter = QPainter()
    if not painter.begin(generator):
        return False
    paint(painter, figure, laid)
    return painter.end()


_UPRIGHT = QPageLayout.Orientation.Portrait
