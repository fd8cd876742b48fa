"""From sRGB, which all pixels of the program are, to the colours of the screen that the window is on.

Only what is painted is converted: what is measured, copied and saved stays as it is. Threads that make images for the
canvas convert them there and then (`prepare`), and painting finds them (`shown`). Where the screen is sRGB, or says
nothing of itself, images are painted as they are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from PySide6.QtCore import QByteArray, QObject, Signal, Slot
from PySide6.QtGui import QColor, QColorSpace, QColorTransform, QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

from diif_viewer.ui.screen_profile import profile_of_screen

KEPT = 24
"""Converted images kept: the frames of all panes and the previews."""


class ScreenColours:
    """One conversion for the whole program, for windows are made one after the other. Any thread."""

    def __init__(self) -> None:
        self._transform: QColorTransform | None = None
        self._kept: OrderedDict[int, QImage] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def converts(self) -> bool:
        """False where images are painted as they are."""
        return self._transform is not None

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

    def converted(self, image: QImage) -> QImage:
        """`image` in the screen's colours; the same where there is nothing to do."""
        transform = self._transform
        if transform is None or image.isNull():
            return image
        made = image.copy()
        made.applyColorTransform(transform)
        return made

    def prepare(self, image: QImage) -> QImage:
        """Convert `image`, which will be painted as it is and more than once; returns it unchanged."""
        if self._transform is not None:
            self._keep(image.cacheKey(), self.converted(image))
        return image

    def shown(self, image: QImage) -> QImage:
        """What to paint for `image`."""
        if self._transform is None:
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
