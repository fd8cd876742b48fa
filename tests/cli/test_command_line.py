"""Dispatch, help, errors and exit statuses of the command line."""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from diif_viewer.cli import COMMANDS, arguments, main, signals
from diif_viewer.errors import ImageError

ROOT = Path(__file__).resolve().parent.parent.parent


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "diif_viewer", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out.splitlines()
    for name in COMMANDS:
        assert any(line.startswith("    ") and line.split()[:1] == [name] for line in shown)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"diif-viewer {name}" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert "0." in capsys.readouterr().out


def test_help_loads_neither_torch_nor_qt_nor_numpy() -> None:
    script = (
        "import sys; from diif_viewer.cli import COMMANDS, main; main(['--help'])\n"
        "[main([name, '--help']) for name in COMMANDS]\n"
        "heavy = {'torch', 'PySide6', 'numpy', 'matplotlib', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def spent_by(*words: str) -> float:
    """Seconds that the command works: of the processor, so that other programs do not count; else by the clock."""
    start = os.times()
    clock = time.perf_counter()
    assert command(*words).returncode == 0
    clock, end = time.perf_counter() - clock, os.times()
    worked = end.children_user + end.children_system - start.children_user - start.children_system
    return worked or clock


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)], ids=" ".join)
def test_help_answers_at_once(words: list[str]) -> None:
    """Under 0.3 s; the best of a few, since even the processor's time grows where others share its caches."""
    assert any(spent_by(*words, "--help") < 0.3 for _ in range(5))


@pytest.mark.parametrize(
    "words",
    [
        ["render"],
        ["render", "a.png", "-o", "b.png"],
        ["render", "a.png", "--scale", "0", "-o", "b.png"],
        ["render", "a.png", "--scale", "2", "--size", "3x4", "-o", "b.png"],
        ["render", "a.png", "--scale", "2", "--box", "1,2,3", "-o", "b.png"],
        ["--unknown-option"],
        ["view", "--method", "magic"],
    ],
)
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert shown.endswith(" --help tells more)\n")
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["render", "a.png", "--scale", "2", "-o", ""], "-o/--output"),
        (["render", "a.png", "--scale", "2", "--model=", "-o", "b.png"], "--model"),
        (["render", "", "--scale", "2", "-o", "b.png"], "IMAGE"),
        (["render", "--scale", "2", "-o", "b.png", "--", ""], "IMAGE"),
        (["train", "", "--show"], "FOLDER"),
        (["bench", "--memory", ""], "--memory"),
        (["models", "remove", ""], "MODEL"),
        ([""], "IMAGE"),
    ],
)
def test_an_empty_word_is_neither_the_root_nor_this_folder_nor_a_default(
    line: list[str], named: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `-o "$OUT"` is, where the shell knows no OUT."""
    for module in map(importlib.import_module, COMMANDS.values()):
        monkeypatch.setattr(module, "run", lambda args: 0)
    assert main(line) == 2
    assert f"{named}: an empty word says nothing" in capsys.readouterr().err


def test_a_command_that_is_misspelt_is_told_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["rendr", "photo.jpg"]) == 2
    assert "rendr is neither a command nor a file; did you mean render?" in capsys.readouterr().err
    assert main(["help"]) == 2
    assert "did you mean --help?" in capsys.readouterr().err
    assert cli_meaning("modles") == cli_meaning("MODELS") == "models"
    assert not cli_meaning("renders.png")
    assert not cli_meaning("holidays")
    (tmp_path / "rendr").mkdir()
    assert not cli_meaning("rendr")


@pytest.mark.parametrize("words", ["--quiet render a.png --scale 2 -o b.png", "-v render --debug", "-q --debug render"])
def test_a_command_behind_its_options_is_no_picture(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    first = words.split(maxsplit=1)[0]
    assert f"error: the command comes first: diif-viewer render {first} (" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", ["render IMAGE --scale 2 --model nearest -o b.png", "animate IMAGE -o b.png", "compare IMAGE -o b.png"]
)
def test_a_picture_is_told_with_its_folder(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    for missing in (Path("photos", "2024", "a.png"), Path("a.png")):
        assert main([str(missing) if word == "IMAGE" else word for word in line.split()]) == 1
        assert capsys.readouterr().err == f"error: {missing}: there is no such file.\n"


def cli_meaning(word: str) -> str:
    from diif_viewer.cli import _command_like

    return _command_like(word)


def with_run(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """Let `doctor` do what the test says."""
    from diif_viewer.cli import doctor

    monkeypatch.setattr(doctor, "run", run)


def test_an_error_for_people_is_one_line_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ImageError("cat.png: the file is empty.")

    with_run(monkeypatch, run)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "error: cat.png: the file is empty.\n"


def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ImageError("cat.png: the file is empty.")

    with_run(monkeypatch, run)
    assert main(["doctor", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_what_the_system_refuses_is_told_of_its_file_and_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "photos")

    with_run(monkeypatch, run)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "error: photos: Permission denied.\n"


@pytest.mark.skipif(os.name == "nt", reason="streams of Unix")
def test_standard_input_may_be_open_for_writing_alone(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "diif_viewer", "render", "-", "--scale", "2", "-o", str(tmp_path / "out.png")]
    with open(tmp_path / "log", "wb") as file:
        done = subprocess.run(words, cwd=ROOT, stdin=file, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: Standard input cannot be read: Bad file descriptor.\n")


def test_a_defect_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ZeroDivisionError("division by zero")

    with_run(monkeypatch, run)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_quiet_or_verbose_but_not_both(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    for word in ("--quiet", "--verbose", "--debug"):
        assert word in shown
    assert main([name, "-q", "-v"]) == 2
    assert "not allowed with" in capsys.readouterr().err


def test_verbose_says_what_is_done_and_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (9, 7), "red").save(tmp_path / "in.png")
    words = ["render", str(tmp_path / "in.png"), "--scale", "2", "-o", str(tmp_path / "out.png")]
    for level, read, took in (([], False, False), (["-v"], True, False), (["-vv"], True, True)):
        assert main([*words, *level]) == 0
        shown = capsys.readouterr().err
        assert ("diif_viewer.imaging.load: read" in shown) is read
        assert ("diif-s-lite.safetensors on" in shown) is read
        assert ("diif_viewer.imaging.save: wrote" in shown) is read
        assert ("reading took" in shown) is took


@pytest.mark.skipif(os.name == "nt", reason="such names and closed streams are POSIX's")
def test_names_that_a_stream_cannot_tell_and_closed_streams_cost_nothing(tmp_path: Path) -> None:
    names = ["日本.png", "caf\udce9.png", "a.png"]
    for name in names:
        Image.new("RGB", (8, 6)).save(tmp_path / name)
    words = ["render", *(str(tmp_path / name) for name in names), "--scale", "2", "--model", "bicubic"]
    for number, encoding in enumerate(("cp1252", "utf-8:strict")):
        done = command(*words, "-o", str(tmp_path / str(number)), PYTHONIOENCODING=encoding)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "3 rendered")
        assert len(list((tmp_path / str(number)).iterdir())) == 3
    program = f"{shlex.quote(sys.executable)} -m diif_viewer render {shlex.quote(str(tmp_path / 'a.png'))} --scale 2"
    closed = f"{program} --model bicubic -o {shlex.quote(str(tmp_path))}"
    assert subprocess.run(f"{closed}/b.png 2>&-", shell=True, cwd=ROOT, check=False).returncode == 0
    assert (tmp_path / "b.png").is_file()
    out = subprocess.run(f"{program} --model bicubic -o - >&-", shell=True, cwd=ROOT, check=False, stderr=-1)
    assert (out.returncode, b"Standard output is closed" in out.stderr) == (1, True)
    into = subprocess.run(
        f"{sys.executable} -m diif_viewer render - --scale 2 -o {tmp_path}/c.png <&-",
        shell=True,
        cwd=ROOT,
        check=False,
        stderr=-1,
    )
    assert (into.returncode, b"holds no picture" in into.stderr) == (1, True)


@pytest.mark.skipif(os.name == "nt", reason="such names are POSIX's")
def test_a_name_cannot_speak_to_the_terminal_or_break_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "red\x1b[31m.png").write_text("no picture")
    Image.new("RGB", (8, 6)).save(tmp_path / "two\nlines.png")
    words = ["render", str(tmp_path), "--scale", "2", "--model", "nearest", "-o", str(tmp_path / "out")]
    assert main(words) == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines()[0].startswith(f"error: {tmp_path}/red\\x1b[31m.png: ")
    assert shown.out.startswith(f"{tmp_path / 'out'}/two\\nlines.png: 16x12 pixels in ")
    assert "\x1b" not in shown.err + shown.out
    assert (tmp_path / "out" / "two\nlines.png").is_file()
    assert main([*words, "--json", "--overwrite"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["input"] for record in told] == [str(tmp_path / "red\x1b[31m.png"), str(tmp_path / "two\nlines.png")]
    assert main(["view", "--method", "red\x1b[31m"]) == 2
    assert main(["animate", str(tmp_path / "red\x1b[31m.png"), "-o", str(tmp_path / "film.png")]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_an_interruption_exits_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    with_run(monkeypatch, run)
    assert main(["doctor"]) == signals.INTERRUPTED == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_polite_kill_ends_as_an_interruption_does(
    number: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cleared: list[int] = []

    def run(args: argparse.Namespace) -> int:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            cleared.append(number)
            raise
        return 0

    with_run(monkeypatch, run)
    assert main(["doctor"]) == status
    assert cleared == [number]
    assert "Stopped." in capsys.readouterr().err
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_import_that_swallows_what_is_raised_in_it_swallows_no_interruption(
    number: int, status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    imported = "import signal\ntry:\n    signal.raise_signal({number})\nexcept BaseException:\n    pass\n"
    (tmp_path / f"swallowing_{number}.py").write_text(imported.format(number=int(number)))
    monkeypatch.syspath_prepend(tmp_path)

    def run(args: argparse.Namespace) -> int:
        importlib.import_module(f"swallowing_{number}")
        assert f"swallowing_{number}" in sys.modules, "imported whole"
        time.sleep(20)
        return 0

    with_run(monkeypatch, run)
    begun = time.monotonic()
    assert main(["doctor"]) == status
    assert time.monotonic() - begun < 10


PROGRAMS = {
    "the script": ["main.py"],
    "the module": ["-m", "diif_viewer"],
    "the command": ["-c", "import sys; from diif_viewer.__main__ import run; sys.exit(run())"],
}


def program_with(customized: str, site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python *words`, before which Python itself runs the lines `customized`."""
    (site / "sitecustomize.py").write_text(customized)
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("module", ["multiprocessing", "diif_viewer.cli", "argparse", "diif_viewer.cli.signals"])
@pytest.mark.parametrize("words", PROGRAMS.values(), ids=PROGRAMS)
def test_ctrl_c_while_the_program_is_imported_is_quiet(words: list[str], module: str, tmp_path: Path) -> None:
    interrupting = (
        "import signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    done = program_with(interrupting, tmp_path, *words, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("words", PROGRAMS.values(), ids=PROGRAMS)
def test_ctrl_c_while_python_clears_up_is_quiet(words: list[str], tmp_path: Path) -> None:
    late = "import atexit, signal\natexit.register(signal.raise_signal, signal.SIGINT)\n"
    done = program_with(late, tmp_path, *words, "--version")
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
    assert done.stdout.startswith("diif-viewer ")


def test_the_command_that_is_installed_is_the_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"diif-viewer": "diif_viewer.__main__:run"}


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_signal_that_comes_twice_does_not_break_the_clearing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[str] = []

    def run(args: argparse.Namespace) -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)  # as `timeout` sends it, to a process and to its group
            cleared.append("whole")
        return 0

    with_run(monkeypatch, run)
    assert main(["doctor"]) == 143
    assert cleared == ["whole"]


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_what_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(args: argparse.Namespace) -> int:
        signal.raise_signal(signal.SIGHUP)
        return 0

    with_run(monkeypatch, run)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["doctor"]) == 0  # under nohup
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_first_word_that_is_no_command_is_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    from diif_viewer.cli import view

    seen: list[argparse.Namespace] = []

    def run(args: argparse.Namespace) -> int:
        seen.append(args)
        return 0

    monkeypatch.setattr(view, "run", run)
    assert main(["photo.jpg", "--method", "bicubic"]) == 0
    assert main(["view", "render"]) == 0
    assert main([]) == 0
    assert [args.images for args in seen] == [["photo.jpg"], ["render"], []]
    assert seen[0].method == "bicubic"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["view", "a.png", "--method", "bicubic", "b.png"], ["a.png", "b.png"]),
        (["a.png", "--quiet", "b.png"], ["a.png", "b.png"]),
        (["render", "a.png", "--scale", "2", "b.png", "-o", "out", "c.png"], ["a.png", "b.png", "c.png"]),
        (["render", "--scale", "2", "-o", "out", "--", "-a.png", "--json"], ["-a.png", "--json"]),
        (["eval", "one", "--scale", "2", "two"], ["one", "two"]),
        (["models", "add", "--name", "mine", "m.safetensors"], ["add", "m.safetensors"]),
        (["models", "verify", "--quiet", "liif-lite"], ["verify", "liif-lite"]),
    ],
    ids=" ".join,
)
def test_names_may_stand_between_options(
    words: list[str], named: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[argparse.Namespace] = []
    for module in map(importlib.import_module, COMMANDS.values()):
        monkeypatch.setattr(module, "run", lambda args: seen.append(args) or 0)
    assert main(words) == 0, capsys.readouterr().err
    known = vars(seen[0])
    assert [str(name) for name in known.get("images") or known.get("data") or known.get("words")] == named


def test_main_py_and_the_module_are_the_same_program() -> None:
    by_file = subprocess.run(
        [sys.executable, "main.py", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert by_file.returncode == 0
    assert by_file.stdout == command("--version").stdout


def test_numbers_below_zero_are_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    words = ["render", str(tmp_path / "a.png"), "--scale", "2", "--box", "-1,0,3,3", "-o", str(tmp_path / "b.png")]
    assert main([*words, "--model", "bicubic"]) == 1
    assert "-1,0,3,3" in capsys.readouterr().err
    assert not (tmp_path / "b.png").exists()


# ---- numbers ----


@pytest.mark.parametrize(("text", "value"), [("12.5", 12.5), ("x12.5", 12.5), ("X3", 3), ("1250%", 12.5), (" 2 ", 2)])
def test_scales_as_people_write_them(text: str, value: float) -> None:
    assert arguments.scale(text) == value


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "nan", "inf", "1e999", "two", "%"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a scale is"):
        arguments.scale(text)


@pytest.mark.parametrize("text", ["1e-300", "0.000009", "1e6", "20000000%"])
def test_scales_that_leave_nothing_or_hold_nothing_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"between 0\.00001 and 100000"):
        arguments.scale(text)


def test_sizes_are_width_first_on_the_command_line_and_height_first_inside() -> None:
    assert arguments.size("1920x1080") == (1080, 1920)


@pytest.mark.parametrize("text", ["", "1920", "0x5", "5x-1", "1x2x3", "axb", "1.5x2"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a size is"):
        arguments.size(text)


OF_EVAL = "--method=, --count=0 --jpeg=0 --jpeg=101 --blur=-1 --blur=nan --blur=6"
OF_TRAIN = "--steps=0 --steps=many --minutes=nan --minutes=0 --valid-count=-1 --validate=0 --milestone=-1 --workers=-1"
OF_TRAIN += " --report=0 --save=-1 --save=inf --decoder=,"


@pytest.mark.parametrize(
    ("name", "word"), [*(("eval", word) for word in OF_EVAL.split()), *(("train", word) for word in OF_TRAIN.split())]
)
def test_numbers_and_names_are_checked_not_corrected(name: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "nowhere", word]) == 2
    option, _, value = word.partition("=")
    said = capsys.readouterr().err
    assert f"argument {option}: a " in said
    assert f"not {value!r}" in said


def test_boxes_and_windows() -> None:
    assert arguments.box("10,20.5,74,56") == (10, 20.5, 74, 56)
    assert arguments.window("0,0,720,1280") == (0, 0, 720, 1280)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1"])
def test_what_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a box is"):
        arguments.box(text)


def test_a_window_is_whole_pixels() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a window is"):
        arguments.window("0,0,1.5,2")
