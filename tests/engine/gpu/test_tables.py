"""The table of a batch says of every tile where it lies, what it reads and where its outputs go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diif_viewer.engine.gpu import tables
from diif_viewer.engine.gpu.region import groups
from diif_viewer.engine.gpu.tables import GROUP, HEAD, KnotLayout, SliceLayout, batch, most_knots, spots_of
from diif_viewer.geometry import Lattice, Window

SIDE = 128
LAYOUTS = SliceLayout(), KnotLayout(), KnotLayout(1)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 400), st.integers(1, 400), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_every_output_of_a_window_is_written_once_where_it_belongs(top, left, height, width, start) -> None:
    window = Window(top, left, top + height, left + width)
    written = np.zeros(window.area, int)
    for spot in spots_of(window, SIDE, start):
        assert spot[tables.TOP] % SIDE == spot[tables.LEFT] % SIDE == 0
        rows = np.arange(spot[tables.WANTED_TOP], spot[tables.WANTED_BOTTOM])
        columns = np.arange(spot[tables.WANTED_LEFT], spot[tables.WANTED_RIGHT])
        inside = (rows[:, None] - spot[tables.TOP]) * spot[tables.LINE] + columns - spot[tables.LEFT]
        places = spot[tables.OFFSET] + inside - start
        assert np.array_equal(places, (rows[:, None] - top) * width + columns - left)
        written[places] += 1
    assert (written == 1).all()


@given(st.floats(1.01, 64.0), st.integers(0, 40), st.integers(0, 40), st.sampled_from(LAYOUTS))
@settings(max_examples=60, deadline=None)
def test_no_tile_reads_more_than_its_scale_allows_nor_beyond_the_region(scale, row, column, layout) -> None:
    """What the scale allows decides which kernel all of its tiles take."""
    lattice = Lattice.of_scale(200, 230, scale)
    tile = Window(row * SIDE, column * SIDE, (row + 1) * SIDE, (column + 1) * SIDE).intersected(lattice.window)
    if not tile:
        return
    cells = lattice.cells_of(tile)
    region = Window(cells.top, cells.left, cells.bottom + 1, cells.right + 1)
    made = batch(layout, lattice, spots_of(tile, SIDE, 0), SIDE, region=region, source=region)
    words = made.words[HEAD : HEAD + tables.TILE_WORDS]
    first, known = int(words[2]), int(words[3])
    assert first == 0
    assert known <= most_knots(layout, scale, SIDE)
    assert first + known <= layout.density[1] * region.width
    assert made.single == (most_knots(layout, scale, SIDE) + 4 <= GROUP)
    assert made.pairs == (known if isinstance(layout, SliceLayout) else 0)
    if made.single:
        assert made.words[13] == 1


def test_tiles_that_lie_apart_have_rows_and_columns_of_their_own() -> None:
    lattice = Lattice.of_scale(200, 200, 8.0)
    spots = np.concatenate([spots_of(Window(at, at, at + SIDE, at + SIDE), SIDE, 0) for at in (1280, 0, 256)])
    region = Window(0, 0, 201, 201)
    made = batch(KnotLayout(), lattice, spots, SIDE, region=region, source=region)
    words = made.words[HEAD : HEAD + 3 * tables.TILE_WORDS].reshape(3, -1)
    assert words[:, 0].tolist() == [2 * SIDE, 0, SIDE]
    rows = made.words[made.words[1] :][: tables.FIELDS * 3 * SIDE].reshape(tables.FIELDS, -1)
    assert rows[0, [0, SIDE, 2 * SIDE]].tolist() == [0, 2 * 256 // 8, 2 * 1280 // 8]
    weights = rows[2:6].view(np.float32)
    assert np.allclose(weights.sum(0), 1)


@pytest.mark.parametrize(("most", "room"), [(100, 10**9), (7, 10**9), (100, 300_000), (100, 1)])
def test_groups_hold_every_tile_once(most, room) -> None:
    spots = spots_of(Window(100, 50, 1500, 1200), SIDE, 0)
    limits = Window(0, 0, 1480, 1100)
    seen = list(groups(spots, SIDE, limits, most, lambda outputs: outputs.area <= room))
    assert sorted(np.concatenate([some for some, _ in seen]).tolist()) == spots.tolist()
    for some, outputs in seen:
        assert len(some) <= most
        assert limits.contains(outputs)
        assert outputs.area <= room or len(some) == 1
        assert outputs.top == some[:, tables.TOP].min()
    assert len(seen) == 1 or most < len(spots) or room < 10**9


def test_a_view_that_does_not_fit_is_cut_into_few_groups_whatever_the_order_of_its_tiles() -> None:
    """Tiles come from the middle outwards; each group brings the maps that it spans."""
    window = Window(0, 0, 16 * SIDE, 32 * SIDE)
    spots = spots_of(window, SIDE, 0)
    away = np.hypot(spots[:, tables.TOP] - 7.5 * SIDE, spots[:, tables.LEFT] - 15.5 * SIDE)
    rings = spots[np.argsort(away, kind="stable")]
    seen = list(groups(rings, SIDE, window, 1024, lambda outputs: outputs.area <= window.area // 4))
    assert len(seen) <= 8
    assert sum(outputs.area for _, outputs in seen) <= 1.2 * window.area
