"""Large pictures live in memory that the rendering process sees as well: there is one copy of their pixels.

Small ones are copied when they are opened, which is quicker than asking the system for shared memory in between.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
import numpy.typing as npt

WORTH = 32 << 20
"""Bytes from which a picture is moved into shared memory."""

_FOLDER = "/dev/shm"
_blocks: dict[int, tuple[weakref.ref[Any], SharedMemory]] = {}


def moved(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`pixels` in shared memory, if they are large and there is room; else the very array. Any thread."""
    if pixels.nbytes < WORTH:
        return pixels
    try:
        block = new_block(pixels.nbytes)
    except MemoryError:
        return pixels
    made: npt.NDArray[Any] = np.ndarray(pixels.shape, pixels.dtype, buffer=block.buf)
    made[...] = pixels
    _blocks[id(made)] = weakref.ref(made), block
    weakref.finalize(made, _forget, id(made))  # slices keep the array alive, and with it the block
    return made


def name_of(pixels: npt.NDArray[Any]) -> str | None:
    """The name of the shared memory that this very array lies in; None for other arrays."""
    kept = _blocks.get(id(pixels))
    return kept[1].name if kept is not None and kept[0]() is pixels else None


def new_block(size: int) -> SharedMemory:
    """Shared memory of `size` bytes. Raises MemoryError where there is no room, before anything is written to it."""
    with contextlib.suppress(OSError, AttributeError):  # elsewhere than on Linux the system counts it as it is written
        room = os.statvfs(_FOLDER)
        if size > room.f_bavail * room.f_frsize:
            raise MemoryError(f"{_FOLDER} has no room")  # writing would end the process (SIGBUS)
    try:
        return SharedMemory(create=True, size=max(1, size))
    except OSError as error:
        raise MemoryError(str(error)) from error


def release(block: SharedMemory) -> None:
    """Give a block back; processes that have it mapped keep it."""
    block.close()
    with contextlib.suppress(FileNotFoundError):
        block.unlink()


def _forget(number: int) -> None:
    _, block = _blocks.pop(number)
    release(block)
