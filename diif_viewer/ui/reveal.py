"""Showing a file where it lies: selected in the file manager where that can be asked for, else its folder.

Windows and macOS have a command for it. Elsewhere file managers listen on the session's D-Bus (freedesktop.org, "File
Manager D-Bus Interface"); where none does, or there is no bus, the folder is opened as any folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

OpenUrl = Callable[[QUrl], bool]
Reveal = Callable[[Path, OpenUrl], None]
"""As `show_in_folder`."""

SERVICE, PLACE = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"

PATIENCE = 10_000
"""Milliseconds that a file manager may take to answer; it may have to be started first."""


def show_in_folder(
    path: Path, open_url: OpenUrl = QDesktopServices.openUrl, platform: str = sys.platform, bus: str = ""
) -> None:
    """Show `path`, selected if possible; nothing waits for it. bus: a D-Bus other than the session's."""
    command = _command(path, platform)
    if command and QProcess.startDetached(command[0], command[1:])[0]:
        return
    if command or not _ask_file_manager(path, open_url, bus):
        _open_folder(path, open_url)


def _command(path: Path, platform: str) -> list[str]:
    """The command that shows a file, program first; nothing where there is none."""
    if platform == "darwin":
        return ["open", "-R", os.fspath(path)]
    return ["explorer", "/select,", os.fspath(path)] if platform == "win32" else []


def _open_folder(path: Path, open_url: OpenUrl) -> None:
    open_url(QUrl.fromLocalFile(os.fspath(path.parent)))


def _ask_file_manager(path: Path, open_url: OpenUrl, address: str) -> bool:
    """Ask over D-Bus; the folder is opened should the answer be a refusal. False where there is nobody to ask."""
    try:
        from PySide6.QtDBus import QDBusMessage, QDBusPendingCallWatcher
    except ImportError:  # a Qt without it
        return False
    bus = _connection(address)
    if not bus.isConnected():
        return False
    message = QDBusMessage.createMethodCall(SERVICE, PLACE, SERVICE, "ShowItems")
    uri = bytes(QUrl.fromLocalFile(os.fspath(path)).toEncoded().data()).decode("ascii")
    message.setArguments([[uri], ""])
    watcher = QDBusPendingCallWatcher(bus.asyncCall(message, PATIENCE), QGuiApplication.instance())

    def answered(_: object) -> None:
        if watcher.isError():
            _open_folder(path, open_url)
        watcher.deleteLater()

    watcher.finished.connect(answered)
    return True


def _connection(address: str) -> QDBusConnection:
    from PySide6.QtDBus import QDBusConnection

    return QDBusConnection.connectToBus(address, address) if address else QDBusConnection.sessionBus()
