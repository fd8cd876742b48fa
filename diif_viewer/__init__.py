"""DIIF Viewer: look into a picture. The public API is `load_model` and `encode`; both load torch on first use."""

from __future__ import annotations

TYPE_CHECKING = False  # not from `typing`: until that is imported, Ctrl-C would show a traceback
if TYPE_CHECKING:
    from typing import Any

    from diif_viewer.engine.field import Field, encode
    from diif_viewer.engine.model import Model, load_model

__version__ = "0.1.0"
__all__ = ["Field", "Model", "__version__", "encode", "load_model"]

_HOMES = {"load_model": "model", "Model": "model", "encode": "field", "Field": "field"}


def __getattr__(name: str) -> Any:
    """Import the engine (and torch) only when the API is used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'diif_viewer' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"diif_viewer.engine.{_HOMES[name]}"), name)
