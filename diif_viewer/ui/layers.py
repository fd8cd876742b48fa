"""What lies on a pane, layer by layer, and how each is drawn: tiles put together, frames, reduced copies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QImage, QPainter

from diif_viewer.engine.tiles import TILE, TileKey, keys_for
from diif_viewer.geometry import Window
from diif_viewer.ui.fallback import Frame
from diif_viewer.ui.images import opaque
from diif_viewer.ui.screen_colour import SCREEN
from diif_viewer.viewport import Viewport


@dataclass(slots=True)
class Layer:
    """An image whose pixel (0, 0) is the lattice pixel (`top`, `left`) of the scales (`scale_y`, `scale_x`)."""

    pixels: QImage
    scale_y: float
    scale_x: float
    top: int
    left: int

    def target(self, view: Viewport) -> QRectF:
        """Where it lies in `view`, in device pixels."""
        y, x = view.scale / self.scale_y, view.scale / self.scale_x
        return QRectF(
            self.left * x - view.left, self.top * y - view.top, self.pixels.width() * x, self.pixels.height() * y
        )


@dataclass(slots=True)
class Sharp:
    """The tiles of one pane's view put together; transparent where one is still missing.

    shown: the same in the colours of the screen, None where they are those of the pixels.

    pixels: made with the first tile. A wheel passes through many scales at which none will ever come, and to touch
    some megabytes of new memory takes up to 14 ms where memory is short.
    """

    image: int
    model: str
    scale: float
    window: Window
    pixels: QImage | None = None
    shown: QImage | None = None
    held: set[TileKey] = field(default_factory=set)
    fresh: dict[TileKey, float] = field(default_factory=dict)  # tiles that are coming softly, and since when

    @property
    def complete(self) -> bool:
        """True when no tile of the window is missing."""
        return len(self.held) * TILE * TILE >= self.window.area

    def layer(self) -> Layer:
        """As a layer; there must be a tile."""
        assert self.pixels is not None
        pixels = self.pixels if self.shown is None else self.shown
        return Layer(pixels, self.scale, self.scale, self.window.top, self.window.left)

    def canvas(self) -> QImage:
        """The pixels, to paint tiles on."""
        if self.pixels is None:
            self.pixels = QImage(self.window.width, self.window.height, QImage.Format.Format_ARGB32_Premultiplied)
            self.pixels.fill(0)
            self.recolour()
        return self.pixels

    def recolour(self) -> None:
        """The colours of the screen are others now."""
        self.shown = SCREEN.converted(self.pixels) if self.pixels is not None and SCREEN.converts else None

    def put(self, corner: QPoint, pixels: QImage, shown: QImage) -> None:
        """Lay an image, and the same in the colours of the screen, over what is there."""
        for canvas, image in ((self.canvas(), pixels), (self.shown, shown)):
            if canvas is not None:
                with QPainter(canvas) as painter:
                    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
                    painter.drawImage(corner, image)

    def take_over(self, old: Sharp) -> None:
        """Copy what `old` holds of this window: a pan comes to another window, most of whose tiles were here before."""
        shared = {key for key in old.held if self.window.contains(key.window)}
        if (old.image, old.model, old.scale) != (self.image, self.model, self.scale) or not shared:
            return
        corner = QPoint(old.window.left - self.window.left, old.window.top - self.window.top)
        self.put(corner, old.canvas(), old.canvas() if old.shown is None else old.shown)
        self.held |= shared


def nearest_first(frames: Sequence[Frame], scale: float) -> list[Frame]:
    """By how far their scales are from `scale`; of equals the newest first."""
    newest_first = frames[::-1]
    return sorted(newest_first, key=lambda f: abs(math.log(f.scale / scale)))


def frame_layer(frame: Frame, *, as_it_is: bool = False) -> Layer:
    """A fallback frame as a layer, in the colours of the screen unless they mean something else than colours."""
    pixels = frame.pixels if as_it_is else SCREEN.shown(frame.pixels)
    return Layer(pixels, frame.scale, frame.scale, frame.window.top, frame.window.left)


def whole(sharp: Sharp, window: Window, view: Viewport) -> bool:
    """True when no tile of `window` is missing."""
    return sharp.held.issuperset(keys_for(sharp.image, sharp.model, sharp.scale, window, view.lattice.window))


def serves(sharp: Sharp | None, model: str, scale: float, seen: Window) -> bool:
    """True when these tiles are of this view, and all of it lies among them."""
    return sharp is not None and (sharp.model, sharp.scale) == (model, scale) and sharp.window.contains(seen)


def blit(sharp: Sharp, key: TileKey, pixels: npt.NDArray[np.uint8]) -> None:
    """Put a tile, HWC, in its place."""
    window = key.window
    corner = QPoint(window.left - sharp.window.left, window.top - sharp.window.top)
    tile = opaque(pixels, window.top, window.left)
    sharp.put(corner, tile, SCREEN.converted(tile))
    sharp.held.add(key)


def draw(painter: QPainter, layer: Layer, view: Viewport, clip: QRect, *, smooth: bool) -> None:
    """Draw the part of `layer` that lies in `clip`: at its own scale and at rest pixel for pixel, else transformed."""
    if layer.scale_x == layer.scale_y == view.scale and view == view.rested():
        painter.drawImage(QPoint(layer.left - int(view.left), layer.top - int(view.top)), layer.pixels)
        return
    # only the visible source pixels (and two more for the filter): Qt's rasteriser ends at 32767 pixels
    y, x = view.scale / layer.scale_y, view.scale / layer.scale_x
    width, height = layer.pixels.width(), layer.pixels.height()
    left = max(0, math.floor((clip.left() + view.left) / x) - layer.left - 2)
    top = max(0, math.floor((clip.top() + view.top) / y) - layer.top - 2)
    right = min(width, math.ceil((clip.right() + 1 + view.left) / x) - layer.left + 2)
    bottom = min(height, math.ceil((clip.bottom() + 1 + view.top) / y) - layer.top + 2)
    if right <= left or bottom <= top:
        return
    target = QRectF(
        (left + layer.left) * x - view.left, (top + layer.top) * y - view.top, (right - left) * x, (bottom - top) * y
    )
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(target, layer.pixels, QRectF(left, top, right - left, bottom - top))


def inner(target: QRectF, inside: QRect) -> QRect:
    """Pixels that `target` surely covers; along the picture's own border all of them."""
    if target.adjusted(-0.5, -0.5, 0.5, 0.5).contains(QRectF(inside)):
        return inside
    left, top = math.ceil(target.left()), math.ceil(target.top())
    return QRect(left, top, math.floor(target.right()) - left, math.floor(target.bottom()) - top)
