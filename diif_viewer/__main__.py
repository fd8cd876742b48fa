"""`python -m diif_viewer` is the command `diif-viewer`."""

from __future__ import annotations

import sys


def run() -> int:
    """The program, whose Ctrl-C is quiet from its first import to the end of the process; the exit status."""
    try:  # all other imports are inside
        import multiprocessing
        import signal

        multiprocessing.freeze_support()
        from diif_viewer.cli import main

        status = main()
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # raised in what Python clears up now, it would be shown
        return status
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run())
