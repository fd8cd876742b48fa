"""The German catalogue is complete, has nothing that is not used, and no words of the window pass it by."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import diif_viewer
from diif_viewer import errors
from diif_viewer.ui.actions import GESTURES, MOUSE, ROWS
from diif_viewer.ui.language import LANGUAGES, catalogue, sentences
from diif_viewer.ui.reduced import ON_SCREEN

PACKAGE = Path(diif_viewer.__file__).parent
WINDOW = sorted((PACKAGE / "ui").rglob("*.py"))
BELOW = sorted(file for floor in ("engine", "imaging", "models") for file in (PACKAGE / floor).rglob("*.py"))
OTHERS = [code for code in LANGUAGES if code != "en"]
NAME = re.compile(r"\{(\w*)")
ZOOM = re.compile(r"Zoom x[\d.]+")
"""Labels that are numbers more than words."""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """(name of the function or method, the call), everywhere in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            yield name, node


def asked_for() -> set[str]:
    """Every text that the window puts through tr(): literals where they stand, and those of the tables."""
    texts = {MOUSE, *(text for pair in GESTURES for text in pair), *(method.label for method in ON_SCREEN.values())}
    for row in ROWS:
        texts |= {row.label, row.group, row.tip or row.label}
    for file in WINDOW:
        for name, call in calls(ast.parse(file.read_text(encoding="utf-8"))):
            if name in ("tr", "mark") and isinstance(call.args[0], ast.Constant):
                texts.add(call.args[0].value)
            elif name == "tr_count":
                texts.add(call.args[1].value)
    return {text for text in texts if not ZOOM.fullmatch(text)}


def template(node: ast.expr) -> str | None:
    """A sentence with {0}, {1} … for what varies; None for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    numbers = iter(range(len(node.values)))
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{next(numbers)}}}" for part in node.values
    )


def raised() -> set[str]:
    """The sentences of all errors that lower floors raise for people; private ones never get out of their file."""
    family = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    family |= {
        node.name
        for file in BELOW
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error") and not node.name.startswith("_")
    }
    found = {
        template(call.args[0])
        for file in BELOW
        for name, call in calls(ast.parse(file.read_text(encoding="utf-8")))
        if name in family and call.args
    }
    return {words for words in found if words is not None and re.search(r"[a-z]{2}", words)}


COMPOSED = {"CPU, {0} thread, {1}", "CPU, {0} threads, {1}"}
"""What a lower floor puts together of more than one literal."""


def written() -> set[str | None]:
    """Every literal of the lower floors, raised or told in another way."""
    return {
        template(node)
        for file in BELOW
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr)
    }


def names(text: str) -> set[str]:
    return set(NAME.findall(text))


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_of_the_window_is_translated_and_no_translation_is_left_over(code):
    held = catalogue(code)
    assert sorted(asked_for() - set(held)) == [], f"add these to diif_viewer/ui/languages/{code}.json"
    assert sorted(set(held) - asked_for()) == [], f"remove these from diif_viewer/ui/languages/{code}.json"


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_of_lower_floors_has_a_pattern_and_no_pattern_is_left_over(code):
    held = set(sentences(code))
    assert sorted(raised() - held) == [], f"add these to diif_viewer/ui/languages/{code}.sentences.json"
    assert sorted(held - written() - COMPOSED) == [], (
        f"remove these from diif_viewer/ui/languages/{code}.sentences.json"
    )


@pytest.mark.parametrize("code", OTHERS)
def test_translations_name_what_the_english_names(code):
    for english, entry in [*catalogue(code).items(), *sentences(code).items()]:
        for words in [entry] if isinstance(entry, str) else entry:
            assert names(words) == names(english), english
            assert words.strip(), english
            assert words[:1].isspace() == english[:1].isspace(), english
            assert words.endswith("…") == english.endswith("…"), english


@pytest.mark.parametrize("code", OTHERS)
def test_catalogues_are_sorted(code):
    assert list(catalogue(code)) == sorted(catalogue(code))
    assert list(sentences(code)) == sorted(sentences(code))


SAY = {
    *("setText", "setToolTip", "setWindowTitle", "setAccessibleName", "setAccessibleDescription", "setPlaceholderText"),
    *("setStatusTip", "setWhatsThis", "setTitle", "setHeaderLabels", "setInformativeText", "addButton", "addAction"),
    *("addItem", "addRow", "addTab", "tell", "show_progress", "fail", "setItemText", "setLabelText"),
    *(
        "QLabel",
        "QPushButton",
        "QAction",
        "QCheckBox",
        "QRadioButton",
        "QGroupBox",
        "QToolButton",
        "QMenu",
        "QTreeWidgetItem",
    ),
    *("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"),
}
"""Calls whose texts people read."""

NOT_WORDS = re.compile(r"(PNG|PDF|SVG|RGB|RGBA|ms|dB|px|\(\*\.\w+\))")
"""The same in every language."""


def untranslated(file: Path) -> Iterator[str]:
    """Literals with letters in them that reach people without tr()."""
    for name, call in calls(ast.parse(file.read_text(encoding="utf-8"))):
        if name not in SAY:
            continue
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            for node in outside_calls(argument):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    text = node.value.strip()
                    if re.search(r"[^\W\d_]{2}", text) and not NOT_WORDS.fullmatch(text):
                        yield f"{file.name}:{node.lineno} {name}({text!r})"


def outside_calls(node: ast.expr) -> Iterator[ast.expr]:
    """`node` and what it is put together of, calls and subscripts left out."""
    if isinstance(node, ast.Call | ast.Subscript | ast.Compare | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FormattedValue):
            yield from outside_calls(child.value)
        elif isinstance(child, ast.expr):
            yield from outside_calls(child)


def test_no_words_of_the_window_pass_the_catalogue_by():
    assert [found for file in WINDOW for found in untranslated(file)] == []


def test_the_search_for_untranslated_words_finds_them(tmp_path):
    file = tmp_path / "page.py"
    file.write_text(
        'label.setText("Open")\nlabel.setText(tr("Open"))\nlabel.setText(f"{size} wide")\n'
        'bar.tell("Done" if done else tr("Not done"))\nlabel.setText(f"{a} x {b}")\n'
    )
    assert [found.split()[0] for found in untranslated(file)] == ["page.py:1", "page.py:3", "page.py:4"]
