"""The renderer's signs of life: they come while it works, tell how far it is, and cost nothing at rest."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from diif_viewer.engine.heartbeat import Heartbeat
from diif_viewer.engine.messages import Alive, Ready
from diif_viewer.engine.service import RendererProcess


def test_it_beats_while_there_is_work_and_tells_the_steps():
    signs: list[Alive] = []
    heart = Heartbeat(signs.append, period=0.01)
    end = time.monotonic() + 20
    while len(signs) < 3 and time.monotonic() < end:  # from the start on: loading is work
        time.sleep(0.01)
    assert {sign.steps for sign in signs} == {0}
    assert [sign.seconds for sign in signs] == sorted(sign.seconds for sign in signs)
    heart.rest()
    time.sleep(0.1)
    count = len(signs)
    time.sleep(0.2)
    assert len(signs) == count
    heart.step()
    heart.step()
    while len(signs) < count + 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert signs[-1].steps == 2
    heart.rest()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no signal that stops a process")
def test_a_process_that_stands_still_is_silent_and_can_be_ended():
    process = RendererProcess("cpu")
    assert process.connection.poll(60)
    assert process.connection.recv() == Alive(0, pytest.approx(0.0, abs=60))  # long before it is ready
    while not isinstance(process.connection.recv(), Ready):
        pass
    os.kill(process._process.pid, signal.SIGSTOP)
    try:
        while process.connection.poll(3.0):
            process.connection.recv()
        assert process.alive
    finally:
        process.kill()
    assert process.exit_code(20.0) == -signal.SIGKILL
    process.close()
