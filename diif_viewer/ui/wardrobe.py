"""Dark, light or as the system; and the colour around the picture. Changed by a key, remembered."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from diif_viewer.ui import theme
from diif_viewer.ui.actions import ACTIONS, ZOOMS
from diif_viewer.ui.canvas import Canvas
from diif_viewer.ui.language import tr
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.page import Page
from diif_viewer.ui.settings import Settings

BUTTONS = {
    "more_ways": "ph.caret-down",
    "zoom_arrow": "ph.caret-down",
    "menu_button": "ph.list",
    "qt_toolbar_ext_button": "ph.caret-double-right",
}
"""Icons of buttons that are no actions, by their object names."""


class Wardrobe(QObject):
    """Dresses the window anew when it is asked to, or when the system changes its mind."""

    def __init__(self, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._settings, self._window = settings, window
        self._notice: Notice | None = None

    @property
    def look(self) -> str:
        """One of `theme.LOOKS`."""
        return self._settings.text("theme", "dark", theme.LOOKS)

    @property
    def background(self) -> str:
        """One of `theme.BACKGROUNDS`."""
        return self._settings.text("background", "theme", theme.BACKGROUNDS)

    def start(self, canvas: Canvas, page: Page, notice: Notice, actions: dict[str, QAction]) -> None:
        """The window is complete: dress it, and go with the system from now on."""
        self._canvas, self._page, self._notice, self._actions = canvas, page, notice, actions
        canvas.backdrop = theme.backdrop(self.background, self.look)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def wear(self, look: str) -> None:
        """Put on one of `theme.LOOKS`."""
        self._settings.put("theme", look)
        self.dress()

    def put_behind(self, background: str) -> None:
        """Lay one of `theme.BACKGROUNDS` around the picture."""
        self._settings.put("background", background)
        self._canvas.backdrop = theme.backdrop(self.background, self.look)
        self._canvas.update()

    def change_look(self) -> None:
        """The next of dark, light, system."""
        self.wear(_after(self.look, theme.LOOKS))
        words = {"dark": tr("Dark."), "light": tr("Light."), "system": tr("As the system is.")}
        self._tell(words[self.look])

    def change_background(self) -> None:
        """The next colour around the picture."""
        self.put_behind(_after(self.background, theme.BACKGROUNDS))
        words = {
            "theme": tr("Background: as the window."),
            "black": tr("Background: black."),
            "grey": tr("Background: middle grey."),
            "white": tr("Background: white."),
        }
        self._tell(words[self.background])

    def _tell(self, words: str) -> None:
        if self._notice is not None:
            self._notice.tell(words, stay=False)

    @Slot()
    def _system_changed(self) -> None:
        if self.look == "system":
            self.dress()

    def dress(self) -> None:
        """Put on the present look."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, self.look)
        self._canvas.backdrop = theme.backdrop(self.background, self.look)
        icons = {row.name: row.icon for row in (*ACTIONS, *ZOOMS)}
        for name, action in self._actions.items():
            if icons.get(name) and not action.icon().isNull():
                action.setIcon(theme.icon(icons[name]))
        for button in self._window.findChildren(QToolButton):
            if symbol := BUTTONS.get(button.objectName()):
                drawn = theme.icon(symbol)
                button.setIcon(QIcon(drawn.pixmap(32, 32)) if button.objectName() == "qt_toolbar_ext_button" else drawn)
        self._page.dress()
        self._canvas.update()


def _after(name: str, names: tuple[str, ...]) -> str:
    return names[(names.index(name) + 1) % len(names)]
