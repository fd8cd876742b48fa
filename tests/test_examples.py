"""The examples of the documents, run as they stand there, in a folder with a few small pictures."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "commands").glob("*.md"))
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """photo.jpg and photos/one.png, two.png, 48x32 each, a weights file, and `diif-viewer`; the current folder."""
    y, x = np.mgrid[0:32, 0:48]
    pixels = np.stack([x * 5, y * 7, 128 + 90 * np.sin(x / 3 + y / 4)], -1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg", quality=95)
    (tmp_path / "photos").mkdir()
    for name in ("one", "two"):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    shutil.copy(ROOT / "weights" / "diif-lite.safetensors", tmp_path / "mine.safetensors")
    command = tmp_path / "bin" / "diif-viewer"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT!s} exec {sys.executable} -m diif_viewer "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examples(text: str) -> Iterator[tuple[str, str]]:
    """Each `$ command` of the console blocks with the lines that should follow."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            yield command, expected


@pytest.mark.skipif(os.name == "nt", reason="the examples are for a Unix shell")
@pytest.mark.parametrize("page", [pytest.param(p, id=p.stem) for p in PAGES if "```console" in p.read_text("utf-8")])
def test_the_commands_do_what_the_page_says(page: Path, place: Path) -> None:
    checker = doctest.OutputChecker()
    found = list(examples(page.read_text("utf-8")))
    assert found
    for command, expected in found:
        done = subprocess.run(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        assert checker.check_output(expected, done.stdout, OPTIONS), f"{command}\n{done.stdout}\nbut said\n{expected}"


def test_the_api_does_what_its_page_says(place: Path) -> None:
    text = re.sub(r"^```.*$", "", (ROOT / "docs" / "api.md").read_text("utf-8"), flags=re.MULTILINE)
    test = doctest.DocTestParser().get_doctest(text, {}, "docs/api.md", "docs/api.md", 0)
    assert len(test.examples) > 20
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.append)
    assert result.failed == 0, "".join(said)


def test_every_command_has_a_line_in_the_overview() -> None:
    from diif_viewer.cli import COMMANDS

    text = (ROOT / "docs" / "commands" / "README.md").read_text("utf-8")
    assert set(re.findall(r"^\| \[`([a-z-]+)`\]", text, re.MULTILINE)) == set(COMMANDS)


def test_every_command_has_a_page_whose_examples_are_run() -> None:
    from diif_viewer.cli import COMMANDS

    together = {"completion": "shell", "install-desktop": "shell"}
    for name in COMMANDS:
        page = ROOT / "docs" / "commands" / f"{together.get(name, name)}.md"
        assert list(examples(page.read_text("utf-8"))), page


@pytest.mark.parametrize("command", ["render", "animate"])
def test_every_option_is_explained(command: str) -> None:
    from diif_viewer.cli.completion import commands, options_of

    text = (ROOT / "docs" / "commands" / f"{command}.md").read_text("utf-8")
    options = [option.names[-1] for option in options_of(commands()[command][1]) if option.names]
    common = ("--help", "--debug", "--verbose", "--output", "--device")
    unsaid = {name for name in options if name not in text and name not in common}
    assert not unsaid
