"""The program as a whole, in a process of its own: it ends cleanly however it is ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, threading
from diif_viewer.ui import app
from tests.ui.fake_renderer import FakeRenderer
gate = threading.Event()
gate.set()
class Viewer(app.Viewer):
    def __init__(self, method, settings):
        super().__init__(method, spawn=lambda _: FakeRenderer(gate), settings=settings)
app.Viewer = Viewer
sys.exit(app.run(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_window_and_leaves_nothing(photo, tmp_path, number):
    status = tmp_path / "status.json"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "DIIF_VIEWER_STATUS": str(status)}
    environment["DIIF_VIEWER_SETTINGS"] = str(tmp_path / "settings.ini")
    program = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", PROGRAM, os.fspath(photo)],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (status.exists() and json.loads(status.read_text())["sharp"]):
            assert program.poll() is None, program.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)  # another process: there is no signal to wait for
        program.send_signal(number)
        _, errors = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0
    words = [line for line in errors.splitlines() if "propagateSizeHints" not in line]
    assert words == []


def test_the_window_never_imports_torch():
    code = "import sys, diif_viewer.ui.app; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
