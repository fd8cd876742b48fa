"""The wheel: complete, and working away from the source tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("diif_viewer", "docs/models", "resources", "weights", "pyproject.toml", "README.md", "LICENSE", "NOTICES.md")


def run(*command: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: what an earlier build left in the tree must not slip into it."""
    source = tmp_path_factory.mktemp("source")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, source / part)
    built = run(
        *(sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--no-index", "-w", "out"),
        cwd=source,
    )
    assert built.returncode == 0, built.stderr
    (path,) = (source / "out").glob("*.whl")
    return path


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed in it; its dependencies come from the running environment."""
    site = tmp_path_factory.mktemp("site")
    done = run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", site, wheel, cwd=site)
    assert done.returncode == 0, done.stderr
    return site


def test_the_wheel_holds_every_module_weight_and_resource(wheel: Path) -> None:
    names = contents(wheel)
    wanted = {str(path.relative_to(ROOT)) for path in (ROOT / "diif_viewer").rglob("*.py")}
    wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / "diif_viewer").rglob("*.toml")}
    for folder, place in (("weights", "weights"), ("resources", "resources"), ("cards", "docs/models")):
        wanted |= {f"diif_viewer/{folder}/{path.name}" for path in (ROOT / place).iterdir() if path.is_file()}
    assert wanted
    assert not wanted - names
    assert "diif_viewer/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/NOTICES.md") for name in names)


def test_every_shipped_model_is_in_the_wheel(wheel: Path) -> None:
    from diif_viewer.models.registry import SHIPPED

    names = contents(wheel)
    assert {f"diif_viewer/weights/{method.file}" for method in SHIPPED} <= names


def test_the_wheel_brings_no_tests_and_no_scripts(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in contents(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"diif_viewer"}


def test_the_installed_command_answers(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "diif-viewer"
    shown = run(command, "--help", cwd=tmp_path, PYTHONPATH=str(installed))
    assert shown.returncode == 0, shown.stderr
    assert "render" in shown.stdout
    where = run(
        sys.executable, "-c", "import diif_viewer as d; print(d.__file__)", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert Path(where.stdout.strip()).is_relative_to(installed)


def test_the_installed_command_renders_with_the_weights_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (14, 20, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    done = run(
        *(installed / "bin" / "diif-viewer", "render", "small.png", "--scale", "3", "-o", "large.png"),
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "large.png") as large:
        assert large.size == (60, 42)


def test_the_version_has_one_home() -> None:
    """The package says it; pyproject reads it there, and the changes begin with it."""
    import diif_viewer

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "diif_viewer.__version__"}
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("## ")]
    assert headings[0].split()[1].rstrip(",") == diif_viewer.__version__


def test_the_constraints_pin_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    asked = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *(word for extra in project["project"]["optional-dependencies"].values() for word in extra),
        *project["build-system"]["requires"],
    ]
    names = {word.split(";")[0].split(">")[0].split("!")[0].strip().lower().replace("_", "-") for word in asked}
    assert names <= pinned
    assert all("==" in line or line.startswith("#") for line in lines if line.strip())
    assert not any("+" in line for line in lines if "==" in line), "a local build such as +cpu pins others out"
