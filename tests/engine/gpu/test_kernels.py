"""The kernels compute what the plain decoders compute: every pixel of every piece, at every scale."""

import numpy as np
import pytest
import torch

import diif_viewer as dv
from diif_viewer.engine.device import Compute
from diif_viewer.engine.field import Field
from diif_viewer.engine.gpu.painter import Painter
from diif_viewer.engine.gpu.weights import stage_of
from diif_viewer.engine.model import Model
from diif_viewer.engine.planes import BlockCache
from diif_viewer.geometry import Lattice, Window
from tests.engine.conftest import picture, reference
from tests.engine.gpu.conftest import DEVICE, SIDE
from tests.engine.models import decoder

EXACT = Compute(DEVICE, torch.float32, (SIDE, SIDE))
HALF = Compute(DEVICE, torch.float16, (SIDE, SIDE))


def field_of(kind: str, compute: Compute = EXACT, channels: int = 3) -> Field:
    return dv.encode(picture(40, 50, channels), Model(kind, reference(kind), compute))


def plain(field: Field, lattice: Lattice, window: Window) -> np.ndarray:
    """By the plain decoders, float32, on the CPU."""
    cpu = Compute("cpu", torch.float32, (64, 64))
    exact = Field(field.pixels, Model("reference", reference(field.model.name), cpu), BlockCache(1 << 28))
    return exact.render_window(lattice, window, cpu, as_float=False)


def apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize("scale", [1.37, 4.0, 12.5, 30.0])
@pytest.mark.parametrize("kind", ["diif", "diif skip", "diif-s", "diif-s one knot"])
def test_equal_to_the_plain_decoders_in_the_middle_and_at_the_last_corner(painter: Painter, kind, scale) -> None:
    field = field_of(kind)
    lattice = field.lattice(scale)
    h, w = lattice.y.count, lattice.x.count
    for window in (Window(h // 2 - 2, w // 2 - 9, h // 2 + 3, w // 2 + 3), Window(h - 3, w - 12, h, w)):
        seen = painter.window(field, lattice, window, EXACT, as_float=False)
        assert painter.failure is None
        expected = plain(field, lattice, window)
        assert seen.shape == expected.shape
        assert apart(seen, expected) <= 1  # a rounding tie
        assert (seen != expected).mean() < 0.01
        assert seen.std() > 1


@pytest.mark.parametrize("kind", ["diif", "diif-s", "diif-s one knot"])
def test_equal_at_the_first_corner_for_unlike_scales_and_with_a_phase(painter: Painter, kind) -> None:
    field = field_of(kind)
    for lattice in (Lattice.of_size(40, 50, 211, 98), Lattice.of_scale(40, 50, 3.3, phase=(0.25, -0.4))):
        window = Window(0, 0, 4, 19)
        seen = painter.window(field, lattice, window, EXACT, as_float=False)
        assert painter.failure is None
        assert apart(seen, plain(field, lattice, window)) <= 1


@pytest.mark.parametrize("kind", ["diif", "diif-s", "diif-s one knot"])
def test_half_precision_is_within_two_levels(painter: Painter, kind) -> None:
    """float16; the interpreter knows no bfloat16 products."""
    field = field_of(kind, HALF)
    lattice, window = field.lattice(5.3), Window(90, 100, 96, 120)
    if DEVICE == "cpu":  # not every processor has convolutions in float16: the exact maps, rounded
        encoded = field_of(kind)
        packed = encoded.model.decoder(torch.float32)
        encoded.maps(EXACT).ensure(packed.needs(lattice, Window(80, 80, 112, 128)))
        field.model.decoder = lambda dtype: packed  # type: ignore[method-assign]
        field.maps = lambda compute: encoded.maps(EXACT)  # type: ignore[method-assign]
    seen = painter.window(field, lattice, window, HALF, as_float=False)
    assert painter.failure is None
    assert apart(seen, plain(field, lattice, window)) <= 2


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_grey_and_alpha(painter: Painter, channels) -> None:
    field = field_of("diif-s", channels=channels)
    lattice, window = field.lattice(5.3), Window(90, 100, 94, 120)
    seen = painter.window(field, lattice, window, EXACT, as_float=False)
    assert painter.failure is None
    assert seen.shape == (4, 20, channels)
    assert apart(seen, plain(field, lattice, window)) <= 1


@pytest.mark.parametrize("kind", ["diif", "diif-s", "diif-s one knot"])
def test_a_part_is_the_part_of_the_whole_bit_for_bit(painter: Painter, kind) -> None:
    field = field_of(kind)
    lattice = field.lattice(2.7)
    whole = painter.window(field, lattice, Window(44, 44, 52, 75), EXACT, as_float=False)
    other = Painter(painter._runtime, kernels=True, side=SIDE)  # a new region: it begins elsewhere
    part = other.window(field_of(kind), lattice, Window(46, 52, 50, 67), EXACT, as_float=False)
    assert np.array_equal(part, whole[2:6, 8:23])
    windows = [Window(48, 64, 50, 75), Window(45, 48, 48, 64)]
    for window, tile in zip(windows, other.tiles(field, lattice, windows, EXACT), strict=True):
        place = window.moved(-44, -44)
        assert np.array_equal(tile, whole[place.top : place.bottom, place.left : place.right])
    assert painter.failure is None
    assert other.failure is None


@pytest.mark.parametrize("kind", ["diif", "diif-s", "diif-s one knot"])
def test_little_room_cuts_the_work_and_changes_nothing(painter: Painter, kind) -> None:
    field = field_of(kind)
    lattice, window = field.lattice(2.7), Window(45, 44, 50, 70)
    whole = painter.window(field, lattice, window, EXACT, as_float=False)
    cramped = Painter(painter._runtime, kernels=True, side=SIDE, room=1)
    assert np.array_equal(cramped.window(field, lattice, window, EXACT, as_float=False), whole)
    assert cramped.failure is None


def test_slices_keep_to_the_room_too(painter: Painter) -> None:
    """Near x1 they are as many as the outputs: at full width 30 MB a tile, so that 4K windows took 4 GB for them."""
    field = field_of("diif")
    lattice, window = field.lattice(1.3), Window(12, 20, 20, 52)
    whole = painter.window(field, lattice, window, EXACT, as_float=False)
    one = 2 * 16 * 32 * 32 * 4  # two forms of 16 rows of 32 slices
    assert slices_of(painter) == 8 * one
    cramped = Painter(painter._runtime, kernels=True, side=SIDE, room=3 * one)
    assert np.array_equal(cramped.window(field, lattice, window, EXACT, as_float=False), whole)
    assert slices_of(cramped) == 2 * one
    assert [painter.failure, cramped.failure] == [None, None]


def slices_of(painter: Painter) -> int:
    """Bytes that they take in the painter's workspace."""
    held = painter._workspace._tensors.items()
    return sum(tensor.nbytes for (name, _), tensor in held if name in ("hidden", "pushed"))


def test_float_results_take_the_plain_way(painter: Painter) -> None:
    field = field_of("diif-s")
    lattice, window = field.lattice(5.3), Window(90, 100, 94, 120)
    seen = painter.window(field, lattice, window, EXACT, as_float=True)
    assert seen.dtype == np.float32
    assert apart(seen * 255 + 0.5, plain(field, lattice, window)) <= 1


def test_decoders_that_the_kernels_know() -> None:
    assert stage_of(decoder("diif-s"), torch.float16) is not None
    assert stage_of(decoder("diif"), torch.float16) is not None
    for kind in ("liif", "diif constant", "diif alone"):
        assert stage_of(decoder(kind), torch.float16) is None
