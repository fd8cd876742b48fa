"""The completion scripts know what the parsers know; bash is really asked."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from diif_viewer.cli import COMMANDS, main
from diif_viewer.cli.completion import bash_script, commands, options_of, zsh_script

BASH = shutil.which("bash")
ZSH = shutil.which("zsh")


def completed(words: list[str], folder: Path) -> list[str]:
    """What bash offers for the last of `words`."""
    quoted = " ".join(f"'{word}'" for word in words)
    ask = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _diif_viewer; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(
        [BASH or "bash", "-c", f"{bash_script()}\n{ask}"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["diif-viewer", "ren"], ["render"]),
        (["diif-viewer", "render", "--dt"], ["--dtype"]),
        (["diif-viewer", "render", "a.png", "--format", "w"], ["webp"]),
        (["diif-viewer", "view", "--method", "bicu"], ["bicubic"]),
        (["diif-viewer", "--meth"], ["--method"]),
        (["diif-viewer", "pho"], ["photo.png"]),
        (["diif-viewer", "render", "pho"], ["photo.png"]),
        (["diif-viewer", "completion", "--deb"], ["--debug"]),
        (["diif-viewer", "models", "ad"], ["add"]),
        (["diif-viewer", "models", "add", "pho"], ["photo.png"]),
        (["diif-viewer", "animate", "a.png", "--easing", "smo"], ["smooth"]),
    ],
)
def test_bash_offers_what_fits(words: list[str], offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "photo.png").touch()
    assert completed(words, tmp_path) == offered


def test_every_option_of_every_command_is_in_both_scripts() -> None:
    bash, zsh = bash_script(), zsh_script()
    for name, (_, parser) in commands().items():
        in_bash = re.search(rf'^    {name}\) options="([^"]*)".* ;;$', bash, re.MULTILINE)
        in_zsh = re.search(rf"^    {name}\)\n(.*?)\n      ;;", zsh, re.MULTILINE | re.DOTALL)
        assert in_bash is not None
        assert in_zsh is not None
        for option in options_of(parser):
            for word in option.names:
                assert word in in_bash[1].split()
                assert f"{word}[" in in_zsh[1]
    assert set(commands()) == set(COMMANDS)


@pytest.mark.skipif(ZSH is None, reason="there is no zsh")
def test_zsh_can_read_its_script(tmp_path: Path) -> None:
    (tmp_path / "_diif-viewer").write_text(zsh_script())
    assert subprocess.run([ZSH or "zsh", "-n", str(tmp_path / "_diif-viewer")], check=False).returncode == 0


def test_the_command_prints_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    assert capsys.readouterr().out == zsh_script()
    assert main(["completion", "fish"]) == 2
