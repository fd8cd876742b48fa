"""500 random views with the real renderer: memory stays where it was. 10,000 by hand: `diif-viewer bench --memory`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.engine.tiles import TileCache
from diif_viewer.ui.app import Viewer
from diif_viewer.ui.endurance import measure_memory

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells what is held"),
]

GROWTH = 0.03
BUDGET = 4 << 20


def small_viewer() -> Viewer:
    """Its caches are full long before growth begins to count."""
    viewer = Viewer("diif-s-lite")
    viewer.scene.cache = TileCache(BUDGET)
    viewer.scene.fade = 0.0
    return viewer


def test_five_hundred_views_hold_no_more_than_half_of_them(qtbot, tmp_path):
    path = tmp_path / "small.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)).save(path)
    viewers = []

    def make() -> Viewer:
        viewers.append(small_viewer())
        return viewers[-1]

    found = measure_memory(path, size=(96, 128), places=2, views=500, make=make)
    assert [stage["stage"] for stage in found["stages"]] == [
        "window",
        "picture opened",
        "renderer ready, whole picture in view",
        "x30, place 1",
        "x30, place 2",
        "500 random views",
    ]
    assert all(stage["peak"] >= stage["after"] > 50 << 20 for stage in found["stages"])
    growth = found["growth"]
    assert growth["together"] < GROWTH, growth
    assert {"window", "renderer"} < growth.keys()
    assert 0 < growth["milliseconds"][1] < 2 * growth["milliseconds"][0], "views must not become slower"
    assert viewers[0].scene.cache.bytes <= BUDGET
