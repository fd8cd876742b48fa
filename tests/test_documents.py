"""Links in the documents lead somewhere, and the README's claims about keys and commands hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diif_viewer.cli import COMMANDS
from diif_viewer.models.registry import METHODS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "weights").glob("*.md")]


@pytest.mark.parametrize("document", [pytest.param(d, id=str(d.relative_to(ROOT))) for d in DOCUMENTS])
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


def test_the_readme_names_every_method_with_its_key() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for method in METHODS.values():
        assert re.search(rf"`{re.escape(method.letter)}` {re.escape(method.label)}", text, re.IGNORECASE), method


def test_the_readme_knows_no_command_that_does_not_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"diif-viewer ([a-z]+)(?=[\s`])", text):
        assert name in COMMANDS, name
