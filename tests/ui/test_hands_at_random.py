"""Whatever hands do, in whatever order: the window lives, says nothing is wrong with it, and is sharp in the end.

More of it by hand: `HANDS=10,60 STEPS=300 pytest tests/ui/test_hands_at_random.py` (seeds from 10 to 59).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QMessageBox,
    QSlider,
    QWidget,
)

STEPS = int(os.environ.get("STEPS", "120"))
SEEDS = range(*map(int, os.environ.get("HANDS", "0,3").split(",")))
LEFT_OUT = {"quit", "Open the window anew"}  # actions and buttons that end this window
DIALOGS = ("export", "export_region", "film", "figure", "ground_truth", "models", "preferences", "shortcuts")
KEYS = [Qt.Key(code) for code in range(Qt.Key.Key_A, Qt.Key.Key_Z + 1)]
KEYS += [Qt.Key(code) for code in range(Qt.Key.Key_0, Qt.Key.Key_9 + 1)]
KEYS += [Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_Plus, Qt.Key.Key_Minus]
KEYS += [Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, Qt.Key.Key_F3, Qt.Key.Key_F7]
MODIFIERS = [Qt.KeyboardModifier.NoModifier] * 5 + [
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
]


class Hands:
    """log: what they have done. act: something at random."""

    def __init__(self, stage, folder: Path, seed: int) -> None:
        self.stage, self.folder, self.dice = stage, folder, random.Random(seed)
        self.log: list[str] = []
        self.files = self._files()
        self._impatience = QTimer()
        self._impatience.setInterval(60)
        self._impatience.timeout.connect(self._leave_modals)
        self._impatience.start()
        self._modal: QWidget | None = None

    def _files(self) -> list[Path]:
        noise = np.random.default_rng(1)

        def pixels(*shape):
            return noise.integers(0, 255, shape).astype(np.uint8)

        folder = self.folder
        Image.fromarray(pixels(60, 80, 3)).save(folder / "a.png")
        Image.fromarray(pixels(200, 90, 3)).save(folder / "b.jpg")
        Image.fromarray(pixels(33, 47, 4)).save(folder / "c.png")
        Image.fromarray(pixels(40, 50).astype(np.uint16) * 257).save(folder / "d.tif")
        Image.fromarray(pixels(30, 40).astype(np.float32)).save(folder / "e.tif")
        frames = [Image.fromarray(pixels(24, 36, 3)) for _ in range(4)]
        frames[0].save(folder / "f.gif", save_all=True, append_images=frames[1:], duration=30, loop=0)
        frames[0].save(folder / "g.tif", save_all=True, append_images=frames[1:])
        Image.new("RGBA", (1, 1), (255, 0, 0, 90)).save(folder / "h.png")
        (folder / "i.png").write_bytes(b"nothing")
        Image.fromarray(pixels(10, 700, 3)).save(folder / "j.webp")
        return sorted(folder.glob("?.*"))

    def _leave_modals(self) -> None:
        """Of those that hold everything up, after a moment."""
        now = QApplication.activeModalWidget() or QApplication.activePopupWidget()
        patience = 0.3 if isinstance(now, QMenu | QFileDialog | QMessageBox) else 0.05
        if now is not None and now is self._modal and self.dice.random() < patience:
            self.log.append(f"left {type(now).__name__}")
            now.reject() if isinstance(now, QDialog) else now.close()
            now = None
        self._modal = now

    # ---- what they do ----

    def act(self) -> None:
        dialogs = any(isinstance(w, QDialog) and w.isVisible() for w in QApplication.topLevelWidgets())
        weights = {
            **{self.action: 12, self.key: 6, self.wheel: 6, self.drag: 4, self.click: 3, self.resize: 1},
            **{self.open: 2, self.rewrite: 1, self.pane: 1, self.dialog: 30 if dialogs else 3},
            **{self.renderer: 0.4, self.gate: 0.6, self.rest: 3},
        }
        does = self.dice.choices(list(weights), list(weights.values()))[0]
        self.log.append(does.__name__)
        does()

    def _place(self) -> QPoint:
        canvas = self.stage.window.canvas
        return QPoint(self.dice.randrange(max(1, canvas.width())), self.dice.randrange(max(1, canvas.height())))

    def action(self) -> None:
        names = sorted(set(self.stage.window.actions_by_name) - LEFT_OUT)
        name = self.dice.choice(DIALOGS if self.dice.random() < 0.25 else names)
        self.log[-1] += f" {name}"
        self.stage.window.actions_by_name[name].trigger()

    def key(self) -> None:
        target = QApplication.focusWidget() or self.stage.window.canvas
        key, modifier = self.dice.choice(KEYS), self.dice.choice(MODIFIERS)
        if modifier == Qt.KeyboardModifier.ControlModifier and key in (Qt.Key.Key_Q, Qt.Key.Key_W):
            return
        self.log[-1] += f" {key.name} {modifier.name} {type(target).__name__}"
        self.stage.qtbot.keyClick(target, key, modifier)

    def wheel(self) -> None:
        canvas, place = self.stage.window.canvas, QPointF(self._place())
        turn = self.dice.choice([120, 120, -120, 360, -240, 15])
        nothing = Qt.MouseButton.NoButton
        event = QWheelEvent(
            place,
            QPointF(canvas.mapToGlobal(place)),
            QPoint(),
            QPoint(0, turn),
            nothing,
            self.dice.choice(MODIFIERS),
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(canvas, event)

    def drag(self) -> None:
        canvas, button = self.stage.window.canvas, Qt.MouseButton.LeftButton
        modifier = self.dice.choice(MODIFIERS)
        self.stage.qtbot.mousePress(canvas, button, modifier, self._place())
        for _ in range(self.dice.randrange(1, 5)):
            self.stage.qtbot.mouseMove(canvas, self._place())
            if self.dice.random() < 0.1:
                self.action()
        self.stage.qtbot.mouseRelease(canvas, button, modifier, self._place())

    def click(self) -> None:
        canvas = self.stage.window.canvas
        kind = self.dice.randrange(3)
        if kind == 0:
            self.stage.qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=self._place())
        elif kind == 1:
            self.stage.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=self._place())
        else:
            self.stage.qtbot.mouseClick(canvas, Qt.MouseButton.RightButton, pos=self._place())

    def resize(self) -> None:
        self.stage.window.resize(self.dice.randrange(200, 1000), self.dice.randrange(150, 800))

    def open(self) -> None:
        path = self.dice.choice(self.files)
        self.log[-1] += f" {path.name}"
        self.stage.window.open_path(path)

    def rewrite(self) -> None:
        path, source = self.dice.choice(self.files), self.dice.choice(self.files)
        self.log[-1] += f" {path.name} from {source.name}"
        data = source.read_bytes() if source.exists() else b""
        if self.dice.random() < 0.1:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(data[: self.dice.choice([None, None, len(data) // 2])])

    def renderer(self) -> None:
        fake = self.stage.fake
        self.dice.choice([fake.kill, fake.die, self.stage.viewer.controller.client.restart])()

    def gate(self) -> None:
        gate = self.stage.gate
        gate.clear() if gate.is_set() else gate.set()

    def pane(self) -> None:
        panes = self.stage.state.layout.panes
        path = self.dice.choice(self.files)
        if panes > 1 and self.stage.state.picture is not None:
            pane = self.dice.randrange(panes)
            self.log[-1] += f" {pane} {path.name}"
            self.stage.window.pane_files.open_path(pane, path)

    def rest(self) -> None:
        self.stage.qtbot.wait(self.dice.randrange(1, 250))

    def dialog(self) -> None:
        """A hand on some part of a dialog, of the queue, of the toolbar."""
        tops = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
        dialogs = [w for w in tops if isinstance(w, QDialog)]
        top = self.dice.choice(dialogs if dialogs and self.dice.random() < 0.8 else tops)
        kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QSlider)
        parts = [w for w in top.findChildren(QWidget) if isinstance(w, kinds) and w.isVisible() and w.isEnabled()]
        parts = [w for w in parts if not isinstance(w, QAbstractButton) or w.text() not in LEFT_OUT]
        if not parts:
            return
        part = self.dice.choice(parts)
        self.log[-1] += f" {type(top).__name__} {type(part).__name__} {getattr(part, 'text', str)()!r}"
        if isinstance(part, QAbstractButton):
            self.stage.qtbot.mouseClick(part, Qt.MouseButton.LeftButton)
        elif isinstance(part, QComboBox):
            if part.count():
                part.setCurrentIndex(self.dice.randrange(part.count()))
        elif isinstance(part, QSlider):
            part.setValue(self.dice.randrange(part.minimum(), part.maximum() + 1))
        else:
            part.setFocus()
            word = self.dice.choice(["", "4", "x8", "0.3", "1e9", "abc", "-3", "120", "e/../x.png", "out.tif"])
            if isinstance(part, QLineEdit):
                part.selectAll()
            self.stage.qtbot.keyClicks(part, word)
            if self.dice.random() < 0.5:
                self.stage.qtbot.keyClick(part, Qt.Key.Key_Return)

    # ---- the end ----

    def calm(self) -> None:
        """Everything is closed that is in the way."""
        self._impatience.stop()
        for _ in range(10):
            for widget in [w for w in QApplication.topLevelWidgets() if w.isVisible()]:
                if isinstance(widget, QDialog):
                    widget.reject()
                elif isinstance(widget, QMenu):
                    widget.close()
            self.stage.qtbot.wait(10)


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_window_survives_hands(stage, photo, tmp_path, seed, monkeypatch):
    folder = tmp_path / "pictures"
    folder.mkdir()
    monkeypatch.chdir(folder)
    stage.export_path = folder / "export.png"
    hands = Hands(stage, folder, seed)
    stage.show(photo)
    try:
        for _ in range(STEPS):
            hands.act()
            stage.qtbot.wait(hands.dice.choice([0, 1, 5, 20]))
            assert "went wrong" not in stage.window.notice.text
        hands.calm()
        stage.gate.set()
        if not stage.controller.client.running:
            stage.controller.client.restart()
        stage.window.open_path(photo)
        stage.until(lambda: stage.state.picture is not None and stage.state.picture.path == photo)
        stage.window.actions_by_name["single"].trigger()
        stage.window.actions_by_name["method_diif-s-lite"].trigger()
        stage.window.actions_by_name["zoom_6"].trigger()
        stage.until(lambda: stage.state.view.scale > 1)
        stage.sharp()
        hands.calm()
    finally:
        print("\n".join(hands.log))
        hands.calm()
        QApplication.clipboard().clear()  # what is left there is deleted when Python is gone: a crash at the end
