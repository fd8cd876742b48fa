"""`diif-viewer install-desktop`: the program in Linux's menus and among what pictures can be opened with.

Files go into the user's own folders (XDG Base Directory and Desktop Entry specifications); `--remove` takes them away.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from diif_viewer.errors import DiifViewerError, ExportError
from diif_viewer.paths import data_directory, shipped

HELP = "Put the program into the menus of a Linux desktop, or take it out again."

MIME_TYPES = (
    *("image/png", "image/jpeg", "image/webp", "image/tiff", "image/avif", "image/bmp", "image/gif", "image/qoi"),
    *("image/jp2", "image/x-portable-pixmap", "image/x-portable-graymap", "image/x-tga", "image/vnd.adobe.photoshop"),
)
ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.4
Name=DIIF Viewer
GenericName=Picture Viewer
Comment=Look into pictures, sharp at any zoom
Exec={command} %F
Icon=diif-viewer
Terminal=false
Categories=Graphics;2DGraphics;RasterGraphics;Viewer;
Keywords=image;photo;zoom;upscale;super-resolution;
MimeType={types};
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--remove", action="store_true", help="take the entry and the icons away again")


def run(args: argparse.Namespace) -> int:
    """Write or remove the files, and name them. Raises DiifViewerError."""
    from diif_viewer.imaging.save import atomic_path

    if not sys.platform.startswith("linux"):
        raise DiifViewerError("Desktop entries are for Linux; elsewhere pin the program by its own window.")
    files = destinations()
    there = [target for target in files.values() if os.path.lexists(target)]
    try:
        for source, target in files.items():
            if args.remove:
                target.unlink(missing_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(target) as temporary:
                if source is None:
                    text = ENTRY.format(command=command_line(), types=";".join(MIME_TYPES))
                    temporary.write_text(text, encoding="utf-8")
                else:
                    shutil.copyfile(source, temporary)
    except OSError as error:
        raise ExportError(f"{error.filename}: {error.strerror}.") from error
    _tell_desktop(data_home())
    if args.quiet:
        return 0
    for target in there if args.remove else files.values():
        print(f"{'removed' if args.remove else 'installed'} {target}")
    if args.remove and not there:
        print("nothing to remove: the program is not in the menus")
    return 0


def data_home() -> Path:
    """The user's folder for data of programs."""
    return data_directory().parent


def destinations() -> dict[Path | None, Path]:
    """What is copied where; None is the entry, which is written."""
    home, resources = data_home(), shipped("resources")
    icons = home / "icons" / "hicolor"
    return {
        resources / "icon.svg": icons / "scalable" / "apps" / "diif-viewer.svg",
        resources / "icon.png": icons / "256x256" / "apps" / "diif-viewer.png",
        None: home / "applications" / "diif-viewer.desktop",
    }


def command_line() -> str:
    """How the desktop starts this very installation, quoted for the entry's Exec key."""
    script = Path(sysconfig.get_path("scripts"), "diif-viewer")
    main = Path(__file__).resolve().parents[2] / "main.py"
    if script.is_file():
        words = [str(script)]
    elif main.is_file():
        words = [sys.executable, str(main)]
    else:
        words = [sys.executable, "-m", "diif_viewer"]
    return " ".join(exec_quoted(word) for word in words)


def exec_quoted(word: str) -> str:
    """A word of the Exec key: in double quotes, its special characters escaped, then as a string value once more."""
    for character in '\\"`$':
        word = word.replace(character, f"\\{character}")
    return f'"{word}"'.replace("\\", "\\\\").replace("%", "%%")


def _tell_desktop(home: Path) -> None:
    """Desktops notice by themselves; these make it quicker where they are installed."""
    for words in (
        ["update-desktop-database", str(home / "applications")],
        ["gtk-update-icon-cache", "-q", "-t", str(home / "icons" / "hicolor")],
    ):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(words, check=False, capture_output=True, timeout=20)
