"""Caches obey their byte budgets, whatever is done to them in whatever order."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.tiles import TileCache, TileKey

SIZES = st.integers(1, 400)
BUDGETS = st.integers(1, 2000)
NAMES = st.integers(0, 12)

tile_deeds = st.lists(
    st.one_of(
        st.tuples(st.just("put"), NAMES, SIZES),
        st.tuples(st.just("get"), NAMES, SIZES),
        st.tuples(st.just("drop"), st.integers(0, 2), SIZES),
    ),
    max_size=60,
)
block_deeds = st.lists(
    st.one_of(
        st.tuples(st.just("put"), NAMES, SIZES),
        st.tuples(st.just("get"), NAMES, SIZES),
        st.tuples(st.just("drop"), st.integers(0, 2), SIZES),
        st.tuples(st.just("resize"), NAMES, BUDGETS),
        st.tuples(st.just("clear"), NAMES, SIZES),
    ),
    max_size=60,
)


def tile(name: int) -> TileKey:
    return TileKey(name % 3, "model", 2.0, name, 0)


@given(BUDGETS, tile_deeds)
def test_tiles(budget, deeds):
    cache, held = TileCache(budget), {}
    for deed, name, size in deeds:
        match deed:
            case "put":
                cache.put(tile(name), np.zeros((1, size, 1), np.uint8))
                held[tile(name)] = size
                assert (tile(name) in cache) == (size <= budget), "the newest stays, if it fits at all"
            case "get":
                found = cache.get(tile(name))
                assert found is None or found.nbytes == held[tile(name)]
            case "drop":
                cache.drop_image(name)
        really = sum(size for key, size in held.items() if key in cache)
        assert cache.bytes == really <= budget


@given(BUDGETS, block_deeds)
def test_blocks(budget, deeds):
    cache, held = BlockCache(budget), {}
    for deed, name, size in deeds:
        key = (name % 3, name, 0)
        match deed:
            case "put":
                cache.put(key, torch.zeros(size, dtype=torch.uint8))
                held[key] = size
            case "get":
                found = cache.get(key)
                assert found is None or found.nbytes == held[key]
            case "drop":
                cache.drop_plane(name)
                assert not any(key in cache for key in held if key[0] == name)
            case "resize":
                budget = size
                cache.resize(budget)
            case "clear":
                cache.clear()
        really = sum(size for key, size in held.items() if key in cache)
        assert cache.bytes == really <= budget == cache.budget


@given(st.lists(st.tuples(NAMES, SIZES), min_size=1, max_size=40))
def test_what_was_used_last_leaves_last(deeds):
    cache, budget = TileCache(800), 800
    used: list[TileKey] = []
    for name, size in deeds:
        key = tile(name)
        if cache.get(key) is None:
            cache.put(key, np.zeros((1, size, 1), np.uint8))
        used = [k for k in used if k != key and k in cache] + [key]
        assert [k for k in used if k in cache] == used
    assert cache.bytes <= budget
