"""The ICC profile of a screen, as the system tells it: what the colours on it must be converted to.

Windows keeps one for each device context, X servers a property of the root window (the "ICC Profiles in X" convention,
which GNOME, KDE, colord and xiccd follow). On macOS and under Wayland the system converts what windows show, from sRGB:
there is nothing to ask for.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from pathlib import Path

LONGEST = 32 << 20
"""Bytes of a profile, at most."""


def profile_of_screen(number: int, platform: str) -> bytes | None:
    """number: of the screen, from 0. platform: Qt's name of it. None where there is none, or none is needed."""
    try:
        if platform == "xcb":
            return _of_x_server("_ICC_PROFILE" if number == 0 else f"_ICC_PROFILE_{number}")
        if platform == "windows":
            return _of_windows()
    except (OSError, AttributeError, ctypes.ArgumentError):
        pass  # a system that cannot be asked: its screens are taken for sRGB
    return None


def _of_x_server(name: str) -> bytes | None:
    x = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    pointer, long = ctypes.c_void_p, ctypes.c_long
    x.XOpenDisplay.restype = pointer
    x.XDefaultRootWindow.restype = ctypes.c_ulong
    x.XInternAtom.restype = ctypes.c_ulong
    display = pointer(x.XOpenDisplay(None))
    if not display:
        return None
    try:
        atom = x.XInternAtom(display, name.encode(), True)
        if not atom:
            return None
        kind, width, count, more = ctypes.c_ulong(), ctypes.c_int(), ctypes.c_ulong(), ctypes.c_ulong()
        data = pointer()
        root = ctypes.c_ulong(x.XDefaultRootWindow(display))
        wanted = (long(0), long(LONGEST // 4), False, ctypes.c_ulong(0))
        answer = map(ctypes.byref, (kind, width, count, more, data))
        if x.XGetWindowProperty(display, root, ctypes.c_ulong(atom), *wanted, *answer) != 0 or not data:
            return None
        found = ctypes.string_at(data, count.value) if width.value == 8 else b""
        x.XFree(data)
        return found or None
    finally:
        x.XCloseDisplay(display)


def _of_windows() -> bytes | None:
    if sys.platform != "win32":
        return None
    context = ctypes.windll.user32.GetDC(None)
    try:
        size = ctypes.c_ulong(0)
        ctypes.windll.gdi32.GetICMProfileW(context, ctypes.byref(size), None)
        if not size.value:
            return None
        name = ctypes.create_unicode_buffer(size.value)
        if not ctypes.windll.gdi32.GetICMProfileW(context, ctypes.byref(size), name):
            return None
        return Path(name.value).read_bytes()
    finally:
        ctypes.windll.user32.ReleaseDC(None, context)
