"""Words that people read in the window, in their language: ``tr("Open a picture")``.

The English text is the key. A catalogue, ``languages/de.json``, is a flat object from English to the other language,
sorted by key; where a number decides between two forms, the English plural is the key and the value is
``["{count} Bild", "{count} Bilder"]``. What a catalogue lacks is shown in English. Texts in tables at module level are
marked with `mark` where they stand and translated where they are shown, for nothing is known of the language yet when
the module is imported.

Sentences of errors come in English from lower floors, which know no window, with names and numbers in them.
``languages/de.sentences.json`` holds their patterns, ``"{0}: there is no such file."``, and `said` fits them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

VARIABLE = "DIIF_VIEWER_LANGUAGE"
"""Environment variable that names one of LANGUAGES and goes before the preference and the system."""

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Languages by code, in their own words. English needs no catalogue."""

COMMAS = {"de": ","}
"""Decimal signs of the languages that have no point."""

_FOLDER = Path(__file__).parent / "languages"
_present = "en"


def tr(text: str, **values: object) -> str:
    """`text` in the present language, with `values` in place of its {names}."""
    entry = catalogue(_present).get(text, text)
    words = entry if isinstance(entry, str) else text
    return words.format(**values) if values else words


def tr_count(one: str, many: str, count: int, **values: object) -> str:
    """As `tr`, for texts about `count` things, which is also the value of {count}: `one` for 1, else `many`."""
    entry = catalogue(_present).get(many)
    forms = (one, many) if entry is None or isinstance(entry, str) else entry
    return forms[0 if count == 1 else 1].format(count=count, **values)


def said(sentence: str) -> str:
    """A sentence of a lower floor in the present language; as it is where no pattern fits.

    What follows a name and a colon may be a sentence of its own: ``photo.png: the file ends too early …``, or a reason
    that has its full stop from elsewhere: ``model.safetensors: there is no such weights file.``.
    """
    for text, stop in ((sentence, ""), (sentence.removesuffix("."), ".")):
        for pattern, words in _patterns(_present):
            if match := pattern.fullmatch(text):
                return words.format(*match.groups()) + stop
    name, colon, rest = sentence.partition(": ")
    return f"{name}{colon}{said(rest)}" if colon else sentence


def decimal(number: str) -> str:
    """`number`, written with a decimal point, as it is written in the present language."""
    return number.replace(".", COMMAS.get(_present, "."))


def mark(text: str) -> str:
    """`text` itself: it stands in a table and goes through `tr` where it is shown."""
    return text


def use(code: str) -> None:
    """From now on `tr` answers in the language `code`; English for one that is not in LANGUAGES."""
    global _present  # noqa: PLW0603
    _present = code if code in LANGUAGES else "en"


def present() -> str:
    """The code of the language in use."""
    return _present


def choose(preference: str, system: Sequence[str]) -> str:
    """The code of the language to use.

    preference: the user's choice, "" for the system's. system: its languages, best first, such as "de-AT".
    The environment variable DIIF_VIEWER_LANGUAGE goes before both.
    """
    for wanted in (os.environ.get(VARIABLE, ""), preference):
        if wanted in LANGUAGES:
            return wanted
    codes = (name.replace("_", "-").split("-")[0].lower() for name in system)
    return next((code for code in codes if code in LANGUAGES), "en")


@cache
def catalogue(code: str) -> Mapping[str, str | list[str]]:
    """The texts of a language by their English; empty for English."""
    if code == "en":
        return {}
    held: dict[str, str | list[str]] = json.loads((_FOLDER / f"{code}.json").read_text(encoding="utf-8"))
    return held


@cache
def sentences(code: str) -> Mapping[str, str]:
    """The patterns of lower floors' sentences with their translations, {0}, {1} … for what varies."""
    if code == "en":
        return {}
    held: dict[str, str] = json.loads((_FOLDER / f"{code}.sentences.json").read_text(encoding="utf-8"))
    return held


@cache
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Longest first: the more words a pattern has, the less it fits by chance."""
    held = sorted(sentences(code).items(), key=lambda entry: len(entry[0]), reverse=True)
    return tuple((re.compile(re.sub(r"\\\{\d+\\\}", "(.+?)", re.escape(key)), re.DOTALL), words) for key, words in held)
