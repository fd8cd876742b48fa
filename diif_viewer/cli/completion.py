"""`diif-viewer completion bash|zsh|fish`: a static script that completes commands, options and their choices.

It is made from the commands' own parsers, so that it cannot differ from them; nothing of ours runs while one types.
The shells' words around it are in `shell_scripts`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from diif_viewer.cli.shell_scripts import BASH, FISH, ZSH
from diif_viewer.models.registry import METHODS, SHIPPED

HELP = "Print a script that completes commands and options in bash, zsh or fish."

_PRESETS = Path(__file__).resolve().parent.parent / "training"
SUGGESTED = {
    "--model": tuple(METHODS),
    "--method": tuple(METHODS),
    "--device": ("auto", "cpu", "cuda", "mps"),
    "--preset": tuple(sorted(path.stem for path in _PRESETS.glob("*.toml"))),
}
"""What an option often takes, beside files, where the parser cannot list all that it takes."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command. names: all its spellings. takes: what it takes, empty for a switch.

    choices: all that it takes; suggested: some of what it takes, others are files.
    """

    names: tuple[str, ...]
    help: str
    takes: str
    choices: tuple[str, ...]
    several: bool

    @property
    def suggested(self) -> tuple[str, ...]:
        """The first known list for one of its names; none where all choices are known."""
        return next((SUGGESTED[name] for name in self.names if name in SUGGESTED and not self.choices), ())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell it is for")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print({"bash": bash_script, "zsh": zsh_script, "fish": fish_script}[args.shell](), end="")
    return 0


def commands() -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """Each command's help and parser."""
    from diif_viewer.cli import parser_of

    modules = _modules()
    return {name: (module.HELP, parser_of(name, module)) for name, module in modules.items()}


def first_words(name: str) -> tuple[str, ...]:
    """What a command's first word can be, beside a file: `WORDS` of its module, or the choices of its argument."""
    module = _modules()[name]
    if words := tuple(getattr(module, "WORDS", ())):
        return words
    from diif_viewer.cli import parser_of

    return next((o.choices for o in options_of(parser_of(name, module)) if not o.names and o.choices), ())


def further_words(name: str) -> tuple[str, ...]:
    """What the words after the first can be, beside files: models, for the command of that name."""
    return tuple(method.name for method in SHIPPED) if name == "models" else ()


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


# ---- bash ------------------------------------------------------------------------------------------------


def bash_script() -> str:
    """The script for bash (4 or later)."""
    choices, options = [], []
    for name, (_, parser) in commands().items():
        known = list(options_of(parser))
        for option in known:
            if option.names and (words := " ".join(option.choices or option.suggested)):
                pattern = "|".join(f'"{name} {word}"' for word in option.names)
                files = "" if option.choices else '; compgen -f -- "$word"'
                offer = f'mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$word"{files})'
                choices.append(f"    {pattern}) {offer}; return ;;")
        words = " ".join(word for option in known for word in option.names)
        first, further = " ".join(first_words(name)), " ".join(further_words(name))
        offers = (f' words="{first}"' if first else "") + (f' others="{further}"' if further else "")
        options.append(f'    {name}) options="{words}"{offers} ;;')
    names = list(commands())
    return BASH.format(
        commands="|".join(names), names=" ".join(names), choices="\n".join(choices), options="\n".join(options)
    )


# ---- zsh -------------------------------------------------------------------------------------------------


def zsh_script() -> str:
    """The script for zsh."""
    lines, cases = [], []
    for name, (text, parser) in commands().items():
        lines.append(f"    {_quoted(f'{name}:{text}')}")
        first, further = first_words(name), further_words(name)
        specs = []
        for option in options_of(parser):
            if option.names:
                specs += _zsh_specs(option)
                continue
            if first:
                specs.append(_quoted(f"1:first word:{_zsh_values(first, files=not option.choices)}"))
            if not option.choices:
                specs.append(_quoted(f"*:{_plain(option.takes)}:{_zsh_values(further, files=True)}"))
        cases.append(f"    {name})\n      _arguments -s \\\n        " + " \\\n        ".join(specs) + "\n      ;;")
    return ZSH.format(commands="\n".join(lines), cases="\n".join(cases))


def _zsh_specs(option: Option) -> list[str]:
    values = _zsh_values(option.choices or option.suggested, files=not option.choices)
    takes = f":{_plain(option.takes)}:{values}" if option.takes else ""
    others = "*" if option.several else f"({' '.join(option.names)})" if len(option.names) > 1 else ""
    return [_quoted(f"{others}{name}[{_plain(option.help)}]{takes}") for name in option.names]


def _zsh_values(words: tuple[str, ...], *, files: bool) -> str:
    if not words:
        return "_files"
    listed = " ".join(words)
    if not files:
        return f"({listed})"
    return rf' _alternative "words\:word\:({listed})" "files\:file\:_files"'  # the blank keeps zsh's own options away


def _plain(text: str) -> str:
    """Without the characters that mean something in a spec."""
    return re.sub(r"[\[\]:\\]", " ", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# ---- fish ------------------------------------------------------------------------------------------------


def fish_script() -> str:
    """The script for fish (3 or later)."""
    lines = []
    for name, (text, parser) in commands().items():
        lines.append(f"{_FISH} -n 'test (count (commandline -opc)) -eq 1' -a {name} -d {_fish_quoted(text)}")
        if words := first_words(name):
            only = "" if hasattr(_modules()[name], "WORDS") else " -f"  # no files where the parser takes none
            lines.append(f"{_FISH} -n '__diif_viewer_at {name} 2'{only} -a {_fish_quoted(' '.join(words))}")
        if words := further_words(name):
            lines.append(f"{_FISH} -n '__diif_viewer_past {name} 2' -a {_fish_quoted(' '.join(words))}")
        lines += [_fish_option(name, option) for option in options_of(parser) if option.names]
    return FISH.format(commands=" ".join(commands()), lines="\n".join(lines))


_FISH = "complete -c diif-viewer"


def _fish_option(command: str, option: Option) -> str:
    spellings = [f"-l {word[2:]}" if word.startswith("--") else f"-s {word[1:]}" for word in option.names]
    words = _fish_quoted(" ".join(option.choices or option.suggested))
    takes = [f"-x -a {words}"] if option.choices else [f"-r -F -a {words}"] if option.suggested else ["-r -F"]
    condition = f"-n 'test (__diif_viewer_command) = {command}'"
    return " ".join([_FISH, condition, *spellings, *(takes if option.takes else ()), f"-d {_fish_quoted(option.help)}"])


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
