"""How many pages a TIFF has, from its chain of directories: Pillow's own count takes the square of their number."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import BinaryIO

MOST_PAGES = 10_000
"""More than any scanner makes; a hostile file has more."""


def count_pages(stream: BinaryIO) -> int:
    """Directories that can be reached, each once, at most MOST_PAGES; 0 for what is no TIFF. The position is kept."""
    before, seen = stream.tell(), set[int]()
    with suppress(OverflowError, ValueError, OSError):  # a place that no file has
        _walk(stream, seen)
    stream.seek(before)
    return len(seen)


def _walk(stream: BinaryIO, seen: set[int]) -> None:
    stream.seek(0)
    head = stream.read(16).ljust(16, b"\0")
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order else 0
    if version not in (42, 43):
        return
    number, link, entry = ("H", "I", 12) if version == 42 else ("Q", "Q", 20)  # 43: BigTIFF
    (place,) = struct.unpack_from(f"{order}{link}", head, 4 if version == 42 else 8)
    while place and place not in seen and len(seen) < MOST_PAGES:
        stream.seek(place)
        held = stream.read(struct.calcsize(number))
        if len(held) < struct.calcsize(number):
            return
        seen.add(place)
        (entries,) = struct.unpack(f"{order}{number}", held)
        stream.seek(place + len(held) + entries * entry)
        following = stream.read(struct.calcsize(link))
        if len(following) < struct.calcsize(link):
            return
        (place,) = struct.unpack(f"{order}{link}", following)
