"""A renderer that gives no sign of life is noticed, one that works or a machine that slept is not; what is owed."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diif_viewer.engine import messages as m
from diif_viewer.engine.messages import Alive, ViewDone, ViewRequest
from diif_viewer.geometry import Window
from diif_viewer.ui import pulse as beats
from diif_viewer.ui.debts import Debts
from diif_viewer.ui.pulse import SILENCE, STANDSTILL, START, Pulse

WINDOW = Window(0, 0, 9, 9)
VIEW = ViewRequest(0, 7, 1, "diif-lite", 3.0, WINDOW)
READY = m.Ready("cpu", "float32", "a processor")


class Watched:
    """A pulse whose turns and whose clock are driven by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pulse = Pulse(clock=lambda: self.now)
        self.pulse.begin()
        self.told: list[str] = []
        self.found = 0
        self.pulse.lost.connect(self.told.append)
        self.pulse.found.connect(self._find)

    def _find(self) -> None:
        self.found += 1

    def wait(self, seconds: float, *signs: Alive) -> None:
        """Let `seconds` pass, a second at a time, with one of `signs` in each as far as there are any."""
        coming = iter(signs)
        for _ in range(round(seconds)):
            self.now += 1.0
            if (sign := next(coming, None)) is not None:
                self.pulse.heard(sign)
            self.pulse.turn()


@pytest.fixture
def watched(qapp):
    made = Watched()
    yield made
    made.pulse.end()


@pytest.fixture
def ready(watched):
    watched.pulse.heard(READY)
    return watched


def test_silence_while_a_view_is_wanted_is_told_once_and_withdrawn(ready):
    ready.pulse.asked(VIEW)
    ready.wait(SILENCE - 1)
    assert not ready.told
    ready.wait(30)
    assert len(ready.told) == 1
    assert "no sign of life" in ready.told[0]
    assert ready.pulse.missing
    ready.pulse.heard(m.Notice("Something."))
    assert ready.found == 1
    assert not ready.pulse.missing


def test_nobody_is_missed_while_nothing_is_wanted(ready):
    ready.wait(500)
    ready.pulse.asked(VIEW)
    ready.wait(5)
    ready.pulse.heard(ViewDone(0, 7, 12.0))
    ready.wait(500)
    assert not ready.told
    assert not ready.pulse._timer.isActive(), "no clock ticks at rest"


def test_a_long_step_is_not_mistaken_for_standing_still(ready):
    ready.pulse.asked(VIEW)
    ready.wait(600, *(Alive(4, 0.5 * second) for second in range(600)))
    assert not ready.told


def test_work_that_hangs_is_told_and_progress_takes_it_back(ready):
    ready.pulse.asked(VIEW)
    signs = (Alive(4, 9.0 + 0.001 * second) for second in itertools.count())  # the sign itself costs something
    ready.wait(STANDSTILL - 1, *itertools.islice(signs, round(STANDSTILL) - 1))
    assert not ready.told
    ready.wait(40, *itertools.islice(signs, 40))
    assert len(ready.told) == 1
    assert "no further" in ready.told[0]
    assert not ready.found
    ready.wait(1, Alive(5, 9.5))
    assert ready.found == 1


def test_a_laptop_that_slept_has_not_waited(ready):
    ready.pulse.asked(VIEW)
    ready.wait(5)
    for _ in range(5):
        ready.now += 3600.0  # and the window was held up as often
        ready.pulse.turn()
    assert not ready.told
    ready.wait(SILENCE)
    assert ready.told


def test_the_start_may_take_long(watched):
    watched.pulse.asked(VIEW)
    watched.wait(START - 1)
    assert not watched.told
    watched.wait(2)
    assert watched.told


def test_the_end_of_the_renderer_takes_it_back(ready):
    ready.pulse.asked(VIEW)
    ready.wait(SILENCE + 1)
    ready.pulse.end()
    assert ready.found == 1


EXPORT = m.ExportRequest(4, 1, "bicubic", 2.0, WINDOW, "out.png")


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        (VIEW, ViewDone(0, 7, 1.0)),
        (VIEW, m.ViewFailed(0, 7, "No.")),
        (VIEW, m.CancelView(0)),
        (VIEW, m.CloseImage(1)),
        (EXPORT, m.ExportDone(4, "out.png", 1.0)),
        (EXPORT, m.ExportFailed(4, "No.")),
        (m.ProbeRequest(3, EXPORT, WINDOW), m.ProbeFailed(3, "No.")),
        (m.ProbeRequest(3, EXPORT, WINDOW), m.CloseImage(1)),
    ],
)
def test_every_debt_can_be_paid(order, answer):
    debts = Debts()
    assert debts.starting
    debts.answered(READY)
    assert not debts
    debts.asked(order)
    assert debts
    debts.answered(ViewDone(0, 6, 1.0))  # of an older request
    debts.asked(m.CloseImage(2))
    assert debts
    (debts.asked if isinstance(answer, m.CancelView | m.CloseImage) else debts.answered)(answer)
    assert not debts


# ---- in the window -----------------------------------------------------------------------------------------


@pytest.fixture
def hanging(stage, photo, monkeypatch):
    """A window whose renderer gave its last sign when a view was wanted."""
    monkeypatch.setattr(beats, "SILENCE", 2.0)
    stage.show(photo)
    stage.sharp()
    stage.gate.clear()
    stage.fake.mute = True
    stage.window.navigator.zoom_to(8.0)
    stage.until(lambda: stage.viewer.client.pulse.missing)
    return stage


def test_the_bar_offers_a_restart_that_brings_the_view(hanging):
    stage, notice = hanging, hanging.window.notice
    assert "no sign of life" in notice.text
    assert (notice._action.text(), notice._also.text()) == ("Restart it", "Copy diagnostics")
    QTest.mouseClick(notice._also, Qt.MouseButton.LeftButton)
    assert notice._action.isVisible(), "the remedy stays"
    view = stage.state.view
    QTest.mouseClick(notice._action, Qt.MouseButton.LeftButton)
    stage.gate.set()
    stage.until(lambda: len(stage.fakes) == 2)
    stage.sharp()
    assert stage.state.view == view
    assert "no sign" not in notice.text
    assert stage.viewer.client.running


def test_a_sign_takes_the_bar_away(hanging):
    hanging.fake.mute = False
    hanging.until(lambda: not hanging.viewer.client.pulse.missing)
    assert not hanging.window.notice.isVisible()
    hanging.gate.set()
    hanging.sharp()
    assert len(hanging.fakes) == 1
