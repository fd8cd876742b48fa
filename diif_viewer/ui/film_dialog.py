"""The dialog of a zoom's film: from which view to which, how long, how large, into which file.

It does not hold the window up: for an end that is a view of the window, move there and press its button. Every change
asks the renderer for a small film of it, which plays here, and for what all of it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from diif_viewer.engine.jobs import FilmProbed, FilmRequest
from diif_viewer.errors import DiifViewerError
from diif_viewer.imaging.film import FILM_FORMS, Film, check_film, film_form_of
from diif_viewer.ui.commands import animate_words
from diif_viewer.ui.export_fields import ChoiceBox, NumberBox
from diif_viewer.ui.export_order import bad_place, bytes_text, free_name, lack_of_space, named_after
from diif_viewer.ui.film_choices import ENDINGS, ENDS, SIZES, FilmChoices, path_of
from diif_viewer.ui.film_preview import FilmPreview
from diif_viewer.ui.language import mark, said, tr
from diif_viewer.ui.save_dialog import ChoosePath, SaveDialog
from diif_viewer.ui.state import Picture
from diif_viewer.ui.zoom_text import format_zoom
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import EASINGS, ZoomPath

QUIET = 250
"""Milliseconds without a change before the renderer is asked for a small film."""

_END_WORDS = {"whole": mark("The whole picture"), "x1": mark("100 %"), "x30": mark("x30"), "view": mark("A view")}
_EASING_WORDS = {
    "smooth": mark("Gentle at both ends"),
    "linear": mark("Even"),
    "in": mark("Ever faster"),
    "out": mark("Ever slower"),
}


class FilmDialog(SaveDialog):
    """wanted carries a FilmRequest. probe_asked (FilmRequest, int): a small film, and the side of its frames.

    views: on screen, for the start and for the end.
    """

    probe_asked = Signal(object, int)

    def __init__(
        self,
        parent: QWidget,
        picture: Picture,
        method: str,
        *,
        view: Viewport,
        choices: FilmChoices,
        choose: ChoosePath,
        taken: Callable[[], Collection[Path]] = tuple,
    ) -> None:
        """view: that of the window now. taken: tells the files that exports under way will be."""
        super().__init__(
            parent, picture, title=tr("Zoom animation"), verb=tr("Save"), folder=choices.folder, choose=choose
        )
        self.method, self._taken = method, taken
        self.shown, self.views = view, {"start": view, "end": view}
        self._path: ZoomPath | None = None
        self._asked: FilmRequest | None = None
        self._estimate: FilmProbed | None = None
        self.preview = FilmPreview(self)
        self.preview.show_words(tr("The preview is on its way."))
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET)
        self._make_fields(choices)
        self._lay_out()
        self._connect()
        self.refresh()
        self.begin_with_the_name()

    def _make_fields(self, choices: FilmChoices) -> None:
        lines = [(end, tr(_END_WORDS[end])) for end in ENDS]
        self.ends = {"start": ChoiceBox(self, tr("From"), lines), "end": ChoiceBox(self, tr("To"), lines)}
        self.ends["start"].choose(choices.start)
        self.ends["end"].choose(choices.end)
        self.takes = {name: QPushButton(tr("Take the view"), self) for name in self.ends}
        self.told = {name: QLabel(self) for name in self.ends}
        self.seconds = NumberBox(self, tr("Seconds"), 0.1, 3600, 2)
        self.seconds.fill(choices.seconds)
        self.rate = NumberBox(self, tr("Frames per second"), 1, 240, 3)
        self.rate.fill(choices.rate)
        sizes = [("view", tr("As the window")), *((size, size.replace("x", " x ")) for size in SIZES)]
        self.size_box = ChoiceBox(self, tr("Size"), sizes)
        self.size_box.choose(choices.size)
        self.easing = ChoiceBox(self, tr("Movement"), [(name, tr(_EASING_WORDS[name])) for name in EASINGS])
        self.easing.choose(choices.easing)
        self.form = ChoiceBox(self, tr("Format"), [(form.name, form.name) for form in FILM_FORMS])
        self.form.choose(choices.form)

    def _lay_out(self) -> None:
        for label in self.told.values():
            label.setObjectName("advice")
        for name, button in self.takes.items():
            button.setAutoDefault(False)
            button.setAccessibleName(f"{self.ends[name].accessibleName()}: {button.text()}")
            button.setToolTip(tr("Move the window's view to where the zoom shall be, then press this"))
        table = QGridLayout()
        table.setHorizontalSpacing(14)
        table.setVerticalSpacing(9)
        table.setColumnStretch(1, 1)
        for name, words in (("start", tr("&From")), ("end", tr("T&o"))):
            self._add(table, words, self.ends[name], self.takes[name], self.told[name])
        rate = (self._advice(tr("seconds, at")), self.rate, self._advice(tr("frames per second")))
        self._add(table, tr("&Time"), self.seconds, *rate)
        self._add(table, tr("&Movement"), self.easing)
        self._add(table, tr("&Size"), self.size_box)
        self._add(table, tr("Fo&rmat"), self.form)
        file = QGridLayout()
        file.setHorizontalSpacing(14)
        file.setColumnStretch(1, 1)
        self._add(file, tr("&File"), self.name, self.place, stretch=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(16)
        column.addLayout(table)
        column.addLayout(self.beside_the_facts(self.preview))
        column.addLayout(file)
        column.addWidget(self.buttons)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def _add(self, table: QGridLayout, words: str, field: QWidget, *others: QWidget, stretch: bool = True) -> None:
        """A row of the table; the letter of its label leads to `field`."""
        row = QHBoxLayout()
        row.setSpacing(7)
        for widget in (field, *others):
            row.addWidget(widget)
        if stretch:
            row.addStretch()
        label = QLabel(words, self)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setBuddy(field)
        line = table.rowCount()
        table.addWidget(label, line, 0)
        table.addLayout(row, line, 1)

    def _advice(self, words: str) -> QLabel:
        label = QLabel(words, self)
        label.setObjectName("advice")
        return label

    def _connect(self) -> None:
        for box in (*self.ends.values(), self.size_box, self.easing, self.form):
            box.currentIndexChanged.connect(self.refresh)
        for number in (self.seconds, self.rate):
            number.valueChanged.connect(self.refresh)
        self.takes["start"].clicked.connect(lambda: self._take("start"))
        self.takes["end"].clicked.connect(lambda: self._take("end"))
        self._quiet.timeout.connect(self._probe)

    # ---- facts from outside ----

    def show_view(self, view: Viewport, method: str) -> None:
        """The window's view or method changed, or the picture was read again. Ends that are views stay in place."""
        self.shown, self.method = view, method
        self.views = {name: _in_its_place(end, view) for name, end in self.views.items()}
        self.refresh()

    def show_probed(self, done: FilmProbed) -> None:
        """What the film takes."""
        self.show_estimate(done)
        self._estimate = done
        if self._path is not None:
            self.say(self._objection(self._path))

    def show_probe_failure(self, sentence: str) -> None:
        """There is no small film, and why."""
        self.preview.show_words(said(sentence))
        self.forget_estimate()

    def ask_anew(self) -> None:
        """Whoever was asked for a small film is gone, and another is there."""
        self._asked = None
        self._quiet.start()

    # ---- from choices to a path ----

    @property
    def choices(self) -> FilmChoices:
        """As chosen, with the folder."""
        return FilmChoices(
            *(self.ends["start"].chosen, self.ends["end"].chosen, self.seconds.value(), self.rate.value()),
            *(self.size_box.chosen, self.easing.chosen, self.form.chosen, self.chosen_folder),
        )

    @property
    def ready(self) -> bool:
        """True where what is chosen makes sense."""
        return self._path is not None

    @property
    def suffix(self) -> str:
        """That of the format."""
        return self.choices.format.suffix

    def suffix_typed(self, suffix: str) -> None:
        """The format is the one that the name's ending says."""
        if suffix in ENDINGS:
            self.form.choose(ENDINGS[suffix])

    def order(self) -> FilmRequest:
        """The film as it is chosen now."""
        assert self._path is not None
        return FilmRequest(0, self.picture.image, self.method, self._path, str(self.path))

    def command_words(self) -> list[str]:
        """Of `animate`."""
        return animate_words(self.picture, self.order()) if self._path is not None else []

    @Slot()
    def refresh(self) -> None:
        """Make the path of what is chosen, and say it."""
        choices = self.choices
        views = {name: view if self.ends[name].chosen == "view" else self.shown for name, view in self.views.items()}
        try:
            self._path, sentence = path_of(choices, views["start"], views["end"]), ""
        except DiifViewerError as error:
            self._path, sentence = None, said(str(error))
        if self._path is not None:
            self._tell(self._path, choices)
            sentence = self._objection(self._path)
        self.say(sentence)
        self.command.renew()
        self._quiet.start()

    def _tell(self, path: ZoomPath, choices: FilmChoices) -> None:
        for name, view in (("start", path.start), ("end", path.end)):
            x, y = view.position_at((view.view_width / 2, view.view_height / 2))
            self.told[name].setText(tr("{zoom} at {x}, {y}", zoom=format_zoom(view.scale), x=round(x), y=round(y)))
        height, width = path.start.view_height, path.start.view_width
        frames = tr("{count} frames of {width} x {height}", count=path.count, width=width, height=height)
        self.facts["size"].setText(frames)
        self._name(path, choices)

    def _name(self, path: ZoomPath, choices: FilmChoices) -> None:
        """Propose a name, or keep the one that somebody gave, with the suffix of the format."""
        suffix, name = choices.format.suffix, Path(self.name.text().strip())
        if self._named and ENDINGS.get(name.suffix.lower(), choices.form) != choices.form:
            self.name.setText(f"{name.stem}{suffix}")
        elif not self._named:
            zooms = "-".join(format_zoom(view.scale).replace(" %", "pct") for view in (path.start, path.end))
            wanted = named_after(self.picture, f"-zoom-{zooms}{suffix}")
            self.propose(free_name(self.folder, wanted, self._taken()))

    def _objection(self, path: ZoomPath) -> str:
        """One sentence that says why this cannot be written; "" when nothing is known to speak against it."""
        film = Film(path.start.view_height, path.start.view_width, path.count, path.rate)
        try:
            check_film(Path(self.path.name), film_form_of(Path(self.path.name)), film)
        except DiifViewerError as error:
            return said(str(error))
        if path.start == path.end:
            return tr("Both ends are the same view; choose another one for one of them.")
        if self.path in self._taken():
            return tr("{name} is being written just now; give another name.", name=self.path.name)
        return bad_place(self.path, self.picture) or self._too_much()

    def _too_much(self) -> str:
        """One sentence where the newest estimate is more than there is; "" else."""
        from diif_viewer.memory import free_memory

        done, free = self._estimate, free_memory()
        if done is None:
            return ""
        if done.memory > free:
            return tr(
                "The film needs {needed} of memory and {free} are free; choose a smaller size.",
                needed=bytes_text(done.memory),
                free=bytes_text(free),
            )
        return lack_of_space(self.folder, done.file_bytes)

    @Slot()
    def _probe(self) -> None:
        """Ask for a small film, unless the last one asked for was of the same."""
        if self._path is None or self._path.start == self._path.end:
            return
        order = replace(self.order(), file=f"film{self.suffix}")
        try:
            film_form_of(Path(order.file))
        except DiifViewerError as error:
            self.show_probe_failure(str(error))
            return
        if order != self._asked:
            self._asked, self._estimate = order, None
            self.preview.begin(order.path.count, float(order.path.rate))
            self.probe_asked.emit(order, self.preview.side)

    # ---- hands ----

    def _take(self, name: str) -> None:
        self.views[name] = self.shown
        self.ends[name].choose("view")
        self.refresh()


def _in_its_place(end: Viewport, shown: Viewport) -> Viewport:
    """`end` in the picture that is shown now, which may have another size than it had."""
    if (end.height, end.width) == (shown.height, shown.width):
        return end
    x, y = end.position_at((end.view_width / 2, end.view_height / 2))
    place = x / end.width * shown.width, y / end.height * shown.height
    return replace(end, height=shown.height, width=shown.width).centred_on(place).clamped()
