"""Everything there is to paint, and in which order: never blank, never a wait.

From the top: sharp tiles of the target view; the last complete sharp picture (transformed) while the new one
is on its way; the newest fallback frames (transformed while the view moves); a reduced copy of the picture.
Each pixel is drawn once: what an upper layer covers is cut out of those below it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QColor, QImage, QPainter, QRegion

from diif_viewer.engine.tiles import TILE, TileCache, TileKey, keys_for
from diif_viewer.geometry import Window
from diif_viewer.ui.compare import Area
from diif_viewer.ui.fallback import Frame
from diif_viewer.ui.layers import Layer, Sharp, blit, draw, frame_layer, inner, nearest_first, serves, whole
from diif_viewer.ui.screen_colour import SCREEN
from diif_viewer.ui.state import Picture, screen_method
from diif_viewer.viewport import Viewport

CACHE_BYTES = 256 * 2**20
"""Finished tiles kept, in bytes of pixels."""

STALE_RANGE = (0.45, 4.5)
"""A sharp picture of another scale is shown transformed while the ratio of the scales is within this range."""

FRAMES_KEPT = 3

FADE = 0.12
"""Seconds that a new tile takes to come, where that is wanted."""

DIFFERENCE = "difference"
"""Frames of this name hold the difference between two panes; nothing stands in for them."""


class Scene:
    """What has been computed so far for the picture on screen. Lives in the GUI thread."""

    def __init__(self, budget: int = CACHE_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds. fade: how long a tile takes to come, 0 for at once."""
        self.cache = TileCache(budget)
        self.fade = 0.0
        self._clock = clock
        self._picture: Picture | None = None
        self._frames: dict[str, list[Frame]] = {}
        self._added = 0
        self._sharp: dict[int, Sharp] = {}
        self._stale: dict[int, Sharp] = {}
        self._seen: dict[int, Window] = {}  # what each pane shows of its lattice
        self._parked: dict[int, Sharp] = {}  # of the method before: flipping to and fro puts no tiles together again

    # ---- what comes in ----

    def set_picture(self, picture: Picture | None) -> None:
        """Show another picture; everything of the old one is dropped."""
        if self._picture is not None:
            self.cache.drop_image(self._picture.image)
        self._picture = picture
        self._frames.clear()
        self._sharp.clear()
        self._stale.clear()
        self._parked.clear()

    def forget_tiles(self) -> None:
        """Drop everything that the renderer made."""
        if self._picture is not None:
            self.cache.drop_image(self._picture.image)
        self._sharp.clear()
        self._stale.clear()
        self._parked.clear()

    def recolour(self) -> None:
        """The colours of the screen are others now."""
        for sharp in (*self._sharp.values(), *self._stale.values(), *self._parked.values()):
            sharp.recolour()

    def add_frame(self, frame: Frame) -> bool:
        """Keep a fallback frame; False when it is of another picture."""
        if self._picture is None or frame.image != self._picture.image:
            return False
        self._added += frame.method != DIFFERENCE
        kept = self._frames.setdefault(frame.method, [])
        kept[:] = [old for old in kept if not (old.scale == frame.scale and frame.window.contains(old.window))]
        kept.append(frame)
        del kept[:-FRAMES_KEPT]
        return True

    def add_tile(self, key: TileKey, pixels: npt.NDArray[np.uint8]) -> list[int]:
        """Keep a finished tile, however old its request; the panes that show it."""
        if self._picture is None or key.image != self._picture.image:
            return []
        self.cache.put(key, pixels)
        panes = [
            pane
            for pane, sharp in self._sharp.items()
            if (sharp.model, sharp.scale) == (key.model, key.scale) and sharp.window.contains(key.window)
        ]
        for pane in panes:
            in_sight = bool(key.window.intersected(self._seen[pane]))
            if self.fade > 0 and in_sight and key not in self._sharp[pane].held:
                self._sharp[pane].fresh[key] = self._clock()
            blit(self._sharp[pane], key, pixels)
        return panes

    def aim(self, pane: int, model: str | None, view: Viewport, seen: Window) -> list[TileKey]:
        """Prepare a pane for the target `view`: gather its tiles from the cache. model: None for a classic method.

        Returns the keys of the tiles that are still missing in the window `seen`, centre first.
        """
        sharp = self._sharp.get(pane)
        if model is None or self._picture is None or not seen:
            self._retire(pane, sharp)
            self._sharp.pop(pane, None)
            if sharp is not None:
                self._parked[pane] = sharp
            return []
        self._seen[pane] = seen
        keys = keys_for(self._picture.image, model, view.scale, seen, view.lattice.window)
        if not serves(sharp, model, view.scale, seen):
            self._retire(pane, sharp)
            parked = self._parked.pop(pane, None)
            if sharp is not None and sharp.model != model:
                self._parked[pane] = sharp
            usable = serves(parked, model, view.scale, seen)
            before, sharp = sharp, parked
            if not usable or sharp is None:
                sharp = Sharp(self._picture.image, model, view.scale, seen.aligned(TILE))
                if before is not None:
                    sharp.take_over(before)
            self._sharp[pane] = sharp
        assert sharp is not None
        for key in keys:
            if key not in sharp.held and (pixels := self.cache.get(key)) is not None:
                blit(sharp, key, pixels)
        return [key for key in keys if key not in sharp.held]

    def _retire(self, pane: int, sharp: Sharp | None) -> None:
        """Keep the sharp picture that leaves, if it is a better stand-in than the one kept so far."""
        if sharp is None or not sharp.held:
            return
        sharp.fresh.clear()
        stale = self._stale.get(pane)
        if sharp.complete or (stale is not None and stale.model != sharp.model):
            self._stale[pane] = sharp

    # ---- tiles that come softly ----

    @property
    def fading(self) -> bool:
        """True while a tile that some pane shows is not quite there yet; `age` ends that."""
        return any(sharp.fresh for sharp in self._sharp.values())

    def age(self) -> list[tuple[int, Window]]:
        """(pane, window of its lattice) of the tiles that have changed since; those that are there are so for good."""
        places = [(pane, key.window) for pane, sharp in self._sharp.items() for key in sharp.fresh]
        oldest = self._clock() - self.fade
        for sharp in self._sharp.values():
            sharp.fresh = {key: since for key, since in sharp.fresh.items() if since > oldest}
        return places

    def _coming(self, pane: int, view: Viewport) -> list[tuple[QRect, float]]:
        """Where in `view` tiles of the pane are coming, and how far they are, in [0, 1]; only of a view at rest."""
        sharp = self._sharp.get(pane)
        if sharp is None or not sharp.fresh or sharp.scale != view.scale or view != view.rested():
            return []
        now, down, right = self._clock(), -int(view.top), -int(view.left)
        places = [(key.window.moved(down, right), since) for key, since in sharp.fresh.items()]
        return [
            (QRect(place.left, place.top, TILE, TILE), min(max((now - since) / max(self.fade, 1e-3), 0.0), 1.0))
            for place, since in places
        ]

    # ---- facts ----

    def missing(self, pane: int, keys: Iterable[TileKey]) -> list[TileKey]:
        """Those of `keys` that the pane does not show yet."""
        sharp = self._sharp.get(pane)
        return [key for key in keys if sharp is None or key not in sharp.held]

    def has_frame(self, method: str, scale: float, window: Window) -> bool:
        """True when a frame of exactly this scale covers `window`."""
        return any(f.scale == scale and f.window.contains(window) for f in self._frames.get(method, ()))

    def progress(self, pane: int) -> tuple[int, int]:
        """Changes whenever there may be something new of what this pane shows."""
        sharp = self._sharp.get(pane)
        return 0 if sharp is None else len(sharp.held), self._added

    def at_hand(self, pane: int, method: str, view: Viewport, window: Window) -> QImage | None:
        """`window` (not empty) of the view's lattice as the pane shows it at rest, an RGB32 image of its own.

        Tiles lie over the fallback; None while neither covers the window.
        """
        sharp = self._sharp.get(pane)
        if not serves(sharp, method, view.scale, window):
            sharp = None
        kept = self._frames.get(screen_method(method, view.scale), ())
        frame = next((f for f in kept if f.scale == view.scale and f.window.contains(window)), None)
        if frame is None and not (sharp is not None and whole(sharp, window, view)):
            return None
        image = QImage(window.width, window.height, QImage.Format.Format_RGB32)
        with QPainter(image) as painter:
            if frame is not None:
                painter.drawImage(QPoint(frame.window.left - window.left, frame.window.top - window.top), frame.pixels)
            if sharp is not None and sharp.pixels is not None:
                corner = QPoint(sharp.window.left - window.left, sharp.window.top - window.top)
                painter.drawImage(corner, sharp.pixels)
        return image

    def colour_at(self, pane: int, method: str, view: Viewport, row: int, column: int) -> tuple[int, ...] | None:
        """The colour that the pane shows at rest at (row, column) of the view's lattice, 8 bits.

        Channels as the picture's; from a frame, or of a tile that the cache has let go, those on screen. None where
        nothing of this scale is there yet, or the sharp picture of another scale stands in for it.
        """
        if self._picture is None:
            return None
        point, limits = Window(row, column, row + 1, column + 1), view.lattice.window
        if not limits.contains(point):
            return None
        sharp = self._sharp.get(pane)
        if sharp is not None and sharp.scale == view.scale:
            for key in keys_for(self._picture.image, sharp.model, view.scale, point, limits):
                if key in sharp.held and (pixels := self.cache.get(key)) is not None:
                    return tuple(int(v) for v in pixels[row - key.window.top, column - key.window.left])
                if key in sharp.held and sharp.pixels is not None:
                    return self._shown_at(sharp.pixels, sharp.window, point)
        stale = self._stand_in(pane, method, view)
        pixel = QPointF(column + 0.5 - view.left, row + 0.5 - view.top)
        if stale is not None and stale.layer().target(view).contains(pixel):
            return None
        for frame in self._frames.get(screen_method(method, view.scale), ()):
            if frame.scale == view.scale and frame.window.contains(point):
                return self._shown_at(frame.pixels, frame.window, point)
        return None

    def _shown_at(self, pixels: QImage, window: Window, point: Window) -> tuple[int, ...]:
        """The colour at `point` of an opaque image of `window`; one number for a grey picture."""
        assert self._picture is not None
        colour = pixels.pixelColor(point.left - window.left, point.top - window.top)
        red, green, blue = colour.red(), colour.green(), colour.blue()
        return (red,) if self._picture.pixels.shape[2] == 1 else (red, green, blue)

    def _stand_in(self, pane: int, method: str, view: Viewport) -> Sharp | None:
        """The sharp picture of another scale that is shown, transformed, where the one of `view` is not there yet."""
        stale, (low, high) = self._stale.get(pane), STALE_RANGE
        fits = (
            stale is not None and stale.model == method and view.scale > 1 and low <= view.scale / stale.scale <= high
        )
        return stale if fits else None

    # ---- painting ----

    def paint(self, painter: QPainter, area: Area, method: str, view: Viewport, within: QRegion | None = None) -> None:
        """Paint one pane. painter: device pixels of the canvas, clipped to whatever needs painting.

        within: paint this part of the canvas only.
        """
        if self._picture is None:
            return
        offset = QPoint(area.view.left, area.view.top)
        clip = QRect(area.clip.left, area.clip.top, area.clip.width, area.clip.height).translated(-offset)
        corner = view.rested()
        lattice = view.lattice
        inside = QRect(-int(corner.left), -int(corner.top), lattice.x.count, lattice.y.count)
        allowed = QRegion(clip) if within is None else within.translated(-offset).intersected(clip)
        remaining = allowed.intersected(inside)
        plan: list[tuple[Layer, QRegion]] = []
        coming = [] if method == DIFFERENCE else self._coming(area.pane, view)
        soft = QRegion()
        for place, _ in coming:
            soft += place
        for number, (layer, solid) in enumerate(self._layers(area.pane, method, view)):
            if remaining.isEmpty():
                break
            target = layer.target(view)
            cover = remaining.intersected(target.toAlignedRect())
            hidden = QRegion(inner(target, inside))
            if number == 0 and coming:  # the sharp tiles: those that are coming lie over what was there before
                cover, hidden = cover - soft, hidden - soft
            plan.append((layer, cover))
            if solid:
                remaining -= hidden
        painter.save()
        painter.translate(offset)
        painter.setClipRegion(allowed)
        if not remaining.isEmpty():
            painter.fillRect(clip.intersected(inside), QColor(40, 40, 42))
        for layer, region in reversed(plan):
            painter.setClipRegion(region)
            draw(painter, layer, view, region.boundingRect(), smooth=method != "nearest")
        for place, opacity in coming:
            painter.setClipRegion(allowed.intersected(inside).intersected(place))
            painter.setOpacity(opacity)
            draw(painter, self._sharp[area.pane].layer(), view, place, smooth=False)
        painter.restore()

    def _layers(self, pane: int, method: str, view: Viewport) -> Iterable[tuple[Layer, bool]]:
        """Layers from the top, each with whether it is opaque all over."""
        assert self._picture is not None
        if method == DIFFERENCE:
            for frame in nearest_first(self._frames.get(DIFFERENCE, ()), view.scale):
                yield frame_layer(frame, as_it_is=True), True
            return
        sharp, stale = self._sharp.get(pane), self._stand_in(pane, method, view)
        if sharp is not None and sharp.held:
            yield sharp.layer(), sharp.complete
        if stale is not None:
            yield stale.layer(), stale.complete
        kind = screen_method(method, view.scale)
        for frame in nearest_first(self._frames.get(kind, ()), view.scale):
            yield frame_layer(frame), True
        preview = SCREEN.shown(self._picture.preview)
        y, x = preview.height() / self._picture.height, preview.width() / self._picture.width
        yield Layer(preview, y, x, 0, 0), True
