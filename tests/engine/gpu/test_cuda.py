"""On a real GPU: kernels equal the plain decoders, recorded launches equal plain ones, tiles equal the whole.

`make gpu-check` runs these with all else that needs a GPU. Without one they are skipped, by name.
"""

import json
import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest
import torch

import diif_viewer as dv
from diif_viewer.engine import messages as m
from diif_viewer.engine.device import Compute, cache_budget, fast_compute
from diif_viewer.engine.field import Field
from diif_viewer.engine.gpu.painter import Painter, painter_on
from diif_viewer.engine.gpu.runtime import Cuda, Work
from diif_viewer.engine.model import Model
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.service import RendererProcess
from diif_viewer.evaluation.speed import random_model
from diif_viewer.geometry import Window
from tests.engine.conftest import picture

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no CUDA device here: run it where one is."),
]

WINDOW = Window(1200, 1500, 1900, 2700)


def compute(dtype: str = "float16") -> Compute:
    return Compute("cuda", getattr(torch, dtype), (128, 128))


def lively(kind: str, width: str, dtype: str) -> Model:
    """A model with random weights of which something shows."""
    model = random_model(kind, width, compute(dtype))
    for parameter in model.reference.parameters():
        parameter.data *= 1.5
    if kind == "diif-s":
        torch.nn.init.normal_(model.reference.decoder.imnet.tail[4].weight, std=0.2)
    return Model(f"{kind}-{width}", model.reference, compute(dtype))


def with_kernels(runtime: Cuda | None = None) -> Painter:
    return Painter(runtime or Cuda("cuda"), kernels=True)


@pytest.mark.parametrize(("width", "dtype"), [("full", "float16"), ("lite", "float16"), ("lite", "bfloat16")])
@pytest.mark.parametrize("kind", ["diif-s", "diif"])
def test_kernels_equal_the_plain_decoders(kind, width, dtype) -> None:
    model, painter = lively(kind, width, dtype), with_kernels()
    field = dv.encode(picture(300, 400), model)
    for scale in (1.37, 2.0, 5.3, 16.0, 30.0):
        lattice = field.lattice(scale)
        window = Window(100, 120, 400, 540).intersected(lattice.window)
        seen = painter.window(field, lattice, window, compute(dtype), as_float=False).astype(int)
        assert painter.failure is None
        exact = field.render_window(lattice, window, compute(dtype).in_float32(), as_float=True)
        apart = np.abs(seen - exact * 255)
        limit = 2 if dtype == "float16" else 6
        assert (apart.max(-1) <= limit).mean() >= 0.995, (scale, float(apart.max()))
        assert seen.std() > 1


@pytest.mark.parametrize("kind", ["diif-s", "diif", "liif"])
def test_float32_equals_the_cpu(kind) -> None:
    model = lively(kind, "lite", "float32")
    pixels = picture(60, 80)
    seen = dv.encode(pixels, model).render(6.3, dtype="float32")
    cpu = Compute("cpu", torch.float32, (64, 64))
    reference = Model("cpu", model.reference.cpu(), cpu)
    assert np.abs(seen - dv.encode(pixels, reference).render(6.3, dtype="float32")).max() < 1e-3


@pytest.mark.parametrize("kind", ["diif-s", "diif"])
def test_recorded_launches_equal_plain_ones_bit_for_bit(kind, caplog) -> None:
    class Eager(Cuda):
        def recorded(self, work: Work) -> Work:
            return work

    field = dv.encode(picture(300, 400), lively(kind, "full", "float16"))
    recorded, eager = with_kernels(), with_kernels(Eager("cuda"))
    for scale in (16.0, 7.1, 16.0):
        lattice = field.lattice(scale)
        one = recorded.window(field, lattice, WINDOW, compute(), as_float=False)
        other = eager.window(field, lattice, WINDOW, compute(), as_float=False)
        assert recorded.failure is None
        assert eager.failure is None
        assert np.array_equal(one, other)
    assert "not recorded" not in caplog.text


@pytest.mark.parametrize("kind", ["diif-s", "diif", "liif"])
def test_tiles_equal_the_whole_bit_for_bit_whatever_was_encoded_before(kind) -> None:
    model, pixels = lively(kind, "full", "float16"), picture(500, 600)
    painter = with_kernels()
    field = dv.encode(pixels, model)
    lattice = field.lattice(7.1)
    whole = painter.window(field, lattice, WINDOW, compute(), as_float=False)
    other = dv.encode(pixels, model)  # encodes another part first
    with_kernels().window(other, lattice, Window(2900, 3000, 3100, 3500), compute(), as_float=False)
    tiles = [tile for tile in WINDOW.split(128) if WINDOW.contains(tile)]
    assert len(tiles) > 20
    for tile, pixels_of in zip(tiles[::-1], painter.tiles(other, lattice, tiles[::-1], compute()), strict=True):
        place = tile.moved(-WINDOW.top, -WINDOW.left)
        assert np.array_equal(pixels_of, whole[place.top : place.bottom, place.left : place.right])
    assert painter.failure is None


def test_a_small_budget_changes_nothing() -> None:
    model, pixels = lively("diif-s", "lite", "float16"), picture(300, 400)
    field = dv.encode(pixels, model)
    lattice = field.lattice(7.1)
    whole = with_kernels().window(field, lattice, WINDOW, compute(), as_float=False)
    cramped = Field(pixels, model, BlockCache(64 << 20))
    painter = Painter(Cuda("cuda"), kernels=True, room=1 << 20)
    assert np.array_equal(painter.window(cramped, lattice, WINDOW, compute(), as_float=False), whole)
    assert painter.failure is None


def test_grey_and_alpha() -> None:
    for channels in (1, 2, 4):
        field = dv.encode(picture(300, 400, channels), lively("diif-s", "lite", "float16"))
        lattice = field.lattice(7.1)
        seen = with_kernels().window(field, lattice, WINDOW, compute(), as_float=False)
        plain = Painter(Cuda("cuda")).window(field, lattice, WINDOW, compute(), as_float=False)
        assert seen.shape == plain.shape
        assert (np.abs(seen.astype(int) - plain.astype(int)) <= 2).mean() > 0.995


def test_the_device_is_measured_and_used() -> None:
    found = fast_compute("cuda")
    assert found.dtype in (torch.float16, torch.bfloat16, torch.float32)
    assert 64 << 20 <= cache_budget("cuda") <= 16 << 30
    assert painter_on("cuda").uses_kernels(random_model("diif-s", "lite", found), found)


def test_the_renderer_sends_every_tile_of_a_view() -> None:
    """The process of the window: encoded and rendered there, the second view quicker than the first."""
    pixels, times = picture(700, 900), list[float]()
    block = SharedMemory(create=True, size=pixels.nbytes)
    process = RendererProcess("cuda")
    try:
        np.ndarray(pixels.shape, pixels.dtype, block.buf)[:] = pixels
        process.connection.send(m.OpenImage(1, block.name, pixels.shape, "uint8"))
        for serial, left in enumerate((2000, 2100, 2900)):
            seen = Window(1500, left, 2580, left + 1920)
            process.connection.send(m.ViewRequest(0, serial, 1, "diif-s-lite", 8.0, seen))
            tiles = []
            while process.connection.poll(100):
                message = process.connection.recv()
                if isinstance(message, m.TileDone):
                    tiles.append(message)
                if isinstance(message, m.ViewDone | m.ViewFailed | m.RendererFailed):
                    break
            assert isinstance(message, m.ViewDone), message
            times.append(message.milliseconds)
            assert len(tiles) == sum(1 for _ in seen.split(128))
            assert np.stack([tile.pixels for tile in tiles]).std() > 5
    finally:
        process.close()
        block.close()
        block.unlink()
    print("milliseconds of three views of 1920x1080 at x8:", times)


def test_the_shipped_model_renders_from_the_command_line(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(picture(120, 150)).save(tmp_path / "in.png")
    rendered = {}
    for device in ("cuda", "cpu"):
        command = ["render", tmp_path / "in.png", "-o", tmp_path / f"{device}.png", "--scale", "9", "--device", device]
        done = subprocess.run(
            [sys.executable, "-m", "diif_viewer", *command], capture_output=True, text=True, check=False, timeout=200
        )
        assert done.returncode == 0, done.stderr
        rendered[device] = np.asarray(Image.open(tmp_path / f"{device}.png")).astype(int)
    apart = np.abs(rendered["cuda"] - rendered["cpu"])
    assert (apart <= 2).mean() > 0.99, json.dumps({"worst": int(apart.max())})
