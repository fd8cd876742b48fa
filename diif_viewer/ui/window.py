"""The main window: puts the parts together on screen and names what each action does. Made by `app.run`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from diif_viewer.engine.messages import Ready
from diif_viewer.ui.actions import make_actions
from diif_viewer.ui.badge import BadgeRow
from diif_viewer.ui.canvas import Canvas
from diif_viewer.ui.clipboard import Clipboard
from diif_viewer.ui.compare import Layout, area_at
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.diagnostics import describe_program
from diif_viewer.ui.difference import Difference
from diif_viewer.ui.export import ChoosePath, Exporter, choose_path
from diif_viewer.ui.fading import Fading
from diif_viewer.ui.files import Files
from diif_viewer.ui.flip import Flip
from diif_viewer.ui.ground_truth import GroundTruth
from diif_viewer.ui.hint import Hint
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.loader import Loader, NotLoaded
from diif_viewer.ui.menu import MainMenu
from diif_viewer.ui.navigation import PRESETS, Navigator
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.opening import Opening, dropped
from diif_viewer.ui.overview import Overview
from diif_viewer.ui.page import Page
from diif_viewer.ui.reduced import ON_SCREEN, TRUTH, label_of
from diif_viewer.ui.report import Report
from diif_viewer.ui.scene import FADE
from diif_viewer.ui.scores import Scores
from diif_viewer.ui.session import Session
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.shortcuts import ShortcutsDialog
from diif_viewer.ui.stall import StallMeter
from diif_viewer.ui.state import Picture
from diif_viewer.ui.status import StatusLine
from diif_viewer.ui.theme import ACCENT, icon
from diif_viewer.ui.toolbar import ToolBar
from diif_viewer.ui.wardrobe import Wardrobe
from diif_viewer.ui.zoom_text import format_zoom
from diif_viewer.viewport import Viewport

TITLE = "DIIF Viewer"

DIVIDER_STEP = 0.02
"""Part of the width that a key moves the divider by."""


class MainWindow(QMainWindow):
    """The window. opened: a Picture is on screen. closed: it is going; no payload."""

    opened = Signal(object)
    closed = Signal()

    def __init__(
        self,
        controller: Controller,
        loader: Loader,
        choose: ChoosePath = choose_path,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.controller, self.loader = controller, loader
        self.state = controller.state
        self.navigator = Navigator(controller)
        self.stalls = StallMeter(self)
        self.scores = Scores(controller, self)
        self._report = Report(controller, self.stalls, self.scores)
        self._device = ""
        self.opening = Opening(loader, self)
        self._cursor: tuple[float, float] | None = None
        self.canvas = Canvas(controller)
        self.page = Page()
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.page)
        self.stack.addWidget(self.canvas)
        self.setCentralWidget(self.stack)
        self.badge_row = BadgeRow(self.canvas, self.scores)
        self.overview = Overview(controller, self.canvas, wanted=self.settings.flag("overview", True))
        self.hint = Hint(self.state, self.settings, self.canvas)
        self.canvas.grid = self.settings.flag("grid")
        self.notice = Notice(self.stack)
        self.exporter = Exporter(controller, controller.client, self.notice, choose)
        self.files = Files(self.opening, loader, controller, self.notice, self.settings)
        self.clipboard = Clipboard(controller, self.opening, self.notice)
        self.wardrobe = Wardrobe(self.settings, self)
        self.session = Session(self.settings, self.state, self.opening, self.files)
        self._copying_region = False
        self.flip = Flip(self.state, self)
        self.difference = Difference(controller, self)
        self.fading = Fading(controller, self)
        self.ground_truth = GroundTruth(controller, loader, self.notice)
        self.actions_by_name = make_actions(self, self._orders())
        self.flip.attach(self.actions_by_name["flip"], self.canvas)
        self.tools = ToolBar(self.actions_by_name, self)
        self.menu = MainMenu(self.actions_by_name, self.files, self.opening, self)
        self.tools.addWidget(self.menu.button(self.tools))
        self.addToolBar(self.tools)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self.setAcceptDrops(True)
        self.setWindowIcon(icon("ph.magnifying-glass-plus", ACCENT))
        room = self.screen().availableSize()
        self.resize(min(1280, room.width()), min(860, room.height()))
        self._connect()
        self.session.restore(self)
        self.page.greet()
        self.wardrobe.start(self.canvas, self.page, self.notice, self.actions_by_name)
        self._facts_changed()
        self._layout_changed()
        self._difference_changed()
        self._fade_in()

    def _connect(self) -> None:
        canvas, state, navigator = self.canvas, self.state, self.navigator
        canvas.zoom_asked.connect(lambda point, factor, animate: navigator.zoom(point, factor, animate=animate))
        canvas.pan_asked.connect(navigator.pan)
        canvas.toggle_asked.connect(navigator.toggle)
        canvas.zoom_region_asked.connect(navigator.show_region)
        canvas.export_region_asked.connect(self._export_region)
        canvas.split_asked.connect(state.set_split)
        canvas.pane_pressed.connect(state.set_active)
        canvas.hovered.connect(self._hovered)
        canvas.resized.connect(self.controller.resize)
        canvas.resized.connect(self.overview.place)
        canvas.resized.connect(self.hint.place)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(lambda point: self.menu.popup(canvas.mapToGlobal(point)))
        canvas.zoom_asked.connect(self.hint.zoomed)
        self.overview.centre_asked.connect(navigator.centre)
        self.page.open_asked.connect(self.opening.choose)
        self.page.again_asked.connect(self.files.reload)
        self.page.diagnostics_asked.connect(self.copy_diagnostics)
        self.opening.waiting.connect(self._waiting)
        self.files.keep_view_changed.connect(self._facts_changed)
        self.tools.zoom_box.zoom_entered.connect(navigator.zoom_to)
        self.tools.zoom_box.left.connect(canvas.setFocus)
        for badge in self.badge_row.badges:
            badge.method_chosen.connect(partial(self._method_chosen, badge.pane))
        self.loader.loaded.connect(self._loaded)
        self.loader.failed.connect(self._not_loaded)
        self.controller.status_changed.connect(self._facts_changed)
        self.controller.motion.moved.connect(self._show_position)
        self.controller.status_changed.connect(self._show_position)
        for fact in (state.picture_changed, state.methods_changed, state.split_changed, state.active_changed):
            fact.connect(self._facts_changed)
        state.view_changed.connect(self._facts_changed)
        state.layout_changed.connect(self._layout_changed)
        self.difference.changed.connect(self._difference_changed)
        self.scores.changed.connect(self._facts_changed)
        self.ground_truth.busy_changed.connect(self._facts_changed)
        client = self.controller.client
        self.controller.fallback.frame_failed.connect(self.notice.tell)
        client.ready.connect(self._renderer_ready)
        client.stopped.connect(self._renderer_stopped)
        client.restarted.connect(self._renderer_restarted)

    def _orders(self) -> dict[str, Callable[[], None]]:
        navigator, state = self.navigator, self.state
        orders: dict[str, Callable[[], None]] = {
            "open": self.opening.choose,
            "previous": partial(self.opening.walk, -1),
            "next": partial(self.opening.walk, 1),
            "export": self.exporter.export_view,
            "export_region": self._choose_region,
            "copy": self.clipboard.copy_view,
            "copy_region": partial(self._choose_region, copying=True),
            "copy_path": self.clipboard.copy_path,
            "paste": self.clipboard.paste,
            "recent": lambda: self.menu.recent.show_at(self._below_tools()),
            "reload": self.files.reload,
            "keep_view": self.files.toggle_keep_view,
            "menu": self.menu_below_button,
            "diagnostics": self.copy_diagnostics,
            "theme": self.wardrobe.change_look,
            "background": self.wardrobe.change_background,
            "overview": self._toggle_overview,
            "grid": self._toggle_grid,
            "quit": lambda: _ignore(self.close()),
            "zoom_in": partial(navigator.step, 1),
            "zoom_out": partial(navigator.step, -1),
            "left": partial(navigator.pan_by_key, -1, 0),
            "right": partial(navigator.pan_by_key, 1, 0),
            "up": partial(navigator.pan_by_key, 0, -1),
            "down": partial(navigator.pan_by_key, 0, 1),
            "type_zoom": self._type_zoom,
            "divider_left": lambda: state.set_split(state.split - DIVIDER_STEP),
            "divider_right": lambda: state.set_split(state.split + DIVIDER_STEP),
            "flip": self.flip.hold,
            "fade": partial(self._fade_in, switch=True),
            "ground_truth": self.ground_truth.toggle,
            "signed": self.difference.toggle_signed,
            "smaller": partial(self._strengthen, -1),
            "larger": partial(self._strengthen, 1),
            "next_pane": lambda: state.set_active((state.active + 1) % state.layout.panes),
            "fullscreen": self.toggle_full_screen,
            "leave": self._leave,
            "shortcuts": self.show_shortcuts,
        }
        orders |= {f"zoom_{key}": partial(navigator.zoom_to, scale) for key, scale in PRESETS}
        orders |= {f"method_{name}": partial(state.set_method, name) for name in ON_SCREEN}
        orders |= {layout.value: partial(self._set_layout, layout) for layout in Layout}
        return orders

    # ---- pictures ----

    def open_path(self, path: Path) -> None:
        """Show the picture at `path`, or a page that says why not."""
        self.opening.open_path(path)

    def begin_with(self, greeting: str | None) -> list[Path]:
        """What a start without a named picture shows: the one of the last time, else the `greeting`."""
        self.files.greeting = None if greeting is None else Path(greeting)
        path = self.session.last() or self.files.greeting
        return [] if path is None else [path]

    @Slot(object)
    def _waiting(self, path: Path) -> None:
        if self.state.picture is None:
            self.page.wait(path.name)
        self.status.busy.set_busy(True)

    @Slot(object)
    def _loaded(self, picture: Picture) -> None:
        self.stack.setCurrentWidget(self.canvas)
        area = self.controller.areas[0].view if self.controller.areas else None
        height, width = (area.height, area.width) if area is not None else self.canvas.device_size()
        fitted = Viewport(picture.height, picture.width, height, width).fitted()
        self.state.set_picture(picture, self.files.arrival(picture, fitted))
        self.files.arrived(picture)
        self.canvas.setFocus()
        self.opened.emit(picture)

    @Slot(object)
    def _not_loaded(self, failure: NotLoaded) -> None:
        if self.files.forgives(failure):
            self._facts_changed()
            return
        self.state.set_picture(None, None)
        self.page.fail(failure.sentence)
        self.stack.setCurrentWidget(self.page)
        self._facts_changed()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files, and pictures out of other programs."""
        if dropped(event.mimeData()) or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open them."""
        event.acceptProposedAction()
        self.clipboard.take(event.mimeData())

    # ---- what is on screen ----

    @Slot()
    def _facts_changed(self) -> None:
        state, statuses = self.state, self.controller.statuses
        shown = state.picture is not None and state.view is not None
        scale = state.view.scale if state.view is not None else None
        active = statuses[state.active] if state.active < len(statuses) else None
        waiting = shown and any(not s.sharp and s.sentence is None for s in statuses)
        busy = waiting or self.loader.busy or self.ground_truth.busy
        self.status.show_view(scale, active.milliseconds if active is not None else None, busy=busy)
        picture = state.picture
        self.status.size_text.setText("" if picture is None else f"{picture.width} x {picture.height}")
        self.tools.zoom_box.show_scale(scale)
        self._place_badges()
        if picture is None or scale is None:
            self.setWindowTitle(TITLE)
        else:
            label = label_of(state.methods[state.active])
            reduced = "" if picture.reduced is None else tr(" reduced {zoom}", zoom=format_zoom(picture.reduced.factor))
            self.setWindowTitle(f"{picture.name}{reduced} - {format_zoom(scale)} - {label} - {TITLE}")
        for name in ("zoom_0", "zoom_1", "zoom_in", "zoom_out", "export", "export_region", "copy", "copy_region"):
            self.actions_by_name[name].setEnabled(shown)
        for name in ("previous", "next", "reload", "copy_path"):
            self.actions_by_name[name].setEnabled(self.opening.path is not None)
        self.actions_by_name["keep_view"].setChecked(self.files.keep_view)
        self.actions_by_name["overview"].setChecked(self.overview.wanted)
        self.actions_by_name["grid"].setChecked(self.canvas.grid)
        self._show_truth_is_known()
        self._tell()

    def _show_truth_is_known(self) -> None:
        known = self.state.picture is not None and self.state.picture.reduced is not None
        self.actions_by_name["ground_truth"].setEnabled(self.state.picture is not None)
        self.actions_by_name["ground_truth"].setChecked(known)
        self.actions_by_name[f"method_{TRUTH}"].setEnabled(known)

    def _tell(self) -> None:
        self.setAccessibleDescription(self._report.sentence())
        if self._report.wanted:
            page = self.page.text if self.stack.currentWidget() is self.page else ""
            self._report.write(self._device, self.notice.text if self.notice.isVisible() else page)

    def _place_badges(self) -> None:
        statuses = self.controller.statuses if self.state.picture is not None else ()
        truth = self.state.picture is not None and self.state.picture.reduced is not None
        self.badge_row.show(statuses, self.controller.areas, self.state.layout, self.state.active, truth=truth)

    @Slot()
    def _layout_changed(self) -> None:
        for layout in Layout:
            self.actions_by_name[layout.value].setChecked(layout is self.state.layout)
        self._facts_changed()

    def _set_layout(self, layout: Layout) -> None:
        self.state.set_layout(layout)
        self._layout_changed()  # a press on the button that is down already must not lift it

    @Slot()
    def _difference_changed(self) -> None:
        self.canvas.note = self.difference.words
        self.actions_by_name["signed"].setChecked(self.difference.signed)

    def _fade_in(self, *, switch: bool = False) -> None:
        """Let sharp tiles come softly or at once, as it was chosen; or choose the other."""
        if switch:
            self.settings.put("fade", not self.settings.flag("fade", True))
        wanted = self.settings.flag("fade", True)
        self.controller.scene.fade = FADE if wanted else 0.0
        self.actions_by_name["fade"].setChecked(wanted)

    def _strengthen(self, steps: int) -> None:
        """Widen the lens, or strengthen the difference: whichever is on screen."""
        if self.state.layout is Layout.DIFFERENCE:
            self.difference.step_gain(steps)
        else:
            self.canvas.resize_lens(1.25**steps)

    def _method_chosen(self, pane: int, method: str) -> None:
        self.state.set_active(pane)
        self.state.set_method(method, pane)

    @Slot(object)
    def _hovered(self, point: tuple[float, float] | None) -> None:
        self._cursor = point
        self._show_position()

    @Slot()
    def _show_position(self) -> None:
        view, picture, areas = self.controller.motion.shown, self.state.picture, self.controller.areas
        if self._cursor is None or view is None or picture is None or not areas:
            self.status.show_position(None, None)
            return
        area = area_at(areas, *self._cursor)
        inside = area.inside(*self._cursor)
        colour = None
        if view == view.rested():
            row, column = math.floor(view.top + inside[1]), math.floor(view.left + inside[0])
            colour = self.controller.scene.colour_at(area.pane, self.state.methods[area.pane], view, row, column)
        # the middle of the screen pixel under the cursor
        self.status.show_position(view.position_at((inside[0] + 0.5, inside[1] + 0.5)), picture.pixels, colour)

    # ---- actions ----

    def _choose_region(self, *, copying: bool = False) -> None:
        choosing = not self.canvas.choosing_region
        self.canvas.choose_region(choosing)
        self._copying_region = copying
        if choosing:
            done = "copied" if copying else "saved"
            self.notice.tell(f"Drag a region: it is {done} as it is on screen. Esc stops.", stay=False)
        else:
            self.notice.hide()

    @Slot(object, object)
    def _export_region(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        view = self.state.view
        if view is None:
            return
        area = area_at(self.controller.areas, *start)
        (x0, y0), (x1, y1) = (view.rested().position_at(area.inside(*point)) for point in (start, end))
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        window = view.lattice.window_of(box).intersected(area.seen(view))
        if self._copying_region:
            self.clipboard.copy(window, area.pane)
        else:
            self.exporter.export(window, self.state.methods[area.pane])

    def menu_below_button(self) -> None:
        """Open the menu where its button is."""
        self.menu.popup(self.stack.mapToGlobal(QPoint(self.stack.width() - self.menu.sizeHint().width() - 8, 0)))

    @property
    def device(self) -> str:
        """What the renderer runs on; "" until it is ready."""
        return self._device

    @Slot()
    def copy_diagnostics(self) -> None:
        """Put what somebody who helps needs to know on the clipboard."""
        sentence = self.page.text if self.stack.currentWidget() is self.page and self.page.failed else ""
        QGuiApplication.clipboard().setText(describe_program(self, sentence or self.notice.text))
        self.notice.tell(tr("Copied versions, device and settings; no names, no paths."), stay=False)

    def _below_tools(self) -> QPoint:
        """Where a menu opens that no button was pressed for, on the screen."""
        return self.stack.mapToGlobal(QPoint(8, 0))

    def _toggle_overview(self) -> None:
        self.overview.toggle()
        self.settings.put("overview", self.overview.wanted)
        self._facts_changed()

    def _toggle_grid(self) -> None:
        self.canvas.grid = not self.canvas.grid
        self.canvas.update()
        self.settings.put("grid", self.canvas.grid)
        self._facts_changed()

    def _type_zoom(self) -> None:
        self.tools.zoom_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.tools.zoom_box.selectAll()

    def toggle_full_screen(self) -> None:
        """The picture alone, or the window again."""
        full = not self.isFullScreen()
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        self.tools.setVisible(not full)
        self.status.setVisible(not full)
        self.actions_by_name["fullscreen"].setChecked(full)

    def _leave(self) -> None:
        if self.canvas.choosing_region:
            self._choose_region()
        elif self.tools.zoom_box.hasFocus():
            self.canvas.setFocus()
        elif self.isFullScreen():
            self.toggle_full_screen()

    def show_shortcuts(self) -> None:
        """The list of keys and gestures."""
        dialog = ShortcutsDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # ---- the renderer ----

    @Slot(object)
    def _renderer_ready(self, ready: Ready) -> None:
        self._device = ready.description
        self.status.device.setText(said(ready.description))
        self._tell()

    @Slot()
    def _renderer_restarted(self) -> None:
        self.status.device.setText(tr("Starting the renderer again…"))
        self.notice.tell(tr("The renderer stopped and was started again."), stay=False)

    @Slot(str)
    def _renderer_stopped(self, sentence: str) -> None:
        self._device = ""
        self.status.device.setText(tr("No renderer"))
        self.notice.tell(sentence, tr("Restart it"), self.controller.client.restart)
        self._tell()

    # ---- the window itself ----

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the badges in place."""
        super().resizeEvent(event)
        self._place_badges()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Go; whoever made the window ends the threads and the process."""
        super().closeEvent(event)
        self.session.save(self)
        self.closed.emit()


def _ignore(_: object) -> None:
    """Drop a result."""
