"""What holds for all tests."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background; programs that tests end by Ctrl-C inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
