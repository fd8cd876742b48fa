"""The dialog of a zoom's film: from which view to which, how long, how large, into which file.

It does not hold the window up: for an end that is a view of the window, move there and press its button.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.engine.messages import FilmRequest
from diif_viewer.errors import DiifViewerError
from diif_viewer.imaging.film import FILM_FORMS, Film, check_film, film_form_of
from diif_viewer.ui.export_fields import ChoiceBox, NumberBox
from diif_viewer.ui.export_order import bad_place, free_name
from diif_viewer.ui.film_choices import ENDS, SIZES, FilmChoices, path_of
from diif_viewer.ui.language import mark, said, tr
from diif_viewer.ui.state import Picture
from diif_viewer.ui.zoom_text import format_zoom
from diif_viewer.viewport import Viewport
from diif_viewer.zoom_path import EASINGS, ZoomPath

ChooseFilmPath = Callable[[QWidget, Path], Path | None]
"""(parent, proposal) -> the path to write, or None."""

_END_WORDS = {"whole": mark("The whole picture"), "x1": mark("100 %"), "x30": mark("x30"), "view": mark("A view")}
_EASING_WORDS = {
    "smooth": mark("Gentle at both ends"),
    "linear": mark("Even"),
    "in": mark("Ever faster"),
    "out": mark("Ever slower"),
}


class FilmDialog(QDialog):
    """wanted (FilmRequest without a number): somebody pressed Save. views: on screen, for the start and for the end."""

    wanted = Signal(object)

    def __init__(self, parent: QWidget, picture: Picture, method: str, *, view: Viewport, choices: FilmChoices) -> None:
        """view: that of the window now."""
        super().__init__(parent)
        self.setWindowTitle(tr("Zoom animation"))
        self._picture, self.method = picture, method
        self.shown, self.views = view, {"start": view, "end": view}
        self.choose: ChooseFilmPath | None = None
        self._path: ZoomPath | None = None
        self._sentence = ""
        self._named = False
        self.folder = Path(choices.folder) if choices.folder else picture.path.absolute().parent
        if not self.folder.is_dir():
            self.folder = picture.path.absolute().parent
        self._make_fields(choices)
        self._lay_out()
        self._connect()
        self.refresh()
        self.name.setFocus()
        self.name.setSelection(0, len(Path(self.name.text()).stem))

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
        self.name, self.place = QLineEdit(self), QPushButton(self)
        self.name.setAccessibleName(tr("File name"))
        self.name.setMinimumWidth(260)
        self.place.setToolTip(tr("Choose another folder"))
        self.facts, self.words = QLabel(self), QLabel(self)
        self.buttons = QDialogButtonBox(self)
        self.go = self.buttons.addButton(tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)

    def _lay_out(self) -> None:
        self.go.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.words.setObjectName("problem")
        self.words.setWordWrap(True)
        self.words.setMinimumHeight(3 * self.fontMetrics().lineSpacing())
        kept = self.words.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # its mark must not stand there without a sentence
        self.words.setSizePolicy(kept)
        for label in (*self.told.values(), self.facts):
            label.setObjectName("advice")
        for name, button in self.takes.items():
            button.setAutoDefault(False)
            button.setAccessibleName(f"{self.ends[name].accessibleName()}: {button.text()}")
            button.setToolTip(tr("Move the window's view to where the zoom shall be, then press this"))
        self.place.setAutoDefault(False)
        table = QFormLayout()
        table.setHorizontalSpacing(14)
        table.setVerticalSpacing(9)
        for name, words in (("start", tr("&From")), ("end", tr("T&o"))):
            table.addRow(words, _row(self.ends[name], self.takes[name], self.told[name]))
            self._befriend(table, self.ends[name])
        table.addRow(
            tr("&Time"),
            _row(self.seconds, self._advice(tr("seconds, at")), self.rate, self._advice(tr("frames per second"))),
        )
        table.addRow(tr("&Movement"), _row(self.easing))
        table.addRow(tr("&Size"), _row(self.size_box, self.facts))
        table.addRow(tr("Fo&rmat"), _row(self.form))
        table.addRow(tr("&File"), _row(self.name, self.place, stretch=False))
        for field in (self.seconds, self.easing, self.size_box, self.form, self.name):
            self._befriend(table, field)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(16)
        column.addLayout(table)
        column.addWidget(self.words)
        column.addWidget(self.buttons)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def _advice(self, words: str) -> QLabel:
        label = QLabel(words, self)
        label.setObjectName("advice")
        return label

    def _befriend(self, table: QFormLayout, field: QWidget) -> None:
        """The letter of the row's label leads to `field`."""
        for line in range(table.rowCount()):
            label, row = (
                table.itemAt(line, QFormLayout.ItemRole.LabelRole),
                table.itemAt(line, QFormLayout.ItemRole.FieldRole),
            )
            holder = None if row is None else row.layout()
            if holder is not None and holder.indexOf(field) == 0 and label is not None:
                words = label.widget()
                assert isinstance(words, QLabel)
                words.setBuddy(field)

    def _connect(self) -> None:
        for box in (*self.ends.values(), self.size_box, self.easing, self.form):
            box.currentIndexChanged.connect(self.refresh)
        for number in (self.seconds, self.rate):
            number.valueChanged.connect(self.refresh)
        self.takes["start"].clicked.connect(lambda: self._take("start"))
        self.takes["end"].clicked.connect(lambda: self._take("end"))
        self.name.textEdited.connect(self._name_typed)
        self.place.clicked.connect(self._choose_place)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)

    # ---- facts from outside ----

    def show_view(self, view: Viewport, method: str) -> None:
        """The window's view or method changed. Ends that are views stay where they were taken."""
        self.shown, self.method = view, method
        self.refresh()

    def name_file(self, path: Path) -> None:
        """Write to `path`."""
        self.folder, self._named = path.parent, True
        form = next((form for form in FILM_FORMS if form.suffix == path.suffix.lower()), None)
        self.name.setText(path.name)
        if form is not None:
            self.form.choose(form.name)
        self.refresh()

    # ---- from choices to a path ----

    @property
    def choices(self) -> FilmChoices:
        """As chosen, with the folder."""
        home = self.folder == self._picture.path.absolute().parent
        return FilmChoices(
            *(self.ends["start"].chosen, self.ends["end"].chosen, self.seconds.value(), self.rate.value()),
            *(self.size_box.chosen, self.easing.chosen, self.form.chosen, "" if home else os.fspath(self.folder)),
        )

    @property
    def path(self) -> Path:
        """The file to write."""
        return self.folder / self.name.text().strip()

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
        folder = os.fspath(self.folder)
        self.place.setText(self.fontMetrics().elidedText(folder, Qt.TextElideMode.ElideLeft, 190))
        self._say(sentence)

    def _tell(self, path: ZoomPath, choices: FilmChoices) -> None:
        for name, view in (("start", path.start), ("end", path.end)):
            x, y = view.position_at((view.view_width / 2, view.view_height / 2))
            self.told[name].setText(tr("{zoom} at {x}, {y}", zoom=format_zoom(view.scale), x=round(x), y=round(y)))
        self.facts.setText(tr("{count} frames", count=path.count))
        suffix = choices.format.suffix
        if not self._named:
            zooms = "-".join(format_zoom(view.scale).replace(" %", "pct") for view in (path.start, path.end))
            self.name.setText(free_name(self.folder, f"{self._picture.path.stem}-zoom-{zooms}{suffix}"))
        elif Path(self.name.text()).suffix.lower() != suffix:
            self.name.setText(f"{Path(self.name.text()).stem}{suffix}")

    def _objection(self, path: ZoomPath) -> str:
        """One sentence that says why this cannot be written; "" when nothing is known to speak against it."""
        film = Film(path.start.view_height, path.start.view_width, path.count, path.rate)
        try:
            check_film(Path(self.path.name), film_form_of(Path(self.path.name)), film)
        except DiifViewerError as error:
            return said(str(error))
        if path.start == path.end:
            return tr("Both ends are the same view; choose another one for one of them.")
        return bad_place(self.path, self._picture)

    def _say(self, sentence: str) -> None:
        self._sentence = sentence
        self.go.setEnabled(not sentence and self._path is not None)
        there = not sentence and os.path.lexists(self.path)
        self.go.setText(tr("Replace") if there else tr("Save"))
        if there:
            sentence = tr("{name} exists already. Replace it, or give another name.", name=self.path.name)
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))

    # ---- hands ----

    def _take(self, name: str) -> None:
        self.views[name] = self.shown
        self.ends[name].choose("view")
        self.refresh()

    @Slot(str)
    def _name_typed(self, _: str) -> None:
        self.name_file(self.path)

    @Slot()
    def _choose_place(self) -> None:
        path = None if self.choose is None else self.choose(self, self.path)
        if path is not None:
            self.name_file(path)

    @Slot()
    def _accept(self) -> None:
        """Order the film. Enter in another field leads to the button that says Replace, and does not press it."""
        self.refresh()
        if self._path is None or self._sentence:
            return
        if os.path.lexists(self.path) and not (self.go.hasFocus() or self.go.underMouse()):
            self.go.setFocus()
            return
        self.wanted.emit(FilmRequest(0, self._picture.image, self.method, self._path, os.fspath(self.path)))
        self.accept()


def _row(*widgets: QWidget, stretch: bool = True) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(7)
    for widget in widgets:
        row.addWidget(widget)
    if stretch:
        row.addStretch()
    return row
