"""What is missing is cut into parts that hold it all, once, and begin in the middle."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diif_viewer.engine.parts import even_parts, rectangles
from diif_viewer.geometry import Window

BLOCK = 16

grids = st.integers(1, 12).flatmap(
    lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=12)
)


@given(grids)
@settings(deadline=None)
def test_rectangles_hold_every_block_once_and_nothing_else(grid: list[list[bool]]) -> None:
    blocks = [
        Window(y * BLOCK, x * BLOCK, (y + 1) * BLOCK, (x + 1) * BLOCK)
        for y, row in enumerate(grid)
        for x, lacking in enumerate(row)
        if lacking
    ]
    found = [block for rectangle in rectangles(blocks) for block in rectangle.split(BLOCK)]
    assert sorted(found, key=str) == sorted(blocks, key=str)


def test_a_frame_is_four_rectangles() -> None:
    whole, hole = Window(0, 0, 160, 160), Window(32, 32, 128, 128)
    ring = [block for block in whole.split(BLOCK) if not hole.contains(block)]
    assert len(rectangles(ring)) == 4


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from([16, 32, 160]), st.integers(1, 3))
@settings(deadline=None)
def test_even_parts_cover_a_window_once_and_keep_to_their_size(
    rows: int, columns: int, reach: int, workers: int
) -> None:
    whole = Window(32, 48, 32 + rows * BLOCK, 48 + columns * BLOCK)
    parts = even_parts(whole, BLOCK, reach, 19, workers)
    assert all(part and whole.contains(part) and part == part.aligned(BLOCK) for part in parts)
    covered = np.zeros((rows, columns), int)
    for part in parts:
        top, left = (part.top - whole.top) // BLOCK, (part.left - whole.left) // BLOCK
        covered[top : top + part.height // BLOCK, left : left + part.width // BLOCK] += 1
    assert (covered == 1).all()
    assert all(part.area <= (reach + BLOCK) ** 2 for part in parts)
    middle = Window(whole.top + whole.height // 2, whole.left + whole.width // 2, 0, 0)
    around = [p for p in parts if p.grown(1).contains(Window(middle.top, middle.left, middle.top + 1, middle.left + 1))]
    if reach > BLOCK:
        assert len(around) <= max(2, workers) + 1


def test_a_strip_is_cut_into_long_parts_whichever_way_it_lies() -> None:
    """What a pan lays open at a low scale, or a picture of few rows: its halo must not cost many times the strip."""
    halo = 20
    for long, short in ((1600, 16), (1600, 32), (10_000, 16), (10_000, 64)):
        for whole in (Window(0, 0, short, long), Window(0, 0, long, short)):
            parts = even_parts(whole, BLOCK, 160, halo, 2)
            assert len(parts) <= -(-long // 160), (whole, len(parts))
            assert max(max(p.height, p.width) for p in parts) <= 320
