"""Set-up says the exact line to type, installs only what is missing, and does nothing twice."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from diif_viewer.cli.libraries import LIBRARIES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """scripts/set_up.py as a module, on a Linux that has no display, seen by a user who is not root."""
    spec = importlib.util.spec_from_file_location("set_up", ROOT / "scripts" / "set_up.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(module, "can_apt", lambda: False)
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    return module


def lacking(monkeypatch: pytest.MonkeyPatch, set_up: ModuleType, *libraries: str) -> None:
    absent_from(monkeypatch, set_up, set(libraries))


def absent_from(monkeypatch: pytest.MonkeyPatch, set_up: ModuleType, absent: set[str]) -> None:
    table = set_up.libraries()
    monkeypatch.setattr(table, "loads", lambda library: library not in absent)
    monkeypatch.setattr(set_up, "libraries", lambda: table)


def test_nothing_missing_is_said_with_silence(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking(monkeypatch, set_up)
    assert set_up.provide_system_packages("test") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("purpose", "display", "status"), [("run", "", 0), ("run", ":0", 1), ("test", "", 1), ("test", ":0", 1)]
)
def test_the_line_to_type_is_printed_and_stops_only_what_needs_it(
    *,
    purpose: str,
    display: str,
    status: int,
    set_up: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    lacking(monkeypatch, set_up, "libxcb-cursor.so.0", "libEGL.so.1")
    assert set_up.provide_system_packages(purpose) == status
    assert "    sudo apt-get install -y libegl1 libxcb-cursor0\n" in capsys.readouterr().err


def test_root_gets_what_is_missing_and_no_more(set_up: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    absent = {"libEGL.so.1"}

    def install(packages: list[str]) -> bool:
        asked.append(packages)
        absent.clear()
        return True

    monkeypatch.setattr(set_up, "can_apt", lambda: True)
    monkeypatch.setattr(set_up, "apt_install", install)
    absent_from(monkeypatch, set_up, absent)
    assert set_up.provide_system_packages("run") == 0
    assert asked == [["libegl1"]]


def test_tests_need_a_virtual_screen_too(set_up: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, set_up)
    monkeypatch.setattr(set_up.shutil, "which", lambda name: None)
    assert set_up.missing_packages("run") == []
    assert set_up.missing_packages("test") == ["xvfb", "xdotool"]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_need_no_packages(platform: str, set_up: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    lacking(monkeypatch, set_up, *LIBRARIES)
    assert set_up.missing_packages("test") == []


def test_an_old_python_is_told_so(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    monkeypatch.setattr(sys, "argv", ["set_up.py", "run"])
    assert set_up.main() == 1
    shown = capsys.readouterr().err
    assert "needs Python 3.11 or newer" in shown
    assert "make run PYTHON=python3.12" in shown


def test_what_is_installed_is_recognised_until_the_pins_change(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[tuple[str, ...]] = []
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("first")
    (tmp_path / "python").touch()
    monkeypatch.setattr(set_up, "ROOT", str(tmp_path))
    monkeypatch.setattr(set_up, "PYTHON", str(tmp_path / "python"))
    monkeypatch.setattr(set_up, "STAMP", str(tmp_path / "installed-for-{}"))
    monkeypatch.setattr(set_up, "has_pip", lambda python: True)
    monkeypatch.setattr(set_up, "pip", lambda *words: ran.append(words))
    set_up.install_packages("test")
    assert ran
    ran.clear()
    set_up.install_packages("test")
    set_up.install_packages("run")
    assert not ran
    (tmp_path / "constraints.txt").write_text("second")
    set_up.install_packages("run")
    assert ran


def test_every_package_that_the_readme_names_is_one_that_set_up_knows() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    line = text.split("sudo apt-get install ")[1].split("\n\n")[0].replace("\\", " ")
    assert set(line.split()) <= set(LIBRARIES.values())


@pytest.mark.skipif(sys.platform != "linux", reason="these are the libraries of Linux")
def test_every_library_that_qt_itself_asks_for_is_known_or_always_there() -> None:
    """Qt's own files name the libraries they load; a new version that needs another one must not go unnoticed."""
    import PySide6

    folder = Path(PySide6.__file__).parent / "Qt"
    files = [folder / "plugins" / "platforms" / f"libq{name}.so" for name in ("xcb", "offscreen")]
    files += [folder / "lib" / f"libQt6{name}.so.6" for name in ("Core", "Gui", "Widgets", "DBus", "XcbQpa", "Svg")]
    brought = {"libfreetype.so.6", "libz.so.1", "libzstd.so.1", "libxcb.so.1", "libgthread-2.0.so.0"}
    brought |= {"libxcb-shm.so.0", "libxcb-render.so.0"}  # by the packages that are asked for
    basic = (
        "libc.",
        "libm.",
        "libdl.",
        "librt.",
        "libpthread.",
        "libstdc++.",
        "libgcc_s.",
        "ld-linux",
        "libQt6",
        "libicu",
    )
    assert "libxcb-cursor.so.0" in needed(files[0].read_bytes())
    for file in filter(Path.exists, files):
        for name in needed(file.read_bytes()):
            assert name in LIBRARIES or name in brought or name.startswith(basic), f"{file.name} needs {name}"


def needed(elf: bytes) -> list[str]:
    """DT_NEEDED names of a 64-bit little-endian shared library (ELF specification, dynamic section)."""

    def number(at: int, size: int) -> int:
        return int.from_bytes(elf[at : at + size], "little")

    start, size, count = number(32, 8), number(54, 2), number(56, 2)
    headers = [start + k * size for k in range(count)]
    loads = [(number(h + 16, 8), number(h + 8, 8), number(h + 32, 8)) for h in headers if number(h, 4) == 1]
    (dynamic,) = (number(h + 8, 8) for h in headers if number(h, 4) == 2)
    entries: list[tuple[int, int]] = []
    while not entries or entries[-1][0]:
        at = dynamic + 16 * len(entries)
        entries.append((number(at, 8), number(at + 8, 8)))
    address = dict(entries)[5]  # DT_STRTAB, a memory address: find it in the file
    (strings,) = (address - memory + offset for memory, offset, length in loads if memory <= address < memory + length)
    found = [strings + value for tag, value in entries if tag == 1]
    return [elf[at : elf.index(b"\0", at)].decode() for at in found]


def test_the_machine_is_measured_once_after_the_packages_are_there(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done: list[str] = []
    monkeypatch.setattr(set_up, "STAMP", str(tmp_path / "installed-for-{}"))
    monkeypatch.setattr(set_up, "has_pip", lambda _python: True)
    monkeypatch.setattr(set_up.os.path, "exists", lambda _path: True)
    monkeypatch.setattr(set_up, "pip", lambda *arguments: done.append(" ".join(arguments[:2])))
    monkeypatch.setattr(set_up.subprocess, "run", lambda command, **_options: done.append(" ".join(command[1:])))
    for _ in range(2):
        set_up.install_packages("run")
    assert done == ["install pip", "install --no-build-isolation", "main.py doctor"]


@pytest.mark.parametrize(
    ("present", "machine", "asked"), [("gcc", "x86_64", 0), ("", "AMD64", 1), ("", "x86_64", 1), ("", "arm64", 0)]
)
def test_a_compiler_comes_from_pypi_where_the_system_has_none(
    *,
    present: str,
    machine: str,
    asked: int,
    set_up: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls: list[tuple[str, ...]] = []

    def pip(*arguments: str) -> None:
        calls.append(arguments)
        raise set_up.SetUpError("set-up stopped: no network.")

    monkeypatch.setattr(set_up.shutil, "which", lambda name: f"/usr/bin/{name}" if name == present else None)
    monkeypatch.setattr(set_up.platform, "machine", lambda: machine)
    monkeypatch.setattr(set_up, "pip", pip)
    set_up.provide_compiler()  # the program runs without: no error
    assert calls == [("install", "ziglang")] * asked
    assert ("slower" in capsys.readouterr().out) == bool(asked)
