"""`python main.py [photo.jpg]` is `diif-viewer [photo.jpg]` from the source tree."""

from __future__ import annotations

import sys

from diif_viewer.__main__ import run

if __name__ == "__main__":  # the renderer's process imports this file again
    sys.exit(run())
