"""Work in a process of its own: its result, its errors, and its end when the command is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTimer

from diif_viewer.cli.apart import apart
from diif_viewer.errors import DeviceError, RequestError
from diif_viewer.ui.hands import pause

ROOT = Path(__file__).resolve().parent.parent.parent


def sums(*numbers: int) -> tuple[int, int]:
    return sum(numbers), os.getpid()


def refuses() -> None:
    raise RequestError("This cannot be done.")


def dies() -> None:
    os._exit(3)


def lives_on(folder: Path) -> None:
    """Like a window under a script: Python runs in slots all the time, and what they raise Qt passes over."""
    application = QCoreApplication([])
    timer = QTimer(application)
    timer.timeout.connect(lambda: time.sleep(0.01))
    timer.start(1)
    (folder / "began").write_text(str(os.getpid()))
    try:
        while True:
            pause(200)
    finally:
        (folder / "cleared").touch()


def test_the_result_is_that_of_another_process() -> None:
    result, process = apart(sums, 1, 2, 3)
    assert result == 6
    assert process != os.getpid()


def test_what_it_raises_is_raised_here_and_says_where() -> None:
    with pytest.raises(RequestError) as caught:
        apart(refuses)
    assert str(caught.value) == "This cannot be done."
    assert "in refuses" in "".join(traceback.format_exception(caught.value))


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(DeviceError, match="doctor"):
        apart(dies)


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize(
    ("send", "number", "status"),
    [(os.kill, signal.SIGTERM, 143), (os.kill, signal.SIGINT, 130), (os.killpg, signal.SIGINT, 130)],
    ids=["kill", "interrupt", "ctrl-c"],
)
def test_it_ends_with_the_command_and_clears_up(send, number: int, status: int, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from diif_viewer.cli.apart import apart\n"
        "from diif_viewer.cli.signals import heeded, status_of\n"
        "from tests.cli.test_apart import lives_on\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        with heeded():\n"
        "            apart(lives_on, pathlib.Path(sys.argv[1]))\n"
        "    except KeyboardInterrupt as stop:\n"
        "        sys.exit(status_of(stop))\n"
    )
    (tmp_path / "program.py").write_text(script)
    program = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not (tmp_path / "began").exists() or not (tmp_path / "began").read_text():
        assert time.monotonic() < end
        assert program.poll() is None
        time.sleep(0.05)
    send(program.pid, number)
    said, _ = program.communicate(timeout=60)
    assert (program.returncode, said) == (status, "")
    assert (tmp_path / "cleared").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "began").read_text()), 0)
