"""The progress line tells the truth: to people in a terminal, and to a log."""

from __future__ import annotations

import io

import pytest

from diif_viewer.cli.progress import ProgressLine, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def advance(line: ProgressLine, clock: Clock, seconds: float, fraction: float) -> None:
    clock.now += seconds
    line(fraction)


def test_a_terminal_line_is_rewritten_and_wiped() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock)
    advance(line, clock, 2, 0.25)
    advance(line, clock, 2, 0.5)
    shown = stream.getvalue()
    assert shown.count("\r") == 2
    assert "\n" not in shown
    assert " 25 %  6 s left" in shown
    assert " 50 %  4 s left" in shown
    line.close()
    assert stream.getvalue().endswith(" \r")


def test_the_speed_is_told_where_the_work_is_known() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock, work=200, unit="frames")
    advance(line, clock, 4, 0.25)
    assert " 25 %  12.5 frames/s  12 s left" in stream.getvalue()


def test_a_log_gets_whole_lines_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    line = ProgressLine(stream, clock)
    for step in range(1, 101):
        advance(line, clock, 0.1, step / 100)
    line.close()
    lines = stream.getvalue().splitlines()
    assert 1 <= len(lines) <= 2
    assert "\r" not in stream.getvalue()


def test_long_work_fills_no_log() -> None:
    stream, clock = io.StringIO(), Clock()
    line = ProgressLine(stream, clock)
    for step in range(1, 3601):
        advance(line, clock, 1, step / 3600)
    assert 20 <= len(stream.getvalue().splitlines()) <= 50


def test_short_work_leaves_a_log_alone() -> None:
    stream, clock = io.StringIO(), Clock()
    line = ProgressLine(stream, clock)
    advance(line, clock, 1, 1.0)
    line.close()
    assert stream.getvalue() == ""


def test_no_time_is_promised_before_anything_is_done() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock)
    advance(line, clock, 3, 0.0)
    assert "left" not in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (8, "8 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (4800, "1 h 20 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
