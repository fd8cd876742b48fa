"""Is there a display that a window can be shown on? Asked before Qt, which aborts the process where there is none."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

WAIT = 2.0
"""Seconds that a display at the other end of a network may take to answer."""


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """True where a window can be shown.

    On Windows and macOS always. Elsewhere when QT_QPA_PLATFORM names a platform, or the display server that
    WAYLAND_DISPLAY or DISPLAY names takes a connection: the variable alone may be left over from another session.
    """
    if not platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return True
    wayland, x11 = environment.get("WAYLAND_DISPLAY"), environment.get("DISPLAY")
    if wayland and _answers(os.path.join(environment.get("XDG_RUNTIME_DIR", ""), wayland)):
        return True
    return bool(x11) and any(_answers(address) for address in x11_addresses(x11 or ""))


def x11_addresses(display: str) -> list[str | tuple[str, int]]:
    """Where the server of a DISPLAY like `:0`, `unix:1.0` or `host:10.0` listens: socket paths, or (host, port)."""
    host, colon, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not colon or not number.isdigit():
        return []
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        return [f"\0{path}", path]  # Linux's abstract socket, and the one in the file system
    return [(host.rpartition("/")[2], 6000 + int(number))]


def missing_library(environment: Mapping[str, str], platform: str) -> str | None:
    """What the system lacks for Qt's window, in the linker's words ("libxcb-cursor.so.0: cannot open ..."), or None.

    Loads Qt's plugins for the display as Qt itself would, but without ending the process when that fails: Wayland's
    first where there is such a session, and xcb's otherwise or in its place.
    """
    if not platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return None
    package = find_spec("PySide6")
    folders = list(package.submodule_search_locations or []) if package is not None else []
    if not folders:
        return "PySide6: not installed"
    plugins, lacking = Path(folders[0], "Qt", "plugins", "platforms"), None
    for name in (*(["libqwayland.so"] if environment.get("WAYLAND_DISPLAY") else []), "libqxcb.so"):
        try:
            ctypes.CDLL(str(plugins / name))
            return None
        except OSError as error:
            lacking = str(error)
    return lacking


def _answers(address: str | tuple[str, int]) -> bool:
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, WAIT).close()
            return True
        with socket.socket(socket.AF_UNIX) as near:
            near.settimeout(WAIT)
            near.connect(address)
            return True
    except OSError:
        return False
