"""The completion scripts know what the parsers know; the shells that there are, are really asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from diif_viewer.cli import COMMANDS, main
from diif_viewer.cli.completion import bash_script, commands, fish_script, options_of, zsh_script

BASH = shutil.which("bash")
ZSH = shutil.which("zsh")
FISH = shutil.which("fish")

ASKED = [
    (["diif-viewer", "ren"], ["render"]),
    (["diif-viewer", "render", "--dt"], ["--dtype"]),
    (["diif-viewer", "render", "a.png", "--format", "w"], ["webp"]),
    (["diif-viewer", "render", "a.png", "--model", "liif"], ["liif-lite", "liif-edsr-baseline"]),
    (["diif-viewer", "render", "a.png", "--model", "pho"], ["photo.png"]),
    (["diif-viewer", "train", "photos", "--preset", "edsr"], ["edsr-baseline"]),
    (["diif-viewer", "view", "--method", "bicu"], ["bicubic"]),
    (["diif-viewer", "--meth"], ["--method"]),
    (["diif-viewer", "pho"], ["photo.png"]),
    (["diif-viewer", "render", "pho"], ["photo.png"]),
    (["diif-viewer", "completion", "--deb"], ["--debug"]),
    (["diif-viewer", "completion", "z"], ["zsh"]),
    (["diif-viewer", "models", "ad"], ["add"]),
    (["diif-viewer", "models", "show", "liif-l"], ["liif-lite"]),
    (["diif-viewer", "models", "add", "pho"], ["photo.png"]),
    (["diif-viewer", "animate", "a.png", "--easing", "smo"], ["smooth"]),
]
"""What is typed, and what is offered for the last word."""


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
@pytest.mark.parametrize(("words", "offered"), ASKED)
def test_bash_offers_what_fits(words: list[str], offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "photo.png").touch()
    assert completed(words, tmp_path) == offered


@pytest.mark.skipif(FISH is None, reason="there is no fish")
@pytest.mark.parametrize(("words", "offered"), ASKED)
def test_fish_offers_what_fits(words: list[str], offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "photo.png").touch()
    (tmp_path / "script.fish").write_text(fish_script())
    ask = f"source script.fish; complete -C '{' '.join(words)}'"
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [FISH or "fish", "-c", ask], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == offered


@pytest.mark.skipif(ZSH is None or os.name == "nt", reason="there is no zsh")
@pytest.mark.parametrize(("words", "offered"), [case for case in ASKED if case[1] != ["--method"]])
def test_zsh_completes_what_fits(words: list[str], offered: list[str], tmp_path: Path) -> None:
    """Typed into a real zsh: the line that the Tab key makes of it. (`--meth` alone is both an option and its list.)"""
    (tmp_path / "photo.png").touch()
    (tmp_path / "_diif-viewer").write_text(zsh_script())
    script = (
        "zmodload zsh/zpty; zpty z zsh -f -i\n"
        "zpty -w z 'PS1=; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; "
        'done_() { print -r "<<$BUFFER>>"; BUFFER=; zle accept-line }; zle -N done_; bindkey ^X done_; '
        "print rea''dy'\n"
        "zpty -r -m z line '*ready*'\n"
        f"zpty -w -n z $'{' '.join(words)}\\t\\x18'\n"
        "zpty -r -m z line '*<<*>>*'; print -r -- $line; zpty -d z\n"
    )
    done = subprocess.run(
        [ZSH or "zsh", "-f", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    made = re.search(r"<<(.*?)>>", done.stdout, re.DOTALL)
    assert made is not None, done.stdout + done.stderr
    assert made[1].split() == [*words[:-1], *offered]


def test_every_option_of_every_command_is_in_all_scripts() -> None:
    bash, zsh, fish = bash_script(), zsh_script(), fish_script()
    for name, (_, parser) in commands().items():
        in_bash = re.search(rf'^    {name}\) options="([^"]*)".* ;;$', bash, re.MULTILINE)
        in_zsh = re.search(rf"^    {name}\)\n(.*?)\n      ;;", zsh, re.MULTILINE | re.DOTALL)
        assert in_bash is not None
        assert in_zsh is not None
        for option in options_of(parser):
            for word in option.names:
                assert word in in_bash[1].split()
                assert f"{word}[" in in_zsh[1]
                spelt = f"-l {word[2:]} " if word.startswith("--") else f"-s {word[1:]} "
                assert re.search(rf"^complete .*= {name}'.* {spelt}", fish, re.MULTILINE)
    assert set(commands()) == set(COMMANDS)


@pytest.mark.skipif(ZSH is None, reason="there is no zsh")
def test_zsh_can_read_its_script(tmp_path: Path) -> None:
    (tmp_path / "_diif-viewer").write_text(zsh_script())
    assert subprocess.run([ZSH or "zsh", "-n", str(tmp_path / "_diif-viewer")], check=False).returncode == 0


def test_the_command_prints_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    assert capsys.readouterr().out == zsh_script()
    assert main(["completion", "fish"]) == 0
    assert capsys.readouterr().out == fish_script()
    assert main(["completion", "tcsh"]) == 2
