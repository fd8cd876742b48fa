"""One quiet line for people who are here for the first time; it goes away for good once it was of use."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.state import ViewerState
from diif_viewer.viewport import Viewport

STARTS = 3
"""Starts of the program after which nobody needs it any more."""

MARGIN = 12


class Hint(QFrame):
    """A child of the canvas at its lower left. Gone for good when somebody zoomed and compared, or closed it.

    panels: what stands in the same corner when somebody asked for it; the hint is away meanwhile.
    """

    def __init__(self, state: ViewerState, settings: Settings, keys: Keys, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._state, self._settings, self._canvas = state, settings, canvas
        self._zoomed = self._compared = self._counted = False
        self._seen: Viewport | None = None  # of the picture on screen
        self.panels: tuple[QWidget, ...] = ()
        self.setObjectName("hint")
        self._keys, self._words = keys, QLabel(self)
        self._name_keys()
        keys.changed.connect(self._name_keys)
        close = QToolButton(self)
        close.setText("✕")
        close.setToolTip(tr("Close this hint"))
        close.setAccessibleName(tr("Close this hint"))
        close.clicked.connect(self._finish)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._words)
        row.addWidget(close)
        self.hide()
        state.picture_changed.connect(self._picture_changed)
        state.view_changed.connect(self._view_changed)
        state.layout_changed.connect(self._layout_changed)

    @Slot()
    def _name_keys(self) -> None:
        key = self._keys.shown("split")
        words = tr("Scroll to zoom, {key} to compare", key=key) if key else tr("Scroll to zoom")
        self._words.setText(words)
        self.setAccessibleName(words)

    @property
    def done(self) -> bool:
        """True when it will never be seen again."""
        return self._settings.flag("hint_done")

    @Slot()
    def place(self) -> None:
        """Come with the first picture; keep to the corner."""
        if self.done or self._state.picture is None:
            self.hide()
            return
        if not self._counted:
            self._counted = True
            starts = int(self._settings.number("hint_starts")) + 1
            self._settings.put("hint_starts", starts)
            if starts > STARTS:
                self._finish()
                return
        self.adjustSize()
        self.move(MARGIN, self._canvas.height() - self.height() - MARGIN)
        free = not any(panel.isVisible() for panel in self.panels)
        self.setVisible(free and self.width() + 2 * MARGIN <= self._canvas.width())

    @Slot()
    def _picture_changed(self) -> None:
        self._seen = self._state.view
        self.place()

    @Slot()
    def _view_changed(self) -> None:
        """Another scale in a view of the same size is a zoom, by whatever way."""
        before, now = self._seen, self._state.view
        self._seen = now
        if before is None or now is None or before.scale == now.scale:
            return
        same_size = (before.view_height, before.view_width) == (now.view_height, now.view_width)
        self._zoomed = self._zoomed or same_size
        self._settle()

    @Slot()
    def _layout_changed(self) -> None:
        self._compared = self._compared or self._state.layout.panes > 1
        self._settle()

    def _settle(self) -> None:
        if self._zoomed and self._compared:
            self._finish()

    @Slot()
    def _finish(self) -> None:
        if not self.done:
            self._settings.put("hint_done", True)
        self.hide()
