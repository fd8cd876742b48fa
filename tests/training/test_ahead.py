"""Batches made by processes are those of a thread, in their order, and no process outlives the run."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from diif_viewer.training import ahead
from diif_viewer.training.ahead import fitting_workers, made_ahead
from diif_viewer.training.loop import train
from diif_viewer.training.schedule import Budget
from diif_viewer.training.team import Team
from tests.training.test_batches import DIIF_WAY, PICTURES
from tests.training.tiny import NAMES, pictures, silent, tiny_preset

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Processes are forked on Linux alone.")


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_the_order_of_their_steps_from_the_first_that_is_wanted(workers: int) -> None:
    with made_ahead(DIIF_WAY, PICTURES, 5, (0, 2), workers) as batches:
        for step in range(5, 12):
            (made,), (expected,) = next(batches), DIIF_WAY.batch_of(PICTURES, step, (0, 2))
            assert np.array_equal(made.low, expected.low)
            assert np.array_equal(made.high, expected.high)
            assert np.array_equal(made.rows, expected.rows)


def test_a_run_with_workers_is_the_run_without_and_leaves_no_process(tmp_path: Path) -> None:
    preset = tiny_preset(tmp_path)
    for workers in (0, 2):
        train(preset, pictures(), tmp_path / f"{workers}", Budget(steps=5), report=silent, workers=workers)
    assert not multiprocessing.active_children()
    for name in NAMES:
        one, other = (load_file(tmp_path / f"{workers}" / f"{name}-tiny.safetensors") for workers in (0, 2))
        assert all(np.array_equal(one[key], other[key]) for key in one)


def test_workers_are_as_many_as_help(monkeypatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert fitting_workers("cpu", Team()) == 0
    assert fitting_workers("cuda", Team()) == ahead.MOST_WORKERS
    assert fitting_workers("cuda:3", Team(3, 4, 3)) == 2
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert fitting_workers("cuda", Team()) == 0
