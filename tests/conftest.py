"""What holds for all tests."""

from __future__ import annotations

import signal

for number, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    # in the background (&, nohup) they are ignored, and programs that tests end with them inherit that
    if hasattr(signal, number) and signal.getsignal(getattr(signal, number)) is signal.SIG_IGN:
        signal.signal(getattr(signal, number), usual)
