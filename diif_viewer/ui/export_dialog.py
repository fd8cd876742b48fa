"""The export dialog: what, how large, by which method, into which file; with a detail and estimates before the start.

Story: the last choices are there, Enter saves. Every change makes a new plan at once, and after a short quiet a probe:
the renderer paints the detail as the file will hold it and tells what all of it takes. The window behind stays usable:
the view can be moved meanwhile, and the frame of a region be pulled on the canvas.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.engine.messages import ExportRequest, ProbeDone, ProbeFailed
from diif_viewer.errors import RequestError
from diif_viewer.imaging.formats import FORMATS, SUFFIXES
from diif_viewer.ui.export_choices import Choices
from diif_viewer.ui.export_form import ExportForm
from diif_viewer.ui.export_order import (
    bytes_text,
    free_name,
    home_path,
    method_for,
    name_for,
    objection,
    objection_to,
    order_for,
    seconds_text,
)
from diif_viewer.ui.export_plan import Box, Plan, Subject, detail_of, make_plan
from diif_viewer.ui.export_preview import ExportPreview
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.reduced import method_of
from diif_viewer.ui.state import Picture

QUIET = 120
"""Milliseconds without a change before the renderer is asked for a detail."""

ChoosePath = Callable[[QWidget, Path], Path | None]
"""(parent, proposal) -> the path to write, or None."""


class ExportDialog(QDialog):
    """wanted (ExportRequest without a number): somebody pressed Export. probe_asked (ExportRequest, Window): a detail.

    planned (Plan or None): the part or the size changed.
    """

    wanted = Signal(object)
    probe_asked = Signal(object, object)
    planned = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        picture: Picture,
        subject: Subject,
        *,
        choices: Choices,
        region: Box,
        choose: ChoosePath,
        taken: Callable[[], Collection[Path]] = tuple,
    ) -> None:
        """taken: tells the files that exports under way will be."""
        super().__init__(parent)
        self.setWindowTitle(tr("Export"))
        self._picture, self._subject, self._choose, self._taken = picture, subject, choose, taken
        self._plan: Plan | None = None
        self._sentence = ""
        self._centre = (0.5, 0.5)
        self._named = False
        self._estimate: ProbeDone | None = None
        self.screen_exact = False
        self.folder = Path(choices.folder) if choices.folder else picture.path.absolute().parent
        if not self.folder.is_dir():
            self.folder = picture.path.absolute().parent
        self.form = ExportForm(choices, region, subject, self)
        self.preview = ExportPreview(self)
        self.preview.show_words(tr("The detail is on its way."))
        self.name = QLineEdit(self)
        self.name.setAccessibleName(tr("File name"))
        self.place = QPushButton(self)
        self.facts = {key: QLabel("…", self) for key in ("size", "file", "time", "memory")}
        self.words = QLabel(self)
        self.buttons = QDialogButtonBox(self)
        self.go = self.buttons.addButton(tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET)
        self._lay_out()
        self._connect()
        self.refresh()
        self.name.setFocus()
        self.name.setSelection(0, len(Path(self.name.text()).stem))

    def _lay_out(self) -> None:
        self.go.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.words.setObjectName("problem")
        self.words.setWordWrap(True)
        self.place.setAutoDefault(False)
        self.place.setToolTip(tr("Choose another folder"))
        file = QGridLayout()
        file.setColumnStretch(1, 1)
        file.setHorizontalSpacing(14)
        label = QLabel(tr("&File"), self)
        label.setBuddy(self.name)
        file.addWidget(label, 0, 0)
        file.addWidget(self.name, 0, 1)
        file.addWidget(self.place, 0, 2)
        table = QFormLayout()
        table.setHorizontalSpacing(14)
        table.setVerticalSpacing(9)
        for key, words in (
            ("size", tr("Result")),
            ("file", tr("File")),
            ("time", tr("Time")),
            ("memory", tr("Memory")),
        ):
            table.addRow(words, self.facts[key])
        told = QVBoxLayout()
        told.addLayout(table)
        told.addStretch()
        told.addWidget(self.words)
        middle = QHBoxLayout()
        middle.setSpacing(22)
        middle.addWidget(self.preview)
        middle.addLayout(told, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(16)
        column.addWidget(self.form)
        column.addLayout(middle)
        column.addLayout(file)
        column.addWidget(self.buttons)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def _connect(self) -> None:
        self.form.changed.connect(self.refresh)
        self.preview.dragged.connect(self._look_elsewhere)
        self.name.textEdited.connect(self._name_typed)
        self.place.clicked.connect(self._choose_place)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._quiet.timeout.connect(self._probe)

    # ---- facts from outside ----

    def show_subject(self, subject: Subject) -> None:
        """The view or the method on screen changed."""
        self._subject = subject
        self.form.show_subject(subject)
        self.refresh()

    def take_region(self, region: Box) -> None:
        """A hand pulled the frame."""
        self.form.take_region(region)

    def show_probe(self, done: ProbeDone) -> None:
        """The newest detail, and what the export takes."""
        from diif_viewer.memory import free_memory

        self._estimate = done
        self.preview.show_pixels(done.pixels)
        self.facts["file"].setText(tr("about {size}", size=bytes_text(done.file_bytes)))
        self.facts["time"].setText(tr("about {time}", time=seconds_text(max(1.0, done.seconds))))
        self.facts["memory"].setText(bytes_text(done.memory))
        if not self._sentence:
            self._say(objection_to(done, self.folder, free_memory()))

    def show_probe_failure(self, failure: ProbeFailed) -> None:
        """There is no detail, and why."""
        self.preview.show_words(said(failure.sentence))
        for key in ("file", "time", "memory"):
            self.facts[key].setText("…")

    # ---- from choices to a plan ----

    @property
    def choices(self) -> Choices:
        """As chosen, with the folder."""
        home = self.folder == self._picture.path.absolute().parent
        return replace(self.form.choices, folder="" if home else os.fspath(self.folder))

    @property
    def plan(self) -> Plan | None:
        """The export in numbers; None where they make no sense."""
        return self._plan

    @property
    def path(self) -> Path:
        """The file to write."""
        return self.folder / self.name.text().strip()

    def name_file(self, path: Path) -> None:
        """Write to `path`."""
        self.folder, self._named = path.parent, True
        form = next((f for f in FORMATS if path.suffix.lower() in f.suffixes), None)
        self.name.setText(path.name)
        if form is not None and form.name != self.form.choices.form:
            self.form.choices = replace(self.form.choices, form=form.name)
            self.form.form.choose(form.name)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Make the plan of what is chosen, and say it."""
        try:
            self._plan, sentence = make_plan(self.form.choices, self._subject, self.form.region), ""
        except RequestError as error:
            self._plan, sentence = None, str(error)
        plan, choices = self._plan, self.form.choices
        method = method_for(choices, self._subject, plan.scale if plan is not None else 1.0)
        self.form.show_plan(plan, is_model=method_of(method).is_model, screen_exact=self.screen_exact)
        if plan is not None:
            self._name(plan, method)
            self.facts["size"].setText(
                tr("{width} x {height} pixels", width=plan.window.width, height=plan.window.height)
            )
            sentence = objection(self.path, self._picture, self._subject, choices, plan)
            if not sentence and self.path in self._taken():
                sentence = tr("{name} is being written just now; give another name.", name=self.path.name)
        folder = home_path(self.folder)
        self.place.setText(self.fontMetrics().elidedText(folder, Qt.TextElideMode.ElideLeft, 190))
        self._say(sentence)
        self.planned.emit(plan)
        if plan is not None:
            self.preview.wait()
            self._quiet.start()

    def _name(self, plan: Plan, method: str) -> None:
        """Propose a name, or keep the one that somebody gave, with the suffix of the format."""
        suffixes = self.form.choices.format.suffixes
        if not self._named:
            wanted = name_for(self._picture, method, plan, suffixes[0])
            self.name.setText(free_name(self.folder, wanted, self._taken()))
        elif (
            Path(self.name.text()).suffix.lower() not in suffixes and Path(self.name.text()).suffix.lower() in SUFFIXES
        ):
            self.name.setText(f"{Path(self.name.text()).stem}{suffixes[0]}")

    def _say(self, sentence: str) -> None:
        """Show what speaks against the export; "" for nothing."""
        self._sentence = sentence
        self.go.setEnabled(not sentence and self._plan is not None)
        there = not sentence and os.path.lexists(self.path)
        self.go.setText(tr("Replace") if there else tr("Export"))
        if there:
            sentence = tr("{name} exists already. Replace it, or give another name.", name=self.path.name)
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))

    @Slot()
    def _probe(self) -> None:
        if self._plan is not None:
            detail = detail_of(self._plan.window, self.preview.side, self._centre)
            self.probe_asked.emit(self._order(self._plan), detail)

    def _order(self, plan: Plan) -> ExportRequest:
        return order_for(self._picture, self._subject, self.form.choices, plan, self.path)

    # ---- hands ----

    @Slot(str)
    def _name_typed(self, _: str) -> None:
        self.name_file(self.path)

    @Slot()
    def _choose_place(self) -> None:
        path = self._choose(self, self.path)
        if path is not None:
            self.name_file(path)

    @Slot(float, float)
    def _look_elsewhere(self, right: float, down: float) -> None:
        if self._plan is not None:
            window = self._plan.window
            y, x = self._centre[0] + down / window.height, self._centre[1] + right / window.width
            self._centre = min(max(y, 0.0), 1.0), min(max(x, 0.0), 1.0)
            self._quiet.start()

    @Slot()
    def _accept(self) -> None:
        """Order the export. Enter in another field leads to the button that says Replace, and does not press it."""
        self.refresh()
        if self._plan is None or self._sentence:
            return
        if os.path.lexists(self.path) and not (self.focusWidget() is self.go or self.go.underMouse()):
            self.go.setFocus()
            return
        self.wanted.emit(self._order(self._plan))
        self.accept()
