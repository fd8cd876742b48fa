"""Ground truth: the open picture is shrunk as the papers do, opened in its place, and rebuilt beside the truth.

Story: a factor is asked for -> a thread reduces the picture -> the small one is opened at that factor, where the view
was, with a number of its own -> the same action leads back.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from diif_viewer.errors import DiifViewerError
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.loader import Loader, preview_of
from diif_viewer.ui.mailbox import Mailbox
from diif_viewer.ui.notice import Notice
from diif_viewer.ui.reduced import TRUTH, reduce
from diif_viewer.ui.state import Picture
from diif_viewer.ui.zoom_text import format_zoom, parse_zoom
from diif_viewer.viewport import LARGEST, Viewport

LEAST_SIDE = 4
"""Pixels that a side of a reduced picture must have: there is nothing to see in less."""

Job = tuple[Picture, float]
"""(what to reduce, the factor)."""


class FactorDialog(QDialog):
    """Asks by how much to reduce a picture. chosen: the factor, > 1."""

    chosen = Signal(float)

    def __init__(self, picture: Picture, factor: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Compare with the truth"))
        self._picture = picture
        self.box = QLineEdit(format_zoom(factor), self)
        self.box.setAccessibleName(tr("Factor"))
        self.box.setToolTip(tr("x4, or any other factor"))
        self.box.selectAll()
        self._words = QLabel(self)
        self._words.setObjectName("advice")
        self._words.setMinimumWidth(380)
        buttons = QDialogButtonBox(self)
        self._go = buttons.addButton(tr("Reduce"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        buttons.accepted.connect(self._enter)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 22, 26, 18)
        column.setSpacing(12)
        column.addWidget(QLabel(tr("Shrink the picture as the papers do, and rebuild it. Reduce by"), self))
        for widget in (self.box, self._words, buttons):
            column.addWidget(widget)
        self.box.textChanged.connect(self._judge)
        self._judge()

    @property
    def factor(self) -> float | None:
        """What is typed, if the picture can be reduced by it."""
        factor = parse_zoom(self.box.text())
        if factor is None or not 1 < factor <= LARGEST:
            return None
        return factor if min(self._picture.height, self._picture.width) >= LEAST_SIDE * factor else None

    @Slot()
    def _judge(self) -> None:
        factor = self.factor
        self._go.setEnabled(factor is not None)
        if factor is None:
            words = tr(
                "A factor above 1 that leaves at least {least} pixels, such as x2, x3.5 or x4.", least=LEAST_SIDE
            )
            self._words.setText(words)
            return
        low = f"{int(self._picture.width / factor + 1e-9)} x {int(self._picture.height / factor + 1e-9)}"
        whole = f"{self._picture.width} x {self._picture.height}"
        self._words.setText(tr("{size} becomes {reduced} pixels.", size=whole, reduced=low))

    @Slot()
    def _enter(self) -> None:
        if (factor := self.factor) is not None:
            self.accept()
            self.chosen.emit(factor)


class GroundTruth(QObject):
    """Reduces the open picture, and brings it back. busy_changed: no payload, read `busy`."""

    busy_changed = Signal()
    _reduced = Signal(object, object)

    def __init__(self, controller: Controller, loader: Loader, notice: Notice, keys: Keys) -> None:
        super().__init__(notice)
        self._controller, self._loader, self._notice, self._keys = controller, loader, notice, keys
        self._factor = 4.0
        self._wanted: Job | None = None
        self._mailbox: Mailbox[Job] | None = None
        self._reduced.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """True while a picture is being reduced."""
        return self._wanted is not None

    def toggle(self) -> None:
        """Ask for a factor; where the picture is reduced already, bring the whole one back."""
        picture = self._controller.state.picture
        if picture is None:
            return
        if picture.reduced is not None:
            self.leave()
            return
        dialog = FactorDialog(picture, self._factor, self._notice.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.reduce)
        dialog.open()

    @Slot(float)
    def reduce(self, factor: float) -> None:
        """Reduce the open picture `factor` times and open the result."""
        picture = self._controller.state.picture
        if picture is None:
            return
        if picture.reduced is not None:
            picture = picture.reduced.original
        self._factor, self._wanted = factor, (picture, factor)
        if self._mailbox is None:
            self._mailbox = Mailbox("reduction", self._work)
        self._mailbox.post(self._wanted)
        self.busy_changed.emit()

    def leave(self) -> None:
        """Open the whole picture again, where the view is."""
        picture = self._controller.state.picture
        if picture is not None and picture.reduced is not None:
            original = replace(picture.reduced.original, image=self._loader.number())
            self._show(original, 1 / picture.reduced.factor)

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        if self._mailbox is not None:
            self._mailbox.close()
            self._mailbox = None

    def _work(self, job: Job) -> None:
        picture, factor = job
        result: Picture | str
        try:
            low, source = reduce(picture, factor)
            preview = preview_of(low)
            result = replace(
                picture, image=self._loader.number(), pixels=low, source=source, preview=preview, thumbnail=preview
            )
        except DiifViewerError as error:
            result = f"{picture.name}: {said(str(error))}"
        except MemoryError:
            result = tr("{name}: there is not enough memory to reduce this picture.", name=picture.name)
        self._reduced.emit(job, result)

    @Slot(object, object)
    def _deliver(self, job: Job, result: Picture | str) -> None:
        if job is not self._wanted:
            return  # another picture or factor was chosen meanwhile
        self._wanted, (original, factor) = None, job
        shown = self._controller.state.picture
        whole = shown if shown is None or shown.reduced is None else shown.reduced.original
        if isinstance(result, str):
            self._notice.tell(result)
        elif whole is original and shown is not None:  # else another picture was opened meanwhile
            before = 1.0 if shown.reduced is None else shown.reduced.factor
            self._show(result, factor / before, factor)
            truth, back = self._keys.shown(f"method_{TRUTH}"), self._keys.shown("ground_truth")
            words = tr("Reduced as the papers do. {truth} shows the truth, {back} brings the picture back.")
            self._notice.tell(words.format(truth=truth, back=back), stay=False)
        self.busy_changed.emit()

    def _show(self, picture: Picture, factor: float, scale: float | None = None) -> None:
        """Put `picture` in place of the one on screen, whose positions are `factor` times its own."""
        view = self._controller.state.view
        assert view is not None
        x, y = view.position_at((view.view_width / 2, view.view_height / 2))
        placed = Viewport(picture.height, picture.width, view.view_height, view.view_width)
        placed = placed.at_scale(scale or view.scale * factor).centred_on((x / factor, y / factor))
        self._controller.state.set_picture(picture, placed.clamped())
