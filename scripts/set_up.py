#!/usr/bin/env python3
"""Bring a fresh machine to where the program runs (`set_up.py run`) or its tests do (`set_up.py test`).

Called by `make run` and `make test` with the system's Python: standard library only. Makes `.venv`, installs the
pinned packages (constraints.txt) and the program itself, then looks for the system libraries that Qt loads.
What is missing of those is installed when run as root on a system with apt; otherwise the exact line to type is
printed. What is done already is recognised in a fraction of a second.
"""

import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed-for-{}")

TEST_PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool"}


def main():
    """Set up for sys.argv[1], "run" or "test"; the exit status."""
    purpose = sys.argv[1] if len(sys.argv) > 1 else "run"
    if purpose not in ("run", "test"):
        return fail("set_up.py takes one word: run or test.")
    if sys.version_info < (3, 11):
        return fail(
            f"DIIF Viewer needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}. "
            f"With a newer one beside it, say for example: make {purpose} PYTHON=python3.12"
        )
    os.chdir(ROOT)
    try:
        install_packages(purpose)
    except SetUpError as error:
        return fail(str(error))
    return provide_system_packages(purpose)


class SetUpError(Exception):
    """One sentence that says what to do."""


def fail(sentence):
    """Print the sentence; the exit status 1."""
    print("error: " + sentence, file=sys.stderr)
    return 1


# ---- the virtual environment ----


def install_packages(purpose):
    """The pinned packages and the program itself (editable) in .venv, unless they are there already."""
    if is_installed(purpose) or is_installed("test"):  # what tests need holds all that a run needs
        return
    if not has_pip(PYTHON):
        make_environment()
    print("Installing the pinned packages into .venv (the first time this downloads torch and Qt) ...", flush=True)
    pip("install", "pip", "setuptools")
    group = ["--group", "dev"] if purpose == "test" else []
    pip("install", "--no-build-isolation", "--editable", ".", *group)
    provide_compiler()
    get_to_know_this_machine()
    with open(STAMP.format(purpose), "w", encoding="ascii") as file:
        file.write(wanted_state(purpose))


def provide_compiler():
    """A C compiler from PyPI where the system has none. The program runs without one as well, several times slower."""
    if platform.machine().lower() not in ("x86_64", "amd64") or any(map(shutil.which, ("cc", "gcc", "clang"))):
        return
    try:
        pip("install", "ziglang")
    except SetUpError as error:
        print(f"{error} There is no C compiler, so the program will be slower than it could be.", flush=True)


def get_to_know_this_machine():
    """Have the program compile its kernels and measure its number formats now: the first window need not wait for it.

    Where this fails, the first start does without, or says what is wrong in its own words.
    """
    print("Measuring this machine (some seconds) ...", flush=True)
    with contextlib.suppress(OSError):
        subprocess.run([PYTHON, "main.py", "doctor"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def is_installed(purpose):
    """True when .venv holds what `purpose` needs, by the digest that an earlier installation left."""
    try:
        with open(STAMP.format(purpose), encoding="ascii") as file:
            return os.path.exists(PYTHON) and file.read() == wanted_state(purpose)
    except OSError:
        return False


def wanted_state(purpose):
    """A digest of all that decides what .venv holds."""
    digest = hashlib.sha256(repr((purpose, ROOT, sys.version)).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def has_pip(python):
    """True when `python` runs and has pip."""
    try:
        return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_environment():
    """.venv with pip in it. Debian's python3 comes without ensurepip: pip, or python3-venv, stands in for it."""
    print("Making the virtual environment .venv ...", flush=True)
    if importlib.util.find_spec("ensurepip") is not None:
        run(sys.executable, "-m", "venv", "--clear", VENV)
    elif has_pip(sys.executable):
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)
        run(
            sys.executable,
            "-m",
            "pip",
            "--python",
            PYTHON,
            "install",
            "--quiet",
            "--constraint",
            "constraints.txt",
            "pip",
        )
    elif can_apt() and apt_install(["python3-venv"]):
        run(sys.executable, "-m", "venv", "--clear", VENV)
    else:
        raise SetUpError(
            "this Python can make no virtual environment; please type: sudo apt-get install -y python3-venv"
        )


def pip(*arguments):
    """Run .venv's pip under the constraints."""
    run(PYTHON, "-m", "pip", arguments[0], "--quiet", "--constraint", "constraints.txt", *arguments[1:])


def run(*command):
    """Run a command that must succeed."""
    quiet = dict(os.environ, PYTHONWARNINGS="ignore")  # setuptools greets editable installs with a page of advice
    if subprocess.run(command, env=quiet, check=False).returncode:
        raise SetUpError("set-up stopped: the command above failed: " + " ".join(command))


# ---- system libraries ----


def provide_system_packages(purpose):
    """Install what Qt (and for tests, the virtual screen) needs, or say what to type; the exit status."""
    missing = missing_packages(purpose)
    if missing and can_apt() and apt_install(missing):
        missing = missing_packages(purpose)
    if not missing:
        return 0
    print("Some system libraries that the window needs are missing. Please type:", file=sys.stderr)
    print("    sudo apt-get install -y " + " ".join(missing), file=sys.stderr)
    if shutil.which("apt-get") is None:
        print("(Debian's names; other systems have the same libraries under similar ones.)", file=sys.stderr)
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return 1 if purpose == "test" or has_display else 0  # without a display the program needs none of them


def missing_packages(purpose):
    """Names of the Debian packages that are really missing here; none on Windows and macOS."""
    if not sys.platform.startswith("linux"):
        return []
    missing = libraries().missing_packages()
    if purpose == "test":
        missing += [package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None]
    return missing


def libraries():
    """The program's own table of Qt's libraries; read here, where the Python is known to be new enough for the file."""
    path = os.path.join(ROOT, "diif_viewer", "cli", "libraries.py")
    spec = importlib.util.spec_from_file_location("libraries", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def can_apt():
    """True for root on a system with apt."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(packages):
    """Install Debian packages, after a fresh list where the old one fails; True when all went well."""
    print("Installing system packages: " + " ".join(packages), flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (install, ["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL).returncode == 0
        if done and command is install:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
