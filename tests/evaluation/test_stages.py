"""Stages of a look and executed operations: parts of a whole, and the whole itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from diif_viewer.engine.device import Compute
from diif_viewer.engine.field import Field
from diif_viewer.evaluation import executed, operation_tables, speed
from diif_viewer.evaluation.matrix_work import executed_macs
from diif_viewer.evaluation.operations import operations
from diif_viewer.evaluation.stages import first_part, peak, stages
from diif_viewer.geometry import Lattice, Window
from diif_viewer.models.counts import macs
from tests.engine.native import needs_kernels

COMPUTE = Compute("cpu", torch.float32, (32, 64))
SMALL = {"full": ({"n_feats": 8, "n_resblocks": 1}, 32), "lite": ({"n_feats": 8, "n_resblocks": 1}, 32)}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "WIDTHS", SMALL)


def field(kind: str) -> Field:
    return Field(np.zeros((40, 40, 3), np.uint8), speed.random_model(kind, "full", COMPUTE))


@pytest.mark.parametrize("kind", ["diif-s", "diif", "diif-constant"])
def test_the_first_of_two_stages_is_a_part_of_both_and_the_decoder_is_left_as_it_was(kind: str) -> None:
    looked = field(kind)
    decoder, lattice = looked.model.decoder(torch.float32), looked.lattice(8.0)
    before = dict(decoder.__dict__)
    with first_part(decoder, kind) as part:
        assert part() is None
        looked.render_window(lattice, lattice.window, COMPUTE, as_float=False)
        share = part()
    assert share is not None
    assert 0 < share < 1
    assert decoder.__dict__ == before


def test_stages_add_up_to_what_was_measured() -> None:
    window = Window(0, 0, 128, 256)
    for kind, of in (("diif-s", "maps"), ("diif", "view"), ("liif", "")):
        looked = field(kind)
        found = stages(looked, kind, looked.lattice(8.0), window, maps=10.0, view=100.0)
        assert found["transfer"] > 0
        assert (found["coarse"] is None) == (not of)
        assert found["first"] + (found["coarse"] or 0) + found["fine"] == pytest.approx(110.0)
        assert set(found["memory"]) == {"encode", "maps", "view"}


@needs_kernels
@pytest.mark.parametrize(("kind", "least", "most"), [("diif-s", 0.65, 0.85), ("diif", 0.4, 0.9)])
def test_stages_within_one_kernel_are_told_apart_by_their_arithmetic(
    monkeypatch: pytest.MonkeyPatch, kind: str, least: float, most: float
) -> None:
    monkeypatch.setattr(speed, "WIDTHS", {"full": ({"n_feats": 48, "n_resblocks": 1}, 128)})
    looked = Field(np.zeros((40, 40, 3), np.uint8), speed.random_model(kind, "full", COMPUTE))
    found = stages(looked, kind, looked.lattice(4.0), Window(0, 0, 128, 128), maps=10.0, view=100.0)
    assert found["first"] + found["coarse"] + found["fine"] == pytest.approx(110.0)
    first_of_two = found["first"] / 10 if kind == "diif-s" else found["coarse"] / 100
    assert least < first_of_two < most


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the highest mark")
def test_what_is_held_for_a_moment_counts_at_its_most() -> None:
    most = peak(lambda: np.ones(64 << 20, np.uint8).sum())
    assert most is None or 60 << 20 < most < 160 << 20


def test_a_small_picture_is_counted_whole_and_the_rewrites_execute_less() -> None:
    for kind in ("diif-s", "liif"):
        counted = executed.whole_picture(kind, (12, 40), [(96, 320)], COMPUTE)
        whole = Field(np.zeros((12, 40, 3), np.uint8), speed.random_model(kind, "full", COMPUTE))
        lattice = Lattice.of_size(12, 40, 96, 320)
        everything = executed_macs(lambda: whole.render_window(lattice, lattice.window, COMPUTE, as_float=False))  # noqa: B023
        assert counted == [pytest.approx(everything, rel=1e-3)]
        larger = executed.whole_picture(kind, (12, 40), [(12 * 30, 40 * 30)], COMPUTE)[0]
        assert larger < macs(speed.reference_model(kind, "full"), Lattice.of_size(12, 40, 360, 1200)).total


def test_executed_operations_stand_beside_computed_and_printed_ones() -> None:
    counted = {"DIIF": {"macs": 123_000_000_000, "scales": dict.fromkeys(operations()[1]["scales"], 456_000_000_000)}}
    whole, scales = operation_tables.tables(operations(), counted)
    assert next(row for row in whole[2] if row[0] == "DIIF")[-2:] == ["0.790", "0.123"]
    mine = [row for row in scales[2] if row[0] == "DIIF"]
    assert [row[1] for row in mine] == ["computed", "printed", "executed"]
    assert mine[1][2] == "0.28"
    assert set(mine[2][2:]) == {"0.456"}


def test_every_device_that_is_present_takes_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "present", lambda: (("cpu", "CPU"), ("cuda:7", "a GPU")))
    monkeypatch.setattr(speed, "fast_compute", lambda device: Compute(device, torch.float16, (32, 64)))
    monkeypatch.setattr(speed, "_rates", lambda computes: {})
    seen: list[Compute] = []
    monkeypatch.setattr(speed, "_rows", lambda scale, window, computes, *rest: seen.extend(computes) or [])
    monkeypatch.setattr(speed, "encoding", lambda width, compute, **options: {})
    monkeypatch.setattr(speed, "background", lambda compute: {})
    speed.measure((8.0,), (36, 64), device=speed.EVERY)
    labels = ["float16", "float32", "float16 on cuda:7", "float32 on cuda:7"]
    assert [speed.dtype_label(compute) for compute in seen] == labels
