"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal
import sys

import pytest
from PySide6.QtWidgets import QApplication

for number, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    # in the background (&, nohup) they are ignored, and programs that tests end with them inherit that
    if hasattr(signal, number) and signal.getsignal(getattr(signal, number)) is signal.SIG_IGN:
        signal.signal(getattr(signal, number), usual)

if sys.platform.startswith("linux") and not os.environ.get("QT_QPA_PLATFORM"):
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

if "PYTEST_XDIST_WORKER" in os.environ:  # read when torch is imported, here and in the programs that tests start
    os.environ.setdefault("OMP_NUM_THREADS", "2")  # enough for work side by side; the cores are shared with others
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for others take no core from them


@pytest.fixture(scope="session", autouse=True)
def application(qapp: QApplication) -> QApplication:
    """One for all tests of a process: a command that draws would make a lesser one, which no window can use."""
    return qapp


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, since many tests wait for something; no more than five, for the memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores + 1, 5)


def pytest_collection_finish() -> None:
    """What is loaded by now stays for good: to look for rubbish in it after every test took a third of all the time."""
    gc.collect()
    gc.freeze()
