"""To and from the clipboard: the sharp view or a region of it, the path; a picture, files or a path.

What is copied is what an export of the same window would hold, transparency included: finished tiles from the cache,
classic methods computed anew, put together in a thread. A view that is not sharp yet is copied when it is, if it is
still there and nothing else was copied meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QMimeData, QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QColorSpace, QGuiApplication, QImage

from diif_viewer.engine.tiles import keys_for
from diif_viewer.geometry import Window
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.opening import Opening, dropped
from diif_viewer.ui.reduced import label_of, method_of, resampled
from diif_viewer.ui.state import Picture, screen_method
from diif_viewer.ui.zoom_text import format_zoom
from diif_viewer.viewport import Viewport

Tile = tuple[Window, npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Wish:
    """Copy `window` of the lattice of `view` by `method`, as the pane shows it."""

    picture: Picture
    view: Viewport
    pane: int
    method: str
    window: Window


class Clipboard(QObject):
    """copied (QImage): it is on the clipboard."""

    copied = Signal(object)
    _made = Signal(object, object)

    def __init__(self, controller: Controller, opening: Opening, notice: Notice) -> None:
        super().__init__(notice)
        self._controller, self._opening, self._notice = controller, opening, notice
        self._waiting: Wish | None = None
        self._made.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._mailbox: Mailbox[tuple[Wish, list[Tile]]] = Mailbox("clipboard", self._make)
        controller.status_changed.connect(self._try_again)
        QGuiApplication.clipboard().dataChanged.connect(self._overtaken)

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._mailbox.close()

    # ---- copying ----

    def copy_view(self) -> None:
        """Copy what the active pane shows."""
        state = self._controller.state
        area = next((a for a in self._controller.areas if a.pane == state.active), None)
        view = None if area is None else self._controller.looks.view(area.pane)
        if view is not None and area is not None:
            self.copy(area.seen(view), area.pane)

    def copy(self, window: Window, pane: int) -> None:
        """Copy `window` of the present view's lattice as `pane` shows it, as soon as it is sharp."""
        state = self._controller.state
        view, picture = self._controller.looks.view(pane), self._controller.looks.picture(pane)
        if view is None or picture is None or not window:
            return
        self._waiting = Wish(picture, view, pane, state.methods[pane], window)
        if not self._start():
            self._notice.tell(tr("The view is copied as soon as it is sharp."), stay=False)

    @Slot()
    def _try_again(self) -> None:
        wish = self._waiting
        if wish is None:
            return
        statuses = self._controller.statuses
        sentence = statuses[wish.pane].sentence if wish.pane < len(statuses) else None
        if not self._in_sight(wish):
            self._waiting = None
            self._notice.tell(tr("Nothing was copied: the view changed before it was sharp."), stay=False)
        elif sentence is not None and not statuses[wish.pane].sharp:
            self._waiting = None
            self._notice.tell(tr("Nothing was copied. {sentence}", sentence=said(sentence)))
        else:
            self._start()

    def _in_sight(self, wish: Wish) -> bool:
        """True while its pane shows all of it, by its method but for a key held to see the other one."""
        state, looks, pane = self._controller.state, self._controller.looks, wish.pane
        area, view = next((a for a in self._controller.areas if a.pane == pane), None), looks.view(pane)
        if area is None or view is None or pane >= state.layout.panes:
            return False
        same = looks.picture(pane) is wish.picture and view.scale == wish.view.scale
        shown = wish.method in (state.methods[pane], state.chosen[pane])
        return same and shown and area.seen(view).contains(wish.window)

    @Slot()
    def _overtaken(self) -> None:
        if self._waiting is not None:
            self._waiting = None
            words = tr("Nothing was copied: something else was put on the clipboard before the view was sharp.")
            self._notice.tell(words, stay=False)

    def _start(self) -> bool:
        """Hand the wish to the thread; False when tiles are missing."""
        wish = self._waiting
        assert wish is not None
        tiles: list[Tile] = []
        if wish.view.scale > 1 and method_of(wish.method).is_model:
            limits = wish.view.lattice.window
            for key in keys_for(wish.picture.image, wish.method, wish.view.scale, wish.window, limits):
                pixels = self._controller.looks.scene(wish.pane).cache.get(key)
                if pixels is None:
                    return False
                tiles.append((key.window.intersected(limits), pixels))
        self._waiting = None
        self._mailbox.post((wish, tiles))
        return True

    def _make(self, job: tuple[Wish, list[Tile]]) -> None:
        wish, tiles = job
        try:
            image = _packed(_put_together(wish.window, tiles) if tiles else _resampled(wish))
        except MemoryError:
            image = QImage()
        self._made.emit(wish, image)

    @Slot(object, object)
    def _deliver(self, wish: Wish, image: QImage) -> None:
        if image.isNull():
            self._notice.tell(tr("There is not enough memory to copy this view."))
            return
        newer, self._waiting = self._waiting, None  # what is asked for since then is not overtaken by this
        QGuiApplication.clipboard().setImage(image)
        self._waiting = newer
        label = tr("source pixels") if wish.view.scale == 1 else label_of(wish.method)
        zoom = format_zoom(wish.view.scale)
        size = f"{image.width()} x {image.height()}"
        words = tr("Copied {size} pixels, {method}, {zoom}.", size=size, method=label, zoom=zoom)
        self._notice.tell(words, stay=False)
        self.copied.emit(image)

    def copy_path(self) -> None:
        """Copy where the picture is, as text and as a file."""
        if self._opening.path is None:
            self._notice.tell(tr("This picture has no file."), stay=False)
            return
        self._waiting = None
        path = self._opening.path.absolute()
        data = QMimeData()
        data.setText(str(path))
        data.setUrls([QUrl.fromLocalFile(str(path))])
        QGuiApplication.clipboard().setMimeData(data)
        self._notice.tell(tr("Copied the path of the picture."), stay=False)

    # ---- pasting ----

    def paste(self) -> None:
        """Open what is on the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        if data is None or not self.take(data):  # None where another program gives nothing away
            self._notice.tell(tr("The clipboard holds no picture and no path of one."), stay=False)

    def take(self, data: QMimeData) -> bool:
        """Open the files, the picture or the path in `data`; False when it holds none."""
        if paths := dropped(data):
            self._opening.open_paths(paths)
            return True
        if data.hasImage() and isinstance(image := data.imageData(), QImage) and not image.isNull():
            self._opening.open_image(image)
            return True
        words = data.text().strip()
        if words.startswith(("http://", "https://")):
            sentence = tr("Pictures on the web are not fetched: copy the picture itself, or save it first.")
            self._notice.tell(sentence, stay=False)
            return True
        paths = [_path_of(line) for line in words.splitlines() if line.strip()]
        if not paths or not all(path.is_absolute() for path in paths):
            return False
        self._opening.open_paths(paths)
        return True


def _path_of(line: str) -> Path:
    """What a line of text names: a path, in quotation marks or not, or a file's address; relative for anything else."""
    words = line.strip().strip("\"'")
    if "\0" in words:
        return Path()
    path = Path(QUrl(words).toLocalFile() if words.startswith("file:") else words)
    try:
        return path.expanduser()
    except RuntimeError:  # "~nobody"
        return path


def _put_together(window: Window, tiles: list[Tile]) -> npt.NDArray[np.uint8]:
    out = np.empty((window.height, window.width, tiles[0][1].shape[2]), np.uint8)
    for box, pixels in tiles:
        part = box.intersected(window)
        piece = pixels[part.top - box.top : part.bottom - box.top, part.left - box.left : part.right - box.left]
        down, across = part.top - window.top, part.left - window.left
        out[down : down + part.height, across : across + part.width] = piece
    return out


def _resampled(wish: Wish) -> npt.NDArray[np.uint8]:
    from diif_viewer.imaging.colour import to_8_bits

    method = screen_method(wish.method, wish.view.scale)
    return to_8_bits(resampled(wish.picture.source, method, wish.view.lattice, wish.window))


def _packed(pixels: npt.NDArray[np.uint8]) -> QImage:
    """HWC pixels as a QImage of its own memory; grey with transparency becomes RGBA."""
    if pixels.shape[2] == 2:
        pixels = np.concatenate([np.repeat(pixels[..., :1], 3, axis=2), pixels[..., 1:]], axis=2)
    pixels = np.ascontiguousarray(pixels)
    height, width, channels = pixels.shape
    kind = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}
    image = QImage(pixels.data, width, height, channels * width, kind[channels]).copy()
    if channels > 1:
        image.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    return image
