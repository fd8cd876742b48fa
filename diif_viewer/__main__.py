"""`python -m diif_viewer` is the command `diif-viewer`."""

from __future__ import annotations

import multiprocessing
import sys

from diif_viewer.cli import main

if __name__ == "__main__":  # the renderer's process imports this file again
    multiprocessing.freeze_support()
    sys.exit(main())
