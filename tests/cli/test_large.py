"""Results far larger than the memory that making them takes, measured in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from diif_viewer.geometry import Lattice
from diif_viewer.imaging import classic
from diif_viewer.imaging.load import peek
from diif_viewer.imaging.whole import is_whole
from diif_viewer.models.checkpoint import save_checkpoint
from tests.engine.conftest import reference

ROOT = Path(__file__).resolve().parent.parent.parent
STATUS = Path("/proc/self/status")
MIB = 1 << 20

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from Linux's /proc")

PEAK = f"""
import re, sys
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open({str(STATUS)!r}).read())[1]) * 1024
"""
RENDER = "from diif_viewer.cli import main\nassert main(sys.argv[1:]) == 0\nprint(peak())"
EXPORT = """
import numpy as np
from PIL import Image
from diif_viewer.engine import messages as m
from diif_viewer.engine.exporting import export_steps
from diif_viewer.geometry import Window
before = peak()
request = m.ExportRequest(1, 1, "nearest", 50.0, Window(0, 0, 10_000, 20_000), sys.argv[2])
for _ in export_steps(request, np.asarray(Image.open(sys.argv[1])), lambda: None):
    pass
print(peak() - before)
"""

RENDERER = """
import multiprocessing, re, sys
from multiprocessing.shared_memory import SharedMemory
import numpy as np
from PIL import Image
from diif_viewer.engine import messages as m
from diif_viewer.engine.service import RendererProcess
from diif_viewer.geometry import Lattice

def main():
    pixels, scale = np.asarray(Image.open(sys.argv[1])), float(sys.argv[3])
    block = SharedMemory(create=True, size=pixels.nbytes)
    np.ndarray(pixels.shape, pixels.dtype, buffer=block.buf)[...] = pixels
    renderer = RendererProcess()
    pid = multiprocessing.active_children()[0].pid
    try:
        renderer.connection.send(m.OpenImage(1, block.name, pixels.shape, "uint8"))
        window = Lattice.of_scale(*pixels.shape[:2], scale).window
        request = m.ExportRequest(1, 1, "diif-s-lite", scale, window, sys.argv[2], float32=True)
        renderer.connection.send(request)
        while not isinstance(answer := renderer.connection.recv(), m.ExportDone):
            assert not isinstance(answer, m.ExportFailed), answer
        status = open(f"/proc/{pid}/status").read()
    finally:
        renderer.close()
        block.close()
        block.unlink()
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024)

if __name__ == "__main__":
    main()
"""


def peak_of(script: str, *words: object) -> int:
    """Bytes that the child reports in its last line."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK + script, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:200, 0:400]
    waves = np.stack([np.sin(x / 9) + np.cos(y / 5), np.sin(y / 7), np.cos((x + y) / 11) * 2], -1)
    Image.fromarray(((waves + 2) / 4 * 255).astype(np.uint8)).save(tmp_path / "in.png")
    return tmp_path / "in.png"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_two_hundred_megapixels_take_little_memory(suffix: str, picture: Path, tmp_path: Path) -> None:
    """600 MB of pixels under a ceiling of 320 MiB, Python, NumPy and Pillow included (150 measured)."""
    out = tmp_path / f"out{suffix}"
    peak = peak_of(RENDER, "render", picture, "--size", "20000x10000", "--model", "nearest", "-o", out)
    assert peak < 320 * MIB, f"{peak / MIB:.0f} MiB"
    assert is_whole(out)
    header = peek(out)
    assert (header.height, header.width) == (10_000, 20_000)


def test_the_windows_exports_take_as_little(picture: Path, tmp_path: Path) -> None:
    """600 MB of pixels with 100 MiB beside what the process holds already (60 measured)."""
    peak = peak_of(EXPORT, picture, tmp_path / "out.png")
    assert peak < 100 * MIB, f"{peak / MIB:.0f} MiB"
    assert is_whole(tmp_path / "out.png")


def test_the_renderer_keeps_few_features_of_a_large_export(picture: Path, tmp_path: Path) -> None:
    """All features of this picture would take a gigabyte; 1.3 GB at 65 megapixels, here with little to decode."""
    large, script = tmp_path / "large.png", tmp_path / "renderer.py"
    Image.open(picture).resize((640, 560)).save(large)
    script.write_text(RENDERER)
    words = [sys.executable, str(script), str(large), str(tmp_path / "out.png"), "1.2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout.splitlines()[-1])
    assert peak < 1200 * MIB, f"{peak / MIB:.0f} MiB"


def test_a_models_result_of_sixteen_bits_takes_little_more_than_the_model(picture: Path, tmp_path: Path) -> None:
    """The float result of 24 megapixels would take 294 MB. Measured: 344 MiB for the small one, 82 more for the large
    one, and 116 more for one of 98 megapixels."""
    weights = tmp_path / "small.safetensors"
    save_checkpoint(reference("diif-s"), weights, {"note": "random weights for a test"})
    small, large = tmp_path / "small.tif", tmp_path / "large.tif"
    words = ["render", picture, "--bits", "16", "--quiet", "--model", weights]
    base = peak_of(RENDER, *words, "--size", "800x400", "-o", small)
    peak = peak_of(RENDER, *words, "--size", "7000x3500", "-o", large)
    assert peak - base < 160 * MIB, f"{base / MIB:.0f} and {peak / MIB:.0f} MiB"


def test_the_strips_meet_without_a_seam(picture: Path, tmp_path: Path) -> None:
    """The large file's rows around the borders of strips are those of the method."""
    out = tmp_path / "out.tif"
    peak_of(RENDER, "render", picture, "--size", "6000x3000", "--model", "nearest", "-o", out)
    pixels = np.asarray(Image.open(picture))
    lattice = Lattice.of_size(*pixels.shape[:2], 3000, 6000)
    assert np.array_equal(tifffile.imread(out), classic.resample(pixels, "nearest", lattice, lattice.window))
