"""What the window says around the picture: title, status line, badges, which actions can be used, the report.

Everything is said anew from the facts whenever one of them changes; nothing is remembered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from diif_viewer.ui.compare import Layout
from diif_viewer.ui.language import tr
from diif_viewer.ui.menu import TURNS
from diif_viewer.ui.reduced import TRUTH, label_of
from diif_viewer.ui.screen_colour import SCREEN
from diif_viewer.ui.zoom_text import format_zoom

if TYPE_CHECKING:
    from diif_viewer.ui.window import MainWindow

TITLE = "DIIF Viewer"

NEED_A_VIEW = ("zoom_0", "zoom_1", "zoom_in", "zoom_out", "export", "export_region", "copy", "copy_region", "figure")
NEED_A_FILE = ("reload", "copy_path")
NEED_A_PICTURE = ("information", "line", "brighter", "darker")


class Facts(QObject):
    """Says the facts of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        state, controller = window.state, window.controller
        for fact in (state.picture_changed, state.methods_changed, state.split_changed, state.active_changed):
            fact.connect(self.show)
        state.view_changed.connect(self.show)
        state.layout_changed.connect(self.show_layout)
        controller.status_changed.connect(self.show)
        window.files.keep_view_changed.connect(self.show)
        window.scores.changed.connect(self.show)
        window.ground_truth.busy_changed.connect(self.show)
        controller.looks.guests.changed.connect(self.show)
        window.difference.changed.connect(self.show_difference)
        window.player.changed.connect(self.show)
        window.brightness.changed.connect(self.show_brightness)
        window.profile.overlay.changed.connect(self.show)

    @Slot()
    def show(self) -> None:
        """Say all of them."""
        window, state, statuses = self._window, self._window.state, self._window.controller.statuses
        shown = state.picture is not None and state.view is not None
        scale = state.view.scale if state.view is not None else None
        active = statuses[state.active] if state.active < len(statuses) else None
        waiting = shown and window.controller.waiting
        busy = waiting or window.loader.busy or window.pane_files.busy or window.ground_truth.busy
        window.status.show_view(scale, active.milliseconds if active is not None else None, busy=busy)
        picture = state.picture
        window.status.show_size(picture)
        window.tools.zoom_box.show_scale(scale)
        self.place_badges()
        window.setWindowTitle(self._title())
        self._show_actions(shown)
        self.tell()

    def _title(self) -> str:
        state = self._window.state
        picture, view = state.picture, state.view
        if picture is None or view is None:
            return TITLE
        label = label_of(state.methods[state.active])
        reduced = "" if picture.reduced is None else tr(" reduced {zoom}", zoom=format_zoom(picture.reduced.factor))
        page = f" {picture.page + 1}/{picture.pages}" if picture.pages > 1 else ""
        return f"{picture.name}{page}{reduced} - {format_zoom(view.scale)} - {label} - {TITLE}"

    def _show_actions(self, shown: bool) -> None:
        window, actions = self._window, self._window.actions_by_name
        for name in NEED_A_VIEW:
            actions[name].setEnabled(shown)
        for name in NEED_A_FILE:
            actions[name].setEnabled(window.opening.path is not None)
        for name in (*NEED_A_PICTURE, *TURNS):
            actions[name].setEnabled(window.state.picture is not None)
        for name in ("previous", "next"):
            actions[name].setEnabled(window.opening.walks)
        for name in ("page_previous", "page_next"):
            actions[name].setEnabled(window.pages.count > 1)
        actions["back"].setEnabled(window.trail.goes_back)
        actions["forward"].setEnabled(window.trail.goes_forward)
        actions["play"].setEnabled(window.player.moves)
        actions["keep_view"].setChecked(window.files.keep_view)
        actions["overview"].setChecked(window.overview.wanted)
        actions["histogram"].setChecked(window.histogram.wanted)
        actions["line"].setChecked(window.profile.wanted)
        actions["as_bright_as_it_is"].setEnabled(bool(SCREEN.stops))
        actions["grid"].setChecked(window.canvas.grid)
        guests = window.controller.looks.guests
        actions["same_picture"].setEnabled(bool(guests))
        actions["by_place"].setChecked(guests.by_place)
        picture = window.state.picture
        known = picture is not None and picture.reduced is not None
        actions["ground_truth"].setEnabled(picture is not None)
        actions["ground_truth"].setChecked(known)
        actions[f"method_{TRUTH}"].setEnabled(window.state.has_truth(window.state.active))

    def tell(self) -> None:
        """Tell screen readers, and whoever reads the report."""
        window = self._window
        window.setAccessibleDescription(window.report.sentence())
        if window.report.wanted:
            page = window.page.text if window.stack.currentWidget() is window.page else ""
            window.report.write(window.renderer_news.device, window.notice.text if window.notice.isVisible() else page)

    def place_badges(self) -> None:
        """Say what every pane shows, in its corner."""
        state, controller = self._window.state, self._window.controller
        statuses = controller.statuses if state.picture is not None else ()
        device, row = self._window.renderer_news.device, self._window.badge_row
        row.show(statuses, controller.areas, state.layout, state.active, device=device, has_truth=state.has_truth)

    @Slot()
    def show_layout(self) -> None:
        """Say which way of looking is chosen, and all else."""
        for layout in Layout:
            self._window.actions_by_name[layout.value].setChecked(layout is self._window.state.layout)
        self.show()

    @Slot()
    def show_difference(self) -> None:
        """Say what the difference map shows."""
        self._window.canvas.note = self._window.difference.words
        self._window.actions_by_name["signed"].setChecked(self._window.difference.signed)

    @Slot()
    def show_brightness(self) -> None:
        """Say how bright the picture is painted, where that is not as it is."""
        self._window.canvas.brightness = self._window.brightness.words
        self.show()
