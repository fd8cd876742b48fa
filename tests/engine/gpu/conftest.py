"""Kernels run on the device that is there: a GPU, or else Triton's interpreter on the CPU."""

import os
import sys

import pytest
import torch

from diif_viewer.engine.gpu.painter import Painter
from diif_viewer.engine.gpu.runtime import runtime_for

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SIDE = 16
"""Of the tiles in these tests: the interpreter takes milliseconds for each row of a tile."""

if DEVICE == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is first imported


@pytest.fixture
def painter() -> Painter:
    """One that uses the kernels."""
    if not sys.platform.startswith("linux"):
        pytest.skip("Triton is made for Linux alone; elsewhere plain torch does all.")
    import triton.runtime.interpreter  # never skipped where it is missing: `make test` installs it

    from diif_viewer.engine.gpu.kernels import fine_stage

    if DEVICE == "cpu":
        assert isinstance(fine_stage, triton.runtime.interpreter.InterpretedFunction), "Triton was imported too early"
    return Painter(runtime_for(DEVICE), kernels=True, side=SIDE)
