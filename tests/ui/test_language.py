"""Words in another language."""

from __future__ import annotations

import pytest

from diif_viewer.ui import language
from diif_viewer.ui.language import choose, tr, tr_count


@pytest.fixture(autouse=True)
def english_again():
    yield
    language.use("en")


def test_english_is_the_key_and_the_answer_until_another_language_is_used():
    assert tr("Close") == "Close"
    language.use("de")
    assert tr("Close") == "Schließen"
    assert tr("No catalogue has {this}", this="that") == "No catalogue has that"
    language.use("tlh")
    assert language.present() == "en"


@pytest.mark.parametrize(("code", "one", "many"), [("en", "1 picture", "0 pictures"), ("de", "1 Bild", "0 Bilder")])
def test_a_number_decides_between_two_forms(code, one, many):
    language.use(code)
    assert tr_count("{count} picture", "{count} pictures", 1) == one
    assert tr_count("{count} picture", "{count} pictures", 0) == many


def test_the_environment_goes_before_the_preference_and_that_before_the_system(monkeypatch):
    monkeypatch.delenv(language.VARIABLE, raising=False)
    assert choose("", ["fr-FR", "de_AT", "en-GB"]) == "de"
    assert choose("", ["C"]) == "en"
    assert choose("en", ["de-DE"]) == "en"
    monkeypatch.setenv(language.VARIABLE, "de")
    assert choose("en", ["en-GB"]) == "de"
