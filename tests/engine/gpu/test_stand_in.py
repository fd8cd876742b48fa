"""The whole path of a device that is not "cpu", walked on the CPU: torch knows it as "cpu:0" as well."""

from multiprocessing import Pipe
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest
import torch

import diif_viewer as dv
from diif_viewer.engine import messages as m
from diif_viewer.engine import scheduler as scheduling
from diif_viewer.engine.device import Compute
from diif_viewer.engine.model import Model
from diif_viewer.geometry import Window
from tests.engine.conftest import picture, reference

DEVICE = Compute("cpu:0", torch.float32, (64, 64))
PIXELS = picture(200, 300)


@pytest.mark.parametrize("kind", ["liif", "diif", "diif-s"])
def test_a_field_there_is_the_field_of_the_cpu(small_model, kind) -> None:
    there = dv.encode(PIXELS, Model(kind, reference(kind), DEVICE))
    here = dv.encode(PIXELS, small_model(kind))
    whole = there.render(3.3)
    assert np.abs(whole.astype(int) - here.render(3.3).astype(int)).max() <= 1
    assert (whole == here.render(3.3)).mean() > 0.99
    other = dv.encode(PIXELS, Model(kind, reference(kind), DEVICE))  # encodes this part first
    part = other.render(3.3, window=(200, 700, 330, 911))
    assert np.array_equal(part, whole[200:330, 700:911])
    lattice = other.lattice(3.3)
    tile = Window(256, 384, 384, 512)
    assert np.array_equal(other.render_tiles(lattice, [tile], DEVICE)[0], whole[256:384, 384:512])
    assert there.render(0.5).shape == (100, 150, 3)
    assert there.render(2.0, dtype="float32").dtype == np.float32


def test_the_renderer_sends_every_tile_of_a_view_in_batches(monkeypatch) -> None:
    model = Model("some", reference("diif-s"), DEVICE)
    monkeypatch.setattr(scheduling, "resolve", lambda device: "cpu:0")
    monkeypatch.setattr(scheduling, "fast_compute", lambda device: DEVICE)
    near, far = Pipe()
    renderer = scheduling.Scheduler(far, "auto")
    monkeypatch.setattr(renderer._gallery, "model", lambda name: model)
    block = SharedMemory(create=True, size=PIXELS.nbytes)
    try:
        np.ndarray(PIXELS.shape, PIXELS.dtype, block.buf)[:] = PIXELS
        near.send(m.OpenImage(1, block.name, PIXELS.shape, "uint8"))
        near.send(m.ViewRequest(0, 1, 1, "some", 3.3, Window(100, 100, 600, 900)))
        near.send(m.Quit())
        renderer._receive(far.recv())
        renderer._receive(far.recv())
        tiles = {}
        while True:
            renderer.step()
            while near.poll(0):
                message = near.recv()
                if isinstance(message, m.TileDone):
                    tiles[message.key.row, message.key.column] = message.pixels
                elif isinstance(message, m.ViewDone):
                    break
            else:
                continue
            break
        whole = dv.encode(PIXELS, model).render(3.3)
        assert sorted(tiles) == [(row, column) for row in range(5) for column in range(8)]
        for (row, column), pixels in tiles.items():
            assert np.array_equal(pixels, whole[row * 128 : row * 128 + 128, column * 128 : column * 128 + 128])
    finally:
        renderer._close(m.CloseImage(1))
        block.close()
        block.unlink()
