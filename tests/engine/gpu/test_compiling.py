"""The compiler takes the kernels, for chips of several generations, on a machine that has none of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Triton is made for Linux alone.")
@pytest.mark.parametrize(("capability", "shared"), [(80, 166_912), (90, 232_448)])
def test_every_kernel_compiles_and_fits(capability: int, shared: int, tmp_path: Path) -> None:
    """shared: bytes that a block may have there, by NVIDIA's tables."""
    environment = {name: text for name, text in os.environ.items() if name != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.engine.gpu.compiling", str(capability)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stderr[-2000:]
    made = [json.loads(line) for line in done.stdout.splitlines()]
    assert {m["kernel"] for m in made} == {"fine_stage", "coarse_stage", "push_stage"}
    assert all(0 < m["shared"] <= shared and m["code"] > 1000 for m in made)
