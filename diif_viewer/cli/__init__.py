"""The command line: one small file per command, each with HELP, add_arguments(parser) and run(args) -> exit status.

A command whose --json is lines for scripts has misused(words, sentence) too, which tells these of wrong usage.
Every command knows --debug, --quiet and --verbose.
Only the module of the command that was asked for is imported, and heavy imports (torch, Qt, numpy) are inside
functions: `--help` and a typing mistake answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from diif_viewer import __version__
from diif_viewer.cli.signals import heeded, status_of
from diif_viewer.cli.verbose import told
from diif_viewer.errors import DiifViewerError

COMMANDS = {
    "view": "diif_viewer.cli.view",
    "render": "diif_viewer.cli.render",
    "animate": "diif_viewer.cli.animate",
    "train": "diif_viewer.cli.train",
    "eval": "diif_viewer.cli.evaluate",
    "bench": "diif_viewer.cli.bench",
    "compare": "diif_viewer.cli.compare",
    "models": "diif_viewer.cli.models",
    "doctor": "diif_viewer.cli.doctor",
    "completion": "diif_viewer.cli.completion",
    "install-desktop": "diif_viewer.cli.desktop",
}
"""Name of each command and its module. `view` is meant where the first word is none of them."""

COMMON = ("--debug", "-q", "--quiet", "-v", "-vv", "--verbose")
"""Options that every command knows."""

DONE, FAILED, MISUSED = 0, 1, 2
"""Exit statuses: success; an error that was said in one sentence; wrong usage. Signals: `signals.status_of`."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EIO}

EPILOG = """\
diif-viewer [IMAGE ...] alone opens the window. diif-viewer COMMAND --help tells more.
Exit status: 0 done, 1 an error (said in one sentence), 2 wrong usage, 130 interrupted (143, 129: SIGTERM, SIGHUP).
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (sys.argv without the program's name by default); the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    _mend_streams()
    try:
        with heeded():
            return _obeyed(words)
    except KeyboardInterrupt as stop:
        with contextlib.suppress(OSError):  # the terminal may have gone
            print("\nStopped.", file=sys.stderr)
        _settle_output()
        return status_of(stop)


def _obeyed(words: list[str]) -> int:
    try:
        if words and words[0] in ("-h", "--help", "--version"):
            _overview().parse_args(words)
        name, rest = (words[0], words[1:]) if words and words[0] in COMMANDS else ("view", words)
        if rest is words and (late := _command_behind(words)):
            _overview().error(f"the command comes first: diif-viewer {late} {words[0]}")
        if rest is words and words and (meant := _command_like(rest[0])):
            _overview().error(f"{rest[0]} is neither a command nor a file; did you mean {meant}?")
        command = import_module(COMMANDS[name])
        parser = parser_of(name, command)
        if "--json" in rest and hasattr(command, "misused"):
            parser.tell = partial(command.misused, rest)
        rest = _with_signs(rest)
        # names may stand between options, but argparse loses those with a hyphen that stand behind -- then
        args = (parser.parse_args if "--" in rest else parser.parse_intermixed_args)(rest)
    except SystemExit as request:  # argparse has printed help or what is wrong
        return request.code if isinstance(request.code, int) else MISUSED
    except OSError as error:  # the help could not be written
        return _failed(error)
    return _run(command, args)


_NUMBERS = re.compile(r"-\d+(\.\d+)?(,-?\d+(\.\d+)?)+")


def _with_signs(words: list[str]) -> list[str]:
    """Numbers below zero, as in --box -1,0,3,3, joined to their option: argparse takes them for options."""
    joined: list[str] = []
    for word in words:
        if joined and _NUMBERS.fullmatch(word) and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _mend_streams() -> None:
    """Names that a stream cannot encode are told with backslashes; nothing is told to one that was closed."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _run(command: ModuleType, args: argparse.Namespace) -> int:
    try:
        with told(args.verbose):
            status = int(command.run(args))
            if sys.stdout is not None:
                sys.stdout.flush()  # at exit it would be too late to say that it cannot be written
            return status
    except Exception as error:
        return _failed(error, debug=args.debug)


def _failed(error: Exception, *, debug: bool = False) -> int:
    """Say `error`; the exit status."""
    _settle_output()
    if isinstance(error, BrokenPipeError):
        return FAILED  # whoever read our output has gone, for example `head`: nobody to tell
    if debug:
        traceback.print_exception(error)
    print(f"error: {on_one_line(sentence(error))}", file=sys.stderr)
    return FAILED


def _settle_output() -> None:
    """Write what standard output still holds; where it takes no more, Python shall not try again at exit, and shout."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        sys.stdout = None


def sentence(error: Exception) -> str:
    """What is said of an error."""
    if isinstance(error, DiifViewerError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this."
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"Nothing more could be written: {error.strerror}."
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}."
    return f"{type(error).__name__}: {error} (this is a defect; --debug shows where)"


def on_one_line(text: str) -> str:
    """What a file says or is called, without new lines and what a terminal would obey."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it. Raises OSError where help cannot be written.

    tell: is called with that line too.
    """

    tell: Callable[[str], None] | None = None

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is not sys.stdout or file is None:
            super()._print_message(message, file)
            return
        file.write(message)  # where this fails, argparse goes on as if it had not
        file.flush()

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        if not arg_string:  # of a shell's variable that is not set; -o "" would be the root, a picture "" this folder
            raise argparse.ArgumentError(action, "an empty word says nothing")
        return super()._get_value(action, arg_string)

    def error(self, message: str) -> NoReturn:
        said = f"{message.rstrip('.')} ({self.prog} --help tells more)"
        if self.tell is not None:
            self.tell(said)
        self.exit(MISUSED, f"error: {on_one_line(said)}\n")


def parser_of(name: str, command: ModuleType) -> _Parser:
    """The parser of one command, from its module."""
    parser = _Parser(prog=f"diif-viewer {name}", description=command.HELP)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    voice = parser.add_mutually_exclusive_group()
    voice.add_argument("-q", "--quiet", action="store_true", help="say nothing but results and errors")
    voice.add_argument("-v", "--verbose", action="count", default=0, help="say what is done; twice: how as well")
    command.add_arguments(parser)
    return parser


def _command_behind(words: list[str]) -> str:
    """The command that follows options of all commands, which belong behind it; "" where there is no such."""
    for number, word in enumerate(words):
        if word not in COMMON:
            return word if number and word in COMMANDS and not os.path.exists(word) else ""
    return ""


def _command_like(word: str) -> str:
    """The command, or option like --help, that `word` may be a typing mistake of; "" where it is a file or neither."""
    if word.startswith("-") or Path(word).suffix or os.path.exists(word):
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower(), (*COMMANDS, "--help", "--version"), n=1, cutoff=0.75)), "")


def _overview() -> argparse.ArgumentParser:
    """The parser behind `diif-viewer --help`: all commands with their first sentence."""
    parser = _Parser(
        prog="diif-viewer",
        description="A picture viewer that stays sharp at any zoom.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, module in COMMANDS.items():
        commands.add_parser(name, help=import_module(module).HELP, add_help=False)
    return parser
