"""The fields of the export dialog: they hold `Choices` and a region, and show the plan that follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QWidget,
)

from diif_viewer.imaging.formats import FORMATS, keeps_profile
from diif_viewer.ui.export_choices import ASPECTS, PARTS, Choices
from diif_viewer.ui.export_fields import ChoiceBox, NumberBox
from diif_viewer.ui.export_plan import (
    LEAST,
    MOST,
    Box,
    Plan,
    Subject,
    at_its_place,
    part_of,
    ratio_of,
    sized,
    with_ratio,
    within,
)
from diif_viewer.ui.language import mark, tr
from diif_viewer.ui.reduced import TRUTH, all_methods, label_of

_PART_WORDS = (mark("&Visible view"), mark("&Region"), mark("&Whole picture"))
_ASPECT_WORDS = {"free": mark("Free"), "picture": mark("As the picture")}


class ExportForm(QWidget):
    """changed: somebody chose something; read `choices` and `region`."""

    changed = Signal()

    def __init__(self, choices: Choices, region: Box, subject: Subject, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices, self.region, self._subject = choices, region, subject
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(9)
        self._grid.setColumnStretch(1, 1)
        self._add_part()
        self._add_region()
        self._add_size()
        self._add_method()
        self._add_format()
        self.show_subject(subject)

    # ---- building ----

    def _row(self, words: str, *fields: QWidget | str) -> list[QWidget]:
        """A line of the grid; words between the fields become labels. -> all widgets of the line."""
        label = QLabel(words, self)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        made: list[QWidget] = [label]
        row = QHBoxLayout()
        row.setSpacing(7)
        for field in fields:
            widget = QLabel(field, self) if isinstance(field, str) else field
            if isinstance(field, str):
                widget.setObjectName("advice")
            elif label.buddy() is None and not isinstance(field, QRadioButton):
                label.setBuddy(field)
            row.addWidget(widget)
            made.append(widget)
        row.addStretch()
        line = self._grid.rowCount()
        self._grid.addWidget(label, line, 0)
        self._grid.addLayout(row, line, 1)
        return made

    def _number(
        self, name: str, most: float, digits: int, order: Callable[[float], None], least: float = 0
    ) -> NumberBox:
        box = NumberBox(self, name, least, most, digits)
        box.valueChanged.connect(order)
        return box

    def _add_part(self) -> None:
        self.parts = {name: QRadioButton(tr(words), self) for name, words in zip(PARTS, _PART_WORDS, strict=True)}
        group = QButtonGroup(self)
        for name, button in self.parts.items():
            group.addButton(button)
            button.setChecked(name == self.choices.part)
            button.toggled.connect(self._part_chosen)
        self._row(tr("Part"), *self.parts.values())

    def _add_region(self) -> None:
        wide, high = self._subject.width, self._subject.height
        self.left = self._number(tr("Left edge, picture pixels"), wide, 2, self._region_typed)
        self.top = self._number(tr("Upper edge, picture pixels"), high, 2, self._region_typed)
        self.wide = self._number(tr("Width of the region, picture pixels"), wide, 2, self._wide_typed, 0.1)
        self.high = self._number(tr("Height of the region, picture pixels"), high, 2, self._high_typed, 0.1)
        lines = [(name, tr(_ASPECT_WORDS[name]) if name in _ASPECT_WORDS else name) for name in ASPECTS]
        self.aspect = ChoiceBox(self, tr("Aspect"), lines)
        self.aspect.choose(self.choices.aspect)
        self.aspect.currentIndexChanged.connect(self._aspect_chosen)
        self._region_row = self._row(tr("From"), self.left, ",", self.top, tr("size"), self.wide, "x", self.high)
        self._aspect_row = self._row(tr("&Aspect"), self.aspect)

    def _add_size(self) -> None:
        self.scale = self._number(tr("Scale"), MOST, 4, lambda value: self._sized("scale", value), LEAST)
        self.scale.setPrefix("x")
        self.width_box = self._number(tr("Width in pixels"), 1e9, 0, lambda value: self._sized("width", value), 1)
        self.height_box = self._number(tr("Height in pixels"), 1e9, 0, lambda value: self._sized("height", value), 1)
        self.as_screen = QPushButton(tr("As on &screen"), self)
        self.as_screen.setToolTip(tr("At the scale of the view: the pixels that are on screen"))
        self.as_screen.setAutoDefault(False)
        self.as_screen.clicked.connect(lambda: self._sized("screen", 0.0))
        self.print_width = self._number(
            tr("Width in millimetres"), 1e7, 2, lambda value: self._sized("print", value), 0.01
        )
        self.dpi = self._number(tr("Dots per inch"), 10_000, 1, self._dpi_typed, 1)
        self._row(tr("S&ize"), self.scale, "=", self.width_box, "x", self.height_box, tr("pixels"), self.as_screen)
        self._row(tr("&Print"), self.print_width, tr("mm at"), self.dpi, tr("dpi"))

    def _add_method(self) -> None:
        self.method = ChoiceBox(self, tr("Method"), [])
        self.method.currentIndexChanged.connect(lambda: self._choose(method=self.method.chosen))
        self.exact = ChoiceBox(
            self, tr("Arithmetic"), [("exact", tr("exact (float32)")), ("screen", tr("as on screen"))]
        )
        self.exact.choose("exact" if self.choices.exact else "screen")
        self.exact.currentIndexChanged.connect(lambda: self._choose(exact=self.exact.chosen == "exact"))
        self.best = QCheckBox(tr("&Best quality"), self)
        self.best.setToolTip(tr("The mean of eight flips and rotations: a little better, eight times the work"))
        self.best.setChecked(self.choices.best)
        self.best.toggled.connect(lambda on: self._choose(best=on))
        self._row(tr("&Method"), self.method, self.exact)
        self._row("", self.best)

    def _add_format(self) -> None:
        self.form = ChoiceBox(self, tr("Format"), [(form.name, _form_label(form.name)) for form in FORMATS])
        self.form.choose(self.choices.form)
        self.form.currentIndexChanged.connect(lambda: self._choose(form=self.form.chosen))
        self.bits = ChoiceBox(self, tr("Bits per channel"), [("8", tr("8 bits")), ("16", tr("16 bits"))])
        self.bits.currentIndexChanged.connect(lambda: self._choose(bits=int(self.bits.chosen)))
        self.quality = self._number(tr("Quality"), 100, 0, self._quality_typed, 1)
        self.quality.setPrefix(tr("quality "))
        self.colours = ChoiceBox(self, tr("Colours"), [])
        self.colours.currentIndexChanged.connect(lambda: self._choose(srgb=self.colours.chosen == "srgb"))
        self.strip = QCheckBox(tr("Without personal &data"), self)
        self.strip.setToolTip(tr("Leaves out position, serial numbers, names and comments; keeps camera and exposure"))
        self.strip.setChecked(self.choices.strip)
        self.strip.toggled.connect(lambda on: self._choose(strip=on))
        self.quality.setFixedWidth(110)
        self._row(tr("F&ormat"), self.form, self.bits, self.quality)
        self._colours_row = self._row(tr("&Colours"), self.colours)
        self._row("", self.strip)

    # ---- what somebody chose ----

    def _choose(self, **changes: object) -> None:
        self.choices = replace(self.choices, **changes)  # type: ignore[arg-type]
        self.changed.emit()

    @Slot(bool)
    def _part_chosen(self, on: bool) -> None:
        if on:
            self._choose(part=next(name for name, button in self.parts.items() if button.isChecked()))

    def _region_typed(self, _: float) -> None:
        x, y = self.left.value(), self.top.value()
        self._set_region((x, y, x + self.wide.value(), y + self.high.value()))

    def _wide_typed(self, width: float) -> None:
        ratio, (x, y, _, y1) = ratio_of(self.choices, self._subject), self.region
        self._set_region((x, y, x + width, y1 if ratio is None else y + width / ratio))

    def _high_typed(self, height: float) -> None:
        ratio, (x, y, x1, _) = ratio_of(self.choices, self._subject), self.region
        self._set_region((x, y, x1 if ratio is None else x + height * ratio, y + height))

    @Slot()
    def _aspect_chosen(self) -> None:
        self.choices = replace(self.choices, aspect=self.aspect.chosen)
        self._set_region(with_ratio(self.region, ratio_of(self.choices, self._subject), self._subject.whole))

    def _set_region(self, region: Box) -> None:
        self.region = within(region, self._subject.whole)
        self.changed.emit()

    def _sized(self, anchor: str, size: float) -> None:
        self.choices = sized(self.choices, anchor, size)
        self.changed.emit()

    def _dpi_typed(self, dpi: float) -> None:
        self._choose(dpi=dpi)

    def _quality_typed(self, quality: float) -> None:
        self.choices = self.choices.with_quality(int(quality))
        self.changed.emit()

    # ---- showing ----

    def take_region(self, region: Box) -> None:
        """A region from elsewhere, such as the frame on the canvas; it becomes the part."""
        self.region = region
        self.choices = replace(self.choices, part="region")
        with QSignalBlocker(self.parts["region"]):
            self.parts["region"].setChecked(True)
        self.changed.emit()

    def show_subject(self, subject: Subject) -> None:
        """Other facts about what is on screen."""
        before, self._subject = self._subject, subject
        if subject.whole != before.whole:
            self._fit_region(before)
        shown = tr("As on screen ({method})", method=label_of(subject.method))
        names = [method.name for method in all_methods() if method.name != TRUTH]
        self.method.offer([("", shown), *((name, label_of(name)) for name in names)])
        self.method.choose(self.choices.method)
        self.colours.offer([("own", _own_words(subject)), ("srgb", "sRGB")])

    def _fit_region(self, before: Subject) -> None:
        """Keep the region at its place in a picture that has another size than `before`."""
        wide, high = self._subject.width, self._subject.height
        region = within(at_its_place(self.region, before.whole, self._subject.whole), self._subject.whole)
        self.region = with_ratio(region, ratio_of(self.choices, self._subject), self._subject.whole)
        for box, most in ((self.left, wide), (self.top, high), (self.wide, wide), (self.high, high)):
            with QSignalBlocker(box):
                box.setMaximum(most)

    def show_plan(self, plan: Plan | None, *, is_model: bool, screen_exact: bool) -> None:
        """The numbers that follow from what was chosen. screen_exact: the screen computes in float32 itself."""
        choices, region = self.choices, part_of(self.choices, self._subject, self.region)
        for widget in (*self._region_row, *self._aspect_row):
            widget.setVisible(choices.part == "region")
        values = (region[0], region[1], region[2] - region[0], region[3] - region[1])
        for box, value in zip((self.left, self.top, self.wide, self.high), values, strict=True):
            box.fill(value)
        if plan is not None:
            self.scale.fill(plan.scale)
            self.width_box.fill(plan.window.width)
            self.height_box.fill(plan.window.height)
            self.print_width.fill(plan.millimetres(choices.dpi))
        self.dpi.fill(choices.dpi)
        self.as_screen.setEnabled(choices.anchor != "screen")
        self.exact.setVisible(is_model and not screen_exact)
        self.exact.setEnabled(not choices.best and self._subject.bits_for(choices) == 8)  # else exact anyway
        self.best.setEnabled(is_model)
        form, subject = choices.format, self._subject
        for widget in self._colours_row:
            widget.setVisible(subject.own is not None)
        self.colours.setEnabled(keeps_profile(form, subject.channels))
        self.colours.choose("srgb" if subject.own_for(choices) is None else "own")
        self.bits.setVisible(len(form.bits) > 1)
        self.bits.choose(str(self._subject.bits_for(choices)))
        self.quality.setVisible(form.quality is not None)
        if choices.quality is not None:
            self.quality.fill(choices.quality)


def _own_words(subject: Subject) -> str:
    from diif_viewer.imaging.colour import profile_name

    name = "" if subject.own is None else profile_name(subject.own.profile)
    return tr("as in the file ({name})", name=name) if name else tr("as in the file")


def _form_label(name: str) -> str:
    return "WebP" if name == "WEBP" else name
