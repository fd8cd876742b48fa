"""Steps of the renderer: a few tiles on the CPU, a few milliseconds' worth on a GPU."""

import itertools

from diif_viewer.engine.pace import GPU_LARGEST_BATCH, GPU_STEP, LARGEST_BATCH, Pace
from diif_viewer.engine.threads import cores


def sizes(pace: Pace, tiles: int, per_tile: float) -> list[int]:
    """Of the batches in which so many tiles are rendered, each in so many seconds."""
    made, whole = [], list(range(tiles))
    seen = []
    for batch in pace.batches(whole):
        seen += batch
        made.append(len(batch))
        pace.took(len(batch), len(batch) * per_tile)
    assert seen == whole
    return made


def test_on_the_cpu_batches_begin_with_the_cores_and_grow_whatever_they_took() -> None:
    pace = Pace("cpu")
    assert pace.parts == cores()
    first = sizes(pace, 100, 1e-9)
    assert first[0] == min(cores(), 100)
    assert max(first) <= max(cores(), LARGEST_BATCH)
    assert first == sizes(pace, 100, 1.0)


def test_on_a_gpu_batches_settle_at_the_time_of_a_step() -> None:
    made = sizes(Pace("cuda"), 2000, GPU_STEP / 100)
    assert made[0] < 100
    assert all(99 <= size <= 101 for size in made[2:-1])


def test_on_a_gpu_batches_grow_fourfold_at_most_and_never_beyond_their_ends() -> None:
    pace = Pace("cuda")
    made = sizes(pace, 4000, 1e-9)
    assert all(later <= 4 * earlier for earlier, later in itertools.pairwise(made))
    assert max(made) == GPU_LARGEST_BATCH
    pace.took(512, 60.0)
    assert sizes(pace, 3, 60.0) == [1, 1, 1]
