"""HEIC, what telephones save by default. Its decoder is an optional package, because of what its wheels contain: see
NOTICES.md.
"""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path

FORMAT = "HEIF"
"""The name that the package gives Pillow."""

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # major brands


def is_heic(file: Path) -> bool:
    """True for what begins as a picture compressed by HEVC (ISO/IEC 23008-12, annex B); some AVIF does so too."""
    with contextlib.suppress(OSError), file.open("rb") as stream:
        head = stream.read(12)
        return head[4:8] == b"ftyp" and head[8:] in _BRANDS
    return False


@functools.cache
def provided() -> bool:
    """Teach Pillow to open HEIC; False where the package is not installed, or is broken."""
    try:
        import pillow_heif
    except (ImportError, OSError):
        return False
    pillow_heif.register_heif_opener(thumbnails=False)
    return True
