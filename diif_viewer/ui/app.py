"""The one place that makes the objects of the window, wires them, and ends them again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from diif_viewer.errors import RequestError
from diif_viewer.models import shelf
from diif_viewer.models.registry import METHODS
from diif_viewer.ui import language, report, theme
from diif_viewer.ui.complaints import telling
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.courier import Renderer
from diif_viewer.ui.export import choose_path
from diif_viewer.ui.fallback import Fallback
from diif_viewer.ui.interpreter import Interpreter
from diif_viewer.ui.interrupt import closing_on_signals
from diif_viewer.ui.loader import Loader
from diif_viewer.ui.motion import Motion
from diif_viewer.ui.reduced import TRUTH
from diif_viewer.ui.renderer_client import RendererClient, spawn_renderer
from diif_viewer.ui.save_dialog import ChoosePath
from diif_viewer.ui.scene import Scene
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.state import ViewerState
from diif_viewer.ui.window import MainWindow

HEAD_START = 400
"""Milliseconds that reading the first picture gets before the renderer is started all the same."""


class Viewer:
    """Everything one window needs, wired. `shutdown` ends its threads and its process."""

    def __init__(
        self,
        method: str | None = None,
        *,
        spawn: Callable[[str], Renderer] = spawn_renderer,
        choose: ChoosePath = choose_path,
        settings: Settings | None = None,
    ) -> None:
        self.state = ViewerState(method)
        self.motion = Motion()
        self.scene = Scene()
        self.fallback = Fallback()
        self.loader = Loader()
        self.client = RendererClient(spawn)
        self.controller = Controller(self.state, self.motion, self.scene, self.fallback, self.client)
        self.client.device = (settings or Settings()).text("device", "auto")
        self.window = MainWindow(self.controller, self.loader, choose, settings)
        self.window.closed.connect(self.shutdown)
        self._interpreter = Interpreter(self.motion, self.window)
        self._running = True
        self._started = False

    def show(self, *paths: Path, piped: Path | None = None) -> None:
        """Put the window on screen; only then read the first picture, or the `piped` one, and start the renderer."""
        self._interpreter.begin()
        self.window.show()
        self.window.screen_watch.start()
        QTimer.singleShot(0, self.window, lambda: self._begin(list(paths), piped))

    def _begin(self, paths: list[Path], piped: Path | None) -> None:
        if not self._running:
            return
        if not paths and piped is None:
            self._start_client()
            return
        # reading the picture first: the process that loads torch would take half of the processor from it
        self.loader.loaded.connect(self._start_client)
        self.loader.failed.connect(self._start_client)
        QTimer.singleShot(HEAD_START, self.window, self._start_client)
        if piped is not None:
            self.window.opening.open_piped(piped)
        else:
            self.window.opening.open_paths(paths)

    def _start_client(self, *_: object) -> None:
        if self._running and not self._started:
            self._started = True
            self.client.start()

    def shutdown(self) -> None:
        """End the threads and the process; returns when they have ended. A second call does nothing."""
        if not self._running:
            return
        self._running = False
        self._interpreter.end()
        self.window.hide()
        self.motion.clear()
        self.window.player.shutdown()
        self.loader.shutdown()
        self.fallback.shutdown()
        for measuring in (self.window.difference, self.window.scores, self.window.ground_truth):
            measuring.shutdown()
        self.window.clipboard.shutdown()
        self.window.figures.shutdown()
        self.window.histogram.shutdown()
        self.window.profile.shutdown()
        self.window.information.shutdown()
        self.window.pane_files.shutdown()
        self.window.models.shutdown()
        self.client.shutdown()


def run(paths: list[str], method: str | None = None, greeting: str | None = None, *, piped: Path | None = None) -> int:
    """Open the window on the first of `paths`, the others a key away; return the exit code when it is closed.

    method: what the main pane shows, a name in METHODS or an added model. greeting: shown where there are no paths and
    no picture from the last time. piped: a file to show instead of `paths`, which nobody is to be reminded of. Raises
    RequestError for a method that does not exist.
    """
    if method is not None and method not in METHODS and method not in shelf.held():
        raise RequestError(f"There is no method {method!r}: choose one of {', '.join(METHODS)}.")
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("diif-viewer")
    application.setApplicationDisplayName("")
    application.setDesktopFileName("diif-viewer")
    settings = Settings.of_user()
    _speak(application, settings)
    theme.apply(application, settings.text("theme", "dark", theme.LOOKS))
    viewer = Viewer(method, settings=settings)
    named = [] if piped is not None else [*map(Path, paths)] or viewer.window.begin_with(greeting)
    code = _show(application, viewer, named, piped)
    while viewer.window.reopening:
        viewer.window.deleteLater()
        _speak(application, settings)
        shown = viewer.state.chosen_method
        viewer = Viewer(method if shown in (None, TRUTH) else shown, settings=settings)
        code = _show(application, viewer, viewer.window.begin_with(greeting, always=True))
    return code


def _show(application: QApplication, viewer: Viewer, paths: list[Path], piped: Path | None = None) -> int:
    """Show the window until it is closed; the exit code."""
    if os.environ.get(report.VARIABLE):
        viewer.window.stalls.start()
    viewer.show(*paths, piped=piped)
    try:
        with closing_on_signals(viewer.window.close), telling(viewer.window.complain):
            return application.exec()
    finally:
        viewer.shutdown()


def _speak(application: QApplication, settings: Settings) -> None:
    """Use the language that was chosen, or the system's; in Qt's own dialogs too."""
    code = language.choose(settings.text("language"), QLocale.system().uiLanguages())
    language.use(code)
    QLocale.setDefault(QLocale(code))
    for old in application.findChildren(QTranslator):
        application.removeTranslator(old)
        old.deleteLater()
    translator = QTranslator(application)
    if translator.load(f"qtbase_{code}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(translator)
