"""Painting with pixels assembled on the device gives the pixels of the CPU's way, whatever is asked for."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

import diif_viewer as dv
from diif_viewer.engine import field as field_module
from diif_viewer.engine.gpu.painter import Painter, parts
from diif_viewer.engine.gpu.runtime import Plain
from diif_viewer.geometry import Window
from tests.engine.conftest import COMPUTE, picture


@pytest.fixture
def painter() -> Painter:
    """One without kernels."""
    return Painter(Plain("cpu"))


@pytest.fixture(autouse=True)
def _by_plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a painter does without kernels; the CPU's own may be a level away where a value lies between two."""
    monkeypatch.setattr(field_module, "can_finish", lambda dtype: False)


@pytest.mark.parametrize("kind", ["liif", "liif skip", "diif", "diif-s", "diif-s one knot"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_windows_equal_the_cpu_s_bit_for_bit(small_model, painter, kind, channels) -> None:
    field = dv.encode(picture(40, 50, channels), small_model(kind))
    lattice = field.lattice(5.3)
    for window in (lattice.window, Window(7, 100, 171, 203), Window(211, 263, 212, 265)):
        for as_float in (False, True):
            expected = field.render_window(lattice, window, COMPUTE, as_float=as_float)
            seen = painter.window(field, lattice, window, COMPUTE, as_float=as_float)
            assert seen.dtype == expected.dtype
            assert np.array_equal(seen, expected)


def test_tiles_equal_the_cpu_s_bit_for_bit(small_model, painter) -> None:
    field = dv.encode(picture(40, 50), small_model("diif-s"))
    lattice = field.lattice(5.3)
    windows = [Window(128, 128, 212, 256), Window(0, 0, 128, 128), Window(128, 256, 212, 265)]
    seen = painter.tiles(field, lattice, windows, COMPUTE)
    for expected, tile in zip(field.render_tiles(lattice, windows, COMPUTE), seen, strict=True):
        assert np.array_equal(tile, expected)


def test_exact_results_take_no_kernels_that_nothing_else_needs(small_model, painter, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(painter, "_of", lambda model, compute: asked.append(compute.dtype))
    model, half = small_model("diif-s"), small_model("diif-s")
    half.compute = dataclasses.replace(COMPUTE, dtype=torch.bfloat16)
    for made in (model, half):
        field = dv.encode(picture(20, 30), made)
        lattice = field.lattice(3.0)
        for compute in (COMPUTE, made.compute):
            painter.window(field, lattice, lattice.window, compute, as_float=False)
    assert asked == [torch.float32, torch.float32, torch.bfloat16]


def test_progress_grows_to_the_whole(small_model, painter) -> None:
    field = dv.encode(picture(40, 50), small_model("diif-s"))
    lattice, seen = field.lattice(30.0), list[float]()
    painter.window(field, lattice, lattice.window, COMPUTE, as_float=False, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_parts_cover_a_window_once_in_whole_chunk_rows() -> None:
    window = Window(70, 10, 1000, 510)
    cut = parts(window, (128, 128), most=200_000)
    assert len(cut) > 2
    assert (cut[0].top, cut[-1].bottom) == (70, 1000)
    for upper, lower in itertools.pairwise(cut):
        assert upper.bottom == lower.top
        assert lower.top % 128 == 0
        assert upper.area <= 200_000
