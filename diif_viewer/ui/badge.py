"""The badge on each pane: names what is on screen, says so while it is still the fallback, and changes the method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from diif_viewer.models.registry import PHOTO
from diif_viewer.ui.compare import Area, Layout
from diif_viewer.ui.keys import Keys
from diif_viewer.ui.language import said, tr
from diif_viewer.ui.reduced import TRUTH, all_methods, label_of, method_of
from diif_viewer.ui.scores import Scores
from diif_viewer.ui.statuses import PLAYING, PaneStatus
from diif_viewer.ui.zoom_text import format_time, format_zoom

MARGIN = 12
"""Logical pixels from the pane's corner."""


def name_on_screen(status: PaneStatus) -> str:
    """What the pane shows, once it is final: below and at 100 % that is no method at all."""
    if status.method == TRUTH:
        return label_of(TRUTH)
    if status.scale < 1:
        return tr("Area filter")
    return tr("Source pixels") if status.scale == 1 else label_of(status.method)


def words_of(status: PaneStatus, device: str = "", score: str = "") -> list[str]:
    """The words behind the name: file, scale, milliseconds or that it is still a preview, device, score; "" for none.

    device: what the renderer runs on, as it describes itself.
    """
    model = method_of(status.method).is_model and status.scale > 1
    state = ""
    if status.sentence is not None and not status.sharp:
        state = tr("plays, bicubic") if status.sentence == tr(PLAYING) else tr("stays bicubic")
    elif not status.sharp:
        state = tr("preview (bicubic)") if model else tr("preview")
    elif status.milliseconds is not None:
        state = format_time(status.milliseconds)
    where = said(device).partition(",")[0] if model and status.sharp else ""
    return [status.name, format_zoom(status.scale), state, where, score]


FILE, SCALE, STATE, DEVICE, SCORE = range(5)
LEAVING = (DEVICE, SCALE, FILE)
"""Where a pane is too narrow for all words, these go first; which zoom it is, the status line says as well."""


class Badge(QFrame):
    """One pane's badge. method_chosen: the name of a method in `all_methods`. models_asked: no payload."""

    method_chosen = Signal(str)
    models_asked = Signal()

    def __init__(self, pane: int, keys: Keys, parent: QWidget) -> None:
        super().__init__(parent)
        self.pane = pane
        self.setObjectName("badge")
        self._name = QToolButton(self)
        self._name.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)  # a file's name may look like HTML
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._name)
        row.addWidget(self._words)
        self._menu = QMenu(self._name)
        self._group = QActionGroup(self)
        self._keys, self._method, self._truth = keys, "", False
        self._shown: object = None
        self._menu.aboutToShow.connect(self._fill)
        self._fill()
        self._name.setMenu(self._menu)
        self._name.setToolTip(tr("Choose what this pane shows"))
        self._group.triggered.connect(self._chosen)

    @property
    def text(self) -> str:
        """All of its words."""
        return f"{self._name.text().removesuffix(' ▾')} · {self._words.text()}"

    def show_status(
        self,
        status: PaneStatus,
        *,
        active: bool,
        words: Sequence[str] = (),
        room: int = 10_000,
        truth: bool = False,
    ) -> None:
        """Say what the pane shows. active: letters and exports are about this pane. truth: it can be chosen.

        words: of `words_of`. room: logical pixels that the badge may be wide; words leave until it is.
        """
        facts = status, active, tuple(words), room, truth
        if facts == self._shown:
            return
        self._shown = facts
        name, label = name_on_screen(status), label_of(status.method)
        self._method, self._truth = status.method, truth
        self._name.setText(f"{name} ▾")
        choose = tr("Choose what this pane shows")
        if status.method == PHOTO:
            choose = tr("Made for JPEG pictures: it does not enlarge their artefacts. Choose what this pane shows")
        above = choose if name == label else tr("{method} above 100 %. Choose what this pane shows", method=label)
        self._name.setToolTip(said(status.sentence) if status.sentence else above)
        self._name.setAccessibleName(tr("Method of pane {number}: {method}", number=self.pane + 1, method=label))
        self.setAccessibleName(" · ".join([name, *filter(None, words)]))
        if self.property("active") != active:
            self.setProperty("active", active)
            self.style().unpolish(self)
            self.style().polish(self)
        self._fit(list(words), room)

    def _fit(self, words: list[str], room: int) -> None:
        """Say as many of the words as there is room for."""
        for leaving in (None, *LEAVING):
            if leaving is not None and words:
                words[leaving] = ""
            self._words.setText(" · ".join(filter(None, words)))
            self.adjustSize()
            if self.width() <= room:
                return

    @Slot()
    def _fill(self) -> None:
        """Name what can be shown now, with its key; models can have come and gone."""
        self._menu.clear()
        previous_is_model = False
        for method in all_methods():
            if method.name == TRUTH and not self._truth:
                continue
            if method.is_model != previous_is_model:
                self._menu.addSeparator()
            previous_is_model = method.is_model
            order = f"method_{method.name}"
            key = self._keys.shown(order) if order in self._keys else ""
            action = self._menu.addAction(f"{label_of(method.name)}\t{key}" if key else label_of(method.name))
            action.setData(method.name)
            action.setCheckable(True)
            action.setChecked(method.name == self._method)
            self._group.addAction(action)
        self._menu.addSeparator()
        self._menu.addAction(tr("Models…")).triggered.connect(self.models_asked)

    @Slot(object)
    def _chosen(self, action: object) -> None:
        self.method_chosen.emit(action.data())  # type: ignore[attr-defined]


class BadgeRow:
    """The badges of all panes, kept in their corners."""

    def __init__(self, canvas: QWidget, keys: Keys, scores: Scores | None = None) -> None:
        self._canvas, self._scores = canvas, scores
        self.badges = [Badge(pane, keys, canvas) for pane in range(max(layout.panes for layout in Layout))]

    def show(
        self,
        statuses: tuple[PaneStatus, ...],
        areas: tuple[Area, ...],
        layout: Layout,
        active: int,
        *,
        device: str = "",
        has_truth: Callable[[int], bool] = lambda _: False,
    ) -> None:
        """Say what every pane shows, where there is room for it. statuses: empty without a picture. device: its words
        of the renderer. has_truth: can a pane show a truth?
        """
        for badge in self.badges:
            if badge.pane >= min(len(statuses), len(areas)):
                badge.hide()
                continue
            area = areas[badge.pane]
            badge.show_status(
                statuses[badge.pane],
                active=layout.panes > 1 and badge.pane == active,
                words=words_of(statuses[badge.pane], device, self._score(badge.pane, layout)),
                room=self._room(area, layout),
                truth=has_truth(badge.pane),
            )
            self._place(badge, area, layout)

    def _score(self, pane: int, layout: Layout) -> str:
        """What was measured; the sides of a divider show different places, so that their scores do not compare."""
        score = None if self._scores is None else self._scores.of(pane)
        if score is None:
            return ""
        return tr("{score} (this side)", score=score.words) if layout.divided else score.words

    def _room(self, area: Area, layout: Layout) -> int:
        """Logical pixels that a badge may be wide. A divider has none of its own: both badges stay whole."""
        width = area.view.width / self._canvas.devicePixelRatioF()
        shared = layout.laid_over or layout is Layout.SPLIT
        return int(width / 2 if shared else width) - 2 * MARGIN

    def _place(self, badge: Badge, area: Area, layout: Layout) -> None:
        ratio = self._canvas.devicePixelRatioF()
        left, right = area.clip.left / ratio, area.clip.right / ratio
        top, bottom = area.clip.top / ratio, area.clip.bottom / ratio
        # away from the divider, which moves, and from the badge of the pane that lies below
        at_right = (layout is Layout.SPLIT or layout.laid_over) and area.pane == 1
        at_foot = layout is Layout.STACKED and area.pane == 1
        x = right - MARGIN - badge.width() if at_right else left + MARGIN
        y = bottom - MARGIN - badge.height() if at_foot else top + MARGIN
        badge.move(round(x), round(y))
        room = (right - left) / (2 if layout.laid_over else 1)
        badge.setVisible(badge.width() + 2 * MARGIN <= room and badge.height() + 2 * MARGIN <= bottom - top)
