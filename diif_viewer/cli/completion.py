"""`diif-viewer completion bash|zsh`: a static script that completes commands, options and their choices.

It is made from the commands' own parsers, so that it cannot differ from them; nothing of ours runs while one types.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

HELP = "Print a script that completes commands and options in bash or zsh."

BASH = """\
# Completion of diif-viewer for bash: source it, or put it into ~/.local/share/bash-completion/completions/diif-viewer
_diif_viewer() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command=view options= words=
  COMPREPLY=()
  case "${{COMP_WORDS[1]}}" in {commands}) ((COMP_CWORD > 1)) && command="${{COMP_WORDS[1]}}" ;; esac
  case "$command $before" in
{choices}
  esac
  case "$command" in
{options}
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "{names}" -- "$word"; compgen -f -- "$word")
  elif ((COMP_CWORD == 2)) && [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"; compgen -f -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}}
complete -o filenames -F _diif_viewer diif-viewer
"""

ZSH = """\
#compdef diif-viewer
# Completion of diif-viewer for zsh: put it into a folder of $fpath as _diif-viewer
_diif_viewer() {{
  local -a commands=(
{commands}
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    _files
    return
  fi
  local command=view
  if (($+commands[(r)${{words[2]}}:*])); then
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
  case $command in
{cases}
  esac
}}
_diif_viewer "$@"
"""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command. names: all its spellings. takes: what it takes, empty for a switch."""

    names: tuple[str, ...]
    help: str
    takes: str
    choices: tuple[str, ...]
    several: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh"), help="which shell it is for")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(bash_script() if args.shell == "bash" else zsh_script(), end="")
    return 0


def commands() -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """Each command's help and parser."""
    from diif_viewer.cli import parser_of

    modules = _modules()
    return {name: (module.HELP, parser_of(name, module)) for name, module in modules.items()}


def first_words(name: str) -> tuple[str, ...]:
    """What a command's first word can be, beside a file: `WORDS` of its module."""
    return tuple(getattr(_modules()[name], "WORDS", ()))


def _modules() -> dict[str, ModuleType]:
    from importlib import import_module

    from diif_viewer.cli import COMMANDS

    return {name: import_module(module) for name, module in COMMANDS.items()}


def options_of(parser: argparse.ArgumentParser) -> Iterator[Option]:
    """The options of a parser, in their order."""
    for action in parser._actions:  # argparse has no public list of them
        takes = "" if action.nargs == 0 else str(action.metavar or action.dest)
        choices = tuple(str(choice) for choice in action.choices or ())
        several = isinstance(action, argparse._AppendAction | argparse._ExtendAction)
        yield Option(tuple(action.option_strings), (action.help or "").replace("%%", "%"), takes, choices, several)


def bash_script() -> str:
    """The script for bash (4 or later)."""
    choices, options = [], []
    for name, (_, parser) in commands().items():
        known = list(options_of(parser))
        for option in known:
            if option.choices and option.names:
                pattern = "|".join(f'"{name} {word}"' for word in option.names)
                words = " ".join(option.choices)
                choices.append(f'    {pattern}) mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$word"); return ;;')
        words = " ".join(word for option in known for word in option.names)
        first = f' words="{" ".join(first_words(name))}"' if first_words(name) else ""
        options.append(f'    {name}) options="{words}"{first} ;;')
    names = list(commands())
    return BASH.format(
        commands="|".join(names), names=" ".join(names), choices="\n".join(choices), options="\n".join(options)
    )


def zsh_script() -> str:
    """The script for zsh."""
    lines, cases = [], []
    for name, (text, parser) in commands().items():
        lines.append(f"    {_quoted(f'{name}:{text}')}")
        specs = [spec for option in options_of(parser) for spec in _zsh_specs(option)]
        if first := first_words(name):
            specs.insert(0, _quoted(f"1:first word:({' '.join(first)})"))
        cases.append(f"    {name})\n      _arguments -s \\\n        " + " \\\n        ".join(specs) + "\n      ;;")
    return ZSH.format(commands="\n".join(lines), cases="\n".join(cases))


def _zsh_specs(option: Option) -> list[str]:
    takes = f":{_plain(option.takes)}:{_zsh_values(option)}" if option.takes else ""
    if not option.names:
        return [_quoted(f"*{takes}")]
    others = "*" if option.several else f"({' '.join(option.names)})" if len(option.names) > 1 else ""
    return [_quoted(f"{others}{name}[{_plain(option.help)}]{takes}") for name in option.names]


def _zsh_values(option: Option) -> str:
    return f"({' '.join(option.choices)})" if option.choices else "_files"


def _plain(text: str) -> str:
    """Without the characters that mean something in a spec."""
    return re.sub(r"[\[\]:\\]", " ", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
