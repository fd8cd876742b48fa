"""The import directions of the house: a file may import lower floors and its own, never upwards."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "diif_viewer"

FLOORS = {
    "diif_viewer": 1,  # the package itself: lazy
    "diif_viewer.geometry": 1,
    "diif_viewer.viewport": 1,
    "diif_viewer.zoom_path": 1,
    "diif_viewer.errors": 1,
    "diif_viewer.paths": 1,
    "diif_viewer.starting": 1,
    "diif_viewer.memory": 1,
    "diif_viewer.imaging": 2,
    "diif_viewer.models": 2,
    "diif_viewer.engine": 3,
    "diif_viewer.ui": 4,
    "diif_viewer.evaluation": 4,
    "diif_viewer.training": 5,
    "diif_viewer.cli": 6,
    "diif_viewer.__main__": 7,
    "main": 7,
}
NEIGHBOURS_APART = [("diif_viewer.imaging", "diif_viewer.models"), ("diif_viewer.ui", "diif_viewer.evaluation")]
"""On one floor, but the first never imports the second (nor the other way round for ui and evaluation)."""

WITHOUT_TORCH = [
    "geometry.py",
    "viewport.py",
    "zoom_path.py",
    "errors.py",
    "paths.py",
    "memory.py",
    "starting.py",
    "__init__.py",
    "models/__init__.py",
    "models/registry.py",
    "models/shelf.py",
    "engine/__init__.py",
    "engine/strips.py",
    "engine/tiles.py",
    "engine/jobs.py",
    "engine/messages.py",
    *(f"{folder}/" for folder in ("ui", "imaging", "cli")),
]
HEAVY = {"torch", "PySide6", "qtawesome", "matplotlib"}


def sources() -> list[Path]:
    return [ROOT / "main.py", *sorted(PACKAGE.rglob("*.py"))]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, at_import: bool = False) -> Iterator[str]:
    """Absolute names of imported modules; with `at_import` only those that importing the file imports too."""
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")).body, at_import)


def _imports(body: list[ast.stmt], at_import: bool) -> Iterator[str]:
    for node in body:
        for inner in [node] if at_import else ast.walk(node):
            if isinstance(inner, ast.Import):
                yield from (alias.name for alias in inner.names)
            elif isinstance(inner, ast.ImportFrom):
                assert inner.level == 0, "imports are absolute"
                yield inner.module or ""
                yield from (f"{inner.module}.{alias.name}" for alias in inner.names)
        if at_import and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_type_checking(node):
            yield from _imports([n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)], at_import)


def _is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def floor_of(module: str) -> tuple[str, int] | None:
    """The room (longest known prefix) and floor of a module; None for other packages."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in FLOORS:
            return name, FLOORS[name]
    return None


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


@pytest.mark.parametrize("path", named(sources()))
def test_imports_go_downwards_only(path: Path) -> None:
    room, floor = floor_of(module_of(path)) or ("", 0)
    assert room, f"{path} belongs to no floor"
    # the package's own __init__ offers the engine lazily; every other file obeys
    names = list(imports(path, at_import=path == PACKAGE / "__init__.py"))
    for name in names:
        found = floor_of(name)
        if found is None:
            continue
        assert found[1] <= floor, f"{module_of(path)} (floor {floor}) imports {name} (floor {found[1]})"
        if found[0] != room:
            assert (room, found[0]) not in NEIGHBOURS_APART
            assert {room, found[0]} != {"diif_viewer.ui", "diif_viewer.evaluation"}


def test_the_package_itself_belongs_to_floor_one_only_by_its_init() -> None:
    """A new file beside geometry.py must be given a floor by name, not slip in under the package's."""
    for path in PACKAGE.glob("*.py"):
        assert module_of(path) in FLOORS
    for folder in {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}:
        assert f"diif_viewer.{folder.relative_to(PACKAGE).parts[0]}" in FLOORS


@pytest.mark.parametrize("path", named(sources()))
def test_only_the_window_knows_qt(path: Path) -> None:
    if "ui" in path.relative_to(ROOT).parts:
        return
    assert not {name.split(".")[0] for name in imports(path)} & {"PySide6", "qtawesome"}


@pytest.mark.parametrize(
    "path",
    named([p for p in sources() if str(p).startswith(tuple(str(PACKAGE / w) for w in WITHOUT_TORCH)) and p.is_file()]),
)
def test_what_the_window_and_the_command_line_import_first_is_free_of_torch(path: Path) -> None:
    assert "torch" not in {name.split(".")[0] for name in imports(path, at_import=True)}


@pytest.mark.parametrize("path", named(sorted((PACKAGE / "cli").glob("*.py"))))
def test_commands_import_heavy_things_inside_functions(path: Path) -> None:
    first = {name.split(".")[0] for name in imports(path, at_import=True)}
    assert not first & HEAVY
    floors = {".".join(name.split(".")[:2]) for name in imports(path, at_import=True)}
    assert not floors & {"diif_viewer.engine", "diif_viewer.ui", "diif_viewer.training", "diif_viewer.evaluation"}


def test_the_window_never_imports_torch_at_all() -> None:
    for path in sorted((PACKAGE / "ui").rglob("*.py")):
        assert "torch" not in {name.split(".")[0] for name in imports(path)}, path


def test_importing_the_whole_window_loads_no_torch() -> None:
    """Not even by a detour, so that the window is on screen long before torch could be loaded."""
    script = "import sys, diif_viewer.ui.app; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_wrong_import_is_noticed(tmp_path: Path) -> None:
    """The reader of imports sees what it must see: nested, conditional and aliased ones."""
    file = tmp_path / "wrong.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import matplotlib\n"
        "try:\n    import torch.nn as nn\nexcept ImportError:\n    pass\n"
        "def f():\n    from diif_viewer import ui\n"
    )
    assert {"torch.nn"} <= set(imports(file, at_import=True))
    assert not {"matplotlib", "diif_viewer.ui"} & set(imports(file, at_import=True))
    assert {"torch.nn", "matplotlib", "diif_viewer.ui"} <= set(imports(file))
