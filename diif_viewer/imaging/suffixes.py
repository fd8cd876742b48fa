"""What files are taken for pictures by their names, lower case. What a file really is, its bytes tell."""

from __future__ import annotations

import importlib.util

HEIC = (".heic", ".heif", ".hif")
"""As telephones and cameras save; opened by an optional package (`imaging.heic`)."""

RAW = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".orf", ".rw2", ".rwl", ".raf", ".pef"),
    *(".srw", ".3fr", ".fff", ".iiq", ".erf", ".mef", ".mos", ".mrw", ".kdc", ".dcr", ".x3f", ".gpr"),
)
"""What cameras save without developing it; opened by an optional package (`imaging.raw`)."""

PICTURES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".avif"),
        *(".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".qoi", ".tga", ".psd", ".ico", ".pcx", ".dds"),
        *HEIC,
        *(RAW if importlib.util.find_spec("rawpy") else ()),  # as a rule there is a JPEG of the same shot beside it
    )
)
"""Pictures in a folder, for the open dialog, the walk from one to the next, and commands. A file that is named may end
as it likes."""
