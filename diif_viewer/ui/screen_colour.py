"""From sRGB, which all pixels of the program are, to the colours of the screen of the window, as bright as asked.

Only what is painted is converted: what is measured, copied and saved stays as it is. Threads that make images for the
canvas convert them there and then (`prepare`), and painting finds them (`shown`). Where the screen is sRGB, or says
nothing of itself, and nobody wants them brighter, images are painted as they are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from PySide6.QtCore import QByteArray, QObject, Signal, Slot
from PySide6.QtGui import QColor, QColorSpace, QColorTransform, QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.images import image_bytes
from diif_viewer.ui.screen_profile import profile_of_screen

Table = list[int]
"""What each of 256 levels becomes, for each of four bytes of a pixel."""

KEPT = 24
"""Converted images kept: the frames of all panes and the previews."""


class ScreenColours:
    """One conversion for the whole program, for windows are made one after the other. Any thread."""

    def __init__(self) -> None:
        self._transform: QColorTransform | None = None
        self._stops, self._table = 0.0, Table()
        self._kept: OrderedDict[int, QImage] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def converts(self) -> bool:
        """False where images are painted as they are."""
        return self._transform is not None or bool(self._table)

    @property
    def stops(self) -> float:
        """Doublings of the light; 0 for what the pixels say."""
        return self._stops

    def use(self, profile: bytes | None) -> bool:
        """Convert to the screen of this ICC profile from now on; False when that is what was done before."""
        transform = None
        if profile is not None:
            space = QColorSpace.fromIccProfile(QByteArray(profile))
            if space.isValid() and space.colorModel() is QColorSpace.ColorModel.Rgb:
                transform = QColorSpace(QColorSpace.NamedColorSpace.SRgb).transformationToColorSpace(space)
                transform = None if _changes_nothing(transform) else transform
        with self._lock:
            if transform == self._transform:
                return False
            self._transform = transform
            self._kept.clear()
        return True

    def brighten(self, stops: float) -> bool:
        """Show 2^stops times the light from now on; False when that is what was done before."""
        with self._lock:
            if stops == self._stops:
                return False
            self._stops, self._table = stops, brighter(stops) if stops else Table()
            self._kept.clear()
        return True

    def plain(self, image: QImage) -> QImage:
        """A 32-bit `image` in the screen's colours, as bright as it is; the same where there is nothing to do."""
        transform = self._transform
        if transform is None or image.isNull():
            return image
        made = image.copy()
        made.applyColorTransform(transform)
        return made

    def converted(self, image: QImage) -> QImage:
        """A 32-bit `image` as bright as asked and in the screen's colours; the same where there is nothing to do."""
        table = self._table
        return self.plain(_looked_up(image, table) if table and not image.isNull() else image)

    def prepare(self, image: QImage) -> QImage:
        """Convert `image`, which will be painted as it is and more than once; returns it unchanged."""
        if self.converts:
            self._keep(image.cacheKey(), self.converted(image))
        return image

    def shown(self, image: QImage) -> QImage:
        """What to paint for `image`."""
        if not self.converts:
            return image
        with self._lock:
            kept = self._kept.get(image.cacheKey())
        if kept is None:
            kept = self.converted(image)
            self._keep(image.cacheKey(), kept)
        return kept

    def _keep(self, key: int, image: QImage) -> None:
        with self._lock:
            self._kept[key] = image
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def brighter(stops: float) -> Table:
    """2^stops times the light of sRGB levels, what is more than white as white; the alpha byte, the last, as it is."""
    levels = []
    for level in range(256):
        light = _light(level / 255) * 2.0**stops
        levels.append(round(255 * _level(min(light, 1.0))))
    return [*levels * 3, *range(256)]


def _light(level: float) -> float:
    """IEC 61966-2-1, both ways in [0, 1]."""
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4


def _level(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _looked_up(image: QImage, table: Table) -> QImage:
    """Pillow's look-up takes 1.5 ms per megapixel, Qt's transform 20 and more, NumPy's `take` 16."""
    from PIL import Image

    width, height = image.width(), image.height()
    source = Image.frombuffer("RGBX", (width, height), image_bytes(image).tobytes(), "raw", "RGBX", 0, 1)
    made = source.point(table).tobytes()
    return QImage(made, width, height, 4 * width, image.format()).copy()


def _changes_nothing(transform: QColorTransform) -> bool:
    """True when no colour moves by more than a level: the screen is sRGB, whatever its profile is called."""
    levels = range(0, 256, 51)
    colours = [QColor(red, green, blue) for red in levels for green in levels for blue in levels]
    return all(
        abs(before.red() - after.red()) <= 1
        and abs(before.green() - after.green()) <= 1
        and abs(before.blue() - after.blue()) <= 1
        for before, after in ((colour, transform.map(colour)) for colour in colours)
    )


SCREEN = ScreenColours()
"""That of the program's window."""


class ScreenWatch(QObject):
    """Asks for the profile of the screen that a window is on, whenever that may have changed.

    changed (no payload): what was painted must be painted anew.
    """

    changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window

    def start(self) -> None:
        """The window is on screen: look now, and when it goes to another one."""
        handle = self._window.windowHandle()
        if handle is not None:
            handle.screenChanged.connect(self.look)
        self.look()

    @Slot()
    def look(self) -> None:
        """Ask the system."""
        screens = QGuiApplication.screens()
        screen = self._window.screen()
        number = screens.index(screen) if screen in screens else 0
        if SCREEN.use(profile_of_screen(number, QGuiApplication.platformName())):
            self.changed.emit()
