"""Times on a device that works while the caller goes on: what is measured is its work, not its launches."""

from __future__ import annotations

import time

import pytest
import torch

from diif_viewer.engine import planes, probing
from diif_viewer.engine.device import Compute
from diif_viewer.engine.field import Field
from diif_viewer.engine.gpu import painter
from diif_viewer.engine.ladder import Ladder
from diif_viewer.engine.model import Model
from diif_viewer.engine.pace import Pace
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.tiles import keys_for
from diif_viewer.engine.viewing import tile_steps
from diif_viewer.geometry import Lattice, Window
from tests.engine.conftest import picture, reference

NAME = "cpu:0"
"""torch's processor under a name for which the engine takes the way of a GPU."""

FILL, DOWNLOAD = 2.0, 0.5


class Device:
    """A clock that moves only while somebody waits for the device, by what it was given to do."""

    def __init__(self) -> None:
        self.now = self.pending = 0.0

    def launch(self, seconds: float) -> None:
        self.pending += seconds

    def finish(self, name: str) -> None:
        assert name == NAME
        self.now, self.pending = self.now + self.pending, 0.0


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    """Filling a part of a plane and rendering tiles are launched; tiles wait, for they end in main memory."""
    made = Device()
    fill, tiles = planes.Plane._compute, painter.Painter.tiles

    def launched(plane: planes.Plane, part: Window) -> object:
        made.launch(FILL)
        return fill(plane, part)

    def rendered(self: painter.Painter, field: Field, lattice: Lattice, windows: list[Window], compute: Compute):
        made.launch(DOWNLOAD)
        found = tiles(self, field, lattice, windows, compute)
        made.finish(NAME)
        return found

    monkeypatch.setattr(planes.Plane, "_compute", launched)
    monkeypatch.setattr(painter.Painter, "tiles", rendered)
    monkeypatch.setattr(planes, "finish", made.finish)
    monkeypatch.setattr(time, "perf_counter", lambda: made.now)
    return made


def field(side: int = 600) -> Field:
    model = Model("some", reference("diif-s"), Compute(NAME, torch.float32, (64, 64)))
    return Field(picture(side, side), model, BlockCache(1 << 28))


def test_what_encoding_takes_is_the_time_of_the_device(device: Device) -> None:
    found = probing._encoding(field(), exact=False)
    side = Window(0, 0, 384, 384).grown(found.halo).intersected(Window(0, 0, 480, 480))
    assert found.features == pytest.approx(FILL / side.area), "one block, with the halo that it has"
    assert found.maps == pytest.approx(FILL / planes.GPU_BLOCK**2)


def test_a_step_of_tiles_does_not_count_what_was_encoded_before_it(device: Device) -> None:
    made, took = field(), []
    lattice = made.lattice(3.0)
    window = Window(0, 0, 900, 900)

    class Watched(Pace):
        def took(self, tiles: int, seconds: float) -> None:
            took.append(seconds)
            super().took(tiles, seconds)

    wanted = keys_for(1, "some", 3.0, window, lattice.window)
    lacking = len(made.maps(made.model.compute).missing(made.model.decoder(torch.float32).needs(lattice, window)))
    for _ in tile_steps(made, lattice, wanted, window, pace=Watched(NAME), ladder=Ladder()):
        assert device.pending == 0.0, "a newer request would wait for what is queued"
    assert sum(took) <= DOWNLOAD * len(took) + FILL * lacking
    assert device.now > sum(took), "features were encoded as well"
