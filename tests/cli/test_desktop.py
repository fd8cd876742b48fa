"""The desktop entry: in the user's folders, startable, and gone without a trace."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diif_viewer.cli import desktop, main

Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "data"


def entry(home: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, delimiters=["="])
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(home / "applications" / "diif-viewer.desktop")
    return parser["Desktop Entry"]


def test_entry_and_icons_come_and_go(home: Path, capsys: Shown) -> None:
    assert main(["install-desktop"]) == 0
    assert capsys.readouterr().out.count("installed ") == 3
    held = entry(home)
    assert {"image/png", "image/jpeg", "image/webp"} <= set(held["MimeType"].split(";"))
    assert (home / "icons" / "hicolor" / "scalable" / "apps" / f"{held['Icon']}.svg").is_file()
    if validator := shutil.which("desktop-file-validate"):
        file = home / "applications" / "diif-viewer.desktop"
        assert subprocess.run([validator, file], check=False).returncode == 0
    assert main(["install-desktop"]) == 0
    capsys.readouterr()
    assert main(["install-desktop", "--remove"]) == 0
    assert capsys.readouterr().out.count("removed ") == 3
    assert not [path for path in home.rglob("*") if path.is_file() and "diif" in path.name]
    assert main(["install-desktop", "--remove"]) == 0
    assert "removed" not in (said := capsys.readouterr().out)
    assert "nothing to remove" in said


def test_the_entry_starts_this_program(home: Path) -> None:
    assert main(["install-desktop"]) == 0
    words = shlex.split(entry(home)["Exec"])
    assert words.pop() == "%F"
    shown = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
    assert shown.stdout.startswith("diif-viewer "), shown.stderr


def test_odd_paths_are_quoted_as_the_specification_wants() -> None:
    assert desktop.exec_quoted("/a b/c") == '"/a b/c"'
    assert desktop.exec_quoted("/50%/$x") == '"/50%%/\\\\$x"'


def test_elsewhere_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert main(["install-desktop"]) == 1
    assert "Linux" in capsys.readouterr().err


def test_a_folder_that_cannot_be_is_a_sentence(home: Path, capsys: Shown) -> None:
    home.write_text("a file where a folder should be")
    assert main(["install-desktop"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
