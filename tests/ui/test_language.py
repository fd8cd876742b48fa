"""Words in another language."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QWidget

from diif_viewer.ui import language
from diif_viewer.ui.export_fields import NumberBox
from diif_viewer.ui.figure_dialog import parse_scales
from diif_viewer.ui.language import choose, tr, tr_count
from diif_viewer.ui.zoom_text import format_zoom


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
def test_a_number_decides_between_two_forms(code, one, many, monkeypatch):
    german = {"{count} pictures": ["{count} Bild", "{count} Bilder"]}
    monkeypatch.setattr(language, "catalogue", {"en": {}, "de": german}.__getitem__)
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


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("photo.png: there is no such file.", "photo.png: diese Datei gibt es nicht."),
        (
            "a: b.tif: the file ends too early for a picture of 3x4 pixels.",
            "a: b.tif: die Datei endet zu früh für ein Bild von 3x4 Pixeln.",
        ),
        ("CPU, 2 threads, bfloat16", "CPU, 2 Threads, bfloat16"),
        ("Das ist schon deutsch: ja.", "Das ist schon deutsch: ja."),
    ],
)
def test_sentences_of_lower_floors_are_translated_with_their_names_and_numbers(english, german):
    assert language.said(english) == english
    language.use("de")
    assert language.said(english) == german


def test_errors_as_they_are_really_raised_are_told_in_german(tmp_path):
    from diif_viewer.errors import CheckpointError, ImageError
    from diif_viewer.imaging.load import load_picture
    from diif_viewer.models.checkpoint import load_checkpoint

    (tmp_path / "empty.png").touch()
    language.use("de")
    with pytest.raises(ImageError) as missing:
        load_picture(tmp_path / "none.png")
    with pytest.raises(ImageError) as empty:
        load_picture(tmp_path / "empty.png")
    with pytest.raises(CheckpointError) as broken:
        load_checkpoint(tmp_path / "empty.png")
    assert language.said(str(missing.value)) == "none.png: diese Datei gibt es nicht."
    assert language.said(str(empty.value)) == "empty.png: die Datei ist leer."
    assert language.said(str(broken.value)) == "empty.png: kein vollständiger PyTorch-Checkpoint."


def test_numbers_are_written_as_the_language_writes_them_and_read_either_way():
    from diif_viewer.ui.zoom_text import format_zoom, parse_zoom, plain_zoom

    language.use("de")
    assert format_zoom(12.5) == "x12,5"
    assert plain_zoom(12.5) == "x12.5"
    assert parse_zoom("x12,5") == parse_zoom("x12.5") == 12.5


def test_qts_own_words_follow_the_language(qapp):
    from PySide6.QtCore import QCoreApplication, QLocale

    from diif_viewer.ui.app import _speak
    from diif_viewer.ui.settings import Settings

    settings, before = Settings(), QLocale()
    try:
        for code, word in (("de", "Abbrechen"), ("en", "Cancel")):
            settings.put("language", code)
            _speak(qapp, settings)
            assert language.present() == code
            assert QCoreApplication.translate("QPlatformTheme", "Cancel") == word
    finally:
        QLocale.setDefault(before)


def test_numbers_are_read_with_either_decimal_sign(qtbot):
    """A comma between two scales is one between numbers only where no figure follows it."""
    parent = QWidget()
    qtbot.addWidget(parent)
    for locale, sign in ((QLocale("de"), ","), (QLocale("en"), ".")):
        box = NumberBox(parent, "x", 0.01, 1000, 3)
        box.setLocale(locale)
        for typed in ("2.5", "2,5"):
            box.selectAll()
            qtbot.keyClicks(box, typed)
            assert (box.value(), box.text()) == (2.5, f"2{sign}5")
    assert parse_scales("4,8") == parse_scales("x4, x8") == parse_scales("x4; 8") == (4, 8)
    language.use("de")
    assert parse_scales(format_zoom(3.5)) == (3.5,)
    assert parse_scales("x3,5; x8") == parse_scales("x3,5, x8") == parse_scales("x3.5,x8") == (3.5, 8)
