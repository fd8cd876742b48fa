"""The export dialog: what, how large, by which method, into which file; with a detail and estimates before the start.

Story: the last choices are there, Enter saves. Every change makes a new plan at once, and after a short quiet a probe:
the renderer paints the detail as the file will hold it and tells what all of it takes. The window behind stays usable:
the view can be moved meanwhile, and the frame of a region be pulled on the canvas.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from diif_viewer.engine.jobs import ExportRequest, ProbeDone, ProbeFailed
from diif_viewer.errors import RequestError
from diif_viewer.imaging.formats import FORMATS, SUFFIXES
from diif_viewer.ui.commands import render_words
from diif_viewer.ui.export_choices import Choices
from diif_viewer.ui.export_form import ExportForm
from diif_viewer.ui.export_order import free_name, method_for, name_for, objection, objection_to, order_for
from diif_viewer.ui.export_plan import Box, Plan, Subject, detail_of, make_plan
from diif_viewer.ui.export_preview import ExportPreview
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.reduced import method_of
from diif_viewer.ui.save_dialog import ChoosePath, SaveDialog
from diif_viewer.ui.state import Picture

QUIET = 120
"""Milliseconds without a change before the renderer is asked for a detail."""


class ExportDialog(SaveDialog):
    """wanted carries an ExportRequest. probe_asked (ExportRequest, Window): a detail.

    planned (Plan or None): the part or the size changed.
    """

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
        super().__init__(parent, picture, title=tr("Export"), verb=tr("Export"), folder=choices.folder, choose=choose)
        self._subject, self._taken = subject, taken
        self._plan: Plan | None = None
        self._centre = (0.5, 0.5)
        self.screen_exact = False
        self.form = ExportForm(choices, region, subject, self)
        self.preview = ExportPreview(self)
        self.preview.show_words(tr("The detail is on its way."))
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET)
        self._lay_out()
        self._connect()
        self.refresh()
        self.begin_with_the_name()

    def _lay_out(self) -> None:
        file = QGridLayout()
        file.setColumnStretch(1, 1)
        file.setHorizontalSpacing(14)
        label = QLabel(tr("&File"), self)
        label.setBuddy(self.name)
        file.addWidget(label, 0, 0)
        file.addWidget(self.name, 0, 1)
        file.addWidget(self.place, 0, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(16)
        column.addWidget(self.form)
        column.addLayout(self.beside_the_facts(self.preview))
        column.addLayout(file)
        column.addWidget(self.buttons)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def _connect(self) -> None:
        self.form.changed.connect(self.refresh)
        self.preview.dragged.connect(self._look_elsewhere)
        self._quiet.timeout.connect(self._probe)

    # ---- facts from outside ----

    def show_subject(self, subject: Subject) -> None:
        """The view or the method on screen changed, or the picture itself was read again."""
        self._subject = subject
        self.form.show_subject(subject)
        self.refresh()

    def take_region(self, region: Box) -> None:
        """A hand pulled the frame."""
        self.form.take_region(region)

    def show_probe(self, done: ProbeDone) -> None:
        """The newest detail, and what the export takes."""
        from diif_viewer.memory import free_memory

        self.preview.show_pixels(done.pixels)
        self.show_estimate(done)
        if not self._sentence:
            self.say(objection_to(done, self.folder, free_memory()))

    def show_probe_failure(self, failure: ProbeFailed) -> None:
        """There is no detail, and why."""
        self.preview.show_words(said(failure.sentence))
        self.forget_estimate()

    # ---- from choices to a plan ----

    @property
    def choices(self) -> Choices:
        """As chosen, with the folder."""
        return replace(self.form.choices, folder=self.chosen_folder)

    @property
    def plan(self) -> Plan | None:
        """The export in numbers; None where they make no sense."""
        return self._plan

    @property
    def ready(self) -> bool:
        """True where what is chosen makes sense."""
        return self._plan is not None

    @property
    def suffix(self) -> str:
        """That of the format."""
        return self.form.choices.format.suffixes[0]

    def suffix_typed(self, suffix: str) -> None:
        """The format is the one that the name's ending says."""
        form = next((form for form in FORMATS if suffix in form.suffixes), None)
        if form is not None and form.name != self.form.choices.form:
            self.form.choices = replace(self.form.choices, form=form.name)
            self.form.form.choose(form.name)

    def command_words(self) -> list[str]:
        """Of `render`."""
        if self._plan is None:
            return []
        return render_words(self.picture, self._subject, self.form.choices, self._plan, self.path)

    def order(self) -> ExportRequest:
        """The export as it is chosen now."""
        assert self._plan is not None
        return order_for(self.picture, self._subject, self.form.choices, self._plan, self.path)

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
            sentence = objection(self.path, self.picture, self._subject, choices, plan)
            if not sentence and self.path in self._taken():
                sentence = tr("{name} is being written just now; give another name.", name=self.path.name)
        self.say(sentence)
        self.command.renew()
        self.planned.emit(plan)
        if plan is not None:
            self.preview.wait()
            self._quiet.start()

    def _name(self, plan: Plan, method: str) -> None:
        """Propose a name, or keep the one that somebody gave, with the suffix of the format."""
        suffixes = self.form.choices.format.suffixes
        name = Path(self.name.text())
        if self._named and name.suffix.lower() not in suffixes and name.suffix.lower() in SUFFIXES:
            self.name.setText(f"{name.stem}{suffixes[0]}")
        elif not self._named:
            wanted = name_for(self.picture, method, plan, suffixes[0])
            self.propose(free_name(self.folder, wanted, self._taken()))

    @Slot()
    def _probe(self) -> None:
        if self._plan is not None:
            order = self.order()
            self.probe_asked.emit(order, detail_of(order.window, self.preview.side, self._centre))

    # ---- hands ----

    @Slot(float, float)
    def _look_elsewhere(self, right: float, down: float) -> None:
        if self._plan is not None:
            window = self._plan.window
            y, x = self._centre[0] + down / window.height, self._centre[1] + right / window.width
            self._centre = min(max(y, 0.0), 1.0), min(max(x, 0.0), 1.0)
            self._quiet.start()
