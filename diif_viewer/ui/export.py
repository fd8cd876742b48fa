"""Saving what is on screen: asked here, written by the renderer, told by the notice. The window stays usable.

Story: a window of the lattice is chosen (the whole view, or a dragged region) -> a path is asked for -> an
ExportRequest goes to the renderer -> its progress, its end or its failure comes back as one quiet notice.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from diif_viewer.engine.messages import CancelExport, ExportDone, ExportFailed, ExportProgress, ExportRequest
from diif_viewer.geometry import Window
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import tr
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.reduced import TRUTH, label_of
from diif_viewer.ui.renderer_client import RendererClient
from diif_viewer.ui.zoom_text import format_zoom, plain_zoom

ChoosePath = Callable[[QWidget, Path], Path | None]
"""(parent, proposal) -> the path to write, or None."""


def choose_path(parent: QWidget, proposal: Path) -> Path | None:
    """Ask for the PNG file to write."""
    name, _ = QFileDialog.getSaveFileName(parent, tr("Export as PNG"), str(proposal), f"{tr('PNG picture')} (*.png)")
    if not name:
        return None
    path = Path(name)
    return path if path.suffix.lower() == ".png" else path.with_name(f"{path.name}.png")


class Exporter(QObject):
    """Exports the active pane."""

    def __init__(self, controller: Controller, client: RendererClient, notice: Notice, choose: ChoosePath) -> None:
        super().__init__(notice)
        self._controller, self._client, self._notice, self._choose = controller, client, notice, choose
        self._jobs = itertools.count(1)
        self._running: dict[int, ExportRequest] = {}
        self._folder: Path | None = None
        client.export_progress.connect(self._progress)
        client.export_done.connect(self._done)
        client.export_failed.connect(self._failed)

    def export_view(self) -> None:
        """Export what the active pane shows."""
        view = self._controller.state.view
        area = next((a for a in self._controller.areas if a.pane == self._controller.state.active), None)
        if view is not None and area is not None:
            self.export(area.seen(view), self._controller.state.methods[area.pane])

    def export(self, window: Window, method: str) -> None:
        """Export `window` of the present view's lattice by `method`, after asking for the path."""
        view, picture = self._controller.state.view, self._controller.state.picture
        if view is None or picture is None or not window:
            return
        if method == TRUTH:
            self._notice.tell(tr("The truth is the file itself. Choose another pane to export."), stay=False)
            return
        if not self._client.running:
            self._notice.tell(
                tr("Export needs the renderer, which is not running."), tr("Restart it"), self._client.restart
            )
            return
        scale = view.scale
        zoom = plain_zoom(scale).replace(" %", "pct")
        name = f"{picture.path.stem}-{method}-{zoom}-{window.width}x{window.height}.png"
        path = self._choose(self._notice.window(), (self._folder or picture.path.parent) / name)
        if path is None:
            return
        self._folder = path.parent
        request = ExportRequest(
            next(self._jobs),
            picture.image,
            method,
            scale,
            window,
            os.fspath(path),
            icc_profile=None if picture.about is None else picture.about.icc_profile,
        )
        self._running[request.job] = request
        self._tell(request, 0.0, None)
        self._client.send(request)

    def _tell(self, request: ExportRequest, fraction: float, seconds_left: float | None) -> None:
        size = f"{request.window.width} x {request.window.height}"
        words = tr(
            "Exporting {size} pixels, {method} {zoom}: {percent}%",
            size=size,
            method=label_of(request.model),
            zoom=format_zoom(request.scale),
            percent=round(100 * fraction),
        )
        if seconds_left is not None:
            words += tr(", {seconds} s left", seconds=max(1, round(seconds_left)))
        self._notice.show_progress(words, fraction, lambda: self._client.send(CancelExport(request.job)))

    @Slot(object)
    def _progress(self, message: ExportProgress) -> None:
        request = self._running.get(message.job)
        if request is not None:
            self._tell(request, message.fraction, message.seconds_left)

    @Slot(object)
    def _done(self, message: ExportDone) -> None:
        if self._running.pop(message.job, None) is not None:
            folder = QUrl.fromLocalFile(os.fspath(Path(message.path).parent))
            self._notice.tell(
                tr("Saved {path}", path=message.path),
                tr("Show folder"),
                lambda: _ignore(QDesktopServices.openUrl(folder)),
                stay=False,
            )

    @Slot(object)
    def _failed(self, message: ExportFailed) -> None:
        if self._running.pop(message.job, None) is not None:
            cancelled = tr("The export was cancelled; nothing was written.")
            sentence = cancelled if message.cancelled else message.sentence
            self._notice.tell(sentence, stay=not message.cancelled)


def _ignore(_: object) -> None:
    """Drop a result."""
