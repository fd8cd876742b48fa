"""A view that lacks features is encoded in a few parts, each place once."""

from collections.abc import Callable

import pytest
from torch import Tensor

from diif_viewer.engine.encoding import PackedEdsr
from diif_viewer.engine.field import encode
from diif_viewer.engine.ladder import Ladder
from diif_viewer.engine.model import Model
from diif_viewer.engine.pace import Pace
from diif_viewer.engine.tiles import keys_for
from diif_viewer.engine.viewing import tile_steps
from diif_viewer.geometry import Window
from tests.engine.conftest import picture

SCALE = 2.0


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions that each call of the encoder is about, from now on."""
    encoded, plain = [], PackedEdsr.__call__

    def call(self: PackedEdsr, image: Tensor, inside: Window) -> Tensor:
        encoded.append(inside.area)
        return plain(self, image, inside)

    monkeypatch.setattr(PackedEdsr, "__call__", call)
    return encoded


@pytest.mark.parametrize("window", [Window(0, 0, 1200, 1500), Window(200, 136, 920, 1416)])
def test_no_place_is_encoded_twice(
    small_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch, window: Window
) -> None:
    made = encode(picture(600, 760), small_model("diif-s"))
    lattice, compute = made.lattice(scale=SCALE), made.model.compute
    keys = keys_for(1, "diif-s", SCALE, window, lattice.window)
    planned = made.unencoded(lattice, window.aligned(128).intersected(lattice.window), compute)
    assert len(planned) > 4, "the view is to need several rounds"
    encoded = counted(monkeypatch)
    steps = tile_steps(made, lattice, keys, window, pace=Pace("cpu"), ladder=Ladder())
    done = [tile for tiles in steps for tile in tiles]
    assert len(done) == len(keys)
    limits = made.features(compute).limits
    assert sum(encoded) == sum(part.intersected(limits).area for part in planned)


def test_the_tile_in_the_middle_waits_for_no_more_than_it_needs(
    small_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = encode(picture(600, 760), small_model("diif-s"))
    lattice, window, compute = made.lattice(scale=SCALE), Window(0, 0, 1200, 1500), made.model.compute
    keys = keys_for(1, "diif-s", SCALE, window, lattice.window)
    needed = sum(part.area for part in made.unencoded(lattice, keys[0].window, compute))
    encoded, pace = counted(monkeypatch), Pace("cpu")
    pace.parts = 2  # on as many cores as that the view takes many rounds
    first = next(tiles[0] for tiles in tile_steps(made, lattice, keys, window, pace=pace, ladder=Ladder()) if tiles)
    assert first.key == keys[0]
    assert sum(encoded) == needed < 200 * 200
