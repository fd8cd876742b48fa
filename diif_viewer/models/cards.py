"""What is known of a model without loading it: what its file says, how many numbers it holds, what was measured of it.

Free of torch, so that the window can show it at once. Nothing here says that a file can be used: `shelf.add` does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from diif_viewer.errors import CheckpointError
from diif_viewer.models import shelf
from diif_viewer.models.registry import METHODS, default_method
from diif_viewer.paths import shipped

_LONGEST = 1 << 24
"""Bytes: no header of a model's file is longer."""

OCCASIONS = (("", "cpu"), (".jpg", "cpu"), ("", "cuda"))
"""(ending of a picture's name, device) for which a default is asked: in general, for JPEG, on a GPU."""

QualityTable = tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]
"""(columns, values by method), as a card in docs/models says them: PSNR in dB / SSIM."""


@dataclass(frozen=True, slots=True)
class Card:
    """One model.

    file: its weights. encoder, decoder: their names, "" where the file does not say. parameters: None where it does
    not. training: what it says of that, short texts by name. default_for: those of OCCASIONS it is chosen for.
    """

    name: str
    file: Path
    shipped: bool
    encoder: str = ""
    decoder: str = ""
    parameters: int | None = None
    licence: str = ""
    training: Mapping[str, str] = field(default_factory=dict)
    default_for: tuple[tuple[str, str], ...] = ()


def names() -> list[str]:
    """All models that can be chosen: those that came with the program, then the user's own."""
    return [*(method.name for method in METHODS.values() if method.is_model), *shelf.held()]


def card(name: str) -> Card:
    """What is known of a model in `names`. Raises CheckpointError where its file is missing or damaged."""
    method = METHODS.get(name)
    own = method is None or method.file is None
    file = shelf.held().get(name) if own or method is None else shipped("weights") / str(method.file)
    if file is None:
        raise CheckpointError(f"There is no added model {name!r}.")
    occasions = tuple(occasion for occasion in OCCASIONS if default_method(*occasion) == name)
    if file.suffix != ".safetensors":
        return Card(name, file, not own, default_for=occasions)  # a pickle: only torch can tell
    header = read_header(file)
    about, counts = header.pop("__metadata__", {}), map(_count, header.values())
    spec, training = (_read(about, key) for key in ("spec", "training"))
    encoder, decoder = (str(_mapping(spec.get(part)).get("name", "")) for part in ("encoder", "decoder"))
    told = {str(key): str(value) for key, value in training.items()}
    licence = str(about.get("licence", ""))
    return Card(name, file, not own, encoder, decoder, sum(counts), licence, told, occasions)


def read_header(file: Path) -> dict[str, Any]:
    """The header of a safetensors file: shapes by name, and "__metadata__". Raises CheckpointError."""
    try:
        with file.open("rb") as held:
            size = int.from_bytes(held.read(8), "little")
            if not 2 <= size <= min(_LONGEST, file.stat().st_size):
                raise ValueError
            header = json.loads(held.read(size))
        if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
            raise ValueError
    except OSError as error:
        raise CheckpointError(f"{file.name}: cannot be read ({error.strerror or 'input error'}).") from None
    except (ValueError, RecursionError):
        raise CheckpointError(f"{file.name}: not a whole safetensors file.") from None
    return header


@cache
def quality() -> QualityTable:
    """What was measured of the shipped models and of bicubic; empty where the cards did not come with the program."""
    columns: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = {}
    for file in sorted(shipped("cards").glob("*.md")):
        header: tuple[str, ...] = ()
        for line in file.read_text(encoding="utf-8").splitlines():
            cells = tuple(cell.strip(" `*").replace("**", "") for cell in line.strip().strip("|").split("|"))
            if not line.startswith("|"):
                header = ()
            elif cells[0] == "method":
                header = cells[1:]
                columns = columns or header
            elif header and header == columns and set(cells[0]) != {"-"}:
                values[cells[0]] = cells[1:]
    return columns, values


def _read(about: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(about.get(key, "{}")))
    except (ValueError, TypeError, RecursionError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(tensor: Any) -> int:
    shape = _mapping(tensor).get("shape", ())
    return math.prod(size for size in shape if isinstance(size, int)) if isinstance(shape, list) else 0
