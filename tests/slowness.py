"""How slow the machine is just now: what must happen at once may take that many times longer beside other programs."""

from __future__ import annotations

import time


def slowness() -> float:
    """How many times longer than alone a tenth of a second of work takes: 1 on an idle machine, or a little more."""
    clock, work = time.perf_counter(), time.process_time()
    while time.process_time() - work < 0.1:
        pass
    return (time.perf_counter() - clock) / (time.process_time() - work)
