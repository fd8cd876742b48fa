"""Writing files that are whole or not there: the atomic path, and PNG of 8 and 16 bits."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from diif_viewer.errors import ExportError
from diif_viewer.imaging.png16 import write_png16

_SENTENCES = {
    errno.EACCES: "there is no permission to write there.",
    errno.EPERM: "there is no permission to write there.",
    errno.EROFS: "the disk is read-only.",
    errno.ENOENT: "the folder does not exist.",
    errno.ENOTDIR: "the folder does not exist.",
    errno.EISDIR: "it is a folder.",
    errno.ENOSPC: "there is no space left on the disk.",
    errno.EDQUOT: "the disk quota is used up.",
    errno.EFBIG: "the file would be too large for this disk.",
    errno.ENAMETOOLONG: "the file name is too long.",
}


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place when the block ends well, and vanishes when it does not.

    Whoever reads `path` finds the old file or the whole new one, also after a crash or a power cut. The temporary name
    keeps the suffix (some writers choose the format by it). An existing file keeps its permissions; a symbolic link is
    written through. Raises ExportError for anything that the system refuses, in the block too.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.stem[:40]}-{secrets.token_hex(6)}{target.suffix}")
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        reason = _SENTENCES.get(error.errno or 0, f"{error.strerror or error}.")
        raise ExportError(f"{target} cannot be written: {reason}") from error


def save_png(
    pixels: npt.NDArray[Any],
    path: str | Path,
    *,
    icc_profile: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    exif: bytes | None = None,
) -> None:
    """Write a PNG, atomically.

    pixels: HW or HWC, C in 1 (grey), 2 (grey, alpha), 3 (RGB), 4 (RGBA); uint8, or uint16 for 16 bits per channel.
    dpi: (x, y). exif: as `Picture.exif`. Raises ExportError with one sentence; nothing is left behind then.
    """
    array = np.ascontiguousarray(pixels[..., None] if pixels.ndim == 2 else pixels)
    assert array.ndim == 3, array.shape
    assert array.shape[2] in (1, 2, 3, 4), array.shape
    assert array.dtype in (np.uint8, np.uint16), array.dtype
    with atomic_path(path) as temporary:
        if array.dtype == np.uint16:
            write_png16(array, temporary, icc_profile=icc_profile, dpi=dpi, exif=exif)
            return
        extra = {"icc_profile": icc_profile, "dpi": dpi, "exif": exif}
        image = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
        image.save(temporary, "PNG", **{name: value for name, value in extra.items() if value})


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; a courtesy that not every system offers."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
