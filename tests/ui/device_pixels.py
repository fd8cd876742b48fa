"""Run by test_device_pixels in a process of its own: the scale factor of a screen is fixed when Qt starts.

Prints the number of device pixels of the canvas that differ from the wanted lattice pixels, at x6 and at 100 %.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from diif_viewer.ui import theme
from diif_viewer.ui.app import Viewer
from tests.ui.fake_renderer import FakeRenderer, expected


def wait(application: QApplication, fact) -> None:
    deadline = time.monotonic() + 30
    while not fact():
        assert time.monotonic() < deadline, "timed out"
        application.processEvents()


def screen(window) -> np.ndarray:
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def wrong_pixels(viewer: Viewer, pixels: np.ndarray) -> int:
    window, canvas = viewer.window, viewer.window.canvas
    for badge in window.badge_row.badges:
        badge.hide()
    window.overview.hide()
    window.hint.hide()
    ratio = canvas.devicePixelRatioF()
    corner = canvas.mapTo(window, canvas.rect().topLeft())
    top, left = math.floor(corner.y() * ratio + 0.5), math.floor(corner.x() * ratio + 0.5)
    view = viewer.state.view.rested()
    seen = view.window
    shown = screen(window)[top - int(view.top) + seen.top :, left - int(view.left) + seen.left :]
    wanted = expected(pixels, viewer.state.methods[0], view.scale, seen)
    return int((shown[: seen.height, : seen.width] != wanted).any(axis=2).sum())


def main() -> None:
    application = QApplication(sys.argv[:1])
    theme.apply(application)
    gate = threading.Event()
    gate.set()
    viewer = Viewer(spawn=lambda _: FakeRenderer(gate))
    viewer.window.resize(603, 487)
    viewer.show(Path(sys.argv[1]))
    pixels = np.asarray(Image.open(sys.argv[1]).convert("RGB"))
    wait(application, lambda: viewer.controller.sharp)
    found = []
    for scale in (6.0, 1.0, 0.5, 17.3):
        viewer.window.navigator.zoom_to(scale)
        wait(application, lambda: viewer.controller.sharp)
        found.append(wrong_pixels(viewer, pixels))
    print("ratio", viewer.window.devicePixelRatioF(), "wrong", *found)
    viewer.window.close()


main()
