"""Showing a file in its folder: a file manager on a real D-Bus is asked for it, and the folder opens without one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess, QUrl
from PySide6.QtDBus import QDBusConnection, QDBusError, QDBusMessage, QDBusVirtualObject

from diif_viewer.ui.reveal import PLACE, SERVICE, show_in_folder

FILE = Path("/pictures/übung 1#2%.png")


class Opened(list[str]):
    """Stands for the desktop: notes what it is asked to open."""

    def __call__(self, url: QUrl) -> bool:
        self.append(url.toLocalFile())
        return True


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """The address of a D-Bus of our own."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("there is no D-Bus here")
    words = ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:dir={tmp_path}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        yield address
        for name in (address, "file manager"):
            QDBusConnection.disconnectFromBus(name)
        daemon.terminate()


class FileManager(QDBusVirtualObject):
    """Answers as file managers do, or refuses."""

    def __init__(self, address: str, *, willing: bool = True) -> None:
        super().__init__()
        self.calls: list[tuple[str, str, list[object]]] = []
        self._willing = willing
        connection = QDBusConnection.connectToBus(address, "file manager")
        assert connection.registerVirtualObject(PLACE, self)
        assert connection.registerService(SERVICE)

    def introspect(self, path: str) -> str:
        return ""

    def handleMessage(self, message: QDBusMessage, connection: QDBusConnection) -> bool:  # noqa: N802
        self.calls.append((message.member(), message.signature(), message.arguments()))
        refusal = message.createErrorReply(QDBusError.ErrorType.Failed, "not today")
        connection.send(message.createReply() if self._willing else refusal)
        return True


def test_the_file_manager_is_asked_to_select_the_file(qtbot, bus) -> None:
    manager, opened = FileManager(bus), Opened()
    show_in_folder(FILE, opened, "linux", bus)
    qtbot.waitUntil(lambda: len(manager.calls) == 1)
    assert manager.calls == [("ShowItems", "ass", [["file:///pictures/%C3%BCbung%201%232%25.png"], ""])]
    qtbot.wait(50)  # a folder as well would open about now
    assert opened == []


def test_a_refusal_opens_the_folder(qtbot, bus) -> None:
    manager, opened = FileManager(bus, willing=False), Opened()
    show_in_folder(FILE, opened, "linux", bus)
    qtbot.waitUntil(lambda: opened == ["/pictures"])
    assert len(manager.calls) == 1


def test_without_a_file_manager_the_folder_opens(qtbot, bus) -> None:
    opened = Opened()
    show_in_folder(FILE, opened, "linux", bus)
    qtbot.waitUntil(lambda: opened == ["/pictures"])


def test_without_a_bus_it_opens_at_once(qapp, tmp_path) -> None:
    opened = Opened()
    show_in_folder(FILE, opened, "linux", f"unix:path={tmp_path}/nobody")
    assert opened == ["/pictures"]


@pytest.mark.parametrize(
    ("platform", "words"),
    [("darwin", ["open", "-R", str(FILE)]), ("win32", ["explorer", "/select,", str(FILE)])],
)
def test_windows_and_macos_have_a_command_for_it(platform, words, monkeypatch) -> None:
    started, opened = [], Opened()
    answers = [(True, 7), (False, 0)]

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        started.append([program, *arguments])
        return answers.pop(0)

    monkeypatch.setattr(QProcess, "startDetached", start)
    show_in_folder(FILE, opened, platform)
    assert (started, opened) == ([words], [])
    show_in_folder(FILE, opened, platform)
    assert opened == ["/pictures"]  # the command is missing
