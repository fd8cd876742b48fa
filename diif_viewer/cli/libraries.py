"""The system's libraries that Qt needs on Linux, and what Debian and Ubuntu call the packages that hold them.

Standard library only, and nothing of this program: scripts/set_up.py reads this file before anything is installed.
"""

from __future__ import annotations

import ctypes

# Debian's package for each library that Qt's core and its xcb plugin load (objdump -p on PySide6's own files).
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}


def loads(library: str) -> bool:
    """True when the dynamic linker finds and loads the shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages() -> list[str]:
    """Debian's names of the packages whose libraries are really missing here."""
    return [package for library, package in LIBRARIES.items() if not loads(library)]


def remedy() -> str:
    """What to type for what is missing, as a sentence; empty where all of it is there and something else is amiss."""
    missing = missing_packages()
    return f"On Debian and Ubuntu type: sudo apt-get install {' '.join(missing)}." if missing else ""
