"""Tiles cover what is asked for, from the middle outwards; their cache keeps to its budget."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diif_viewer.engine.tiles import TILE, TileCache, TileKey, keys_for
from diif_viewer.geometry import Window

LIMITS = Window(0, 0, 1000, 1400)


@given(st.integers(-300, 1100), st.integers(-300, 1500), st.integers(1, 900), st.integers(1, 900))
def test_tiles_cover_the_visible_part_once_and_come_centre_first(top: int, left: int, height: int, width: int) -> None:
    window = Window(top, left, top + height, left + width)
    keys = keys_for(1, "m", 3.0, window, LIMITS)
    visible = window.intersected(LIMITS)
    assert len(set(keys)) == len(keys)
    assert sum(k.window.intersected(visible).area for k in keys) == visible.area
    assert all(k.window.intersected(visible) for k in keys)
    centre = np.array([(window.top + window.bottom) / 2, (window.left + window.right) / 2])
    distances = [np.hypot(*(np.array([k.window.top + TILE / 2, k.window.left + TILE / 2]) - centre)) for k in keys]
    assert all(a <= b + 1e-6 for a, b in itertools.pairwise(distances))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40)), max_size=60), st.integers(0, 60))
def test_the_cache_keeps_to_its_budget_and_prefers_what_was_used(puts: list[tuple[int, int]], budget: int) -> None:
    cache = TileCache(budget)
    for column, size in puts:
        key = TileKey(1, "m", 2.0, column, 0)
        cache.put(key, np.zeros(size, np.uint8))
        assert cache.bytes <= budget
        if size <= budget:
            held = cache.get(key)
            assert held is not None
            assert held.size == size
        else:
            assert key not in cache
    assert cache.bytes == sum(
        held.nbytes for c in range(10) if (held := cache.get(TileKey(1, "m", 2.0, c, 0))) is not None
    )


def test_the_longest_unused_tile_leaves_first() -> None:
    cache = TileCache(30)
    one, two, three, four = (TileKey(1, "m", 2.0, c, 0) for c in range(4))
    for key in (one, two, three):
        cache.put(key, np.zeros(10, np.uint8))
    assert cache.get(one) is not None
    cache.put(four, np.zeros(10, np.uint8))
    assert cache.missing([one, two, three, four]) == [two]


def test_forgetting_a_picture_leaves_the_others() -> None:
    cache = TileCache(100)
    cache.put(TileKey(1, "m", 2.0, 0, 0), np.zeros(10, np.uint8))
    cache.put(TileKey(2, "m", 2.0, 0, 0), np.zeros(20, np.uint8))
    cache.drop_image(1)
    assert len(cache) == 1
    assert cache.bytes == 20
