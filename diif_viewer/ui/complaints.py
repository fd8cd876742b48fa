"""A mistake in the program ends in a quiet bar and in the terminal, not in a dead window."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from types import TracebackType

from diif_viewer.ui.language import tr


@contextlib.contextmanager
def telling(tell: Callable[[str], None]) -> Iterator[None]:
    """While active, exceptions that nobody caught in the GUI thread are also told in one sentence."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        with contextlib.suppress(Exception):  # the window may be gone
            tell(tr("Something went wrong ({kind}); the program goes on. The terminal says more.", kind=kind.__name__))

    sys.excepthook = hook
    try:
        yield
    finally:
        sys.excepthook = before
