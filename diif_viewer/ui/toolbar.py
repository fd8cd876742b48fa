"""The toolbar: open, zoom, method, layout, export; nothing that is not used every day."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFocusEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from diif_viewer.ui.actions import ACTIONS, ZOOMS
from diif_viewer.ui.compare import Layout
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.theme import icon
from diif_viewer.ui.zoom_text import format_zoom, parse_zoom

LAYOUTS = {layout.value for layout in Layout}

WAYS = (
    *(
        "stacked",
        "three",
        "lens",
        "difference",
        "|",
        "signed",
        "smaller",
        "larger",
        "|",
        "open_here",
        "same_picture",
        "by_place",
        "|",
        "ground_truth",
        "figure",
    ),
)
"""Ways of comparing in the menu behind the button beside the others: less often used."""

LEFT = ("open", "previous", "next", "|", "zoom_0", "zoom_1", "zoom_out", "zoom box", "zoom_in")
RIGHT = ("single", "split", "two", "four", "more ways", "|", "export_region", "export", "|", "fullscreen", "shortcuts")


class ZoomBox(QLineEdit):
    """Takes ``x12.5``, ``12.5`` or ``1250 %``, and offers the zooms that have keys.

    zoom_entered: a scale. left: typing is over (no payload). lost: the keys go elsewhere in the window (no payload).
    """

    zoom_entered = Signal(float)
    left = Signal()
    lost = Signal()

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("zoom")
        self.setFixedWidth(96)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._keys = keys
        self._name_keys()
        keys.changed.connect(self._name_keys)
        self.setAccessibleName(tr("Zoom"))
        self._scale: float | None = None
        self.returnPressed.connect(self._enter)
        self.editingFinished.connect(self._show)
        self.textEdited.connect(lambda: self._mark(False))

    def offer(self, zooms: list[QAction]) -> None:
        """Put `zooms` into a menu behind an arrow in the box; the Down key opens it as well."""
        self.menu = QMenu(self)
        self.menu.addActions(zooms)
        self.menu.triggered.connect(lambda _: self.left.emit())
        arrow = self.addAction(icon("ph.caret-down"), QLineEdit.ActionPosition.TrailingPosition)
        arrow.setToolTip(tr("Zooms"))
        arrow.triggered.connect(self._open_menu)
        if (button := self.findChild(QToolButton)) is not None:
            button.setObjectName("zoom_arrow")
            button.setAccessibleName(tr("Zooms"))

    @Slot()
    def _open_menu(self) -> None:
        self.menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def event(self, event: QEvent) -> bool:
        """Down is for the menu here, not for the picture."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Down)
            if event.isAccepted():
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Down opens the menu."""
        if event.key() == Qt.Key.Key_Down:
            self._open_menu()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """A menu and another window give the keys back."""
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.lost.emit()

    @Slot()
    def _name_keys(self) -> None:
        self.setToolTip(self._keys.in_words(tr("Zoom: type x12.5 or 1250 %"), "type_zoom"))

    def show_scale(self, scale: float | None) -> None:
        """Show the scale of the view, unless somebody is typing."""
        self._scale = scale
        self.setEnabled(scale is not None)
        if not (self.hasFocus() and self.isModified()):
            self._show()

    @Slot()
    def _enter(self) -> None:
        scale = parse_zoom(self.text())
        if scale is None:
            self._mark(True)
            self.selectAll()
            return
        self.setModified(False)
        self.zoom_entered.emit(scale)
        self.left.emit()

    @Slot()
    def _show(self) -> None:
        if self.property("wrong") and self.hasFocus():
            return  # leave it there to be mended
        self._mark(False)
        self.setText("" if self._scale is None else format_zoom(self._scale))
        self.setModified(False)

    def _mark(self, wrong: bool) -> None:
        if bool(self.property("wrong")) != wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)


class ToolBar(QToolBar):
    """Shows actions that exist already; `zoom_box` is its own."""

    def __init__(self, actions: dict[str, QAction], keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(tr("Toolbar"), parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.zoom_box = ZoomBox(keys, self)
        self.zoom_box.offer([actions[row.name] for row in ZOOMS])
        self.zoom_box.lost.connect(self._put_away)
        icons = {row.name: row.icon for row in (*ACTIONS, *ZOOMS)}
        spacer = QWidget(self)
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for name in (*LEFT, " ", *RIGHT):
            if name == "|":
                self.addSeparator()
            elif name == " ":
                self.addWidget(spacer)
            elif name == "zoom box":
                self.addWidget(self.zoom_box)
            elif name == "more ways":
                self.addWidget(self._more_ways(actions, icons))
            else:
                action = actions[name]
                action.setIcon(icon(icons[name]))
                self.addAction(action)
                button = self.widgetForAction(action)
                button.setAccessibleName(action.text().rstrip("…"))
        self._mend_extension()

    def type_zoom(self) -> None:
        """Have a zoom typed; in full screen the bar is there for as long as that takes."""
        if self.zoom_box.isEnabled():
            self.show()
            self.zoom_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.zoom_box.selectAll()

    @Slot()
    def _put_away(self) -> None:
        if self.window().isFullScreen():
            self.hide()

    def _more_ways(self, actions: dict[str, QAction], icons: dict[str, str]) -> QToolButton:
        """The button beside the ways of looking, with a menu of the rest of them."""
        button = QToolButton(self)
        button.setIcon(icon("ph.caret-down"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(tr("More ways of comparing"))
        button.setAccessibleName(tr("More ways of comparing"))
        button.setObjectName("more_ways")
        menu = QMenu(button)
        for name in WAYS:
            if name == "|":
                menu.addSeparator()
                continue
            if icons.get(name):
                actions[name].setIcon(icon(icons[name]))
            menu.addAction(actions[name])
            if name in LAYOUTS:
                actions[name].toggled.connect(partial(self._show_way, button, actions))
        menu.setToolTipsVisible(True)
        button.setCheckable(True)
        button.setMenu(menu)
        return button

    @staticmethod
    def _show_way(button: QToolButton, actions: dict[str, QAction], _: bool) -> None:
        button.setChecked(any(actions[name].isChecked() for name in WAYS if name in LAYOUTS))

    def _mend_extension(self) -> None:
        more = self.findChild(QToolButton, "qt_toolbar_ext_button")  # Qt's own, for narrow windows; dark on dark
        if more is not None:
            more.setIcon(QIcon(icon("ph.caret-double-right").pixmap(32, 32)))  # it is drawn at any size, 0 too
            more.setAccessibleName(tr("More"))
            more.setToolTip(tr("More"))
