"""What files are taken for pictures by their names, lower case. What a file really is, its bytes tell."""

from __future__ import annotations

HEIC = (".heic", ".heif", ".hif")
"""As telephones and cameras save; opened by an optional package (`imaging.heic`)."""

PICTURES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".avif"),
        *(".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".qoi", ".tga", ".psd", ".ico", ".pcx", ".dds"),
        *HEIC,
    )
)
"""Pictures in a folder, for the open dialog, the walk from one to the next, and commands. A file that is named may end
as it likes."""
