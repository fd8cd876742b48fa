"""Planes give the same values however they are asked for, and their cache keeps to its budget."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diif_viewer.engine import planes
from diif_viewer.engine.planes import BLOCK, GPU_BLOCK, BlockCache, Plane
from diif_viewer.geometry import Window

HEIGHT, WIDTH = 75, 101


def truth(window: Window, density: int) -> torch.Tensor:
    rows = torch.arange(window.top * density, window.bottom * density)[:, None]
    columns = torch.arange(window.left * density, window.right * density)
    return torch.stack([rows + 0.0 * columns, 0.0 * rows + columns], -1)


def make(cache: BlockCache, density: int, reach: int, filled: list[Window], *, joint: bool = False) -> Plane:
    def fill(window: Window) -> torch.Tensor:
        filled.append(window)
        return truth(window, density)

    return Plane(cache, Window(0, 0, HEIGHT, WIDTH), fill, density=density, reach=reach, joint=joint)


windows = st.tuples(
    st.integers(-5, HEIGHT - 1), st.integers(-5, WIDTH - 1), st.integers(6, 60), st.integers(6, 60)
).map(lambda t: Window(t[0], t[1], t[0] + t[2], t[1] + t[3]))


@given(st.lists(windows, min_size=1, max_size=8), st.sampled_from([1, 2]), st.sampled_from([BLOCK, 3 * BLOCK]))
@settings(deadline=None, max_examples=60)
def test_regions_hold_the_values_and_zeros_outside(asked: list[Window], density: int, reach: int) -> None:
    filled: list[Window] = []
    cache = BlockCache(1 << 20)
    plane = make(cache, density, reach, filled)
    inside = Window(0, 0, HEIGHT, WIDTH)
    for window in asked:
        seen = plane.region(window)
        expected = truth(window, density)
        common = window.intersected(inside).moved(-window.top, -window.left)
        mask = torch.zeros(window.height * density, window.width * density, 1)
        mask[common.top * density : common.bottom * density, common.left * density : common.right * density] = 1
        assert torch.equal(seen, expected * mask)
    assert all(f.height <= reach and f.width <= reach for f in filled)


@given(st.lists(windows, min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_no_block_is_computed_twice_while_it_is_held(asked: list[Window]) -> None:
    filled: list[Window] = []
    plane = make(BlockCache(1 << 24), 1, 3 * BLOCK, filled)
    for window in asked:
        plane.region(window)
        assert plane.missing(window) == []
    twice = sum(f.area for f in filled)
    blocks = {(b.top, b.left) for w in asked for b in w.intersected(plane.limits).split(BLOCK)}
    # a hull of missing blocks may hold blocks that nobody asked for yet, or that are held: never more than the picture
    assert twice <= (-(-HEIGHT // BLOCK)) * (-(-WIDTH // BLOCK)) * BLOCK * BLOCK * 2
    assert len(blocks) * BLOCK * BLOCK <= twice


@given(st.lists(windows, min_size=1, max_size=12), st.integers(1, 6))
@settings(deadline=None, max_examples=40)
def test_the_cache_keeps_to_its_budget_and_values_stay_right(asked: list[Window], blocks: int) -> None:
    cache = BlockCache(blocks * BLOCK * BLOCK * 2 * 4)
    plane = make(cache, 1, 3 * BLOCK, [])
    for window in asked:
        inside = window.intersected(plane.limits)
        assert torch.equal(plane.region(inside), truth(inside, 1))
        assert cache.bytes <= cache.budget


def test_what_is_handed_out_can_be_changed_without_harm() -> None:
    plane = make(BlockCache(1 << 24), 1, BLOCK, [])
    for window in (Window(3, 0, 4, BLOCK), Window(0, 0, BLOCK, BLOCK), Window(5, 2, 40, 70)):
        plane.region(window).fill_(7)
        assert torch.equal(plane.region(window), truth(window, 1))


def test_dropping_a_plane_frees_its_blocks_only() -> None:
    cache = BlockCache(1 << 24)
    one, two = make(cache, 1, BLOCK, []), make(cache, 1, BLOCK, [])
    one.ensure(Window(0, 0, 40, 40))
    held = cache.bytes
    two.ensure(Window(0, 0, 40, 40))
    one.drop()
    assert cache.bytes == held
    assert two.missing(Window(0, 0, 40, 40)) == []
    assert one.missing(Window(0, 0, 40, 40)) != []


def test_a_joint_fill_has_parts_side_by_side_as_one_and_not_more_at_a_time_than_there_are_cores() -> None:
    filled: list[Window] = []
    plane = make(BlockCache(1 << 24), 1, 2 * BLOCK, filled, joint=True)
    together = [Window(0, 0, 64, 64), Window(0, 64, 64, 128)]
    apart = [Window(64, 0, 96, 64), Window(64, 96, 96, 128)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planes, "cores", lambda: 2)
        plane.compute([*reversed(together), *apart])
    assert filled == [Window(0, 0, 64, 128), *apart]
    assert plane.missing(plane.limits) == [Window(64, 64, 96, 96)]
    assert torch.equal(plane.region(plane.limits), truth(plane.limits, 1))


def test_on_a_gpu_blocks_are_filled_one_by_one_whatever_is_held_and_asked_for() -> None:
    """Equal sizes of work give equal bits there, so that no result depends on what was asked for before."""

    def filled(asked: list[Window]) -> dict[Window, int]:
        sizes: dict[Window, int] = {}

        def fill(window: Window) -> torch.Tensor:
            sizes[window] = sizes.get(window, 0) + 1
            return torch.zeros(window.height, window.width, 1)

        plane = Plane(BlockCache(1 << 30), Window(0, 0, 500, 300), fill, device="cpu:0")
        for window in asked:
            plane.ensure(window)
        return sizes

    small = filled([Window(140, 140, 150, 150), Window(100, 100, 300, 290), Window(0, 0, 500, 300)])
    large = filled([Window(0, 0, 500, 300)])
    assert small == large
    assert set(large.values()) == {1}
    assert max(window.width for window in large) == GPU_BLOCK
