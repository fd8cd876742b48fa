"""Temporary files of `save.atomic_path`, and those that a killed program has left.

A writer holds a lock on its temporary file, which the system drops with the process: what is not locked, and has not
been touched for a while, nobody writes any more.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where a file that is open could not take the place of another one
    fcntl = None  # type: ignore[assignment]

SETTLED = 60.0
"""Seconds since the last change after which a file without a lock is left over."""


def temporary_of(target: Path) -> Path:
    """A new name beside `target`: hidden, and with its suffix, since some writers choose the format by it."""
    return target.with_name(f"{_beginning(target)}{secrets.token_hex(6)}{target.suffix}")


@contextlib.contextmanager
def held(temporary: Path) -> Iterator[None]:
    """Create the file, empty, and hold it for as long as the block lasts. Raises OSError."""
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        if fcntl is None:
            os.close(handle)
            handle = -1
        else:
            with contextlib.suppress(OSError):  # some network disks know no locks
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def sweep(targets: Iterable[Path], *, settled: float | None = None) -> int:
    """Remove what killed writers of `targets` have left beside them; how many files that were.

    settled: seconds since their last change, default `SETTLED`; 0 where the writer is known to have ended.
    """
    if fcntl is None:
        return 0
    wanted: dict[Path, set[tuple[str, str]]] = defaultdict(set)
    for target in map(Path, map(os.path.realpath, targets)):
        wanted[target.parent].add((_beginning(target), target.suffix))
    count = 0
    for folder, names in wanted.items():
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                parts = _TEMPORARY.fullmatch(entry.name)
                if (
                    parts
                    and (parts[1], parts[2]) in names
                    and _is_left(entry.path, SETTLED if settled is None else settled)
                ):
                    os.unlink(entry.path)
                    count += 1
    return count


_TEMPORARY = re.compile(r"(\..*-)[0-9a-f]{12}((?:\.[^.]*)?)", re.DOTALL)


def _beginning(target: Path) -> str:
    return f".{target.stem[:40]}-"


def _is_left(path: str, settled: float) -> bool:
    """Nobody holds the file, and it has not changed for a while."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return time.time() - os.fstat(handle).st_mtime >= settled
    except OSError:
        return False
    finally:
        os.close(handle)
