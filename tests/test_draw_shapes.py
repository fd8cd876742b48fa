"""The pictures of shapes that judge large scales: the same ones each time, and what is asked of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "draw_shapes.py"


def drawn(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False)


def test_twelve_pictures_the_same_each_time_and_no_two_alike(tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert drawn(str(tmp_path / name)).returncode == 0
    first, second = (
        [np.asarray(Image.open(path)) for path in sorted((tmp_path / n).iterdir())] for n in ("first", "second")
    )
    assert [picture.shape for picture in first] == [(1024, 1024, 3)] * 12
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert len({picture.tobytes() for picture in first}) == 12
    for picture in first:  # flat but for edges, and many colours
        flat = (np.diff(picture.astype(int), axis=1) == 0).all(axis=-1)
        assert 0.9 < flat.mean() < 0.999
        colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
        assert len(colours[counts > 200]) >= 8


def test_without_a_folder_it_says_what_it_wants() -> None:
    done = drawn()
    assert done.returncode == 1
    assert "give the folder" in done.stderr
