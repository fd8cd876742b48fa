"""The histogram: how bright, in each colour, what is in sight, or the whole picture. Counted in a thread.

Story: the view rests and the active pane changed -> its pixels at hand go to a thread -> counts come back -> a small
panel in the corner is painted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolButton, QWidget

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.images import image_bytes
from diif_viewer.ui.language import decimal, tr
from diif_viewer.ui.panel import COLOURS, GREY, MARGIN, Panel
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.side_work import SideWork
from diif_viewer.ui.state import Picture

PACE = 120
"""Milliseconds between two looks at what the pane shows."""

SAMPLES = 1_000_000
"""Pixels that are counted at most, evenly spread: more would not move a bar."""

WIDTH, HEIGHT = 276, 148
"""Logical pixels of the panel."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Shares of all pixels by level, (256,) each. colours: red, green, blue; empty for a grey picture."""

    luminance: npt.NDArray[np.float64]
    colours: tuple[npt.NDArray[np.float64], ...] = ()

    @property
    def clipped(self) -> tuple[float, float]:
        """Parts of the pixels, in [0, 1], whose luminance is at the lower and at the upper end."""
        return float(self.luminance[0]), float(self.luminance[255])


def counted(pixels: npt.NDArray[Any]) -> Counts:
    """Of HWC uint8 pixels: 1 channel, or red, green, blue; evenly thinned out beyond `SAMPLES`."""
    step = max(1, int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / SAMPLES))))
    few = pixels[::step, ::step].reshape(-1, pixels.shape[2])
    if few.shape[1] == 1:
        return Counts(_shares(few[:, 0]))
    weights = np.array([54, 183, 19], np.uint32)  # ITU-R BT.709 in 256ths
    luminance = ((few.astype(np.uint32) @ weights + 128) >> 8).astype(np.uint8)
    return Counts(_shares(luminance), tuple(_shares(few[:, channel]) for channel in range(3)))


def _shares(levels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    counts = np.bincount(levels, minlength=256).astype(np.float64)
    shares: npt.NDArray[np.float64] = counts / max(1.0, counts.sum())
    return shares


class Histogram(Panel):
    """A child of the canvas at its lower left, seen while `wanted`. counts: what it shows, None before the first."""

    _made = Signal(object, object)

    def __init__(self, controller: Controller, settings: Settings, canvas: QWidget) -> None:
        super().__init__(canvas, tr("Histogram"), WIDTH, HEIGHT)
        self._controller, self._settings = controller, settings
        self.counts: Counts | None = None
        self._facts: object = None
        self.whole = self._switch(
            "histogram_whole", tr("Whole"), tr("Of the whole picture, not only of what is in sight")
        )
        self.log = self._switch("histogram_log", tr("Log"), tr("Logarithmic: small numbers are seen too"))
        self._side_work = SideWork("histogram", PACE, look=self._look, work=self._count, parent=self)
        self._made.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        for fact in (controller.repaint, controller.state.active_changed, controller.state.methods_changed):
            fact.connect(self._stirred)
        controller.state.picture_changed.connect(self.place)

    def _switch(self, name: str, words: str, tip: str) -> QToolButton:
        button = self.add_button(words, tip)
        button.setCheckable(True)
        button.setChecked(self._settings.flag(name))
        button.toggled.connect(lambda on: self._switched(name, on))
        return button

    def _switched(self, name: str, on: bool) -> None:
        self._settings.put(name, on)
        self.update()
        self._stirred()

    @property
    def wanted(self) -> bool:
        """True when it is switched on."""
        return self._settings.flag("histogram")

    def toggle(self) -> None:
        """Switch it on, or off."""
        self._settings.put("histogram", not self.wanted)
        self.place()

    @Slot()
    def place(self) -> None:
        """Come, go, and keep to the corner."""
        self.setVisible(self.wanted and self.has_room and self._controller.state.picture is not None)
        self.move(MARGIN, self._canvas.height() - HEIGHT - MARGIN)
        self._stirred()

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._side_work.shutdown()

    # ---- counting ----

    @Slot()
    def _stirred(self) -> None:
        if self.isVisible():
            self._side_work.stir()

    @Slot()
    def _look(self) -> None:
        """Have what the active pane shows counted, if it is something new."""
        controller = self._controller
        pane = controller.state.active
        area = next((a for a in controller.areas if a.pane == pane), None)
        picture, view = controller.looks.picture(pane), controller.looks.view(pane)
        if not self.isVisible() or area is None or picture is None or view is None:
            return
        if controller.motion.moving:
            self._side_work.stir()
            return
        subject: QImage | Picture | None = picture
        facts: object = picture.image
        if not self.whole.isChecked():
            window, method, scene = area.seen(view), controller.state.methods[pane], controller.looks.scene(pane)
            facts = picture.image, view.scale, window, method, scene.progress(pane)
            if facts == self._facts or not window:
                return
            subject = scene.at_hand(pane, method, view, window)
        if facts != self._facts and subject is not None:
            self._facts = facts
            self._side_work.post((facts, subject))

    def _count(self, job: tuple[object, QImage | Picture]) -> None:
        from diif_viewer.imaging.colour import split_alpha, to_8_bits

        facts, subject = job
        if isinstance(subject, QImage):
            pixels = image_bytes(subject)[..., 2::-1]  # blue, green, red, unused
        else:
            step = max(1, int(np.sqrt(subject.pixels.shape[0] * subject.pixels.shape[1] / SAMPLES)))
            pixels = to_8_bits(split_alpha(subject.pixels[::step, ::step])[0])
        self._made.emit(facts, counted(pixels))

    @Slot(object, object)
    def _deliver(self, facts: object, counts: Counts) -> None:
        if facts == self._facts:
            self.counts = counts
            black, white = (decimal(f"{100 * part:.1f} %") for part in counts.clipped)
            self.words.setText(tr("Black {black}, white {white}", black=black, white=white))
            self.update()

    # ---- painting ----

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the curves, the colours shining through each other."""
        del event
        with QPainter(self) as painter:
            self.paint_ground(painter)
            if self.counts is None:
                return
            place = QRectF(10, 10, WIDTH - 20, HEIGHT - 42)
            curves = [self._heights(shares) for shares in (*self.counts.colours, self.counts.luminance)]
            top = (
                max(float(np.sort(curve[1:255])[-4]) for curve in curves) or 1.0
            )  # a single spike must not flatten all
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Screen)
            for curve, colour in zip(curves[:-1], COLOURS, strict=False):
                _paint_curve(painter, curve / top, place, colour, filled=True)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            _paint_curve(painter, curves[-1] / top, place, GREY, filled=len(curves) == 1)

    def _heights(self, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.log1p(shares * 1e5) if self.log.isChecked() else shares


def _paint_curve(
    painter: QPainter, heights: npt.NDArray[np.float64], place: QRectF, colour: QColor, *, filled: bool
) -> None:
    """heights: (256,), 1 at the upper border of `place`; what is higher is cut there."""
    across = place.width() / 255
    tops = place.bottom() - np.minimum(heights, 1.0) * place.height()
    line = [QPointF(place.left() + level * across, float(y)) for level, y in enumerate(tops)]
    painter.setPen(QPen(colour, 1.2))
    if filled:
        shade = QColor(colour)
        shade.setAlpha(110)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF([place.bottomLeft(), *line, place.bottomRight()]))
        painter.setPen(QPen(colour, 1.0))
    painter.drawPolyline(QPolygonF(line))
