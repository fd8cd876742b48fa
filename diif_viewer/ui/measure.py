"""The figures that the window is judged by, measured on the real one: start, smoothness, time to sharp."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from diif_viewer.ui import theme
from diif_viewer.ui.app import Viewer

PATIENCE = 120_000
"""Milliseconds after which a measurement gives up."""


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """All in milliseconds.

    window: from making the window to its picture on screen (fallback or better). longest_stall: of the GUI thread
    during the scripted zoom. frames: number of repaints that the zoom got; frame_95: 95 % of the gaps between them
    are at most this. sharp: from the end of the gesture (the last wheel event) to the last sharp tile.
    """

    window: float
    longest_stall: float
    frames: int
    frame_95: float
    sharp: float


def scripted_zoom(
    path: Path,
    *,
    size: tuple[int, int] = (720, 1280),
    events: int = 60,
    pace: int = 16,
    method: str | None = None,
    start_scale: float | None = None,
    make: Callable[[str | None], Viewer] = Viewer,
) -> WindowFigures:
    """Open `path`, wait for sharp, turn the wheel `events` times (in, out, in: a third each), wait for sharp again.

    size: (height, width) of the canvas, in logical pixels. pace: milliseconds between wheel events. start_scale: gone
    to first; None stays at the fit. Raises TimeoutError when the picture never gets sharp.
    """
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply(application)
    began = time.perf_counter()
    viewer = make(method)
    window, controller = viewer.window, viewer.controller
    try:
        bars = window.tools.sizeHint().height() + window.status.sizeHint().height()
        window.resize(size[1], size[0] + bars)
        viewer.show(path)
        _wait(lambda: viewer.state.view is not None and _has_frame(viewer))
        opened = 1000 * (time.perf_counter() - began)
        if start_scale is not None:
            window.navigator.zoom_to(start_scale)
        _wait(lambda: controller.sharp)
        paints: list[float] = []
        window.canvas.painted.connect(lambda: paints.append(time.perf_counter()))
        window.stalls.start()
        for index in range(events):
            direction = -1 if events / 3 <= index < 2 * events / 3 else 1
            _turn(window.canvas, 120 * direction)
            _pause(pace)
        ended = time.perf_counter()
        _wait(lambda: not viewer.motion.moving)
        stall = window.stalls.longest
        window.stalls.stop()
        gaps = sorted(1000 * (b - a) for a, b in itertools.pairwise(paints))
        _wait(lambda: controller.sharp)
        sharp = 1000 * (time.perf_counter() - ended)
        return WindowFigures(opened, stall, len(gaps) + 1, gaps[int(0.95 * len(gaps))] if gaps else 0.0, sharp)
    finally:
        window.close()
        viewer.shutdown()


def _has_frame(viewer: Viewer) -> bool:
    view = viewer.state.view
    return view is not None and viewer.scene.has_frame("bicubic", view.scale, view.window)


def _turn(canvas: QWidget, delta: int) -> None:
    middle = canvas.rect().center()
    QApplication.sendEvent(
        canvas,
        QWheelEvent(
            QPointF(middle),
            QPointF(canvas.mapToGlobal(middle)),
            QPoint(),
            QPoint(0, delta),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )


def _pause(milliseconds: int) -> None:
    loop = QEventLoop()
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    timer.start(milliseconds)
    loop.exec()


def _wait(fact: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE / 1000
    while not fact():
        if time.perf_counter() > deadline:
            raise TimeoutError("The window did not get there in time.")
        _pause(2)
