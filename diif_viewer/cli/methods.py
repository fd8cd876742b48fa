"""Methods as people name them on the command line: is there such a one, and what does it heed?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from diif_viewer.errors import RequestError
from diif_viewer.models import shelf
from diif_viewer.models.registry import METHODS


def is_classic(name: str) -> bool:
    """Whether `name` is a method without a model."""
    return name in METHODS and not METHODS[name].is_model


def check_methods(names: Sequence[str], device: str) -> None:
    """Raises RequestError for a name that means nothing, and for a `device`, as after --device, that none runs on."""
    known = {**METHODS, **shelf.held()}
    for name in names:
        if name in known or Path(name).suffix in shelf.SUFFIXES or os.path.exists(name):
            continue
        if meant := get_close_matches(name.lower(), known, n=1, cutoff=0.75):
            raise RequestError(f"There is no method {name!r}; did you mean {meant[0]}?")
        raise RequestError(f"There is no method {name!r}; choose one of {', '.join(known)}, or a weights file.")
    if names and all(map(is_classic, names)) and device not in ("auto", "cpu"):
        computed = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
        raise RequestError(f"--device {device} is for models; {computed} computed by the processor.")
