"""A model's card as people read it: what it was trained on, its licence, how good and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

from diif_viewer.models.cards import Card, quality
from diif_viewer.ui.language import decimal, mark, tr
from diif_viewer.ui.reduced import label_of

NOTE = mark(
    "These models restore what bicubic reduction took away; they do not invent detail as generative upscalers do."
)

BASE = "bicubic"
"""What a table of quality compares with."""


def badges(card: Card) -> list[str]:
    """What it is chosen for where nobody chooses, and whose it is; in short words."""
    cases = {("", "cpu"): tr("Default"), (".jpg", "cpu"): tr("Default for JPEG"), ("", "cuda"): tr("Default on GPUs")}
    general = ("", "cpu") in card.default_for
    words = [cases[case] for case in (card.default_for[:1] if general else card.default_for)]
    return words if card.shipped else [*words, tr("Added")]


def completed(card: Card, record: Mapping[str, Any]) -> Card:
    """`card` with what `models show --json` tells of a file that only torch can read."""
    training = {str(name): str(text) for name, text in record["training"].items()}
    return replace(
        card,
        encoder=record["encoder"]["name"],
        decoder=record["decoder"]["name"],
        parameters=record["parameters"]["total"],
        licence=record["licence"] or "",
        training=training,
    )


def as_html(card: Card, rate: float | None) -> str:
    """rate: megapixels per second on this machine, None where it has not been seen."""
    about, unknown = card.training, tr("The file does not say.")
    trained = [
        tr("{count} steps", count=_grouped(about["steps"])) if "steps" in about else "",
        tr("{count} minutes", count=_grouped(about["minutes"])) if "minutes" in about else "",
    ]
    speed = tr("{rate} megapixels per second, the fastest view so far", rate=decimal(f"{rate:.2g}")) if rate else ""
    parts = tr("{encoder} with {decoder}", encoder=card.encoder, decoder=card.decoder)
    rows = [
        (tr("Parts"), parts if card.encoder else ""),
        (tr("Parameters"), _grouped(str(card.parameters)) if card.parameters else ""),
        (tr("Trained on"), about.get("data") or about.get("summary") or unknown),
        (tr("Training"), ", ".join(filter(None, trained))),
        (tr("Licence"), card.licence or unknown),
        (tr("Speed here"), speed or tr("Not seen yet: choose the model in a pane.")),
        (tr("File"), card.file.name),
    ]
    cell = '<td style="padding: 3px 18px 3px 0">{}</td>'
    lines = "".join(f"<tr>{cell.format(escape(name))}{cell.format(escape(text))}</tr>" for name, text in rows if text)
    title = escape(label_of(card.name)) + ("" if label_of(card.name) == card.name else f" ({escape(card.name)})")
    told = escape(" · ".join(badges(card)))
    head = f"<h3>{title}</h3>" + (f'<p style="margin-bottom: 10px">{told}</p>' if told else "")
    return f"{head}<table>{lines}</table>{_quality(card.name)}"


def _grouped(number: str) -> str:
    """A whole number in groups of three digits; what is none stays as it is."""
    try:
        return f"{round(float(number)):,}".replace(",", "\u202f")
    except (ValueError, OverflowError):
        return number


def _quality(name: str) -> str:
    columns, values = quality()
    if name not in values:
        return ""
    kept = [index for index, column in enumerate(columns) if column.endswith(("x2", "x4"))]
    cell = '<td style="padding: 3px 14px 3px 0">{}</td>'
    lines = [cell.format("") + "".join(cell.format(escape(columns[index])) for index in kept)]
    for row in dict.fromkeys((name, BASE)):
        shown = "".join(cell.format(escape(decimal(values[row][index].split(" / ")[0]))) for index in kept)
        lines.append(cell.format(escape(label_of(row))) + shown)
    table = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<h4>{escape(tr('Quality: PSNR in dB, more is better'))}</h4><table>{table}</table>"
