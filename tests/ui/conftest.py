"""The real window with a gated fake renderer; leaked threads, widgets and timers fail the test."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication, QWidget

from diif_viewer.ui import theme
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.screen_colour import SCREEN
from tests.ui.fake_renderer import FakeRenderer


def pytest_collection_modifyitems(items):
    """A warning of Qt fails the test that caused it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore("does not support propagateSizeHints"))


@pytest.fixture(scope="session")
def qapp_cls():
    return QApplication


@pytest.fixture(autouse=True)
def no_models_of_ones_own(tmp_path, monkeypatch):
    """The folder of added models is the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def nothing_is_left(qapp):
    """No thread and no window outlives its test."""
    theme.apply(qapp)
    threads = set(threading.enumerate())
    yield
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    left = [t.name for t in threading.enumerate() if t not in threads and t.is_alive()]
    left = [name for name in left if not name.startswith("diif-viewer_")]  # the engine's pool, one for good
    assert not left, f"threads left behind: {left}"
    windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    assert not windows, f"windows left behind: {windows}"


@pytest.fixture
def photo(tmp_path) -> Path:
    """A colourful picture of 90 x 120 pixels in which every pixel differs from its neighbours."""
    dice = np.random.default_rng(7)
    y, x = np.mgrid[0:90, 0:120]
    smooth = np.stack([x * 2, y * 2, (x + y) % 256], axis=2)
    pixels = np.clip(smooth + dice.integers(-20, 20, (90, 120, 3)), 0, 255).astype(np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


class Stage:
    """A viewer with its fake renderers, the newest last, and ways to wait."""

    def __init__(self, qtbot, tmp_path) -> None:
        self.qtbot = qtbot
        self.fakes: list[FakeRenderer] = []
        self.gate = threading.Event()
        self.gate.set()
        self.export_path: Path | None = tmp_path / "export.png"
        self.viewer = Viewer(spawn=self._spawn, choose=lambda *_: self.export_path)
        self.window = self.viewer.window
        self.viewer.scene.fade = 0.0  # what is sharp is there at once; test_fading has it otherwise
        self.window.resize(640, 480)

    def _spawn(self, device: str) -> FakeRenderer:
        fake = FakeRenderer(self.gate)
        fake.device = device
        self.fakes.append(fake)
        return fake

    @property
    def fake(self) -> FakeRenderer:
        return self.fakes[-1]

    @property
    def controller(self):
        return self.viewer.controller

    @property
    def state(self):
        return self.viewer.state

    def show(self, path: Path | None) -> None:
        self.viewer.show(*([path] if path is not None else []))
        self.qtbot.waitExposed(self.window)
        if path is not None:
            self.until(lambda: self.state.picture is not None)
        self.until(lambda: bool(self.fakes))

    def until(self, fact) -> None:
        self.qtbot.waitUntil(fact, timeout=20_000)

    def sharp(self) -> None:
        self.until(lambda: self.controller.sharp)

    def rest(self) -> None:
        self.until(lambda: not self.viewer.motion.moving)

    def export(self, name: str = "export", path: Path | None = None) -> None:
        """Open the dialog by an action, choose the file, save, and wait until it is there."""
        self.window.actions_by_name[name].trigger()
        self.save(path)

    def save(self, path: Path | None = None) -> None:
        """Press the button of the open dialog and wait for the file."""
        dialog, rows = self.window.exporter.dialog, self.window.exports.queue.rows
        dialog.name_file(path or self.export_path)
        dialog.go.click()
        row = rows[max(rows)]
        self.until(lambda: not row.running)
        assert "Saved" in row.words.text()

    def canvas_pixels(self) -> np.ndarray:
        """What the canvas shows, without the badges: (H, W, 3) uint8 in device pixels."""
        canvas: QWidget = self.window.canvas
        for child in canvas.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            child.hide()
        image = canvas.grab().toImage().convertToFormat(image_format())
        return to_array(image)

    def close(self) -> None:
        self.gate.set()
        self.window.close()
        self.viewer.shutdown()
        self.window.deleteLater()
        SCREEN.brighten(0.0)  # one for all windows


def image_format():
    from PySide6.QtGui import QImage

    return QImage.Format.Format_RGB888


def to_array(image) -> np.ndarray:
    height, width, stride = image.height(), image.width(), image.bytesPerLine()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, stride)
    return rows[:, : 3 * width].reshape(height, width, 3).copy()


@pytest.fixture
def stage(qtbot, tmp_path):
    made = Stage(qtbot, tmp_path)
    yield made
    made.close()
