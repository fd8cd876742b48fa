"""`python main.py [photo.jpg]` is `diif-viewer [photo.jpg]` from the source tree."""

from __future__ import annotations

import multiprocessing
import sys

from diif_viewer.cli import main

if __name__ == "__main__":  # the renderer's process imports this file again
    multiprocessing.freeze_support()
    sys.exit(main())
