"""The line at the foot: zoom, what is under the cursor, the device, milliseconds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from diif_viewer.ui.language import decimal, tr
from diif_viewer.ui.state import Picture
from diif_viewer.ui.theme import ACCENT
from diif_viewer.ui.zoom_text import format_time, format_zoom

BUSY_AFTER = 300
"""Milliseconds that something may take before the busy mark shows."""


class BusyMark(QWidget):
    """A small turning arc, shown only while something has been under way for `BUSY_AFTER` milliseconds."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(16, 16)
        self.setToolTip(tr("Sharpening"))
        self.setAccessibleName(tr("Sharpening"))
        self._angle = 0
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.timeout.connect(self._appear)
        self._turn = QTimer(self)
        self._turn.setInterval(60)
        self._turn.timeout.connect(self._advance)
        self._shown = False

    @property
    def shown(self) -> bool:
        """True while the arc is on screen."""
        return self._shown

    def set_busy(self, busy: bool) -> None:
        """Begin to wait for the moment to appear, or vanish at once."""
        if not busy:
            self._wait.stop()
            self._turn.stop()
            self._shown = False
            self.update()
        elif not self._shown and not self._wait.isActive():
            self._wait.start(BUSY_AFTER)

    @Slot()
    def _appear(self) -> None:
        self._shown = True
        self._turn.start()
        self.update()

    @Slot()
    def _advance(self) -> None:
        self._angle = (self._angle - 30) % 360
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the arc."""
        del event
        if not self._shown:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(ACCENT, 2))
            painter.drawArc(3, 3, 10, 10, 16 * self._angle, 16 * 250)


class Swatch(QWidget):
    """A square of the colour under the cursor."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(12, 12)
        self._colour: QColor | None = None

    def show_colour(self, colour: QColor | None) -> None:
        """Show `colour`, or nothing."""
        if colour != self._colour:
            self._colour = colour
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the square."""
        del event
        if self._colour is not None:
            with QPainter(self) as painter:
                painter.fillRect(self.rect(), self._colour)
                painter.setPen(QColor(255, 255, 255, 60))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


ROOMY = 760
"""Logical pixels in which all parts of the line have room."""


class StatusLine(QStatusBar):
    """Facts about the view; the controller's and the canvas's facts are handed in by the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # words must not widen the window
        self.zoom, self.size_text, self.position, self.colour = (QLabel(self) for _ in range(4))
        self.rendered = QLabel(self)
        self.swatch = Swatch(self)
        self.busy = BusyMark(self)
        self.milliseconds, self.device = QLabel(self), QLabel(tr("Starting the renderer…"), self)
        for label, width in ((self.zoom, 58), (self.size_text, 96), (self.position, 106)):
            label.setMinimumWidth(width)
        for widget, name in ((self.zoom, tr("Zoom")), (self.position, tr("Position")), (self.device, tr("Device"))):
            widget.setToolTip(name)
        self.rendered.setToolTip(tr("On screen"))
        self.milliseconds.setToolTip(tr("Work of the renderer for what is on screen"))
        left: list[QWidget] = [self.zoom, self.size_text, self.position, self.swatch, self.colour, self.rendered]
        right: list[QWidget] = [self.busy, self.milliseconds, self.device]
        for part in left:
            self.addWidget(part)
        for part in right:
            self.addPermanentWidget(part)
        self._beside_busy = len(left) + 1

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where not all has room, time and device leave, which badges name as well: what goes on comes first."""
        super().resizeEvent(event)
        for label in (self.milliseconds, self.device):
            label.setVisible(self.width() >= ROOMY)

    def put_beside_busy(self, widget: QWidget) -> None:
        """Add a part to the right of the busy mark."""
        self.insertPermanentWidget(self._beside_busy, widget)

    def show_size(self, picture: Picture | None) -> None:
        """Pixels of `picture`, and what is black and white in it where nobody could know."""
        words = tip = ""
        if picture is not None:
            words = f"{picture.width} x {picture.height}"
        if picture is not None and picture.span is not None:
            low, high = (decimal(f"{value:.5g}") for value in picture.span)
            words += f"  {low} … {high}"
            tip = tr("Values of the file: {low} is shown black, {high} white", low=low, high=high)
        self.size_text.setText(words)
        self.size_text.setToolTip(tip)

    def show_view(self, scale: float | None, milliseconds: float | None, *, busy: bool) -> None:
        """scale: of the view, None without a picture. milliseconds: of the newest sharp picture."""
        self.zoom.setText("" if scale is None else format_zoom(scale))
        self.milliseconds.setText("" if milliseconds is None else format_time(milliseconds))
        self.busy.set_busy(busy)

    def show_position(
        self,
        position: tuple[float, float] | None,
        pixels: npt.NDArray[Any] | None,
        rendered: tuple[int, ...] | None = None,
        *,
        span: tuple[float, float] | None = None,
    ) -> None:
        """position: (x, y) in picture pixels, None outside. pixels: the picture, HWC. rendered: on screen.

        span: the values of the file that are 0 and the full range in `pixels`; they are told then.
        """
        inside = (
            position is not None
            and pixels is not None
            and 0 <= position[0] < pixels.shape[1]
            and 0 <= position[1] < pixels.shape[0]
        )
        if not inside:
            self.position.setText("")
            self.colour.setText("")
            self.rendered.setText("")
            self.swatch.show_colour(None)
            return
        assert position is not None
        assert pixels is not None
        x, y = math.floor(position[0]), math.floor(position[1])
        values = [int(v) for v in pixels[y, x]]
        eight = [v if pixels.dtype == np.uint8 else round(v / 257) for v in values]
        colour = QColor(*eight[:3]) if len(eight) >= 3 else QColor(eight[0], eight[0], eight[0])
        kind = {1: tr("Grey"), 2: tr("Grey, alpha"), 3: "RGB", 4: "RGBA"}[len(values)]
        column, row = (decimal(f"{value:.1f}") for value in position)
        self.position.setText(tr("{x}, {y}", x=column, y=row))
        self.colour.setText(f"{kind} {' '.join(_told(values, int(np.iinfo(pixels.dtype).max), span))}")
        self.rendered.setText("" if rendered is None else f"→ {' '.join(str(v) for v in rendered)}")
        self.swatch.show_colour(colour)


def _told(values: list[int], full: int, span: tuple[float, float] | None) -> list[str]:
    """The values of a pixel as its file has them. full: the largest that there is."""
    if span is None:
        return [str(value) for value in values]
    colours = len(values) - (len(values) in (2, 4))  # alpha is not stretched
    low, high = span
    numbers = [low * (1 - value / full) + high * (value / full) for value in values[:colours]]
    return [*(decimal(f"{number:.5g}") for number in numbers), *(str(value) for value in values[colours:])]
