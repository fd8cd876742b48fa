"""A view that lacks features is encoded in a few parts, each place once."""

from collections.abc import Callable

import pytest

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


@pytest.mark.parametrize("window", [Window(0, 0, 1200, 1500), Window(200, 136, 920, 1416)])
def test_no_place_is_encoded_twice(
    small_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch, window: Window
) -> None:
    made = encode(picture(600, 760), small_model("diif-s"))
    lattice, compute = made.lattice(scale=SCALE), made.model.compute
    keys = keys_for(1, "diif-s", SCALE, window, lattice.window)
    planned = made.unencoded(lattice, window.aligned(128).intersected(lattice.window), compute)
    assert len(planned) > 4, "the view is to need several rounds"
    encoded, plain = [], PackedEdsr.__call__

    def counted(self: PackedEdsr, image: object, inside: Window) -> object:
        encoded.append(inside.area)
        return plain(self, image, inside)

    monkeypatch.setattr(PackedEdsr, "__call__", counted)
    done = [m for m in tile_steps(made, lattice, keys, window, pace=Pace("cpu"), ladder=Ladder()) if m is not None]
    assert len(done) == len(keys)
    limits = made.features(compute).limits
    assert sum(encoded) == sum(part.intersected(limits).area for part in planned)
