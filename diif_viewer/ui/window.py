"""The main window: puts the parts together on screen and names what each action does. Made by `app.run`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from diif_viewer.ui.actions import DEFAULT_KEYS
from diif_viewer.ui.arrivals import Arrivals
from diif_viewer.ui.badge import BadgeRow
from diif_viewer.ui.brightness import Brightness
from diif_viewer.ui.canvas import Canvas
from diif_viewer.ui.clipboard import Clipboard
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.diagnostics import LastWords, describe_program
from diif_viewer.ui.difference import Difference
from diif_viewer.ui.export import Exporter, choose_path
from diif_viewer.ui.exports import Exports
from diif_viewer.ui.facts import Facts
from diif_viewer.ui.fading import Fading
from diif_viewer.ui.figures import FigureMaker
from diif_viewer.ui.files import Files
from diif_viewer.ui.films import Films
from diif_viewer.ui.flip import Flip
from diif_viewer.ui.focus import FocusKeeper
from diif_viewer.ui.ground_truth import GroundTruth
from diif_viewer.ui.hint import Hint
from diif_viewer.ui.histogram import Histogram
from diif_viewer.ui.information import Information
from diif_viewer.ui.inspector import Inspector
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import tr
from diif_viewer.ui.loader import Loader
from diif_viewer.ui.menu import MainMenu
from diif_viewer.ui.model_actions import ModelActions
from diif_viewer.ui.models import Models
from diif_viewer.ui.navigation import Navigator
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.opening import Opening, dropped
from diif_viewer.ui.orders import Orders
from diif_viewer.ui.overview import Overview
from diif_viewer.ui.page import Page
from diif_viewer.ui.pages import Pages
from diif_viewer.ui.pane_files import PaneFiles
from diif_viewer.ui.playing import Player
from diif_viewer.ui.preferences import PreferencesDialog
from diif_viewer.ui.profile import ProfilePanel
from diif_viewer.ui.qactions import make_actions
from diif_viewer.ui.regions import Regions
from diif_viewer.ui.renderer_news import RendererNews
from diif_viewer.ui.report import Report
from diif_viewer.ui.save_dialog import ChoosePath
from diif_viewer.ui.scores import Scores
from diif_viewer.ui.screen_colour import ScreenWatch
from diif_viewer.ui.session import Session
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.shares import share_out
from diif_viewer.ui.sharpening import Sharpening
from diif_viewer.ui.shortcuts import ShortcutsDialog
from diif_viewer.ui.stall import StallMeter
from diif_viewer.ui.status import StatusLine
from diif_viewer.ui.theme import ACCENT, icon
from diif_viewer.ui.toolbar import ToolBar
from diif_viewer.ui.trail import Trail
from diif_viewer.ui.wardrobe import Wardrobe


class MainWindow(QMainWindow):
    """The window. opened: a Picture is on screen. closed: it is going; no payload.

    reopening: whoever made it is to make another in its place, for a language is never changed under way. complaint: of
    the last mistake in the program, for the diagnostics.
    """

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
        self.reopening = False
        self.complaint = ""
        self.keys = Keys(self.settings, DEFAULT_KEYS, self)
        self.controller, self.loader = controller, loader
        self.state = controller.state
        self.navigator = Navigator(controller)
        self.stalls = StallMeter(self)
        self.scores = Scores(controller, self)
        self.report = Report(controller, self.stalls, self.scores)
        self.opening = Opening(loader, self)
        self.canvas = Canvas(controller)
        self.page = Page(self.keys)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.page)
        self.stack.addWidget(self.canvas)
        self.setCentralWidget(self.stack)
        self._focus_keeper = FocusKeeper(self.stack)
        self.badge_row = BadgeRow(self.canvas, self.keys, self.scores)
        self.overview = Overview(controller, self.canvas, self.keys, wanted=self.settings.flag("overview", True))
        self.player = Player(controller, self.opening, loader, self)
        self.histogram = Histogram(controller, self.settings, self.canvas)
        self.brightness = Brightness(controller, self)
        self.trail = Trail(controller)
        self.information = Information(self, controller)
        self.profile = ProfilePanel(controller, self.histogram, self.canvas)
        for panel in (self.overview, self.histogram, self.profile):
            panel.stackUnder(self.badge_row.badges[0])  # what a pane shows is always named
        self.hint = Hint(self.state, self.settings, self.keys, self.canvas)
        self.hint.panels = self.histogram, self.profile
        self.profile.overlay.changed.connect(self.hint.place)
        self.canvas.grid = self.settings.flag("grid")
        self.notice = Notice(self.stack)
        self.last_words = LastWords(self.notice)
        self.exports = Exports(controller.client, self.notice)
        self.exporter = Exporter(controller, self.canvas, self.exports, self.notice, self.settings, choose)
        self.films = Films(controller, self.exports, self.notice, self.settings)
        self.files = Files(self.opening, loader, controller, self.notice, self.settings)
        self.clipboard = Clipboard(controller, self.opening, self.notice)
        self.wardrobe = Wardrobe(self.settings, self)
        self.pane_files = PaneFiles(controller, self.canvas, self.opening, loader, self.notice)
        self.pages = Pages(controller, self.opening, self.player, self.pane_files, self.keys)
        self.session = Session(self.settings, self.state, self.opening, self.files, self.pane_files)
        self.regions = Regions(controller, self.canvas, self.notice, self.keys)
        self.figures = FigureMaker(controller, loader, self.regions, self.notice, self.keys)
        self.flip = Flip(self.state, self)
        self.difference = Difference(controller, self)
        self.fading = Fading(controller, self)
        self.ground_truth = GroundTruth(controller, loader, self.notice, self.keys)
        self.models = Models(self)
        self.orders = Orders(self)
        self.actions_by_name = make_actions(self, self.orders.table(), self.keys)
        self.model_actions = ModelActions(self)
        self.flip.attach(self.actions_by_name["flip"], self.canvas)
        self.tools = ToolBar(self.actions_by_name, self.keys, self)
        self.menu = MainMenu(self.actions_by_name, self.files, self.opening, self)
        self.tools.addWidget(self.menu.button(self.keys, self.tools))
        self.addToolBar(self.tools)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self.sharpening = Sharpening(controller, self.keys, self.status)
        self.status.put_beside_busy(self.sharpening)
        self.inspector = Inspector(controller, self.canvas, self.status)
        self.facts = Facts(self)
        self.arrivals = Arrivals(self)
        self.renderer_news = RendererNews(self)
        self.setAcceptDrops(True)
        self.setWindowIcon(icon("ph.magnifying-glass-plus", ACCENT))
        share_out(self)
        room = self.screen().availableSize()
        self.resize(min(1280, room.width()), min(860, room.height()))
        self._connect()
        self.session.restore(self)
        self.page.greet()
        self.wardrobe.start(self.canvas, self.page, self.notice, self.actions_by_name)
        self.screen_watch = ScreenWatch(self)
        self.screen_watch.changed.connect(controller.recolour)
        self.facts.show_layout()
        self.facts.show_difference()
        self.orders.fade_in()

    def _connect(self) -> None:
        canvas, state, navigator = self.canvas, self.state, self.navigator
        canvas.zoom_asked.connect(lambda point, factor, animate: navigator.zoom(point, factor, animate=animate))
        canvas.pan_asked.connect(navigator.pan)
        canvas.flick_asked.connect(navigator.flick)
        canvas.fingers.touched.connect(navigator.catch)
        canvas.toggle_asked.connect(navigator.toggle)
        canvas.zoom_region_asked.connect(navigator.show_region)
        canvas.split_asked.connect(state.set_split)
        canvas.pane_pressed.connect(state.set_active)
        canvas.resized.connect(self.controller.resize)
        canvas.resized.connect(self.overview.place)
        canvas.resized.connect(self.hint.place)
        canvas.resized.connect(self.histogram.place)
        canvas.resized.connect(self.profile.place)
        canvas.resized.connect(self.pages.place)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(lambda point: self.menu.popup(canvas.mapToGlobal(point)))
        self.overview.centre_asked.connect(navigator.centre)
        self.page.open_asked.connect(self.opening.choose)
        self.page.again_asked.connect(self.files.reload)
        self.page.diagnostics_asked.connect(self.copy_diagnostics)
        self.opening.models_found.connect(self.models.take)
        self.tools.zoom_box.zoom_entered.connect(navigator.zoom_to)
        self.tools.zoom_box.left.connect(canvas.setFocus)
        for badge in self.badge_row.badges:
            badge.models_asked.connect(self.actions_by_name["models"].trigger)
            badge.method_chosen.connect(partial(self._method_chosen, badge.pane))
        self.controller.fallback.frame_failed.connect(self.notice.tell)
        self.controller.looks.guests.frame_failed.connect(self.notice.tell)

    # ---- pictures ----

    def open_path(self, path: Path) -> None:
        """Show the picture at `path`, or a page that says why not."""
        self.opening.open_path(path)

    def begin_with(self, greeting: str | None, *, always: bool = False) -> list[Path]:
        """What a start without a named picture shows: the one of the last time, else the `greeting`."""
        self.files.greeting = None if greeting is None else Path(greeting)
        path = self.session.last(always=always) or self.files.greeting
        return [] if path is None else [path]

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files, and pictures out of other programs."""
        if dropped(event.mimeData()) or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        """Mark the pane that the files would go to."""
        super().dragMoveEvent(event)
        if self.state.layout.side_by_side and self.stack.currentWidget() is self.canvas:
            self.state.set_active(self.pane_files.pane_at(self.canvas.mapFrom(self, event.position())))

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open them; weights files are added to the models."""
        event.acceptProposedAction()
        files = dropped(event.mimeData())
        if self.models.take(files) != files:
            return
        if len(files) == 1:
            self.pane_files.open_path(self.pane_files.pane_at(self.canvas.mapFrom(self, event.position())), files[0])
        else:
            self.clipboard.take(event.mimeData())

    def _method_chosen(self, pane: int, method: str) -> None:
        self.state.set_active(pane)
        self.state.set_method(method, pane)

    # ---- actions ----

    def menu_below_button(self) -> None:
        """Open the menu where its button is."""
        self.menu.popup(self.stack.mapToGlobal(QPoint(self.stack.width() - self.menu.sizeHint().width() - 8, 0)))

    @Slot()
    def copy_diagnostics(self) -> None:
        """Put what somebody who helps needs to know on the clipboard."""
        sentence = self.page.text if self.stack.currentWidget() is self.page and self.page.failed else ""
        QGuiApplication.clipboard().setText(describe_program(self, sentence or self.last_words.sentence))
        self.renderer_news.copied(tr("Copied versions, device and settings; no names, no paths."))

    @Slot(str, str)
    def complain(self, sentence: str, lines: str) -> None:
        """Say that the program made a mistake; `lines` are for whoever mends it."""
        if self.complaint != lines or not self.notice.isVisible():  # painting may fail sixty times a second
            self.complaint = lines
            self.notice.tell(sentence, tr("Copy diagnostics"), self.copy_diagnostics)

    def below_tools(self) -> QPoint:
        """Where a menu opens that no button was pressed for, on the screen."""
        return self.stack.mapToGlobal(QPoint(8, 0))

    def toggle_full_screen(self) -> None:
        """The picture alone, or the window again."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_shortcuts(self) -> None:
        """The list of keys and gestures."""
        dialog = ShortcutsDialog(self.keys, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def show_preferences(self) -> None:
        """What can be chosen once and for all."""
        dialog = PreferencesDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.reopen_asked.connect(self._reopen)
        dialog.open()

    @Slot()
    def _reopen(self) -> None:
        """Go for another window to take this one's place; what that would cost is said first."""
        if self.state.picture is not None and self.opening.path is None:
            words = tr("The picture on screen has no file and would be lost: save it first, or go on.")
            self.notice.tell(words, tr("Open the window anew"), self._begin_anew)
        else:
            self._begin_anew()

    def _begin_anew(self) -> None:
        if not self.exports.keeps_open():
            self.reopening = True
            self.close()

    # ---- the window itself ----

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """The bars go with the full screen and come with the window, whoever asked for it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            full = self.isFullScreen()
            self.tools.setVisible(not full)
            self.status.setVisible(not full)
            self.actions_by_name["fullscreen"].setChecked(full)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the badges in place."""
        super().resizeEvent(event)
        self.facts.place_badges()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Go; whoever made the window ends the threads and the process. Exports under way are asked about once."""
        if event.spontaneous() and self.exports.keeps_open():
            event.ignore()
            return
        super().closeEvent(event)
        self.session.save(self)
        self.closed.emit()
