"""What lies along a line: its length, its angle, and how bright each pane shows what it crosses. Sampled in a thread.

Story: somebody asks for a line -> it lies over the picture and can be pulled -> the pixels at hand of every pane go to
a thread -> curves come back -> a small panel is painted again. One pane shows its colours, several their luminance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.controller import Controller
from diif_viewer.ui.images import image_bytes
from diif_viewer.ui.language import decimal, tr
from diif_viewer.ui.line import LineOverlay
from diif_viewer.ui.panel import COLOURS, GREY, MARGIN, Panel
from diif_viewer.ui.reduced import label_of
from diif_viewer.ui.side_work import SideWork
from diif_viewer.ui.state import Picture

PACE = 40
"""Milliseconds between two looks at what the panes show."""

DENSE, MOST = 4, 4096
"""Samples for each device pixel, so that between two of them nothing bends; and of a line, at most."""

WIDTH, HEIGHT = 330, 178
"""Logical pixels of the panel."""

PANES = (GREY, QColor(255, 176, 64), QColor(72, 214, 108), QColor(84, 142, 255))
"""Of the panes, in order."""

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""ITU-R BT.709, of the levels as they are, as in the histogram."""

LEAST = 24.0
"""Levels that an edge has at least."""

SINGLE = 0.7
"""Part of all that a curve goes through which a single edge is at least; the rest is halos and noise."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """One pane to sample. pixels: RGB32. points: (N, 2) rows and columns in them, pixel centres at whole numbers."""

    name: str
    pixels: QImage
    points: Values
    grey: bool


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Levels along the line, (N,), in [0, 255]; not a number where the pane does not show it.

    rise: picture pixels in which the level goes from 10 to 90 % of the way, where the line crosses one edge; else None.
    """

    name: str
    colour: QColor
    values: Values
    rise: float | None = None

    @property
    def words(self) -> str:
        """Whose it is, and how wide its edge."""
        return self.name if self.rise is None else f"{self.name} {decimal(f'{self.rise:.2f}')}"


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """distances: (N,) from the start, in picture pixels."""

    distances: Values
    curves: tuple[Curve, ...]

    @property
    def table(self) -> str:
        """For a spreadsheet: a line for each sample, tabs between."""
        lines = ["\t".join([tr("Distance"), *(curve.name for curve in self.curves)])]
        for number, distance in enumerate(self.distances):
            levels = (curve.values[number] for curve in self.curves)
            lines.append("\t".join([f"{distance:.4f}", *("" if np.isnan(v) else f"{v:.2f}" for v in levels)]))
        return "\n".join(lines)


def sampled(pixels: npt.NDArray[Any], points: Values) -> Values:
    """(N, C) values of HWC pixels at (N, 2) rows and columns, linear between pixels, not a number outside of them.

    Half a pixel beyond the outermost centres the picture ends; there its outermost pixels count.
    """
    height, width = pixels.shape[:2]
    rows, columns = points[:, 0], points[:, 1]
    outside = (rows < -0.5) | (columns < -0.5) | (rows > height - 0.5) | (columns > width - 0.5)
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    top = np.minimum(rows.astype(np.intp), max(0, height - 2))
    left = np.minimum(columns.astype(np.intp), max(0, width - 2))
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = (rows - top)[:, None], (columns - left)[:, None]
    upper = pixels[top, left] * (1 - across) + pixels[top, right] * across
    lower = pixels[bottom, left] * (1 - across) + pixels[bottom, right] * across
    values: Values = np.asarray(upper * (1 - down) + lower * down, np.float64)
    values[outside] = np.nan
    return values


def rise_of(distances: Values, values: Values) -> float | None:
    """How far it is from 10 to 90 % of the way from the first value to the last (the rise distance of ISO 12233).

    None where that is no single edge: too flat, not all known, or reaching far beyond its ends.
    """
    if np.isnan(values).any():
        return None
    way = values[-1] - values[0]
    if abs(way) < LEAST or abs(way) < SINGLE * (values.max() - values.min()):
        return None
    part = (values - values[0]) / way
    high = int(np.argmax(part >= 0.9))
    low = int(np.flatnonzero(part[: high + 1] <= 0.1)[-1])

    def place(before: int, level: float) -> float:
        """Where between the sample `before` and the next one `level` is reached."""
        step = part[before + 1] - part[before]
        beyond = (level - part[before]) / step if step else 0.0
        return float(distances[before] + beyond * (distances[before + 1] - distances[before]))

    return place(high - 1, 0.9) - place(low, 0.1)


def profile_of(distances: Values, strips: tuple[Strip, ...]) -> Profile:
    """One strip by its colours and its luminance, several by their luminance."""
    curves: list[Curve] = []
    for strip, colour in zip(strips, PANES, strict=False):
        values = sampled(image_bytes(strip.pixels)[..., 2::-1], strip.points)  # blue, green, red, unused
        if len(strips) == 1 and not strip.grey:
            names = tr("Red"), tr("Green"), tr("Blue")
            curves += [Curve(name, own, values[:, n]) for n, (name, own) in enumerate(zip(names, COLOURS, strict=True))]
        name, luminance = strip.name if len(strips) > 1 else tr("Luminance"), values @ LUMINANCE
        curves.append(Curve(name, colour, luminance, rise_of(distances, luminance)))
    return Profile(distances, tuple(curves))


class ProfilePanel(Panel):
    """A child of the canvas at its lower left, above the histogram, while there is a line. profile: what it shows."""

    _made = Signal(object, object)

    def __init__(self, controller: Controller, histogram: QWidget, canvas: QWidget) -> None:
        super().__init__(canvas, tr("Profile along a line"), WIDTH, HEIGHT)
        self._controller, self._histogram = controller, histogram
        self.overlay = LineOverlay(controller, canvas)
        self.profile: Profile | None = None
        self._facts: object = None
        self._of: Picture | None = None
        self.copy = self.add_button(tr("Copy"), tr("Copy the values as a table"))
        self.copy.clicked.connect(self._copy)
        self._side_work = SideWork("profile", PACE, look=self._look, work=self._measure, parent=self)
        self._made.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        state = controller.state
        for fact in (controller.repaint, state.methods_changed, state.layout_changed, controller.looks.guests.changed):
            fact.connect(self._stirred)
        self.overlay.changed.connect(self._changed)
        state.picture_changed.connect(self._picture_changed)

    @property
    def wanted(self) -> bool:
        """True while there is a line."""
        return self.overlay.line is not None

    def toggle(self) -> None:
        """Lay a line across the middle of the view, or take it away."""
        view, picture = self._controller.state.view, self._controller.state.picture
        if self.wanted or view is None or picture is None:
            self.overlay.lay(None)
            return
        self._of = picture
        self.overlay.lay(self.overlay.across(view.rested()))

    @Slot()
    def place(self) -> None:
        """Come, go, and keep to the corner."""
        self.setVisible(self.wanted and self.has_room)
        below = self._histogram.height() + MARGIN // 2 if self._histogram.isVisible() else 0
        self.move(MARGIN, max(0, self._canvas.height() - HEIGHT - MARGIN - below))
        self._stirred()

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._side_work.shutdown()

    @Slot()
    def _picture_changed(self) -> None:
        """The line stays on the same picture, and on other pages of its size that lie alike."""
        before, now = self._of, self._controller.state.picture
        alike = (
            before is not None
            and now is not None
            and (before.path, before.width, before.height, before.turn) == (now.path, now.width, now.height, now.turn)
        )
        if self.wanted and not alike:
            self.overlay.lay(None)

    @Slot()
    def _changed(self) -> None:
        line = self.overlay.line
        if line is not None:
            across, down = (decimal(f"{end - start:.1f}") for start, end in zip(line.start, line.end, strict=True))
            length, angle = decimal(f"{line.length:.1f}"), decimal(f"{line.angle:.1f}").replace("-", "−")
            self.words.setText(tr("{length} px, {angle}°", length=length, angle=angle))
            self.words.setToolTip(tr("{across} across, {down} down", across=across, down=down))
        self.place()

    # ---- sampling ----

    @Slot()
    def _stirred(self) -> None:
        if self.isVisible():
            self._side_work.stir()

    @Slot()
    def _look(self) -> None:
        """Have what the panes show along the line sampled, if it is something new."""
        controller, line = self._controller, self.overlay.line
        view = controller.state.view
        if not self.isVisible() or line is None or view is None:
            return
        if controller.motion.moving:
            self._side_work.stir()
            return
        looks, state, main = controller.looks, controller.state, view.rested()
        areas = [area for area in controller.areas if looks.view(area.pane) is not None]
        pictures = [picture.image for area in areas if (picture := looks.picture(area.pane)) is not None]
        progress = [looks.scene(area.pane).progress(area.pane) for area in areas]
        facts = line, main, state.layout, state.methods, state.split, tuple(pictures), tuple(progress)
        if facts == self._facts:
            return
        start, end = (np.array(main.point_at(place)) for place in (line.start, line.end))
        count = min(MOST, max(2, int(np.ceil(DENSE * np.linalg.norm(end - start))) + 1))
        parts = np.linspace(0, 1, count)
        points = start + parts[:, None] * (end - start) - 0.5  # (x, y) in device pixels of a view
        strips = []
        for area in areas:
            own, picture = looks.view(area.pane), looks.picture(area.pane)
            assert own is not None
            assert picture is not None
            method, own = state.methods[area.pane], own.rested()
            window = area.seen(own)
            pixels = looks.scene(area.pane).at_hand(area.pane, method, own, window) if window else None
            if pixels is None:
                continue
            places = points[:, ::-1] + (own.top - window.top, own.left - window.left)
            strips.append(Strip(label_of(method), pixels, places, picture.pixels.shape[2] <= 2))
        if len(strips) == len(areas):
            self._facts = facts
            self._side_work.post((facts, parts * line.length, tuple(strips)))

    def _measure(self, job: tuple[object, Values, tuple[Strip, ...]]) -> None:
        facts, distances, strips = job
        self._made.emit(facts, profile_of(distances, strips))

    @Slot(object, object)
    def _deliver(self, facts: object, profile: Profile) -> None:
        if facts == self._facts:
            self.profile = profile
            self.copy.setText(tr("Copy"))
            edges = any(curve.rise is not None for curve in profile.curves)
            self.setToolTip(tr("Behind the name: picture pixels from 10 to 90 % of the edge") if edges else "")
            self.update()

    @Slot()
    def _copy(self) -> None:
        if self.profile is not None:
            QGuiApplication.clipboard().setText(self.profile.table)
            self.copy.setText(tr("Copied"))

    # ---- painting ----

    def _legend(self) -> list[tuple[Curve, float, int]]:
        """Each curve with where its words begin, and in which row."""
        made: list[tuple[Curve, float, int]] = []
        x, row = 10.0, 0
        for curve in self.profile.curves if self.profile is not None else ():
            width = self.fontMetrics().horizontalAdvance(curve.words)
            if made and x + width > WIDTH - 10:
                x, row = 10.0, row + 1
            made.append((curve, x, row))
            x += width + 14
        return made

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the curves from black at the foot to white, and above them whose they are."""
        del event
        with QPainter(self) as painter:
            self.paint_ground(painter)
            legend = self._legend()
            top = 28 + 16 * max((row for *_, row in legend), default=0)
            place = QRectF(10, top, WIDTH - 20, HEIGHT - 34 - top)
            painter.setPen(QPen(QColor(255, 255, 255, 34), 1))
            for part in (0.0, 0.5, 1.0):
                y = place.bottom() - part * place.height()
                painter.drawLine(QPointF(place.left(), y), QPointF(place.right(), y))
            if self.profile is None:
                return
            for curve, x, row in legend:
                painter.setPen(curve.colour)
                painter.drawText(QPointF(x, 19 + 16 * row), curve.words)
                painter.setPen(QPen(curve.colour, 1.3))
                for piece in _pieces(curve.values, place):
                    painter.drawPolyline(piece)


def _pieces(values: Values, place: QRectF) -> list[QPolygonF]:
    """The curve without its gaps."""
    xs = place.left() + np.linspace(0, 1, len(values)) * place.width()
    ys = place.bottom() - values / 255 * place.height()
    known = ~np.isnan(values)
    breaks = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    return [
        QPolygonF([QPointF(float(x), float(y)) for x, y in zip(xs[start:end], ys[start:end], strict=True)])
        for start, end in zip(breaks[::2], breaks[1::2], strict=True)
    ]
