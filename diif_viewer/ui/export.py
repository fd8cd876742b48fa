"""From the action to the order: a dialog on the view or on a dragged region, which asks for probes, then an export.

The window stays usable all the while. What becomes of the order is `ui/exports.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QRect, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from diif_viewer.engine.messages import ExportRequest, ProbeDone, ProbeFailed, ProbeRequest, Ready
from diif_viewer.geometry import Window
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.export_choices import Choices, remember, remembered
from diif_viewer.ui.export_dialog import ExportDialog
from diif_viewer.ui.export_frame import ExportFrame
from diif_viewer.ui.export_plan import Box, Subject, at_its_place, ratio_of, within
from diif_viewer.ui.exports import Exports
from diif_viewer.ui.language import tr
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.save_dialog import ChoosePath, place_beside
from diif_viewer.ui.settings import Settings
from diif_viewer.ui.state import Identity, Picture

SUFFIXES = "PNG (*.png);;TIFF (*.tif *.tiff);;JPEG (*.jpg *.jpeg);;WebP (*.webp);;AVIF (*.avif)"


def choose_path(parent: QWidget, proposal: Path) -> Path | None:
    """Ask for the file to write; the export dialog itself asks before it replaces one."""
    option = QFileDialog.Option.DontConfirmOverwrite
    suffix = proposal.suffix.lower()
    chosen = next((line for line in SUFFIXES.split(";;") if f"*{suffix}" in line), "")
    name, _ = QFileDialog.getSaveFileName(parent, tr("Export as"), str(proposal), SUFFIXES, chosen, options=option)
    if not name:
        return None
    path = Path(name)
    return path if path.suffix else path.with_name(f"{path.name}{suffix}")


class Exporter(QObject):
    """Exports what the active pane shows. frame: of a region, on the canvas. dialog: while it is open."""

    def __init__(  # noqa: PLR0917
        self,
        controller: Controller,
        canvas: QWidget,
        exports: Exports,
        notice: Notice,
        settings: Settings,
        choose: ChoosePath,
    ) -> None:
        super().__init__(notice)
        self._controller, self._notice, self._settings, self._choose = controller, notice, settings, choose
        self._client, self._exports = controller.client, exports
        self._serials = itertools.count(1)
        self._probe = 0
        self._region: tuple[Identity, Box, Box] | None = None  # the last one: of which picture, of what size
        self._exact = False
        self.dialog: ExportDialog | None = None
        self.frame = ExportFrame(controller, canvas)
        self.frame.changed.connect(self._frame_pulled)
        self._connect()

    def _connect(self) -> None:
        client, state = self._client, self._controller.state
        client.ready.connect(self._renderer_ready)
        client.probe_done.connect(self._probed)
        client.probe_failed.connect(self._not_probed)
        client.restarted.connect(self._ask_anew)
        client.renewed.connect(self._ask_anew)
        state.picture_changed.connect(self._picture_changed)
        self._controller.looks.guests.changed.connect(self._subject_changed)
        for fact in (state.view_changed, state.methods_changed, state.active_changed, state.split_changed):
            fact.connect(self._subject_changed)

    # ---- the dialog ----

    def export_view(self) -> None:
        """Open the dialog with the last choices."""
        self._open(remembered(self._settings), None)

    def export_region(self, box: Box) -> None:
        """Open the dialog on a region, in picture pixels."""
        self._open(replace(remembered(self._settings), part="region", aspect="free"), box)

    def _open(self, choices: Choices, box: Box | None) -> None:
        subject, picture = self._subject(), self._picture
        if subject is None or picture is None:
            return
        if not self._client.running:
            self._notice.tell(
                tr("Export needs the renderer, which is not running."), tr("Restart it"), self._client.restart
            )
            return
        if self.dialog is not None:
            if box is not None:
                self.dialog.take_region(within(box, subject.whole))
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        if box is None:
            box = subject.middle()
            if self._region is not None and self._region[0] == picture.identity:
                box = at_its_place(self._region[2], self._region[1], subject.whole)
        region = within(box, subject.whole)
        dialog = ExportDialog(
            self._notice.window(),
            picture,
            subject,
            choices=choices,
            region=region,
            choose=self._choose,
            taken=self._exports.taken,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.screen_exact = self._exact
        dialog.probe_asked.connect(self._ask)
        dialog.wanted.connect(self._start)
        dialog.planned.connect(self._planned)
        dialog.finished.connect(self._closed)
        self.dialog = dialog
        dialog.refresh()
        place_beside(dialog, self._notice.window(), self._framed())
        dialog.show()

    def _framed(self) -> QRect | None:
        """Where the frame is on the screen."""
        box = self.frame.box
        if box is None:
            return None
        rect = self.frame.rect_of(box).toAlignedRect().intersected(self.frame.rect())
        return rect.translated(self.frame.mapToGlobal(QPoint(0, 0)))

    @Slot()
    def _closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        self.frame.show_box(None)
        if dialog is not None and dialog.result() == dialog.DialogCode.Accepted:
            remember(dialog.choices, self._settings)

    @Slot(object)
    def _planned(self, _: object) -> None:
        dialog, picture, subject = self.dialog, self._picture, self._subject()
        if dialog is None or picture is None or subject is None:
            return
        choices, region = dialog.form.choices, dialog.form.region
        if choices.part != "region":
            self.frame.show_box(None)
            return
        self._region = picture.identity, subject.whole, region
        self.frame.show_box(region, ratio_of(choices, subject))

    @Slot(object)
    def _frame_pulled(self, box: Box) -> None:
        if self.dialog is not None:
            self.dialog.take_region(box)

    @property
    def _picture(self) -> Picture | None:
        """The picture of the active pane."""
        return self._controller.looks.picture(self._controller.state.active)

    def _subject(self) -> Subject | None:
        """What there is to export; None where there is no picture."""
        state = self._controller.state
        view, picture = self._controller.looks.view(state.active), self._picture
        area = next((a for a in self._controller.areas if a.pane == state.active), None)
        if view is None or picture is None or area is None:
            return None
        height, width, channels = picture.pixels.shape
        bits, view = 8 * picture.pixels.dtype.itemsize, view.rested()
        seen, method = area.seen(view) or view.window, state.methods[area.pane]
        return Subject(height, width, channels, bits, view, seen, method, picture.own)

    @Slot()
    def _subject_changed(self) -> None:
        if self._controller.state.flipped:
            return  # for as long as a key is held
        subject, picture = self._subject(), self._picture
        if self.dialog is None:
            return
        before = self.dialog.picture
        stays = self.dialog.stays_with(picture)
        if self.dialog.picture is not before:
            self._probe = 0  # what was asked is about the old one
        if not stays:
            self.dialog.reject()  # another picture, or another pane with another one
        elif subject is not None:
            self.dialog.show_subject(subject)

    @Slot()
    def _picture_changed(self) -> None:
        if self.dialog is not None and self._picture is not self.dialog.picture:  # else the view's change is told
            self._subject_changed()

    @Slot(object)
    def _renderer_ready(self, ready: Ready) -> None:
        self._exact = ready.dtype == "float32"
        if self.dialog is not None:
            self.dialog.screen_exact = self._exact
            self.dialog.refresh()

    # ---- probes ----

    @Slot(object, object)
    def _ask(self, order: ExportRequest, detail: Window) -> None:
        self._probe = next(self._serials)
        self._client.send(ProbeRequest(self._probe, order, detail))

    @Slot()
    def _ask_anew(self) -> None:
        if self.dialog is not None:
            self.dialog.refresh()

    @Slot(object)
    def _probed(self, done: ProbeDone) -> None:
        if self.dialog is not None and done.serial == self._probe:
            self.dialog.show_probe(done)

    @Slot(object)
    def _not_probed(self, failure: ProbeFailed) -> None:
        if self.dialog is not None and failure.serial == self._probe:
            self.dialog.show_probe_failure(failure)

    @Slot(object)
    def _start(self, order: ExportRequest) -> None:
        self._exports.add(order, Path(order.path))
