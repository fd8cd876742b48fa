"""How near each pane comes to the truth, live, of what is in sight: PSNR at once, SSIM when there is time.

Luminance, as the papers compare benchmarks. At the factor by which the picture was reduced the truth's own pixels are
compared; at other scales the truth is resampled as a pane shows it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from diif_viewer.geometry import Window
from diif_viewer.ui.controller import Controller
from diif_viewer.ui.language import decimal, tr
from diif_viewer.ui.reduced import TRUTH
from diif_viewer.ui.side_work import SideWork

PACE = 60
"""Milliseconds between two looks at what the panes show."""

BAND = 96
"""Rows whose SSIM is computed at a time: between two bands the thread sees that it has been overtaken."""

Subject = tuple[int, str, float]
"""(picture's number, method, scale): what a score is about, wherever the view lies."""


@dataclass(frozen=True, slots=True)
class Score:
    """psnr: dB, infinite for the truth itself. ssim: None until it is known, or where the view is too small."""

    psnr: float
    ssim: float | None = None

    @property
    def words(self) -> str:
        """For a badge."""
        if math.isinf(self.psnr):
            return tr("equals the truth")
        psnr = f"{decimal(f'{self.psnr:.2f}')} dB"
        return psnr if self.ssim is None else f"{psnr}, SSIM {decimal(f'{self.ssim:.3f}')}"


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two RGB32 images of one size."""

    pane: int
    subject: Subject
    pixels: QImage
    truth: QImage


class Scores(QObject):
    """Keeps the scores of all panes. changed: no payload, read `of`."""

    changed = Signal()
    _scored = Signal(int, object, object)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._found: dict[int, tuple[Subject, Score]] = {}
        self._facts: object = None
        self._side_work = SideWork("scores", PACE, look=self._look, work=self._compute, parent=self)
        self._scored.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        controller.repaint.connect(self._stirred)
        controller.status_changed.connect(self._stirred)

    def of(self, pane: int) -> Score | None:
        """The newest score of what `pane` shows now; of its last place while the view moves on."""
        subject, score = self._found.get(pane, (None, None))
        return score if subject is not None and subject == self._subject(pane) else None

    def shutdown(self) -> None:
        """End the thread; returns when it has ended."""
        self._side_work.shutdown()

    def _subject(self, pane: int) -> Subject | None:
        picture, statuses = self._controller.state.picture, self._controller.statuses
        if picture is None or picture.reduced is None or pane >= len(statuses) or not statuses[pane].sharp:
            return None
        status = statuses[pane]
        if self._controller.looks.picture(pane) is not picture:
            return None
        return None if status.method == TRUTH or status.scale <= 1 else (picture.image, status.method, status.scale)

    @Slot()
    def _stirred(self) -> None:
        picture = self._controller.state.picture
        if picture is not None and picture.reduced is not None:
            self._side_work.stir()

    @Slot()
    def _look(self) -> None:
        view, scene = self._controller.state.view, self._controller.scene
        if view is None or self._controller.motion.moving:
            return
        wanted: list[tuple[int, Subject, Window]] = []
        for area in self._controller.areas:
            subject, window = self._subject(area.pane), area.seen(view)
            if subject is not None and window and scene.has_frame(TRUTH, view.scale, window):
                wanted.append((area.pane, subject, window))
        if not wanted or wanted == self._facts:
            return
        jobs = []
        for pane, subject, window in wanted:
            pixels, truth = (scene.at_hand(pane, name, view, window) for name in (subject[1], TRUTH))
            if pixels is not None and truth is not None:
                jobs.append(Comparison(pane, subject, pixels, truth))
        self._facts = wanted
        self._side_work.post(jobs)

    def _compute(self, jobs: list[Comparison]) -> None:
        from diif_viewer.imaging.metrics import psnr

        pairs = []
        for job in jobs:
            if self._side_work.overtaken:
                return
            guess, truth = luminance(job.pixels), luminance(job.truth)
            score = Score(psnr(guess, truth))
            self._scored.emit(job.pane, job.subject, score)
            pairs.append((job, guess, truth, score))
        for job, guess, truth, score in pairs:
            similar = self._ssim(guess, truth)
            if similar is None:
                return
            if not math.isnan(similar):
                self._scored.emit(job.pane, job.subject, Score(score.psnr, similar))

    def _ssim(self, guess: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float | None:
        """As `imaging.metrics.ssim`, band by band; None when a newer job waits."""
        from diif_viewer.imaging.metrics import ssim

        rows = guess.shape[0] - 10  # of the 11 x 11 windows
        if rows < 1 or guess.shape[1] < 11:
            return math.nan
        total = 0.0
        for top in range(0, rows, BAND):
            if self._side_work.overtaken:
                return None
            bottom = min(top + BAND, rows)
            total += (bottom - top) * ssim(guess[top : bottom + 10], truth[top : bottom + 10])
        return float(total / rows)

    @Slot(int, object, object)
    def _deliver(self, pane: int, subject: Subject, score: Score) -> None:
        self._found[pane] = subject, score
        self.changed.emit()


def luminance(image: QImage) -> npt.NDArray[np.float64]:
    """(H, W) in [0, 1] of an RGB32 image, as `imaging.colour.rgb_to_y`."""
    from diif_viewer.imaging.colour import rgb_to_y

    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rgb_to_y(rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3) / 255.0)
