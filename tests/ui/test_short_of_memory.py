"""Memory runs out in the renderer: the window says so in its quiet bar, keeps a picture on screen and goes on."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from diif_viewer.engine import ladder, threads
from diif_viewer.engine.field import Field
from diif_viewer.engine.scheduler import Scheduler
from diif_viewer.ui.app import Viewer
from tests.ui.conftest import to_array


class InThisProcess:
    """The real scheduler in a thread, where failures can be put in; looks like a process to the window."""

    def __init__(self, device: str) -> None:
        self.connection, self._far = multiprocessing.Pipe()
        self._thread = threading.Thread(target=self._run, name="scheduler")
        self._thread.start()

    def _run(self) -> None:
        Scheduler(self._far, "cpu").run()
        self._far.close()

    def exit_code(self) -> int | None:
        return None

    def kill(self) -> None:
        raise AssertionError("a thread of this process cannot be killed")

    def close(self, timeout: float) -> None:
        self._thread.join()
        self.connection.close()


@pytest.fixture
def viewer(qtbot, photo):
    made = Viewer("diif-s-lite", spawn=InThisProcess)
    made.scene.fade = 0.0
    made.window.resize(500, 400)
    made.show(photo)
    qtbot.waitUntil(lambda: made.controller.sharp, timeout=60_000)
    yield made
    made.window.close()
    made.shutdown()
    made.window.deleteLater()
    threads.limit(None)


def fail(monkeypatch, times: int) -> list[int]:
    real, calls = Field.render_tiles, []

    def instead(field, *args):
        calls.append(1)
        if len(calls) <= times:
            raise MemoryError
        return real(field, *args)

    monkeypatch.setattr(Field, "render_tiles", instead)
    return calls


def test_smaller_pieces_are_told_and_end_sharp(qtbot, viewer, monkeypatch):
    fail(monkeypatch, 2)
    viewer.window.navigator.zoom_to(9.0)
    qtbot.waitUntil(lambda: viewer.state.view.scale == 9.0 and viewer.controller.sharp, timeout=60_000)
    assert viewer.window.notice.isVisible()
    assert viewer.window.notice.text == ladder.SMALLER
    assert viewer.controller.statuses[0].sentence is None


def test_nothing_works_and_the_picture_stays(qtbot, viewer, monkeypatch):
    fail(monkeypatch, 1000)
    viewer.window.navigator.zoom_to(9.0)
    qtbot.waitUntil(lambda: viewer.controller.statuses[0].sentence == ladder.BICUBIC, timeout=60_000)
    assert viewer.window.notice.text == ladder.BICUBIC
    qtbot.waitUntil(lambda: viewer.scene.has_frame("bicubic", 9.0, viewer.state.view.window), timeout=20_000)
    assert viewer.client.running
    shown = to_array(viewer.window.canvas.grab().toImage().convertToFormat(_rgb()))
    assert shown.std() > 20, "a picture, not a blank"
    monkeypatch.undo()
    viewer.window.navigator.zoom_to(12.0)
    qtbot.waitUntil(lambda: viewer.state.view.scale == 12.0 and viewer.controller.sharp, timeout=60_000)


def _rgb():
    from PySide6.QtGui import QImage

    return QImage.Format.Format_RGB888
