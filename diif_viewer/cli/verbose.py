"""What the program does, step by step, on standard error: `--verbose`, through Python's logging.

Modules below the command line log to loggers of their own names and know nothing of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

ROOT = "diif_viewer"


@contextlib.contextmanager
def told(level: int) -> Iterator[None]:
    """Show log records for as long as the block lasts. level: 0 none, 1 what is done, 2 or more how as well."""
    if not level:
        yield
        return
    import logging

    logger, handler = logging.getLogger(ROOT), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(relativeCreated)7.0f ms  %(name)s: %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO if level == 1 else logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
