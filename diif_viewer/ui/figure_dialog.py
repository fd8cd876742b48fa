"""The comparison figure: a region is dragged, methods and scales are chosen, the figure is seen as it will be saved."""

from __future__ import annotations

import os
import re
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from diif_viewer.ui.command_button import CommandButton
from diif_viewer.ui.commands import compare_words
from diif_viewer.ui.export_order import named_after
from diif_viewer.ui.figure import Figure
from diif_viewer.ui.figure_file import SUFFIXES
from diif_viewer.ui.figure_work import FigureWork, Wish
from diif_viewer.ui.folder import place_for
from diif_viewer.ui.language import decimal, said, tr
from diif_viewer.ui.reduced import TRUTH, all_methods, label_of
from diif_viewer.ui.zoom_text import format_zoom, parse_zoom
from diif_viewer.viewport import LARGEST

ROWS = 6
"""Scales of one figure at most."""

CALM = QSize(880, 420)
"""Of the preview at first, in logical pixels."""

BESIDE = QSize(270, 190)
"""Logical pixels that the dialog takes beside the preview, with its title bar."""


def choose_figure_path(parent: QWidget, proposal: Path) -> Path | None:
    """Ask for the file to write: PNG, PDF or SVG by its ending, of the chosen kind without one of these."""
    kinds = ";;".join((tr("PNG picture (*.png)"), tr("PDF document (*.pdf)"), tr("SVG drawing (*.svg)")))
    name, kind = QFileDialog.getSaveFileName(parent, tr("Save the figure"), str(proposal), kinds)
    if not name:
        return None
    path = Path(name)
    suffix = next((suffix for suffix in SUFFIXES if f"*{suffix}" in kind), SUFFIXES[0])
    if path.suffix.lower() in SUFFIXES:
        return path
    path = path.with_name(f"{path.name}{suffix}")  # not the name that the file dialog asked about
    return path if not os.path.lexists(path) or _may_replace(path, parent) else None


def _may_replace(path: Path, parent: QWidget) -> bool:
    words = tr("{name} exists already. Replace it, or give another name.", name=path.name)
    box = QMessageBox(QMessageBox.Icon.Warning, tr("Save the figure"), words, parent=parent)
    box.addButton(QMessageBox.StandardButton.Yes).setText(tr("Replace"))
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    return box.exec() == QMessageBox.StandardButton.Yes


def parse_scales(text: str) -> tuple[float, ...] | None:
    """The scales that `text` names, such as "x4, x8"; None when it names none, too many, or one that cannot be.

    Where numbers are written with a comma, one with a figure behind it is part of a number.
    """
    between = r"[;,]" if decimal(".") == "." else r";|,(?!\d)"
    words = [word for word in re.split(between, text) if word.strip()]
    found = [parse_zoom(word) for word in words]
    scales = tuple(dict.fromkeys(scale for scale in found if scale is not None and 1 < scale <= LARGEST))
    return scales if scales and len(scales) <= ROWS and None not in found and len(scales) == len(set(found)) else None


class FigureDialog(QDialog):
    """Chooses and shows. save_asked, copy_asked: no payload. folder: where figures were saved before, None for none."""

    save_asked = Signal()
    copy_asked = Signal()

    def __init__(
        self, work: FigureWork, methods: tuple[str, ...], scale: float, truth_key: str, parent: QWidget
    ) -> None:
        """truth_key: what leads to the truth, "" for none."""
        super().__init__(parent)
        self.folder: Path | None = None
        self._truth_key = truth_key
        self.setWindowTitle(tr("Comparison figure"))
        self._work = work
        self.figure: Figure | None = None
        self.image = QImage()
        choice = [method.name for method in all_methods() if method.name != TRUTH]
        self.boxes = {name: QCheckBox(label_of(name), self) for name in choice}
        for name, box in self.boxes.items():
            box.setChecked(name in methods)
            box.toggled.connect(self._ask)
        self.scales = QLineEdit(format_zoom(scale), self)
        self.scales.setAccessibleName(tr("Scales"))
        self.scales.setToolTip(tr("A row for each: x4, x8"))
        self.scales.editingFinished.connect(self._ask)
        self.whole = QCheckBox(tr("Whole picture beside it"), self)
        self.whole.setChecked(True)
        self.whole.toggled.connect(self._ask)
        self.preview = QLabel(self)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setMinimumSize(CALM.boundedTo(self.screen().availableSize() - BESIDE))
        self.preview.setAccessibleName(tr("Preview of the figure"))
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.words = QLabel(self)
        self.words.setObjectName("advice")
        self._buttons()
        self._arrange()
        self._listen()
        self._ask()

    def _listen(self) -> None:
        self._work.painted.connect(self._painted)
        self._work.progressed.connect(self._progressed)
        self._work.failed.connect(self._failed)

    def take(self, work: FigureWork) -> None:
        """Have the figure that is chosen made by `work` from now on; until it is there the one before is seen."""
        self._work.painted.disconnect(self._painted)
        self._work.progressed.disconnect(self._progressed)
        self._work.failed.disconnect(self._failed)
        self._work = work
        self._listen()
        self._ask()

    def proposal(self) -> Path:
        """The file that a figure could be saved as."""
        picture = self._work.subject.picture
        return (self.folder or place_for(picture.path)) / named_after(picture, "-comparison.png")

    def _buttons(self) -> None:
        self.buttons = QDialogButtonBox(self)
        self.save_button = self.buttons.addButton(tr("Save…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.copy_button = self.buttons.addButton(tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        self.command = CommandButton(self._command_words, self)
        self.buttons.addButton(self.command, QDialogButtonBox.ButtonRole.ResetRole)
        close = self.buttons.addButton(QDialogButtonBox.StandardButton.Close)
        close.setIcon(QIcon())
        close.setText(tr("Close"))
        self.buttons.accepted.connect(self.save_asked)
        self.copy_button.clicked.connect(self.copy_asked)
        self.buttons.rejected.connect(self.reject)

    def _arrange(self) -> None:
        choices = QVBoxLayout()
        choices.setSpacing(8)
        choices.addWidget(QLabel(f"<b>{tr('Methods')}</b>", self))
        for box in self.boxes.values():
            choices.addWidget(box)
        choices.addSpacing(10)
        choices.addWidget(QLabel(f"<b>{tr('Scales')}</b>", self))
        choices.addWidget(self.scales)
        choices.addSpacing(10)
        choices.addWidget(self.whole)
        note = tr("Each is measured against the truth.")
        if not self._work.subject.has_truth:
            note = tr("PSNR needs the truth.")
            if self._truth_key:
                note = tr("PSNR needs the truth: {key} first.", key=self._truth_key)
        advice = QLabel(note, self)
        advice.setObjectName("advice")
        advice.setWordWrap(True)
        choices.addWidget(advice)
        choices.addStretch()
        across = QHBoxLayout()
        across.setSpacing(22)
        across.addLayout(choices)
        across.addWidget(self.preview, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.words, 1)
        foot.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 22, 26, 18)
        column.setSpacing(12)
        column.addLayout(across, 1)
        column.addWidget(self.progress)
        column.addLayout(foot)

    # ---- what is wanted ----

    @property
    def wish(self) -> Wish | None:
        """What is chosen; None while that is no figure."""
        methods = tuple(name for name, box in self.boxes.items() if box.isChecked())
        scales = parse_scales(self.scales.text())
        return Wish(methods, scales, self.whole.isChecked()) if methods and scales else None

    def _command_words(self) -> list[str]:
        """Of `compare`, with the name that will be proposed."""
        about, wish = self._work.subject, self.wish
        return [] if wish is None else compare_words(about.picture, about.box, wish, self.proposal())

    @Slot()
    def _ask(self) -> None:
        wish = self.wish
        self.figure = None
        self._enable()
        if wish is None:
            self.words.setText(tr("Choose a method, and up to {count} scales such as x4, x8.", count=ROWS))
            return
        self.words.setText("")
        self._work.ask(wish)

    def _enable(self) -> None:
        ready = self.figure is not None
        self.save_button.setEnabled(ready)
        self.copy_button.setEnabled(ready)
        self.command.renew()

    # ---- what comes ----

    @Slot(object, object)
    def _painted(self, figure: Figure, image: QImage) -> None:
        self.image = image
        self.figure = figure if figure.complete and self._matches(figure) else None
        self._enable()
        self._show()
        if self.figure is not None:
            self.words.setText(tr("{size} pixels", size=f"{image.width()} x {image.height()}"))

    def _matches(self, figure: Figure) -> bool:
        """True when this is what is chosen now, and not what was chosen before."""
        wish = self.wish
        if wish is None or tuple(row.scale for row in figure.rows) != wish.scales:
            return False
        labels = tuple(crop.label for crop in figure.rows[0].crops)[: len(wish.methods)]
        return labels == tuple(map(label_of, wish.methods)) and wish.whole == (figure.picture is not None)

    @Slot(float)
    def _progressed(self, fraction: float) -> None:
        self.progress.setValue(round(1000 * fraction) if fraction < 1 else 0)  # an empty line when it is done

    @Slot(str)
    def _failed(self, sentence: str) -> None:
        self.words.setText(said(sentence))

    def _show(self) -> None:
        """Scale the figure to the room there is, never beyond its own pixels."""
        if self.image.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = self.preview.size() * ratio
        image = self.image
        if image.width() > room.width() or image.height() > room.height():
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, smooth)
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(ratio)
        self.preview.setPixmap(pixmap)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Show the figure as large as there is room."""
        super().resizeEvent(event)
        self._show()

    def event(self, event: QEvent) -> bool:
        """Enter in the scales asks for them; it does not save."""
        if event.type() == QEvent.Type.KeyPress and self.scales.hasFocus():
            key = event.key()  # type: ignore[attr-defined]
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._ask()
                return True
        return super().event(event)
