"""The menu behind one button: everything that is not used every day, and the recent files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from diif_viewer.ui.actions import ACTIONS
from diif_viewer.ui.files import Files
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.opening import Opening
from diif_viewer.ui.theme import icon

ROWS = (
    *(
        "open",
        "recent",
        "reload",
        "information",
        "|",
        "copy",
        "copy_region",
        "copy_path",
        "paste",
        "|",
        "export",
        "export_region",
        "film",
        "figure",
    ),
    *("|", "turn", "play", "keep_view", "closely", "appearance"),
    *("|", "models", "preferences", "diagnostics", "shortcuts", "quit"),
)

TURNS = ("turn_right", "turn_left", "mirror", "upside_down")
CLOSELY = (
    *("back", "forward", "|", "overview", "histogram", "line", "grid"),
    *("|", "brighter", "darker", "as_bright_as_it_is"),
)
APPEARANCE = ("theme", "background", "fade")


class MainMenu(QMenu):
    """Shows actions that exist already; those that a version lacks are left out."""

    def __init__(self, actions: dict[str, QAction], files: Files, opening: Opening, parent: QWidget) -> None:
        super().__init__(parent)
        self._files, self._opening = files, opening
        self.recent = RecentMenu(files, opening, self)
        menus: dict[str, QMenu] = {"recent": self.recent}
        for name, words, rows in (
            ("turn", tr("Turn"), TURNS),
            ("closely", tr("Look closely"), CLOSELY),
            ("appearance", tr("Appearance"), APPEARANCE),
        ):
            menus[name] = QMenu(words, self)
            _fill(menus[name], rows, actions, {})
        _fill(self, ROWS, actions, menus)

    def button(self, keys: Keys, parent: QWidget) -> QToolButton:
        """A button for the toolbar that opens this menu."""
        button = QToolButton(parent)
        button.setIcon(icon("ph.list"))
        button.setMenu(self)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        name_keys = partial(_name_keys, button, keys)
        name_keys()
        keys.changed.connect(name_keys)
        button.setAccessibleName(tr("Menu"))
        button.setObjectName("menu_button")
        return button


def _fill(menu: QMenu, rows: Iterable[str], actions: dict[str, QAction], menus: Mapping[str, QMenu]) -> None:
    icons = {row.name: row.icon for row in ACTIONS}
    for name in rows:
        if name == "|":
            menu.addSeparator()
        elif name in menus:
            menu.addMenu(menus[name])
        elif name in actions:
            if icons.get(name) and actions[name].icon().isNull():
                actions[name].setIcon(icon(icons[name]))
            menu.addAction(actions[name])


def _name_keys(button: QToolButton, keys: Keys) -> None:
    button.setToolTip(keys.in_words(tr("Menu"), "menu"))


WIDEST = 420
"""Logical pixels that the name of a recent file takes at most."""


class RecentMenu(QMenu):
    """The recent files, read anew each time it opens."""

    def __init__(self, files: Files, opening: Opening, parent: QWidget) -> None:
        super().__init__(tr("Open recent"), parent)
        self._files, self._opening = files, opening
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)

    @Slot()
    def fill(self) -> None:
        """Name the files; those of equal names with their folders."""
        self.clear()
        recent = self._files.recent
        names = [path.name for path in recent]
        for path in recent:
            where = f"  ({path.parent.name})" if names.count(path.name) > 1 else ""
            name = self.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, WIDEST)
            action = self.addAction(f"{name}{where}".replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(partial(self._opening.open_paths, [path]))
        if self.isEmpty():
            self.addAction(tr("No recent pictures")).setEnabled(False)
            return
        self.addSeparator()
        self.addAction(tr("Forget them")).triggered.connect(self._files.forget_recent)

    def show_at(self, point: QPoint) -> None:
        """Open at a point of the screen."""
        self.fill()
        self.popup(point)
